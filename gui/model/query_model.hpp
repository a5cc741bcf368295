#pragma once

#include <QAbstractTableModel>
#include <QThreadPool>
#include <atomic>
#include <cstdint>
#include <vector>

#include "gui/model/query_order.hpp"

namespace quell::gui {

/// Every execution as a row. Filtering and sorting make a new index vector on a worker thread; a result that a later
/// request has overtaken is dropped. The rows shown stay until the new order is there.
class QueryModel : public QAbstractTableModel {
  Q_OBJECT
 public:
  explicit QueryModel(QObject* parent = nullptr);
  ~QueryModel() override;

  void set_session(SessionPtr session);
  void set_filter(const Filter& filter);

  /// The query in a row.
  [[nodiscard]] std::uint32_t query_at(int row) const { return order_[static_cast<std::size_t>(row)]; }
  /// The row of a query, or -1 where the filter hides it.
  [[nodiscard]] int row_of(std::uint32_t query) const;
  [[nodiscard]] const std::vector<std::uint32_t>& order() const { return order_; }
  /// No request is under way.
  [[nodiscard]] bool settled() const { return applied_ == newest_; }

  [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] int columnCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
  void sort(int column, Qt::SortOrder order = Qt::AscendingOrder) override;

 signals:
  /// A new order is shown.
  void reordered();

 private:
  void request_order();
  void apply(std::uint64_t generation, std::vector<std::uint32_t> order);
  [[nodiscard]] QVariant cell(std::uint32_t query, QueryColumn column) const;

  SessionPtr session_;
  std::vector<std::uint32_t> order_;
  OrderRequest request_;
  std::atomic<std::uint64_t> newest_{0};
  std::uint64_t applied_ = 0;
  QThreadPool pool_;
};

}  // namespace quell::gui

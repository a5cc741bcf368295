#pragma once

#include <QAbstractTableModel>
#include <QSortFilterProxyModel>
#include <cstdint>
#include <vector>

#include "gui/model/session.hpp"
#include "gui/model/view_state.hpp"

/// Tables with one row a statement or a scope name: at most some ten thousand rows, so a proxy may sort and filter
/// them.
namespace quell::gui {

/// Sorts by this role: numbers as numbers.
inline constexpr int kSortRole = Qt::UserRole + 1;

class StatementModel : public QAbstractTableModel {
  Q_OBJECT
 public:
  enum Column { kStatement, kFinding, kExecutions, kTotal, kP95, kP50, kRows, kErrors, kColumns };
  using QAbstractTableModel::QAbstractTableModel;
  void set_session(SessionPtr session);
  /// Some statement failed at least once.
  [[nodiscard]] bool has_errors() const;

  [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] int columnCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 private:
  [[nodiscard]] QVariant value(std::size_t row, Column column) const;
  [[nodiscard]] QString text(std::size_t row, Column column) const;
  SessionPtr session_;
  std::vector<QString> badges_;  ///< titles of the findings whose child a statement is
};

class ScopeModel : public QAbstractTableModel {
  Q_OBJECT
 public:
  enum Column { kName, kCount, kQueries, kQueriesMax, kWall, kDatabase, kFindings, kColumns };
  using QAbstractTableModel::QAbstractTableModel;
  void set_session(SessionPtr session);

  [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] int columnCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 private:
  [[nodiscard]] QVariant value(std::size_t row, Column column) const;
  [[nodiscard]] QString text(std::size_t row, Column column) const;
  SessionPtr session_;
  std::vector<std::uint32_t> findings_;
};

/// Shows the rows whose source row is marked. The marks are computed once a filter from the queries that pass it.
class MarkedRows : public QSortFilterProxyModel {
  Q_OBJECT
 public:
  explicit MarkedRows(QObject* parent = nullptr);
  /// An empty vector shows everything.
  void set_marks(std::vector<bool> marks);

 protected:
  [[nodiscard]] bool filterAcceptsRow(int row, const QModelIndex& parent) const override;

 private:
  std::vector<bool> marks_;
};

/// The statements, and the rows of Report::scopes, that have a query among `queries`. With an empty filter: all of
/// them.
struct VisibleRows {
  std::vector<bool> statements;
  std::vector<bool> scopes;
};
[[nodiscard]] VisibleRows visible_rows(const Session& session, const Filter& filter,
                                       const std::vector<std::uint32_t>& queries);

}  // namespace quell::gui

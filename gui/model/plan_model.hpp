#pragma once

#include <QAbstractItemModel>
#include <memory>
#include <vector>

#include "analyzer/plan/plan.hpp"

namespace quell::gui {

/// A plan as a tree: one row a node.
class PlanModel : public QAbstractItemModel {
  Q_OBJECT
 public:
  enum Column { kNode, kSelf, kRows, kLoops, kBuffers, kColumns };
  /// Share of the whole plan, 0 to 1, that the self-time bar shows (planner cost where the plan was not executed).
  static constexpr int kShareRole = Qt::UserRole + 1;

  using QAbstractItemModel::QAbstractItemModel;
  ~PlanModel() override;
  /// Copies the plan; null clears.
  void set_plan(const plan::Plan* plan);

  [[nodiscard]] QModelIndex index(int row, int column, const QModelIndex& parent = {}) const override;
  [[nodiscard]] QModelIndex parent(const QModelIndex& child) const override;
  [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] int columnCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 private:
  /// The tree in preorder, with the links a model must answer.
  struct Entry {
    const plan::Node* node = nullptr;
    int parent = -1;
    int row = 0;
    std::vector<int> children;
  };
  void add(const plan::Node& node, int parent, int row);
  [[nodiscard]] QString text(const plan::Node& node, Column column) const;
  [[nodiscard]] double share_of(const plan::Node& node) const;

  std::unique_ptr<const plan::Plan> plan_;
  std::vector<Entry> entries_;
};

/// "Index Scan using posts_pkey on posts p"
[[nodiscard]] QString node_title(const plan::Node& node);
/// Everything else the plan says of a node, a line each; per loop and in all where it looped.
[[nodiscard]] QString node_details(const plan::Node& node);
/// How far the row estimate was off, at least 1; 1 where nothing was executed.
[[nodiscard]] double estimate_error(const plan::Node& node);

}  // namespace quell::gui

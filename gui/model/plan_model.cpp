#include "gui/model/plan_model.hpp"

#include <QStringList>
#include <algorithm>

#include "gui/model/wording.hpp"

namespace quell::gui {

QString node_title(const plan::Node& node) {
  QString title = QString::fromStdString(node.type);
  if (!node.index.empty()) title += QStringLiteral(" using ") + QString::fromStdString(node.index);
  if (!node.relation.empty()) title += QStringLiteral(" on ") + QString::fromStdString(node.relation);
  if (!node.alias.empty() && node.alias != node.relation) title += u' ' + QString::fromStdString(node.alias);
  if (!node.subplan_name.empty()) title = QString::fromStdString(node.subplan_name) + QStringLiteral(": ") + title;
  return title;
}

double estimate_error(const plan::Node& node) {
  if (!node.analyzed || node.loops == 0) return 1;
  const double estimated = std::max(node.plan_rows, 1.0);
  const double actual = std::max(node.actual_rows, 1.0);
  return std::max(estimated / actual, actual / estimated);
}

QString node_details(const plan::Node& node) {
  QStringList lines{node_title(node)};
  if (!node.join_type.empty()) lines << QStringLiteral("Join: ") + QString::fromStdString(node.join_type);
  lines << QStringLiteral("Cost %1 to %2").arg(format_number(node.startup_cost), format_number(node.total_cost));
  if (node.never_executed()) {
    lines << QStringLiteral("Never executed");
  } else if (node.analyzed) {
    lines << QStringLiteral("Self %1 (%2 to %3 by rounding)")
                 .arg(format_milliseconds(node.self_ms), format_milliseconds(node.self_interval.low),
                      format_milliseconds(node.self_interval.high));
    lines << QStringLiteral("Total %1 = %2 a loop × %3")
                 .arg(format_milliseconds(node.total_ms()), format_milliseconds(node.actual_total_ms),
                      format_number(node.loops));
    lines << QStringLiteral("Rows a loop: %1, estimated %2")
                 .arg(format_number(node.actual_rows), format_number(node.plan_rows));
    if (node.rows_removed_by_filter)
      lines << QStringLiteral("Rows removed by filter, a loop: %1").arg(format_number(*node.rows_removed_by_filter));
  }
  if (node.buffers)
    lines << QStringLiteral("Buffers: %1 hit, %2 read")
                 .arg(format_count(node.buffers->shared_hit), format_count(node.buffers->shared_read));
  for (const auto& [key, value] : node.details)
    if (value != "0")  // counters that did not count: WAL of a read, rows removed by nothing
      lines << QString::fromStdString(key) + QStringLiteral(": ") + QString::fromStdString(value);
  return lines.join(u'\n');
}

PlanModel::~PlanModel() = default;

void PlanModel::set_plan(const plan::Plan* plan) {
  beginResetModel();
  entries_.clear();
  plan_ = plan ? std::make_unique<const plan::Plan>(*plan) : nullptr;
  if (plan_) add(plan_->root, -1, 0);
  endResetModel();
}

void PlanModel::add(const plan::Node& node, int parent, int row) {
  const auto position = static_cast<int>(entries_.size());
  entries_.push_back({&node, parent, row, {}});
  if (parent >= 0) entries_[static_cast<std::size_t>(parent)].children.push_back(position);
  int child_row = 0;
  for (const auto& child : node.children) add(child, position, child_row++);
}

QModelIndex PlanModel::index(int row, int column, const QModelIndex& parent) const {
  if (!hasIndex(row, column, parent)) return {};
  const int position = parent.isValid() ? entries_[parent.internalId()].children[static_cast<std::size_t>(row)] : 0;
  return createIndex(row, column, static_cast<quintptr>(position));
}

QModelIndex PlanModel::parent(const QModelIndex& child) const {
  if (!child.isValid()) return {};
  const int parent = entries_[child.internalId()].parent;
  if (parent < 0) return {};
  return createIndex(entries_[static_cast<std::size_t>(parent)].row, 0, static_cast<quintptr>(parent));
}

int PlanModel::rowCount(const QModelIndex& parent) const {
  if (entries_.empty() || parent.column() > 0) return 0;
  return parent.isValid() ? static_cast<int>(entries_[parent.internalId()].children.size()) : 1;
}

int PlanModel::columnCount(const QModelIndex& /*parent*/) const {
  return kColumns;
}

double PlanModel::share_of(const plan::Node& node) const {
  const auto& root = plan_->root;
  if (plan_->analyzed) return root.total_ms() > 0 ? std::clamp(node.self_ms / root.total_ms(), 0.0, 1.0) : 0;
  double children = 0;
  for (const auto& child : node.children) children += child.total_cost;
  return root.total_cost > 0 ? std::clamp((node.total_cost - children) / root.total_cost, 0.0, 1.0) : 0;
}

QVariant PlanModel::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  const auto& node = *entries_[index.internalId()].node;
  const auto column = static_cast<Column>(index.column());
  switch (role) {
    case Qt::DisplayRole:
      return text(node, column);
    case Qt::ToolTipRole:
      return node_details(node);
    case Qt::TextAlignmentRole:
      return QVariant::fromValue((column == kNode ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
    case kShareRole:
      return share_of(node);
    default:
      return {};
  }
}

QString PlanModel::text(const plan::Node& node, Column column) const {
  switch (column) {
    case kNode:
      return node_title(node);
    case kSelf:
      if (node.never_executed()) return QStringLiteral("never run");
      return node.analyzed ? format_milliseconds(node.self_ms)
                           : QStringLiteral("cost ") + format_number(node.total_cost);
    case kRows: {
      if (!node.analyzed || node.loops == 0) return QStringLiteral("est. ") + format_number(node.plan_rows);
      auto rows = format_number(node.plan_rows) + QStringLiteral(" → ") + format_number(node.actual_rows);
      const double error = estimate_error(node);
      // The steps that explain tools have settled on: a factor of ten, a hundred, a thousand.
      if (error >= 10)
        rows += QStringLiteral("  off ×%1").arg(format_number(error >= 1000 ? 1000 : error >= 100 ? 100 : 10));
      return rows;
    }
    case kLoops:
      return node.analyzed ? format_number(node.loops) : QStringLiteral("–");
    case kBuffers:
      return node.buffers ? format_count(node.buffers->shared_hit + node.buffers->shared_read) : QStringLiteral("–");
    case kColumns:
      break;
  }
  return {};
}

QVariant PlanModel::headerData(int section, Qt::Orientation orientation, int role) const {
  static constexpr const char* kNames[kColumns] = {"Node", "Self", "Rows", "Loops", "Buffers"};
  if (orientation != Qt::Horizontal || section < 0 || section >= kColumns) return {};
  if (role == Qt::DisplayRole) return QString::fromLatin1(kNames[section]);
  if (role == Qt::ToolTipRole && section == kRows) return QStringLiteral("Estimated → actual, per loop");
  if (role == Qt::ToolTipRole && section == kSelf) return QStringLiteral("Time of the node itself over all loops");
  return {};
}

}  // namespace quell::gui

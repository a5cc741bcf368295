#include "gui/model/query_model.hpp"

#include <algorithm>

#include "gui/model/wording.hpp"

namespace quell::gui {

QueryModel::QueryModel(QObject* parent) : QAbstractTableModel(parent) {
  pool_.setMaxThreadCount(1);
}

QueryModel::~QueryModel() {
  ++newest_;  // what still waits in the pool does nothing
  pool_.waitForDone();
}

void QueryModel::set_session(SessionPtr session) {
  beginResetModel();
  session_ = std::move(session);
  order_.clear();
  request_.filter = {};
  endResetModel();
  request_order();
}

void QueryModel::set_filter(const Filter& filter) {
  if (request_.filter == filter) return;
  request_.filter = filter;
  request_order();
}

void QueryModel::sort(int column, Qt::SortOrder order) {
  if (column < 0 || column >= kQueryColumns) return;
  request_.column = static_cast<QueryColumn>(column);
  request_.descending = order == Qt::DescendingOrder;
  request_order();
}

void QueryModel::request_order() {
  const auto generation = ++newest_;
  if (!session_) {
    applied_ = generation;
    return;
  }
  pool_.start([this, generation, session = session_, request = request_] {
    if (generation != newest_) return;
    auto order = order_queries(*session, request);
    // The destructor waits for this function, so `this` is alive; events still queued then die with the object.
    QMetaObject::invokeMethod(
        this, [this, generation, moved = std::move(order)]() mutable { apply(generation, std::move(moved)); },
        Qt::QueuedConnection);
  });
}

void QueryModel::apply(std::uint64_t generation, std::vector<std::uint32_t> order) {
  if (generation != newest_) return;
  beginResetModel();
  order_ = std::move(order);
  applied_ = generation;
  endResetModel();
  emit reordered();
}

int QueryModel::row_of(std::uint32_t query) const {
  const auto found = std::find(order_.begin(), order_.end(), query);
  return found == order_.end() ? -1 : static_cast<int>(found - order_.begin());
}

int QueryModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(order_.size());
}

int QueryModel::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : kQueryColumns;
}

QVariant QueryModel::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  const auto column = static_cast<QueryColumn>(index.column());
  const auto query = query_at(index.row());
  switch (role) {
    case Qt::DisplayRole:
      return cell(query, column);
    case Qt::ToolTipRole:
      if (column == QueryColumn::statement)
        return QString::fromStdString(session_->report.statements[session_->queries.statement[query]].text);
      return {};
    case Qt::TextAlignmentRole: {
      const bool number =
          column == QueryColumn::start || column == QueryColumn::duration || column == QueryColumn::rows;
      return QVariant::fromValue((number ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
    }
    default:
      return {};
  }
}

QVariant QueryModel::cell(std::uint32_t query, QueryColumn column) const {
  const auto& queries = session_->queries;
  switch (column) {
    case QueryColumn::start:
      return format_instant(queries.start[query] - session_->begin, 1'000'000);
    case QueryColumn::scope: {
      const auto name = session_->scope_name_of(query);
      return name == model::kNone ? QStringLiteral("–") : QString::fromStdString(session_->scope_names[name]);
    }
    case QueryColumn::duration:
      return format_duration(static_cast<double>(queries.duration[query]));
    case QueryColumn::rows:
      return format_count(queries.rows[query]);
    case QueryColumn::kind: {
      const auto word = word_of(session_->class_of(query));
      return queries.marks[query] & mark::kFailed ? word + QStringLiteral(", failed") : word;
    }
    case QueryColumn::statement:
      return one_line(session_->report.statements[queries.statement[query]].text);
  }
  return {};
}

QVariant QueryModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || role != Qt::DisplayRole || section < 0 || section >= kQueryColumns) return {};
  switch (static_cast<QueryColumn>(section)) {
    case QueryColumn::start:
      return QStringLiteral("Start");
    case QueryColumn::scope:
      return QStringLiteral("Scope");
    case QueryColumn::duration:
      return QStringLiteral("Duration");
    case QueryColumn::rows:
      return QStringLiteral("Rows");
    case QueryColumn::kind:
      return QStringLiteral("Kind");
    case QueryColumn::statement:
      return QStringLiteral("Statement");
  }
  return {};
}

}  // namespace quell::gui

#include "gui/model/summary_models.hpp"

#include <algorithm>

#include "gui/model/wording.hpp"

namespace quell::gui {
namespace {

QVariant alignment(bool number) {
  return QVariant::fromValue((number ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
}

QVariant number(std::uint64_t count) {
  return QVariant(static_cast<qulonglong>(count));
}

}  // namespace

void StatementModel::set_session(SessionPtr session) {
  beginResetModel();
  session_ = std::move(session);
  badges_.assign(session_ ? session_->report.statements.size() : 0, {});
  if (session_) {
    for (const auto& finding : session_->report.findings) {
      if (finding.child >= badges_.size()) continue;
      auto& badge = badges_[finding.child];
      const auto title = title_of(finding.kind);
      if (badge.contains(title)) continue;
      badge += badge.isEmpty() ? title : QStringLiteral(", ") + title;
    }
  }
  endResetModel();
}

bool StatementModel::has_errors() const {
  return session_ && std::any_of(session_->report.statements.begin(), session_->report.statements.end(),
                                 [](const report::StatementSummary& statement) { return statement.errors > 0; });
}

int StatementModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() || !session_ ? 0 : static_cast<int>(session_->report.statements.size());
}

int StatementModel::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : kColumns;
}

QVariant StatementModel::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  const auto row = static_cast<std::size_t>(index.row());
  const auto column = static_cast<Column>(index.column());
  switch (role) {
    case Qt::DisplayRole:
      return text(row, column);
    case kSortRole:
      return value(row, column);
    case Qt::ToolTipRole:
      return column == kStatement ? QString::fromStdString(session_->report.statements[row].text) : QString();
    case Qt::TextAlignmentRole:
      return alignment(column != kStatement && column != kFinding);
    default:
      return {};
  }
}

QVariant StatementModel::value(std::size_t row, Column column) const {
  const auto& statement = session_->report.statements[row];
  switch (column) {
    case kExecutions:
      return number(statement.executions);
    case kTotal:
      return statement.total_ms;
    case kP50:
      return statement.p50_ms;
    case kP95:
      return statement.p95_ms;
    case kRows:
      return number(statement.rows);
    case kErrors:
      return number(statement.errors);
    case kStatement:
    case kFinding:
    case kColumns:
      break;
  }
  return text(row, column);
}

QString StatementModel::text(std::size_t row, Column column) const {
  const auto& statement = session_->report.statements[row];
  switch (column) {
    case kStatement:
      return one_line(statement.text);
    case kExecutions:
      return format_count(statement.executions);
    case kTotal:
      return format_milliseconds(statement.total_ms);
    case kP50:
      return format_milliseconds(statement.p50_ms);
    case kP95:
      return format_milliseconds(statement.p95_ms);
    case kRows:
      return format_count(statement.rows);
    case kErrors:
      return statement.errors == 0 ? QStringLiteral("–") : format_count(statement.errors);
    case kFinding:
      return badges_[row].isEmpty() ? QStringLiteral("–") : badges_[row];
    case kColumns:
      break;
  }
  return {};
}

QVariant StatementModel::headerData(int section, Qt::Orientation orientation, int role) const {
  static constexpr const char* kNames[kColumns] = {"Statement", "Finding", "Calls", "Total",
                                                   "p95",       "p50",     "Rows",  "Errors"};
  if (orientation != Qt::Horizontal || role != Qt::DisplayRole || section < 0 || section >= kColumns) return {};
  return QString::fromLatin1(kNames[section]);
}

void ScopeModel::set_session(SessionPtr session) {
  beginResetModel();
  session_ = std::move(session);
  findings_.assign(session_ ? session_->report.scopes.size() : 0, 0);
  if (session_)
    for (const auto& finding : session_->report.findings)
      for (std::size_t i = 0; i < findings_.size(); ++i)
        if (session_->report.scopes[i].name == finding.scope_name) ++findings_[i];
  endResetModel();
}

int ScopeModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() || !session_ ? 0 : static_cast<int>(session_->report.scopes.size());
}

int ScopeModel::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : kColumns;
}

QVariant ScopeModel::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  const auto row = static_cast<std::size_t>(index.row());
  const auto column = static_cast<Column>(index.column());
  switch (role) {
    case Qt::DisplayRole:
      return text(row, column);
    case kSortRole:
      return value(row, column);
    case Qt::TextAlignmentRole:
      return alignment(column != kName);
    default:
      return {};
  }
}

QVariant ScopeModel::value(std::size_t row, Column column) const {
  const auto& scope = session_->report.scopes[row];
  switch (column) {
    case kCount:
      return number(scope.count);
    case kQueries:
      return scope.queries.median;
    case kQueriesMax:
      return scope.queries.max;
    case kWall:
      return scope.milliseconds.median;
    case kDatabase:
      return scope.database_milliseconds;
    case kFindings:
      return findings_[row];
    case kName:
    case kColumns:
      break;
  }
  return text(row, column);
}

QString ScopeModel::text(std::size_t row, Column column) const {
  const auto& scope = session_->report.scopes[row];
  switch (column) {
    case kName:
      return QString::fromStdString(scope.name);
    case kCount:
      return format_count(scope.count);
    case kQueries:
      return format_number(scope.queries.median);
    case kQueriesMax:
      return format_number(scope.queries.max);
    case kWall:
      return format_milliseconds(scope.milliseconds.median);
    case kDatabase:
      return format_milliseconds(scope.database_milliseconds);
    case kFindings:
      return findings_[row] == 0 ? QStringLiteral("–") : format_count(findings_[row]);
    case kColumns:
      break;
  }
  return {};
}

QVariant ScopeModel::headerData(int section, Qt::Orientation orientation, int role) const {
  static constexpr const char* kNames[kColumns] = {"Scope",    "Count",         "Queries (median)", "Queries (max)",
                                                   "Duration", "Database time", "Findings"};
  if (orientation != Qt::Horizontal || role != Qt::DisplayRole || section < 0 || section >= kColumns) return {};
  return QString::fromLatin1(kNames[section]);
}

MarkedRows::MarkedRows(QObject* parent) : QSortFilterProxyModel(parent) {
  setSortRole(kSortRole);
}

void MarkedRows::set_marks(std::vector<bool> marks) {
  if (marks == marks_) return;
  marks_ = std::move(marks);
  invalidateFilter();
}

bool MarkedRows::filterAcceptsRow(int row, const QModelIndex& /*parent*/) const {
  return marks_.empty() || (static_cast<std::size_t>(row) < marks_.size() && marks_[static_cast<std::size_t>(row)]);
}

VisibleRows visible_rows(const Session& session, const Filter& filter, const std::vector<std::uint32_t>& queries) {
  if (filter.empty()) return {};
  VisibleRows rows;
  rows.statements.assign(session.report.statements.size(), false);
  std::vector<bool> names(session.scope_names.size() + 1, false);
  for (const auto query : queries) {
    rows.statements[session.queries.statement[query]] = true;
    const auto name = session.scope_name_of(query);
    names[name == model::kNone ? session.scope_names.size() : name] = true;
  }
  rows.scopes.assign(session.report.scopes.size(), false);
  for (std::size_t i = 0; i < rows.scopes.size(); ++i) {
    const auto name = session.scope_name_index(session.report.scopes[i].name);
    rows.scopes[i] = names[name == model::kNone ? session.scope_names.size() : name];
  }
  return rows;
}

}  // namespace quell::gui

#include "gui/model/finding_model.hpp"

#include "gui/model/wording.hpp"

namespace quell::gui {
namespace {

QString child_site(const detect::Finding& finding) {
  for (const auto& located : finding.call_sites)
    if (located.role == detect::LocatedCallSite::Role::child)
      return QStringLiteral("%1:%2").arg(QString::fromStdString(located.site.file)).arg(located.site.line);
  return {};
}

}  // namespace

void FindingModel::set_session(SessionPtr session) {
  beginResetModel();
  session_ = std::move(session);
  endResetModel();
}

int FindingModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() || !session_ ? 0 : static_cast<int>(session_->report.findings.size());
}

QVariant FindingModel::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  const auto& finding = session_->report.findings[static_cast<std::size_t>(index.row())];
  switch (role) {
    case Qt::DisplayRole:
    case Qt::AccessibleTextRole: {
      auto text = QStringLiteral("%1 severity, %2 in %3, %4")
                      .arg(word_of(finding.severity), title_of(finding.kind),
                           QString::fromStdString(finding.scope_name), word_of(finding.confidence));
      const auto saving = saving_of(finding);
      return saving.isEmpty() ? text : text + QStringLiteral(", ") + saving;
    }
    case Qt::ToolTipRole:
      return finding_sentence(finding, *session_) + u'\n' + confidence_sentence(finding);
    case kTitle:
      return title_of(finding.kind);
    case kTimes:
      return finding.executions > 1 ? u'×' + format_count(finding.executions) : QString();
    case kWhere:
      return QString::fromStdString(finding.scope_name);
    case kRelation:
      return relation_of(finding, *session_);
    case kSaving:
      return saving_of(finding);
    case kConfidence:
      return word_of(finding.confidence);
    case kSeverity:
      return static_cast<int>(finding.severity);
    case kSeverityWord:
      return word_of(finding.severity);
    case kSite:
      return child_site(finding);
    default:
      return {};
  }
}

}  // namespace quell::gui

#include "gui/model/wording.hpp"

#include <QLocale>
#include <QStringList>
#include <algorithm>
#include <cmath>
#include <numeric>

namespace quell::gui {
namespace {

const QLocale& numbers() {
  static const QLocale locale(QLocale::English, QLocale::UnitedStates);
  return locale;
}

/// Three significant digits, never an exponent.
QString significant(double value) {
  const double size = std::abs(value);
  const int decimals = size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2;
  return numbers().toString(value, 'f', decimals);
}

QString column_text(const std::string& table, const std::string& column) {
  const auto name = QString::fromStdString(column);
  return table.empty() ? name : QString::fromStdString(table) + u'.' + name;
}

QString statement_text(model::StatementIndex statement, const Session& session) {
  if (statement >= session.report.statements.size()) return QStringLiteral("an unknown statement");
  return one_line(session.report.statements[statement].text);
}

}  // namespace

QString format_duration(double nanoseconds) {
  const double size = std::abs(nanoseconds);
  if (size < 999.5) return numbers().toString(nanoseconds, 'f', 0) + QStringLiteral(" ns");
  if (size < 999.5e3) return significant(nanoseconds / 1e3) + QStringLiteral(" µs");
  if (size < 999.5e6) return significant(nanoseconds / 1e6) + QStringLiteral(" ms");
  return significant(nanoseconds / 1e9) + QStringLiteral(" s");
}

QString format_milliseconds(double milliseconds) {
  return format_duration(milliseconds * 1e6);
}

QString format_count(std::uint64_t count) {
  return numbers().toString(static_cast<qulonglong>(count));
}

QString format_counted(std::uint64_t count, const QString& singular, const QString& plural) {
  return format_count(count) + u' ' + (count == 1 ? singular : plural.isEmpty() ? singular + u's' : plural);
}

QString format_number(double number) {
  if (number == std::floor(number)) return numbers().toString(number, 'f', 0);
  return significant(number);
}

QString format_bytes(std::uint64_t bytes) {
  if (bytes < 1024) return format_count(bytes) + QStringLiteral(" B");
  const double kib = static_cast<double>(bytes) / 1024;
  if (kib < 1024) return significant(kib) + QStringLiteral(" KiB");
  if (kib < 1024 * 1024) return significant(kib / 1024) + QStringLiteral(" MiB");
  return significant(kib / 1024 / 1024) + QStringLiteral(" GiB");
}

QString format_instant(trace::Time since_begin, trace::Duration step) {
  struct Unit {
    double nanoseconds;
    const char16_t* name;
  };
  static constexpr Unit kUnits[] = {{1e9, u" s"}, {1e6, u" ms"}, {1e3, u" µs"}, {1, u" ns"}};
  const Unit* unit = &kUnits[3];
  // The largest unit in which the step needs at most three decimals.
  for (const auto& candidate : kUnits) {
    if (static_cast<double>(step) >= candidate.nanoseconds / 1000) {
      unit = &candidate;
      break;
    }
  }
  int decimals = 0;
  for (double size = static_cast<double>(std::max<trace::Duration>(step, 1)); size < unit->nanoseconds && decimals < 3;
       size *= 10)
    ++decimals;
  return numbers().toString(static_cast<double>(since_begin) / unit->nanoseconds, 'f', decimals) +
         QString::fromUtf16(unit->name);
}

QString title_of(detect::Kind kind) {
  switch (kind) {
    case detect::Kind::n_plus_one:
      return QStringLiteral("N+1 queries");
    case detect::Kind::n_plus_one_write:
      return QStringLiteral("N+1 writes");
    case detect::Kind::duplicate_query:
      return QStringLiteral("Duplicate query");
    case detect::Kind::batch_plus_one:
      return QStringLiteral("Small batches");
    case detect::Kind::slow_query:
      return QStringLiteral("Slow query");
  }
  return {};
}

QString word_of(detect::Severity severity) {
  switch (severity) {
    case detect::Severity::info:
      return QStringLiteral("info");
    case detect::Severity::low:
      return QStringLiteral("low");
    case detect::Severity::medium:
      return QStringLiteral("medium");
    case detect::Severity::high:
      return QStringLiteral("high");
  }
  return {};
}

QString word_of(detect::Confidence confidence) {
  switch (confidence) {
    case detect::Confidence::possible:
      return QStringLiteral("possible");
    case detect::Confidence::likely:
      return QStringLiteral("likely");
    case detect::Confidence::proved:
      return QStringLiteral("proved");
  }
  return {};
}

QString word_of(QueryClass query_class) {
  switch (query_class) {
    case QueryClass::read:
      return QStringLiteral("read");
    case QueryClass::write:
      return QStringLiteral("write");
    case QueryClass::transaction:
      return QStringLiteral("transaction");
    case QueryClass::other:
      return QStringLiteral("other");
  }
  return {};
}

QString word_of(detect::Advice::Kind kind) {
  switch (kind) {
    case detect::Advice::Kind::eager_load:
      return QStringLiteral("Load together");
    case detect::Advice::Kind::rewrite:
      return QStringLiteral("Rewrite");
    case detect::Advice::Kind::memoize:
      return QStringLiteral("Remember the result");
    case detect::Advice::Kind::index:
      return QStringLiteral("Add an index");
    case detect::Advice::Kind::investigate:
      return QStringLiteral("Look closer");
  }
  return {};
}

QString confidence_sentence(const detect::Finding& finding) {
  switch (finding.confidence) {
    case detect::Confidence::proved:
      if (finding.edge && finding.edge->executions > 0)
        return QStringLiteral("Proved: %1 of %2 executions were given a value read from %3.")
            .arg(format_count(finding.edge->covered), format_count(finding.edge->executions),
                 column_text(finding.edge->from_table, finding.edge->from_column));
      if (finding.distinct_values == 1) return QStringLiteral("Proved: the values were the same each time.");
      return QStringLiteral("Proved by what the trace recorded.");
    case detect::Confidence::likely:
      return QStringLiteral("Likely: the repetition is there; the trace does not show where the values came from.");
    case detect::Confidence::possible:
      return QStringLiteral("Possible: the pattern fits, other explanations remain.");
  }
  return {};
}

QString finding_sentence(const detect::Finding& finding, const Session& session) {
  const auto scope = QString::fromStdString(finding.scope_name);
  QString text = statement_text(finding.child, session);
  if (text.size() > 90) text = text.left(88) + QStringLiteral(" …");
  if (finding.kind == detect::Kind::slow_query)
    return QStringLiteral("%1 is slow in %2: %3.")
        .arg(text, scope, format_counted(finding.total_executions, QStringLiteral("execution")));
  const auto values = finding.distinct_values == 1
                          ? QStringLiteral("with the same values each time")
                          : QStringLiteral("with %1 different values").arg(format_count(finding.distinct_values));
  return QStringLiteral("%1 ran %2 in one %3, %4.")
      .arg(text, format_counted(finding.executions, QStringLiteral("time")), scope, values);
}

QString saving_of(const detect::Finding& finding) {
  QStringList parts;
  if (finding.cost.round_trips > 0) parts << format_counted(finding.cost.round_trips, QStringLiteral("round trip"));
  if (finding.cost.milliseconds > 0) parts << format_milliseconds(finding.cost.milliseconds);
  if (parts.isEmpty()) return {};
  return QStringLiteral("saves ") + parts.join(QStringLiteral(", "));
}

QString finding_markdown(const detect::Finding& finding, const Session& session) {
  QString text = QStringLiteral("### %1 in `%2` (%3, %4)\n\n")
                     .arg(title_of(finding.kind), QString::fromStdString(finding.scope_name), word_of(finding.severity),
                          word_of(finding.confidence));
  text += finding_sentence(finding, session) + u' ' + confidence_sentence(finding) + QStringLiteral("\n\n");
  for (const auto& located : finding.call_sites)
    text += QStringLiteral("- %1: `%2`\n")
                .arg(located.role == detect::LocatedCallSite::Role::parent ? QStringLiteral("parent")
                                                                           : QStringLiteral("child"),
                     site_text(located.site));
  for (const auto& advice : finding.advice) {
    text += QStringLiteral("\n%1: %2\n").arg(word_of(advice.kind), QString::fromStdString(advice.sentence));
    if (!advice.code.empty()) text += QStringLiteral("\n```\n%1\n```\n").arg(QString::fromStdString(advice.code));
  }
  return text + QStringLiteral("\nFinding `%1`\n").arg(QString::fromStdString(finding.identity));
}

QString incompleteness_of(const trace::Summary& summary) {
  QStringList parts;
  const auto lost = std::accumulate(summary.lost.begin(), summary.lost.end(), std::uint64_t{0});
  if (lost > 0)
    parts << QStringLiteral("the recorder dropped %1, so counts are lower bounds")
                 .arg(format_counted(lost, QStringLiteral("event")));
  std::uint64_t damaged_bytes = 0;
  bool torn = false;
  for (const auto& damage : summary.damage) {
    if (damage.kind == trace::Damage::Kind::unknown_block) continue;
    torn = torn || damage.kind == trace::Damage::Kind::torn_tail;
    damaged_bytes += damage.length;
  }
  if (damaged_bytes > 0)
    parts << QStringLiteral("%1 could not be read%2")
                 .arg(format_bytes(damaged_bytes),
                      torn ? QStringLiteral(" (the file ends inside a block)") : QString());
  if (parts.isEmpty() && !summary.closed)
    parts << QStringLiteral("its writer has not closed it: the program is still running, or was killed");
  if (parts.isEmpty()) return {};
  return QStringLiteral("This trace is incomplete: ") + parts.join(QStringLiteral("; ")) + u'.';
}

QString no_findings_text(const detect::DetectParams& params) {
  return QStringLiteral(
             "No findings.\n\nLooked for statements executed %1 or more times in one scope with different values "
             "(N+1), %2 or more times with the same values (duplicates), and single executions of %3 or longer.\n\n"
             "All statements and scopes are in the tabs.")
      .arg(format_count(params.n_plus_one_threshold), format_count(params.duplicate_threshold),
           format_milliseconds(params.slow_milliseconds));
}

QString site_text(const model::CallSite& site) {
  QString text = QStringLiteral("%1:%2").arg(QString::fromStdString(site.file)).arg(site.line);
  if (!site.function.empty()) text += QStringLiteral("  ") + QString::fromStdString(site.function);
  return text;
}

QString one_line(const std::string& sql) {
  return QString::fromStdString(sql).simplified();
}

Distribution distribution_of(std::vector<float>& durations) {
  Distribution result;
  result.count = durations.size();
  if (durations.empty()) return result;
  for (const float duration : durations) result.sum += static_cast<double>(duration);
  const auto rank = [&](double share) {
    const auto n = static_cast<double>(durations.size());
    const auto index = static_cast<std::ptrdiff_t>(std::max(1.0, std::ceil(share * n)) - 1);
    std::nth_element(durations.begin(), durations.begin() + index, durations.end());
    return static_cast<double>(durations[static_cast<std::size_t>(index)]);
  };
  result.p50 = rank(0.50);
  result.p95 = rank(0.95);
  const auto [low, high] = std::minmax_element(durations.begin(), durations.end());
  result.min = static_cast<double>(*low);
  result.max = static_cast<double>(*high);
  return result;
}

QString format_distribution(const Distribution& distribution) {
  return QStringLiteral("n %1   Σ %2   min %3   p50 %4   p95 %5   max %6")
      .arg(format_count(distribution.count), format_duration(distribution.sum), format_duration(distribution.min),
           format_duration(distribution.p50), format_duration(distribution.p95), format_duration(distribution.max));
}

}  // namespace quell::gui

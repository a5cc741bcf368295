#pragma once

#include <QString>
#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/detect/finding.hpp"
#include "gui/model/session.hpp"

/// The words and numbers of the window, in one place, so that tables, tooltips and the inspector say things alike.
namespace quell::gui {

/// "850 ns", "12.3 µs", "4.10 ms", "1.25 s": three significant digits.
[[nodiscard]] QString format_duration(double nanoseconds);
[[nodiscard]] QString format_milliseconds(double milliseconds);
/// "1,204,331"
[[nodiscard]] QString format_count(std::uint64_t count);
/// "1 row", "20 rows"; `plural` where an s is not enough.
[[nodiscard]] QString format_counted(std::uint64_t count, const QString& singular, const QString& plural = {});
/// Up to three significant digits: "3", "3.5", "1,204".
[[nodiscard]] QString format_number(double number);
[[nodiscard]] QString format_bytes(std::uint64_t bytes);
/// A position on the trace's clock that starts at 0: "1.204 s". `step` is the distance that must stay visible.
[[nodiscard]] QString format_instant(trace::Time since_begin, trace::Duration step);

[[nodiscard]] QString title_of(detect::Kind kind);
[[nodiscard]] QString word_of(detect::Severity severity);
[[nodiscard]] QString word_of(detect::Confidence confidence);
[[nodiscard]] QString word_of(QueryClass query_class);
[[nodiscard]] QString word_of(detect::Advice::Kind kind);

/// What a confidence means for this finding, as a sentence.
[[nodiscard]] QString confidence_sentence(const detect::Finding& finding);
/// What happens, as a sentence: "SELECT … FROM users ran 20 times in one GET /posts, with 20 different values."
[[nodiscard]] QString finding_sentence(const detect::Finding& finding, const Session& session);
/// "posts.author_id → users.id"; the statement on one line where no edge is known.
[[nodiscard]] QString relation_of(const detect::Finding& finding, const Session& session);
/// "saves 19 round trips, 4.10 ms a scope", or empty where nothing is estimated.
[[nodiscard]] QString saving_of(const detect::Finding& finding);
/// Plain text of a finding for the clipboard, in Markdown.
[[nodiscard]] QString finding_markdown(const detect::Finding& finding, const Session& session);

/// What is missing from the trace and what that means; empty where it is complete.
[[nodiscard]] QString incompleteness_of(const trace::Summary& summary);
/// What was looked for and not found, for a trace without findings.
[[nodiscard]] QString no_findings_text(const detect::DetectParams& params);
/// "file.cpp:41 in function"
[[nodiscard]] QString site_text(const model::CallSite& site);
/// SQL on one line, for table cells.
[[nodiscard]] QString one_line(const std::string& sql);

struct Distribution {
  std::size_t count = 0;
  double sum = 0;
  double min = 0;
  double p50 = 0;
  double p95 = 0;
  double max = 0;
};
/// Nearest-rank percentiles of durations in nanoseconds; reorders its argument.
[[nodiscard]] Distribution distribution_of(std::vector<float>& durations);
[[nodiscard]] QString format_distribution(const Distribution& distribution);

}  // namespace quell::gui

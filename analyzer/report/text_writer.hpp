#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/plan/insight.hpp"
#include "analyzer/report/report.hpp"

namespace quell::report {

enum class Style { plain, strong, dim, red, yellow, cyan, green };

/// Lines of a text report: labels in a column of their own, words wrapped beside them, colour where it is asked for.
/// Texts are made fit to show.
class TextWriter {
 public:
  explicit TextWriter(const RenderParams& params) : params_(params) {}

  [[nodiscard]] std::string styled(Style style, std::string_view text) const;
  void line(std::string_view text = {});
  /// An empty line, then `text`.
  void heading(std::string_view text);
  /// `label` in its column, the words wrapped beside it; at most `most` lines.
  void labelled(std::string_view label, std::string_view text, Style style = Style::plain, std::size_t most = 100);
  /// Code keeps its line breaks.
  void code_lines(std::string_view text);
  /// The annotated tree.
  void plan(const plan::Plan& plan);
  /// What the rules say of it.
  void insights(const std::vector<plan::Insight>& insights);

  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  const RenderParams& params_;
  std::string out_;
};

}  // namespace quell::report

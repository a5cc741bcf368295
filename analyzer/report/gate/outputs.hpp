#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/gate/check.hpp"

/// The outputs of `quell check`, all of one GateResult. Texts of the trace in it are untrusted: each output escapes
/// them in its own way.
namespace quell::report {

/// Version of the gate's JSON (docs/gate.schema.json). Grows by one with every change that a reader could notice.
inline constexpr int kGateVersion = 1;

struct GateRenderParams {
  bool colour = false;      ///< text only
  std::size_t width = 100;  ///< text only, columns
  /// Absolute folder of the repository: call sites below it are shown relative to it.
  std::string repository;
  /// A file of the repository for what has no call site, relative to it.
  std::string fallback_file = "quell.toml";
  std::string version;  ///< of Quell
};

[[nodiscard]] std::string gate_text(const gate::GateResult& result, const GateRenderParams& params);
/// A comment of a pull request: begins with a marker by which it is found again, at most 60,000 bytes.
[[nodiscard]] std::string gate_markdown(const gate::GateResult& result, const GateRenderParams& params);
/// The same for $GITHUB_STEP_SUMMARY: no marker, at most 900 KiB.
[[nodiscard]] std::string gate_summary(const gate::GateResult& result, const GateRenderParams& params);
/// Workflow commands: at most 9 errors, 9 warnings and one that counts the rest, since GitHub drops more than ten.
[[nodiscard]] std::string gate_annotations(const gate::GateResult& result, const GateRenderParams& params);
/// SARIF 2.1.0, at most 5,000 results.
[[nodiscard]] std::string gate_sarif(const gate::GateResult& result, const GateRenderParams& params);
[[nodiscard]] std::string gate_junit(const gate::GateResult& result, const GateRenderParams& params);
/// GitLab's Code Quality report.
[[nodiscard]] std::string gate_code_quality(const gate::GateResult& result, const GateRenderParams& params);
/// reviewdog's RDJSON.
[[nodiscard]] std::string gate_rdjson(const gate::GateResult& result, const GateRenderParams& params);
[[nodiscard]] std::string gate_json(const gate::GateResult& result, const GateRenderParams& params);

using GateOutput = std::string (*)(const gate::GateResult&, const GateRenderParams&);

/// The outputs by the names `quell check --output NAME=FILE` knows.
struct NamedGateOutput {
  std::string_view name;
  GateOutput render;
};
[[nodiscard]] const std::vector<NamedGateOutput>& gate_outputs();

}  // namespace quell::report

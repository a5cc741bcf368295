#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/gate/check.hpp"
#include "analyzer/report/gate/outputs.hpp"

/// What the outputs of the gate share.
namespace quell::report {

/// "FAILED: 2 failures and 1 warning in 14 units, compared with quell-baseline/api.toml".
[[nodiscard]] std::string gate_verdict(const gate::GateResult& result);

/// "new", "gone", "more", "fewer", "runs".
[[nodiscard]] std::string_view change_name(const gate::StatementDelta& delta);
/// "20 executions, was 1".
[[nodiscard]] std::string change_counts(const gate::StatementDelta& delta);
/// "N+1, proved: 49 executions, 49 distinct values, from posts.author_id".
[[nodiscard]] std::string finding_words(const gate::MeasuredFinding& finding);
/// What a statement lacks or has more than the one it seems to replace: "no LIMIT any more", "one more table"; empty
/// where the breach has not exactly one new and one gone statement, or nothing is to be said.
[[nodiscard]] std::string replacement_words(const gate::Breach& breach);

struct GateLocation {
  std::string file;  ///< relative to the repository where it is in it
  std::uint32_t line = 1;
  bool call_site = false;  ///< false: the file stands for want of a call site
};
/// The first call site of the statements to blame.
[[nodiscard]] GateLocation gate_location(const gate::Breach& breach, const GateRenderParams& params);
/// As `located` in report/wording.hpp, with the file relative to the repository.
[[nodiscard]] std::string gate_site(const model::CallSite& site, const std::string& repository);

/// The breach as plain lines, for outputs that hold one text: sentence, statements with call sites, findings, what to
/// do, how to accept it. Made printable.
[[nodiscard]] std::string breach_message(const gate::Breach& breach, const GateRenderParams& params);

/// 16 hexadecimal digits of suite, rule, unit and statements: stable over runs and edits of lines.
[[nodiscard]] std::string breach_identity(const gate::Breach& breach);

/// Transaction control and the like, and how often it ran: "transaction_control 2 (most in one run)"; "" for none.
[[nodiscard]] std::string ignored_words(const gate::GateResult& result);

}  // namespace quell::report

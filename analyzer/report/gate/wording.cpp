#include "analyzer/report/gate/wording.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "analyzer/report/safe_text.hpp"
#include "analyzer/report/wording.hpp"
#include "analyzer/sql/hash.hpp"
#include "analyzer/sql/statement_facts.hpp"

namespace quell::report {
namespace {

/// A statement in a message; all of it stands in the JSON.
constexpr std::size_t kStatementColumns = 600;
constexpr std::size_t kMostStatements = 20;

std::string relative_to(const std::string& file, const std::string& repository) {
  if (repository.empty() || !file.starts_with(repository)) return file;
  const std::string rest = file.substr(repository.size());
  return rest.starts_with('/') ? rest.substr(1) : file;
}

std::string indented(std::string_view text) {
  std::string out = "    ";
  for (const char c : text) out += c == '\n' ? std::string("\n    ") : std::string(1, c);
  return out;
}

}  // namespace

std::string gate_verdict(const gate::GateResult& result) {
  std::string counts = counted(result.count(gate::Level::failure), "failure");
  if (const std::size_t warnings = result.count(gate::Level::warning); warnings > 0)
    counts += " and " + counted(warnings, "warning");
  const std::string where = fmt::format("{} in {}, {}", counts, counted(result.units.size(), "unit"),
                                        result.compared_with.empty()
                                            ? "no baseline"
                                            : fmt::format("compared with {}", fmt::join(result.compared_with, ", ")));
  switch (result.outcome) {
    case gate::Outcome::passed:
      return "PASSED: " + where;
    case gate::Outcome::failed:
      return "FAILED: " + where;
    case gate::Outcome::incomplete:
      return "INCOMPLETE, not judged: " + where;
    case gate::Outcome::nothing_checked:
      return "NOTHING CHECKED: " + where;
  }
  return "";
}

std::string_view change_name(const gate::StatementDelta& delta) {
  if (delta.was == delta.now) return "runs";
  if (delta.was == 0) return "new";
  if (delta.now == 0) return "gone";
  return delta.now > delta.was ? "more" : "fewer";
}

std::string change_counts(const gate::StatementDelta& delta) {
  const std::string now = counted(delta.now, "execution");
  return delta.now == delta.was ? now : fmt::format("{}, was {}", now, grouped(delta.was));
}

std::string finding_words(const gate::MeasuredFinding& finding) {
  std::string out = fmt::format(
      "{}, {}: {}, {}", title(finding.kind), detect::to_string(finding.confidence),
      counted(finding.executions, "execution"),
      finding.distinct_values == 1 ? "all with the same values" : counted(finding.distinct_values, "distinct value"));
  if (!finding.edge.empty()) out += " from " + finding.edge;
  return out;
}

std::string replacement_words(const gate::Breach& breach) {
  const gate::StatementDelta* fresh = nullptr;
  const gate::StatementDelta* gone = nullptr;
  for (const gate::StatementDelta& delta : breach.statements) {
    const gate::StatementDelta*& slot = delta.was == 0 ? fresh : gone;
    if (delta.was != 0 && delta.now != 0) continue;
    if (slot) return {};
    slot = &delta;
  }
  // The comment of a baseline line may be cut: then it says nothing sure.
  if (!fresh || !gone || gone->text.ends_with("...")) return {};
  const sql::StatementFacts now = sql::analyze_statement(fresh->text);
  const sql::StatementFacts was = sql::analyze_statement(gone->text);
  if (!now.parsed || !was.parsed) return {};
  std::vector<std::string> words;
  if (was.has_limit && !now.has_limit) words.emplace_back("no LIMIT any more");
  if (now.tables.size() > was.tables.size())
    words.push_back(counted(now.tables.size() - was.tables.size(), "more table"));
  if (!was.predicates.empty() && now.predicates.empty()) words.emplace_back("no condition any more");
  if (!was.order_by.empty() && now.order_by.empty()) words.emplace_back("no ORDER BY any more");
  if (!was.locks_rows && now.locks_rows) words.emplace_back("locks rows");
  if (!was.is_write() && now.is_write()) words.emplace_back("writes");
  return fmt::format("{}", fmt::join(words, ", "));
}

GateLocation gate_location(const gate::Breach& breach, const GateRenderParams& params) {
  for (const gate::StatementDelta& delta : breach.statements) {
    if (delta.now <= delta.was && delta.was != 0) continue;
    for (const model::CallSite& site : delta.sites) {
      if (site.file.empty()) continue;
      return {printable(relative_to(site.file, params.repository)), std::max(1U, site.line), true};
    }
  }
  return {params.fallback_file, 1, false};
}

std::string gate_site(const model::CallSite& site, const std::string& repository) {
  model::CallSite shown = site;
  shown.file = relative_to(site.file, repository);
  return printable(located(shown));
}

std::string breach_message(const gate::Breach& breach, const GateRenderParams& params) {
  std::string out = fmt::format("{}: {}\n", printable(breach.unit), printable(breach.sentence));
  if (!breach.allowed.empty()) out += fmt::format("excused: {}\n", printable(breach.allowed));
  const std::size_t shown = std::min(kMostStatements, breach.statements.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const gate::StatementDelta& delta = breach.statements[i];
    out += fmt::format("{}: {}: {}\n", change_name(delta), change_counts(delta),
                       shorten(printable(delta.text), kStatementColumns));
    for (const model::CallSite& site : delta.sites)
      out += fmt::format("    at {}\n", gate_site(site, params.repository));
  }
  if (breach.statements.size() > shown)
    out += fmt::format("and {}\n", counted(breach.statements.size() - shown, "more statement"));
  if (const std::string words = replacement_words(breach); !words.empty())
    out += fmt::format("the new statement has {}\n", words);
  for (const gate::MeasuredFinding& finding : breach.findings) {
    out += printable(finding_words(finding)) + "\n";
    if (!finding.advice.empty()) out += fmt::format("do: {}\n", printable(finding.advice));
    if (!finding.advice_code.empty()) out += indented(valid_utf8(finding.advice_code)) + "\n";
  }
  if (!breach.owner.empty()) out += fmt::format("owner: {}\n", printable(breach.owner));
  if (!breach.accept.empty()) out += fmt::format("to accept: {}\n", printable(breach.accept));
  return out;
}

std::string breach_identity(const gate::Breach& breach) {
  std::uint64_t hash = sql::hash_bytes(gate::to_string(breach.rule));
  hash = sql::hash_bytes(breach.suite, hash);
  hash = sql::hash_bytes(breach.unit, hash);
  std::set<sql::Fingerprint> fingerprints;
  for (const gate::StatementDelta& delta : breach.statements) fingerprints.insert(delta.fingerprint);
  for (const sql::Fingerprint fingerprint : fingerprints) hash = sql::mix(hash, fingerprint);
  return sql::to_hex(hash);
}

std::string ignored_words(const gate::GateResult& result) {
  std::map<std::string, std::uint64_t> most;
  for (const gate::CheckedUnit& unit : result.units) {
    for (const auto& [kind, count] : unit.ignored) most[kind] = std::max(most[kind], count);
  }
  std::vector<std::string> parts;
  for (const auto& [kind, count] : most) parts.push_back(fmt::format("{} (up to {} a run)", kind, grouped(count)));
  return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace quell::report

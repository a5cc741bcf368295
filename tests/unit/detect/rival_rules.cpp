#include "tests/unit/detect/rival_rules.hpp"

#include <algorithm>
#include <map>

#include "analyzer/sql/statement_facts.hpp"

namespace quell::test {
namespace {

using Labels = std::set<std::string>;

/// Facts once a text: the corpus is run many times.
const sql::StatementFacts& facts_of(const std::string& text) {
  static std::map<std::string, sql::StatementFacts> known;
  const auto found = known.find(text);
  return found != known.end() ? found->second : known.emplace(text, sql::analyze_statement(text)).first->second;
}

bool is_plumbing(const WireCall& call) {
  const auto kind = facts_of(call.text).kind;
  return kind == sql::StatementKind::transaction_control || kind == sql::StatementKind::session;
}

std::string loop_label(const WireCall& call) {
  return facts_of(call.text).is_write() ? "N1W" : "N1";
}

/// What a rule that sees parameters or, failing that, the text's own literals takes for the values of a call.
std::string values_of(const WireCall& call) {
  std::string out;
  for (const Cell& bind : call.binds) {
    if (const auto* number = std::get_if<std::int64_t>(&bind)) out += std::to_string(*number) + "|";
    if (const auto* text = std::get_if<std::string>(&bind)) out += *text + "|";
  }
  for (const sql::Literal& literal : facts_of(call.text).literals) out += literal.value + "|";
  return out;
}

/// R1, sql-tap: the same raw text five times within a second, over all connections; only texts that begin with SELECT.
Labels sql_tap(const std::vector<WireCall>& wire) {
  Labels labels;
  std::map<std::string, std::vector<trace::Time>> seen;
  for (const WireCall& call : wire) {
    if (!call.text.starts_with("SELECT") || call.text.find("FROM") == std::string::npos) continue;
    auto& times = seen[call.text];
    times.push_back(call.start);
    const auto in_second =
        std::count_if(times.begin(), times.end(), [&](trace::Time t) { return t > call.start - 1'000'000'000; });
    if (in_second >= 5) labels.insert("N1");
  }
  return labels;
}

/// R2, prosopite and zeal: two calls of one fingerprint from one call site in one request.
Labels call_site_count(const std::vector<WireCall>& wire) {
  Labels labels;
  std::map<std::tuple<std::uint64_t, std::uint32_t, sql::Fingerprint>, int> seen;
  for (const WireCall& call : wire) {
    if (is_plumbing(call) || facts_of(call.text).is_write()) continue;
    if (++seen[{call.scope, call.stack, facts_of(call.text).fingerprint}] >= 2) labels.insert("N1");
  }
  return labels;
}

/// R3, Sentry: after a source, a run of five of one statement, unbroken by another.
Labels run_after_source(const std::vector<WireCall>& wire) {
  Labels labels;
  std::map<std::uint64_t, std::pair<sql::Fingerprint, int>> runs;  // by scope
  std::map<std::uint64_t, bool> has_source;
  for (const WireCall& call : wire) {
    const sql::Fingerprint fingerprint = facts_of(call.text).fingerprint;
    auto& [last, count] = runs[call.scope];
    if (count > 0 && last == fingerprint) {
      if (++count >= 5 && has_source[call.scope]) labels.insert(loop_label(call));
    } else {
      has_source[call.scope] = count > 0;
      last = fingerprint;
      count = 1;
    }
  }
  return labels;
}

/// R4, perf-sentinel: five different value tuples of one template with first and last start within 500 ms; the same
/// tuple twice is redundant.
Labels distinct_tuples(const std::vector<WireCall>& wire) {
  Labels labels;
  struct Group {
    std::map<std::string, int> tuples;
    trace::Time first = 0;
    trace::Time last = 0;
  };
  std::map<std::pair<std::uint64_t, sql::Fingerprint>, Group> groups;
  std::map<sql::Fingerprint, const WireCall*> example;
  for (const WireCall& call : wire) {
    if (is_plumbing(call)) continue;
    Group& group = groups[{call.scope, facts_of(call.text).fingerprint}];
    if (group.tuples.empty()) group.first = call.start;
    group.last = call.start;
    ++group.tuples[values_of(call)];
    example[facts_of(call.text).fingerprint] = &call;
  }
  for (const auto& [key, group] : groups) {
    if (group.last - group.first > 500'000'000) continue;
    if (group.tuples.size() >= 5) labels.insert(loop_label(*example[key.second]));
    const bool redundant =
        std::any_of(group.tuples.begin(), group.tuples.end(), [](const auto& t) { return t.second >= 2; });
    if (group.tuples.size() < 5 && redundant) labels.insert("DUP");
  }
  return labels;
}

/// R5, django-debug-toolbar: a group of two of one text without values is similar, with equal values duplicate.
Labels similar_and_duplicate(const std::vector<WireCall>& wire) {
  Labels labels;
  std::map<std::pair<std::uint64_t, std::string>, std::map<std::string, int>> groups;
  std::map<std::string, const WireCall*> example;
  for (const WireCall& call : wire) {
    if (is_plumbing(call)) continue;
    const std::string& text = facts_of(call.text).normalized;
    ++groups[{call.scope, text}][values_of(call)];
    example[text] = &call;
  }
  for (const auto& [key, tuples] : groups) {
    if (tuples.size() >= 2) labels.insert(loop_label(*example[key.second]));
    if (std::any_of(tuples.begin(), tuples.end(), [](const auto& t) { return t.second >= 2; })) labels.insert("DUP");
  }
  return labels;
}

}  // namespace

const std::array<Rival, 5>& rivals() {
  static const std::array<Rival, 5> all{{{"R1 text count (sql-tap)", sql_tap},
                                         {"R2 call-site count (prosopite, zeal)", call_site_count},
                                         {"R3 run after source (Sentry)", run_after_source},
                                         {"R4 distinct tuples (perf-sentinel)", distinct_tuples},
                                         {"R5 similar/duplicate (debug toolbar)", similar_and_duplicate}}};
  return all;
}

}  // namespace quell::test

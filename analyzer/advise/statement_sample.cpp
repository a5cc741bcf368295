#include "analyzer/advise/statement_sample.hpp"

#include <algorithm>
#include <map>

#include "analyzer/sql/lexer.hpp"

namespace quell::advise {

namespace {

struct ValueGroup {
  model::QueryIndex first = 0;
  std::uint64_t executions = 0;
};

/// Executions looked at. 10,000: enough to see which values are frequent, few enough to be quick.
constexpr std::size_t kExecutionsSampled = 10'000;

std::vector<ValueGroup> group_by_values(const model::Workload& workload, std::span<const model::QueryIndex> queries,
                                        bool failed) {
  std::map<std::vector<trace::Value>, ValueGroup> groups;
  const std::size_t step = queries.size() / kExecutionsSampled + 1;
  for (std::size_t i = 0; i < queries.size(); i += step) {
    if (workload.execution(queries[i]).failed() != failed) continue;
    std::vector<trace::Value> key;
    for (const model::Bind& bind : workload.binds(queries[i])) key.push_back(bind.value);
    ValueGroup& group = groups.try_emplace(std::move(key), ValueGroup{queries[i], 0}).first->second;
    ++group.executions;
  }
  std::vector<ValueGroup> sorted;
  for (const auto& [key, group] : groups) sorted.push_back(group);
  std::sort(sorted.begin(), sorted.end(), [](const ValueGroup& a, const ValueGroup& b) {
    return std::pair(b.executions, a.first) < std::pair(a.executions, b.first);
  });
  return sorted;
}

}  // namespace

plan::RunRequest run_request(const model::Workload& workload, model::QueryIndex query) {
  plan::RunRequest request;
  request.sql = workload.text_of(query);
  const sql::StatementFacts& facts = workload.statements()[workload.statement_of(query)].facts;
  request.writes = facts.is_write();
  request.volatile_functions = facts.volatile_functions;
  // Binds hold parameters, or the literals of a text without parameters; literals stand in the text already.
  const auto parameters = static_cast<std::size_t>(sql::Lexer().lex(request.sql).parameters);
  if (parameters == 0) return request;
  if (workload.binds(query).size() < parameters) {  // an SQL file, or a recorder that saw the text only
    request.generic = true;
    request.parameters.resize(parameters);
    return request;
  }
  for (const model::Bind& bind : workload.binds(query)) {
    request.parameters.push_back({bind.type_oid, bind.form, std::string(bind.bytes), bind.cut});
  }
  return request;
}

SampledStatement sample_statement(const model::Workload& workload, model::StatementIndex statement) {
  SampledStatement out;
  out.statement = statement;
  out.facts = &workload.statements()[statement].facts;
  const std::span<const model::QueryIndex> queries = workload.queries_of_statement(statement);
  out.executions = queries.size();
  std::vector<ValueGroup> groups = group_by_values(workload, queries, false);
  if (groups.empty()) groups = group_by_values(workload, queries, true);
  if (groups.empty()) return out;
  std::uint64_t total = 0;
  for (const ValueGroup& group : groups) total += group.executions;
  const auto add = [&](const ValueGroup& group, double weight) {
    out.samples.push_back({run_request(workload, group.first), weight});
  };
  const auto frequent = static_cast<double>(groups.front().executions);
  const double rest = static_cast<double>(total) - frequent;
  add(groups.front(), frequent);
  if (groups.size() == 2) add(groups.back(), rest);
  if (groups.size() > 2) {
    add(groups[groups.size() / 2], rest / 2);
    add(groups.back(), rest / 2);
  }
  return out;
}

}  // namespace quell::advise

#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

#include <quell/db/sync_connection.hpp>

#include "analyzer/advise/index_advisor.hpp"
#include "analyzer/plan/plan.hpp"
#include "tests/pg/support/cluster.hpp"

namespace quell::advise {

/// One value set of a statement. Outside Statements: clang++ reads default members of a nested class too late for a
/// default argument.
struct Values {
  std::vector<std::string> values;  ///< text, types inferred by the server
  double weight = 1;
};

/// Statements as a trace would hold them, without a trace.
class Statements {
 public:
  Statements& add(const std::string& sql, std::uint64_t executions, const std::vector<Values>& samples = {{}}) {
    const sql::StatementFacts& facts = facts_.emplace_back(sql::analyze_statement(sql));
    SampledStatement& statement = list_.emplace_back();
    statement.statement = static_cast<model::StatementIndex>(list_.size() - 1);
    statement.facts = &facts;
    statement.executions = executions;
    for (const Values& sample : samples) {
      SampledExecution& execution = statement.samples.emplace_back();
      execution.request.sql = sql;
      execution.weight = sample.weight;
      for (const std::string& value : sample.values) {
        execution.request.parameters.push_back({0, trace::ParameterForm::text, value, false});
      }
    }
    return *this;
  }

  [[nodiscard]] const std::vector<SampledStatement>& list() const { return list_; }

 private:
  std::deque<sql::StatementFacts> facts_;  // a deque keeps the addresses
  std::vector<SampledStatement> list_;
};

inline AdviseResult advise(const std::string& dsn, const Statements& statements) {
  AdviseParams params;
  params.dsn = dsn;
  return advise_statements(statements.list(), params);
}

inline std::vector<std::string> ddl_of(const AdviseResult& result) {
  std::vector<std::string> ddl;
  for (const IndexAdvice& advice : result.advice) ddl.push_back(advice.ddl);
  return ddl;
}

/// Planner cost of a statement without parameters on a connection of its own.
inline double cost_of(const std::string& dsn, const std::string& sql) {
  auto connection = db::SyncConnection::open(dsn);
  const auto result = connection.query("EXPLAIN (FORMAT JSON) " + sql);
  return plan::read_json(result.value(0, 0)).plans.at(0).root.total_cost;
}

}  // namespace quell::advise

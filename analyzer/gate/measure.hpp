#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/detect/finding.hpp"
#include "analyzer/model/workload.hpp"

namespace quell::gate {

/// What counts as a query. What does not is counted apart and shown.
struct CountParams {
  /// Kinds of statements that do not count, as `kind_name` writes them.
  std::vector<std::string> ignore = {"transaction_control", "session", "catalog"};
  /// Statements whose tables all match one of these globs do not count: caches and bookkeeping that depend on order.
  std::vector<std::string> ignore_tables;
  /// Runs of each unit, in time order, that are not looked at where there are more than these.
  std::uint64_t warmup = 0;
  /// Whether what no request, test or job holds is a unit of its own (kOutsideUnit): for recordings that name none.
  bool outside = false;
};

/// "select", "transaction_control": as `ignore` names them.
[[nodiscard]] std::string kind_name(sql::StatementKind kind);
[[nodiscard]] const std::vector<std::string>& kind_names();

inline constexpr std::string_view kOutsideUnit = "(outside any unit)";

struct MeasuredStatement {
  sql::Fingerprint fingerprint = 0;
  std::uint64_t count = 0;             ///< most executions in one run
  std::vector<model::CallSite> sites;  ///< innermost frames of the executions of that run, most executions first
};

/// All runs of one request route, test or job.
struct MeasuredUnit {
  std::string name;  ///< "GET /orders", "test:checkout_test.py::test_pay", "job:digest"; valid UTF-8 on one line
  std::uint64_t runs = 0;
  std::uint64_t queries = 0;                     ///< most in one run
  double milliseconds = 0;                       ///< in the database, mean of the runs; never gated
  std::vector<MeasuredStatement> statements;     ///< by fingerprint
  std::map<std::string, std::uint64_t> ignored;  ///< what did not count, by class: most in one run
};

/// A finding as the gate compares and shows it.
struct MeasuredFinding {
  std::string identity;
  detect::Kind kind = detect::Kind::n_plus_one;
  detect::Confidence confidence = detect::Confidence::likely;
  detect::Severity severity = detect::Severity::info;
  std::string unit;
  sql::Fingerprint child = 0;
  std::uint64_t executions = 0;  ///< in the run with the most
  std::uint64_t distinct_values = 0;
  std::string edge;  ///< "orders.customer_id"; empty: not known
  std::string advice;
  std::string advice_code;
};

/// Normalized texts of statements, without literals and on one line.
using StatementTexts = std::map<sql::Fingerprint, std::string>;

/// What the gate needs to know of one trace.
struct Measurement {
  std::string trace;  ///< path
  std::string program;
  trace::Summary summary;
  StatementTexts statements;
  std::vector<MeasuredUnit> units;  ///< by name
  std::vector<MeasuredFinding> findings;
  std::uint64_t outside = 0;  ///< executions that belong to no unit
};

/// Why executions of each statement of the workload do not count ("catalog", "ignored table"); empty where they do.
[[nodiscard]] std::vector<std::string> ignored_classes(const model::Workload& workload, const CountParams& params);

/// `findings` are those of the workload, with their advice where there is any.
[[nodiscard]] Measurement measure(const model::Workload& workload, const std::vector<detect::Finding>& findings,
                                  const std::string& trace, const CountParams& params);

}  // namespace quell::gate

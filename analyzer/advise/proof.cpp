#include "analyzer/advise/proof.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <quell/db/error.hpp>
#include <quell/db/statement.hpp>
#include <quell/db/sync_connection.hpp>

#include "analyzer/advise/limits.hpp"
#include "analyzer/plan/explain_statement.hpp"
#include "analyzer/plan/plan.hpp"

namespace quell::advise {

namespace {

constexpr std::chrono::seconds kGrace{5};
constexpr int kRuns = 3;  ///< of each statement and value set; the fastest counts, the others warm the cache

std::string without_concurrently(std::string ddl) {
  constexpr std::string_view kWord = "CONCURRENTLY ";
  if (const std::size_t at = ddl.find(kWord); at != std::string::npos) ddl.erase(at, kWord.size());
  return ddl;
}

/// One transaction of the proof; rolled back at its end.
class Trial {
 public:
  explicit Trial(const AdviseParams& params)
      : params_(params),
        connection_(db::SyncConnection::open(params.dsn, db::Deadline::after(std::chrono::seconds(10)))) {
    begin_limited(connection_, params.statement_timeout, params.lock_timeout);
  }
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;
  ~Trial() {
    if (connection_.is_broken()) return;
    try {
      connection_.execute("ROLLBACK", db::Deadline::after(kGrace));
    } catch (const std::exception&) {  // closing the connection rolls back too
    }
  }

  /// Bytes of the index on disk, 0 for one of a partitioned table. Throws db::ServerError; the transaction stays
  /// usable.
  std::uint64_t build(const IndexAdvice& advice) {
    return attempt([&] {
      connection_.execute(without_concurrently(advice.ddl), deadline());
      // The table is locked against other index builds: its newest index is the one just made.
      db::SyncParameter table;
      table.bytes = db::quote_identifier(advice.schema) + "." + db::quote_identifier(advice.table);
      const auto made = connection_.query(
          "SELECT pg_catalog.pg_relation_size(indexrelid), indcheckxmin FROM pg_catalog.pg_index "
          "WHERE indrelid = $1::regclass ORDER BY indexrelid DESC LIMIT 1",
          {table}, trace::Format::text, deadline());
      checks_xmin_ = checks_xmin_ || made.value(0, 1) == "t";
      std::uint64_t size = 0;
      const std::string_view text = made.value(0, 0);
      std::from_chars(text.data(), text.data() + text.size(), size);
      return size;
    });
  }
  /// PostgreSQL does not use an index in the transaction that made it over rows that were updated in place meanwhile.
  [[nodiscard]] bool cannot_use_its_index() const { return checks_xmin_; }

  /// From here on the server refuses to write.
  void stop_writing() {
    connection_.execute("SET LOCAL transaction_read_only = on; SAVEPOINT quell_proof", deadline());
  }

  /// Milliseconds of the fastest of some runs, averaged over the value sets by weight. Throws db::ServerError; the
  /// transaction stays usable.
  double run(const SampledStatement& statement) {
    double sum = 0;
    double weight = 0;
    for (const SampledExecution& sample : statement.samples) {
      std::optional<double> best;
      for (int i = 0; i < kRuns; ++i) {
        const std::string raw = attempt(
            [&] { return plan::explain_with_values(connection_, sample.request, plan::RunMode::analyze, deadline()); });
        const plan::ReadResult read = plan::read_json(raw);
        if (read.plans.empty() || !read.plans[0].execution_ms) throw Error("the server sent no plan");
        best = std::min(best.value_or(*read.plans[0].execution_ms), *read.plans[0].execution_ms);
      }
      sum += *best * sample.weight;
      weight += sample.weight;
    }
    return sum / weight;
  }

 private:
  [[nodiscard]] db::Deadline deadline() const { return step_deadline(params_.statement_timeout); }

  template <typename Work>
  auto attempt(const Work& work) -> decltype(work()) {
    connection_.execute("SAVEPOINT quell_attempt", deadline());
    try {
      auto result = work();
      connection_.execute("RELEASE SAVEPOINT quell_attempt", deadline());
      return result;
    } catch (const db::ServerError& error) {
      if (!error.is_disconnect()) connection_.execute("ROLLBACK TO SAVEPOINT quell_attempt", deadline());
      throw;
    }
  }

  const AdviseParams& params_;
  db::SyncConnection connection_;
  bool checks_xmin_ = false;
};

/// Why the statement cannot be run for a measurement; empty where it can.
std::string why_not_run(const SampledStatement& statement) {
  if (statement.facts->is_write()) return "it writes";
  if (statement.facts->kind != sql::StatementKind::select) return "it is no SELECT";
  if (statement.facts->volatile_functions) return "it calls a function that may have effects";
  for (const SampledExecution& sample : statement.samples) {
    if (sample.request.generic || !plan::values_known(sample.request.parameters))
      return "its values are not in the trace";
  }
  return statement.samples.empty() ? "no execution with its text is in the trace" : "";
}

class Proof {
 public:
  Proof(const std::vector<SampledStatement>& statements, const AdviseParams& params, std::vector<IndexAdvice>& advice)
      : params_(params), advice_(advice) {
    for (const SampledStatement& statement : statements) by_index_[statement.statement] = &statement;
  }

  void run() {
    measure_before();
    if (before_.empty()) return tell_why_nothing_ran();
    measure_after();
    for (IndexAdvice& advice : advice_) finish(advice);
  }

 private:
  void measure_before() {
    Trial trial(params_);
    trial.stop_writing();
    for (const IndexAdvice& advice : advice_) {
      for (const ServedStatement& served : advice.statements) {
        if (before_.count(served.statement) > 0 || failures_.count(served.statement) > 0) continue;
        measure(trial, served.statement, before_);
      }
    }
  }

  void measure_after() {
    Trial trial(params_);
    for (IndexAdvice& advice : advice_) {
      try {
        if (const std::uint64_t size = trial.build(advice); size > 0) advice.size_bytes = size;
        built_.insert(&advice);
      } catch (const db::ServerError& error) {
        if (error.is_disconnect()) throw;
        advice.note += "; not measured: building it failed: " + error.diagnostics().message;
      }
    }
    trial.stop_writing();
    cannot_use_ = trial.cannot_use_its_index();
    for (const auto& [statement, ms] : before_) measure(trial, statement, after_);
  }

  void measure(Trial& trial, model::StatementIndex index, std::map<model::StatementIndex, double>& into) {
    const SampledStatement& statement = *by_index_.at(index);
    if (std::string reason = why_not_run(statement); !reason.empty()) {
      failures_[index] = std::move(reason);
      return;
    }
    try {
      into[index] = trial.run(statement);
    } catch (const db::ServerError& error) {
      if (error.is_disconnect()) throw;
      failures_[index] = error.diagnostics().message;
    }
  }

  void finish(IndexAdvice& advice) {
    if (built_.count(&advice) == 0) return;
    bool any = false;
    for (ServedStatement& served : advice.statements) {
      const auto before = before_.find(served.statement);
      const auto after = after_.find(served.statement);
      if (before == before_.end() || after == after_.end()) continue;
      served.ms_before = before->second;
      served.ms_after = after->second;
      any = true;
    }
    if (!any) {
      advice.note += "; not measured: " + failures_.begin()->second;
    } else if (cannot_use_) {
      advice.note +=
          "; not measured: rows were updated in place a moment ago, and PostgreSQL does not use a new index over such "
          "in "
          "the same transaction; try again later";
    } else {
      advice.verification = Verification::measured;
      advice.note = "measured with the index built in a transaction that was rolled back; " + advice.note;
    }
  }

  void tell_why_nothing_ran() {
    for (IndexAdvice& advice : advice_) {
      const std::string& reason = failures_.empty() ? std::string("it serves no statement") : failures_.begin()->second;
      advice.note += "; not measured: " + reason;
    }
  }

  const AdviseParams& params_;
  std::vector<IndexAdvice>& advice_;
  std::map<model::StatementIndex, const SampledStatement*> by_index_;
  std::map<model::StatementIndex, double> before_;
  std::map<model::StatementIndex, double> after_;
  std::map<model::StatementIndex, std::string> failures_;
  std::set<const IndexAdvice*> built_;
  bool cannot_use_ = false;
};

}  // namespace

void prove(const std::vector<SampledStatement>& statements, const AdviseParams& params,
           std::vector<IndexAdvice>& advice) {
  if (!advice.empty()) Proof(statements, params, advice).run();
}

}  // namespace quell::advise

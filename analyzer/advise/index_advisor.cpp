#include "analyzer/advise/index_advisor.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "analyzer/advise/candidate.hpp"
#include "analyzer/advise/selection.hpp"
#include "analyzer/advise/unverified.hpp"
#include "analyzer/advise/what_if.hpp"

namespace quell::advise {

namespace {

using Clock = std::chrono::steady_clock;

/// Smaller tables are read in one go whatever indexes they have.
constexpr double kTinyTablePages = 8;

std::string label(const SampledStatement& statement) {
  constexpr std::size_t kShown = 80;
  std::string text = statement.facts->normalized;
  if (text.size() > kShown) {
    text.resize(kShown);
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0) == 0x80) text.pop_back();
    text += "...";
  }
  return fmt::format("{} ({})", sql::to_hex(statement.facts->fingerprint), text);
}

bool can_use_an_index(sql::StatementKind kind) {
  using sql::StatementKind;
  switch (kind) {
    case StatementKind::select:
    case StatementKind::insert:
    case StatementKind::update:
    case StatementKind::delete_:
    case StatementKind::merge:
      return true;
    case StatementKind::copy:
    case StatementKind::transaction_control:
    case StatementKind::session:
    case StatementKind::catalog:
    case StatementKind::ddl:
    case StatementKind::other:
      return false;
  }
  return false;
}

class Advisor {
 public:
  Advisor(const std::vector<SampledStatement>& statements, const AdviseParams& params)
      : params_(params),
        deadline_(Clock::now() + params.time_limit),
        session_(WhatIf::open(params.dsn, {params.statement_timeout, params.lock_timeout, std::chrono::seconds(10)})) {
    for (const SampledStatement& statement : statements) {
      if (can_use_an_index(statement.facts->kind) && statement.executions > 0) look_at(statement);
    }
    std::stable_sort(planned_.begin(), planned_.end(), [](const Planned& a, const Planned& b) {
      return a.cost * static_cast<double>(a.statement->executions) >
             b.cost * static_cast<double>(b.statement->executions);
    });
    for (Planned& planned : planned_) add_candidates(planned);
    number_candidates();
  }

  AdviseResult run() {
    if (session_.has_hypopg()) {
      advise_verified();
    } else {
      advise_unverified();
    }
    std::sort(result_.advice.begin(), result_.advice.end(), [](const IndexAdvice& a, const IndexAdvice& b) {
      return std::pair(b.cost_before - b.cost_after, a.ddl) < std::pair(a.cost_before - a.cost_after, b.ddl);
    });
    std::sort(result_.not_planned.begin(), result_.not_planned.end());
    return std::move(result_);
  }

 private:
  struct Planned {
    const SampledStatement* statement = nullptr;
    std::vector<const SampledExecution*> samples;  ///< those that can be planned
    std::vector<std::size_t> table_of;             ///< facts.tables → tables_
    double cost = 0;                               ///< of one execution, with the indexes there are
    plan::Plan plan;                               ///< of the most frequent values
    std::vector<Candidate> candidates;
    IndexSet own;
  };

  void leave_out(const SampledStatement& statement, std::string_view reason) {
    result_.not_planned.push_back(fmt::format("{}: {}", label(statement), reason));
  }

  void look_at(const SampledStatement& statement) {
    if (!statement.facts->parsed) return leave_out(statement, "the SQL could not be parsed");
    Planned planned;
    planned.statement = &statement;
    for (const sql::Table& table : statement.facts->tables) planned.table_of.push_back(table_index(table));
    double weight = 0;
    std::string failure = "no execution with its text and values in the trace";
    for (const SampledExecution& sample : statement.samples) {
      try {
        plan::Plan plan = session_.explain(sample.request);
        planned.cost += plan.root.total_cost * sample.weight;
        weight += sample.weight;
        if (planned.samples.empty()) planned.plan = std::move(plan);
        planned.samples.push_back(&sample);
        ++result_.what_if_calls;
      } catch (const db::ServerError& error) {
        if (error.is_disconnect()) throw;
        failure = error.diagnostics().message;
      }
    }
    if (planned.samples.empty()) return leave_out(statement, failure);
    planned.cost /= weight;
    planned_.push_back(std::move(planned));
  }

  std::size_t table_index(const sql::Table& table) {
    const auto [known, added] = looked_up_.try_emplace({table.schema, table.name}, kNoTable);
    if (!added) return known->second;
    TableLookup found = look_up_table(session_.connection(), table.schema, table.name);
    if (!found.table) {
      result_.not_planned.push_back("no index considered: " + found.reason);
      return kNoTable;
    }
    // public.posts and posts are one table.
    const auto same = std::find_if(tables_.begin(), tables_.end(),
                                   [&](const CatalogTable& other) { return other.oid == found.table->oid; });
    known->second = static_cast<std::size_t>(same - tables_.begin());
    if (same == tables_.end()) tables_.push_back(std::move(*found.table));
    return known->second;
  }

  void add_candidates(Planned& planned) {
    for (Candidate& candidate : candidates_for(*planned.statement->facts, planned.table_of, tables_)) {
      const CatalogTable& table = tables_[candidate.table];
      if (all_.count(candidate) > 0) {
        planned.candidates.push_back(std::move(candidate));
      } else if (table.pages < kTinyTablePages) {
        reject(candidate, fmt::format("table {} is tiny: {:.0f} of 8 KiB", table.name, table.pages));
      } else if (const CatalogIndex* index = serving_index(table, candidate.keys)) {
        reject(candidate, fmt::format("index {} begins with these columns already", index->name));
      } else if (all_.size() >= params_.candidates) {
        reject(candidate, fmt::format("not tried: the limit of {} candidates was reached", params_.candidates));
      } else {
        all_.insert(candidate);
        planned.candidates.push_back(std::move(candidate));
      }
    }
  }

  void reject(const Candidate& candidate, std::string reason) {
    if (!rejected_.insert(candidate).second) return;
    result_.rejected.push_back(
        {create_index_sql(tables_[candidate.table], candidate.keys, "", false), std::move(reason)});
  }

  void number_candidates() {
    candidates_.assign(all_.begin(), all_.end());
    for (Planned& planned : planned_) {
      for (const Candidate& candidate : planned.candidates) {
        const auto at = std::lower_bound(candidates_.begin(), candidates_.end(), candidate);
        planned.own.push_back(static_cast<std::size_t>(at - candidates_.begin()));
      }
      std::sort(planned.own.begin(), planned.own.end());
    }
  }

  void advise_verified() {
    std::vector<SelectionStatement> statements;
    for (const Planned& planned : planned_) {
      statements.push_back({static_cast<double>(planned.statement->executions), planned.own, relevant(planned)});
    }
    std::vector<SelectionCandidate> candidates;
    for (const Candidate& candidate : candidates_) {
      candidates.push_back({candidate.keys.size(), static_cast<double>(size(candidate)), prefixes(candidate)});
    }
    const auto cost = [&](std::size_t i, const IndexSet& indexes) { return what_if(planned_[i], indexes); };
    const SelectionParams selection_params{params_.minimum_gain, params_.minimum_cost_saved};
    const Selection selection =
        select_indexes(statements, candidates, cost, selection_params, [&] { return Clock::now() >= deadline_; });
    for (const std::size_t chosen : selection.chosen) {
      IndexAdvice advice = describe(candidates_[chosen]);
      advice.verification = Verification::what_if;
      advice.note = "what-if cost by HypoPG " + session_.hypopg_version() + advice.note;
      for (std::size_t i = 0; i < planned_.size(); ++i) {
        const IndexSet& used = selection.after[i].used;
        if (!std::binary_search(used.begin(), used.end(), chosen)) continue;
        serve(advice, planned_[i], selection.before[i].cost, selection.after[i].cost);
      }
      result_.advice.push_back(std::move(advice));
    }
    for (const Rejected& rejected : selection.rejected) reject(candidates_[rejected.candidate], rejected.reason);
    result_.what_if_calls += selection.what_if_calls;
  }

  PlannedCost what_if(const Planned& planned, const IndexSet& indexes) {
    std::set<std::string> definitions;
    for (const std::size_t index : indexes) definitions.insert(hypothetical(index));
    const std::map<std::string, std::string> names = session_.use_indexes(definitions);
    PlannedCost out;
    double weight = 0;
    std::set<std::string> used;
    for (const SampledExecution* sample : planned.samples) {
      const plan::Plan plan = session_.explain(sample->request);
      out.cost += plan.root.total_cost * sample->weight;
      weight += sample->weight;
      plan::walk(plan.root, [&](const plan::Node& node, std::size_t) { used.insert(node.index); });
    }
    out.cost /= weight;
    for (const std::size_t index : indexes) {
      const auto name = names.find(hypothetical(index));
      if (name != names.end() && used.count(name->second) > 0) out.used.push_back(index);
    }
    return out;
  }

  [[nodiscard]] std::string hypothetical(std::size_t index) const {
    return create_index_sql(tables_[candidates_[index].table], candidates_[index].keys, "", false);
  }

  /// Candidates of any statement on this one's tables that begin with a column one of its own begins with.
  [[nodiscard]] IndexSet relevant(const Planned& planned) const {
    std::set<std::pair<std::size_t, std::string>> first;
    for (const std::size_t index : planned.own)
      first.insert({candidates_[index].table, candidates_[index].keys[0].column});
    IndexSet out;
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
      if (first.count({candidates_[i].table, candidates_[i].keys[0].column}) > 0) out.push_back(i);
    }
    return out;
  }

  [[nodiscard]] IndexSet prefixes(const Candidate& candidate) const {
    IndexSet out;
    Candidate prefix{candidate.table, {}};
    for (std::size_t width = 1; width < candidate.keys.size(); ++width) {
      prefix.keys.assign(candidate.keys.begin(), candidate.keys.begin() + static_cast<std::ptrdiff_t>(width));
      const auto at = std::lower_bound(candidates_.begin(), candidates_.end(), prefix);
      if (at != candidates_.end() && *at == prefix) out.push_back(static_cast<std::size_t>(at - candidates_.begin()));
    }
    return out;
  }

  void advise_unverified() {
    for (const Planned& planned : planned_) {
      const double total = planned.cost * static_cast<double>(planned.statement->executions);
      if (total < params_.minimum_cost_saved) continue;
      for (const Candidate& candidate : likely_candidates(planned.plan.root, tables_, planned.candidates)) {
        const auto found = std::find_if(unverified_.begin(), unverified_.end(),
                                        [&](const Unverified& other) { return other.candidate == candidate; });
        Unverified& advice = found == unverified_.end() ? unverified_.emplace_back(Unverified{candidate, {}}) : *found;
        advice.served.push_back(&planned);
      }
    }
    for (const Unverified& unverified : unverified_) {
      IndexAdvice advice = describe(unverified.candidate);
      advice.note = "not verified: " + session_.why_not() + advice.note;
      for (const Planned* planned : unverified.served) serve(advice, *planned, planned->cost, planned->cost);
      result_.advice.push_back(std::move(advice));
    }
  }

  IndexAdvice describe(const Candidate& candidate) {
    const CatalogTable& table = tables_[candidate.table];
    IndexAdvice advice;
    advice.schema = table.schema;
    advice.table = table.name;
    for (const KeyColumn& key : candidate.keys) advice.columns.push_back(key_sql(key));
    advice.ddl = create_index_sql(table, candidate.keys, free_name(table, candidate.keys), true);
    advice.size_bytes = size(candidate);
    if (!table.analysed) advice.note += "; the table was never analysed, run ANALYZE first: its size is a guess";
    if (table.partitioned) {
      advice.note +=
          "; on a partitioned table CONCURRENTLY is not possible: to keep writes going, create the index ON ONLY "
          "the parent, CONCURRENTLY on each partition, and attach them";
    }
    return advice;
  }

  std::string free_name(const CatalogTable& table, const std::vector<KeyColumn>& keys) {
    constexpr const char* kTaken =
        "SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = $1 AND c.relname = $2";
    for (int serial = 0;; ++serial) {
      std::string name = index_name(table, keys, serial);
      std::vector<db::SyncParameter> parameters(2);
      parameters[0].bytes = table.schema;
      parameters[1].bytes = name;
      const bool free = session_.connection().query(kTaken, parameters).rows() == 0;
      if (free && names_.insert({table.schema, name}).second) return name;
    }
  }

  static void serve(IndexAdvice& advice, const Planned& planned, double before, double after) {
    const std::uint64_t executions = planned.statement->executions;
    advice.statements.push_back({planned.statement->statement, executions, before, after});
    advice.cost_before += before * static_cast<double>(executions);
    advice.cost_after += after * static_cast<double>(executions);
    std::stable_sort(advice.statements.begin(), advice.statements.end(),
                     [](const ServedStatement& a, const ServedStatement& b) {
                       const auto gain = [](const ServedStatement& served) {
                         return (served.cost_before - served.cost_after) * static_cast<double>(served.executions);
                       };
                       return gain(a) > gain(b);
                     });
  }

  [[nodiscard]] std::uint64_t size(const Candidate& candidate) {
    return estimated_size(tables_[candidate.table], candidate.keys, session_.connection().server_version());
  }

  struct Unverified {
    Candidate candidate;
    std::vector<const Planned*> served;
  };

  const AdviseParams& params_;
  Clock::time_point deadline_;
  WhatIf session_;
  AdviseResult result_;
  std::vector<CatalogTable> tables_;
  std::map<std::pair<std::string, std::string>, std::size_t> looked_up_;
  std::vector<Planned> planned_;
  std::set<Candidate> all_;
  std::set<Candidate> rejected_;
  std::vector<Candidate> candidates_;
  std::vector<Unverified> unverified_;
  std::set<std::pair<std::string, std::string>> names_;
};

}  // namespace

std::string_view to_string(Verification verification) {
  switch (verification) {
    case Verification::not_verified:
      return "not verified";
    case Verification::what_if:
      return "what-if cost";
    case Verification::measured:
      return "measured";
  }
  return "";
}

AdviseResult advise_statements(const std::vector<SampledStatement>& statements, const AdviseParams& params) {
  return Advisor(statements, params).run();
}

}  // namespace quell::advise

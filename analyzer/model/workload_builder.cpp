#include "analyzer/model/workload_builder.hpp"

#include <algorithm>
#include <numeric>
#include <unordered_map>
#include <utility>
#include <vector>

#include <quell/trace/error.hpp>

#include "analyzer/model/derived_scopes.hpp"
#include "analyzer/model/packed_values.hpp"
#include "analyzer/model/query_detail.hpp"
#include "analyzer/model/table_names.hpp"
#include "analyzer/model/workload_state.hpp"
#include "analyzer/sql/hash.hpp"

namespace quell::model {
namespace {

/// Ids are dense by construction; a damaged trace may claim any. 64 Mi entries are far beyond the format's limits.
constexpr std::uint32_t kLargestId = std::uint32_t{1} << 26;
constexpr std::uint32_t kProgressInterval = 65536;

struct ContextHash {
  std::size_t operator()(const CallContext& c) const noexcept {
    const std::uint64_t a = (std::uint64_t{c.text} << 32) | c.connection;
    const std::uint64_t b = (std::uint64_t{c.stack} << 32) | (std::uint64_t{c.flags} << 16) |
                            (std::uint64_t{static_cast<std::uint8_t>(c.protocol)} << 8) |
                            static_cast<std::uint8_t>(c.transaction_state);
    return static_cast<std::size_t>(sql::mix(a, b));
  }
};

/// Where a merged scope is found again: same trace id, same name.
struct MergeKey {
  trace::TraceContext trace_context{};
  std::string_view name;
  friend auto operator<=>(const MergeKey&, const MergeKey&) = default;
};

template <typename T>
void permute(std::vector<T>& column, const std::vector<std::uint32_t>& order) {
  std::vector<T> sorted;
  sorted.reserve(column.size());
  for (const std::uint32_t index : order) sorted.push_back(column[index]);
  column = std::move(sorted);
}

/// Members grouped by key: `begins[k] .. begins[k + 1]` are those of key k, in their own order.
template <typename KeyOf>
void group(std::uint32_t keys, std::uint32_t count, const KeyOf& key_of, std::vector<std::uint32_t>& begins,
           std::vector<QueryIndex>& members) {
  begins.assign(std::size_t{keys} + 1, 0);
  for (std::uint32_t i = 0; i < count; ++i) ++begins[key_of(i) + 1];
  std::partial_sum(begins.begin(), begins.end(), begins.begin());
  std::vector<std::uint32_t> next(begins.begin(), begins.end() - 1);
  members.resize(count);
  for (std::uint32_t i = 0; i < count; ++i) members[next[key_of(i)]++] = i;
}

}  // namespace

struct WorkloadBuilder::Pending {
  sql::Lexer lexer;
  std::unordered_map<std::uint64_t, StatementIndex> by_template;
  std::unordered_map<sql::Fingerprint, StatementIndex> by_fingerprint;
  std::unordered_map<CallContext, std::uint32_t, ContextHash> contexts;
  std::uint32_t last_context = kNone;
  std::unordered_map<trace::ScopeId, ScopeIndex> scope_of_id;
  trace::ScopeId last_scope_id = 0;
  ScopeIndex last_scope = kNone;
  std::vector<trace::ScopeId> scope_parents;  ///< by provisional scope
  std::vector<trace::TextId> scope_names;
  std::vector<bool> scope_begun;
  std::vector<trace::QueryId> query_ids;
  std::vector<trace::QueryId> result_queries;  ///< of results[i]
  std::vector<trace::QueryId> consumption_queries;
  std::vector<std::pair<trace::StackId, std::vector<trace::Frame>>> frames;
  std::vector<std::pair<trace::ShapeId, std::vector<trace::Column>>> columns;
  std::function<void()> progress;

  ScopeIndex scope(trace::ScopeId id, WorkloadState& state) {
    if (id == 0) return kNone;
    if (id == last_scope_id) return last_scope;
    const auto [entry, added] = scope_of_id.try_emplace(id, static_cast<ScopeIndex>(state.scopes.size()));
    if (added) {
      Scope scope;
      scope.id = id;
      state.scopes.push_back(scope);
      scope_parents.push_back(0);
      scope_names.push_back(0);
      scope_begun.push_back(false);
    }
    last_scope_id = id;
    last_scope = entry->second;
    return last_scope;
  }

  std::uint32_t context(const trace::Query& query, WorkloadState& state) {
    const CallContext key{query.text,  query.connection, query.stack,
                          query.flags, query.protocol,   query.transaction_state};
    if (last_context != kNone && state.contexts[last_context] == key) return last_context;
    const auto [entry, added] = contexts.try_emplace(key, static_cast<std::uint32_t>(state.contexts.size()));
    if (added) state.contexts.push_back(key);
    last_context = entry->second;
    return last_context;
  }

  StatementIndex statement(std::string_view text, WorkloadState& state, TextEntry& entry) {
    const sql::Lexed& lexed = lexer.lex(text);
    entry.first_literal = static_cast<std::uint32_t>(state.literals.size());
    if (lexed.parameters == 0) keep_literals(text, lexed, state, entry);
    const auto known = by_template.find(lexed.template_hash);
    if (known != by_template.end()) return known->second;
    const std::uint64_t template_hash = lexed.template_hash;
    sql::StatementFacts facts = sql::analyze_statement(text);
    const auto [found, added] =
        by_fingerprint.try_emplace(facts.fingerprint, static_cast<StatementIndex>(state.statements.size()));
    if (added) state.statements.push_back({std::move(facts), std::string(text)});
    by_template.emplace(template_hash, found->second);
    return found->second;
  }

  static void keep_literals(std::string_view text, const sql::Lexed& lexed, WorkloadState& state, TextEntry& entry) {
    entry.literals = static_cast<std::uint32_t>(lexed.literals.size());
    state.literals.insert(state.literals.end(), lexed.literals.begin(), lexed.literals.end());
    std::string buffer;
    for (std::uint32_t i = 0; i < entry.literals; ++i) {
      const std::string_view value = sql::literal_value(text, lexed.literals[i], buffer);
      if (value.data() == buffer.data()) {
        state.unescaped_literals.emplace(entry.first_literal + i, state.arena.store(value));
      }
    }
  }
};

WorkloadBuilder::WorkloadBuilder(const trace::Header& header)
    : state_(std::make_unique<WorkloadState>()), pending_(std::make_unique<Pending>()) {
  state_->header = header;
  state_->texts.resize(1);
  state_->shapes.resize(1);
  state_->stacks.resize(1);
}
WorkloadBuilder::~WorkloadBuilder() = default;

void WorkloadBuilder::call_while_loading(std::function<void()> call) {
  pending_->progress = std::move(call);
}

void WorkloadBuilder::on(const trace::Text& text, trace::Source) {
  if (text.id > kLargestId) return;
  if (text.id >= state_->texts.size()) state_->texts.resize(std::size_t{text.id} + 1);
  TextEntry& entry = state_->texts[text.id];
  entry.bytes = state_->arena.store(text.bytes);
  entry.cut = text.full_size > text.bytes.size();
}

// Frames and columns name texts that may come later than they; they are resolved at the end.
void WorkloadBuilder::on(const trace::Stack& stack, trace::Source) {
  if (stack.id > kLargestId) return;
  pending_->frames.emplace_back(stack.id, std::vector(stack.frames.begin(), stack.frames.end()));
}

void WorkloadBuilder::on(const trace::Shape& shape, trace::Source) {
  if (shape.id > kLargestId) return;
  pending_->columns.emplace_back(shape.id, std::vector(shape.columns.begin(), shape.columns.end()));
}

void WorkloadBuilder::on(const trace::Connection& connection, trace::Source) {
  if (connection.application_name != 0) state_->application_names[connection.id] = connection.application_name;
}

void WorkloadBuilder::on(const trace::ScopeBegin& begin, trace::Source) {
  const ScopeIndex index = pending_->scope(begin.id, *state_);
  if (index == kNone) return;
  Scope& scope = state_->scopes[index];
  scope.kind = begin.kind;
  scope.rule = begin.rule;
  scope.confidence = begin.confidence;
  scope.trace_context = begin.trace_context;
  scope.begin = begin.time;
  pending_->scope_parents[index] = begin.parent;
  pending_->scope_names[index] = begin.name;
  pending_->scope_begun[index] = true;
}

void WorkloadBuilder::on(const trace::ScopeEnd& end, trace::Source) {
  const ScopeIndex index = pending_->scope(end.id, *state_);
  if (index == kNone) return;
  Scope& scope = state_->scopes[index];
  scope.end = end.time;
  scope.outcome = end.outcome;
  scope.ended = true;
}

void WorkloadBuilder::on(const trace::Query& query, trace::Source) {
  WorkloadState& state = *state_;
  if (query.text > kLargestId) return;
  if (query.text >= state.texts.size()) state.texts.resize(std::size_t{query.text} + 1);
  if (state.start.size() >= kNone - 1 || state.details.size() > 0xF0000000U) {
    throw trace::TraceError("the trace holds more than this program can load at once; record a shorter one");
  }
  TextEntry& text = state.texts[query.text];
  if (text.statement == kNone) text.statement = pending_->statement(text.bytes, state, text);
  state.start.push_back(query.start);
  state.context.push_back(pending_->context(query, state));
  state.scope.push_back(pending_->scope(query.scope, state));
  state.detail.push_back(static_cast<std::uint32_t>(state.details.size()));
  DetailWriter(state.details).write(query);
  pending_->query_ids.push_back(query.id);
  if (pending_->progress && state.start.size() % kProgressInterval == 0) pending_->progress();
}

void WorkloadBuilder::on(const trace::ResultValues& values, trace::Source) {
  if (values.shape > kLargestId) return;
  ResultEntry entry;
  entry.shape = values.shape;
  entry.rows = values.rows;
  entry.columns = values.columns;
  entry.total_rows = values.total_rows;
  entry.offset = state_->packed_results.size();
  pack_values(values.values.data(), values.rows, values.columns, state_->packed_results);
  state_->results.push_back(entry);
  pending_->result_queries.push_back(values.query);
}

void WorkloadBuilder::on(const trace::Consumption& consumption, trace::Source) {
  ConsumptionEntry entry;
  entry.first_column = static_cast<std::uint32_t>(state_->consumed_columns.size());
  entry.columns = static_cast<std::uint32_t>(consumption.columns_read.size());
  entry.rows_read = consumption.rows_read;
  entry.total_rows = consumption.total_rows;
  state_->consumed_columns.insert(state_->consumed_columns.end(), consumption.columns_read.begin(),
                                  consumption.columns_read.end());
  state_->consumptions.push_back(entry);
  pending_->consumption_queries.push_back(consumption.query);
}

namespace {

/// Finishing, one step a function. Free functions over the state keep each step readable and testable through the
/// workload they make.

void sort_queries(WorkloadState& state, std::vector<trace::QueryId>& ids) {
  std::vector<std::uint32_t> order(state.start.size());
  std::iota(order.begin(), order.end(), 0U);
  // Equal starts by query id, so that the order of the file does not matter.
  const auto before = [&](std::uint32_t a, std::uint32_t b) {
    return std::pair(state.start[a], ids[a]) < std::pair(state.start[b], ids[b]);
  };
  if (!std::is_sorted(order.begin(), order.end(), before)) {
    std::stable_sort(order.begin(), order.end(), before);
    permute(state.start, order);
    permute(state.context, order);
    permute(state.scope, order);
    permute(state.detail, order);
    permute(ids, order);
  }
}

/// Gives sparse entries the index of the query whose id they name; drops those without one; sorts them.
template <typename Entry>
void attach(std::vector<Entry>& entries, const std::vector<trace::QueryId>& named,
            const std::vector<trace::QueryId>& ids) {
  if (entries.empty()) return;
  std::vector<QueryIndex> by_id(ids.size());
  std::iota(by_id.begin(), by_id.end(), 0U);
  const auto id_before = [&](QueryIndex a, QueryIndex b) { return ids[a] < ids[b]; };
  if (!std::is_sorted(by_id.begin(), by_id.end(), id_before)) std::sort(by_id.begin(), by_id.end(), id_before);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto found = std::lower_bound(by_id.begin(), by_id.end(), named[i],
                                        [&](QueryIndex q, trace::QueryId id) { return ids[q] < id; });
    if (found == by_id.end() || ids[*found] != named[i]) continue;
    entries[i].query = *found;
    entries[kept++] = entries[i];
  }
  entries.resize(kept);
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.query < b.query; });
}

std::string_view text_at(const WorkloadState& state, trace::TextId id) {
  return id < state.texts.size() ? state.texts[id].bytes : std::string_view();
}

/// Numbers statements by first execution, and takes example and facts from the text of that execution: the order of
/// events in the file shows nowhere.
void number_statements(WorkloadState& state) {
  std::vector<StatementIndex> number(state.statements.size(), kNone);
  std::vector<Statement> sorted;
  sorted.reserve(state.statements.size());
  for (const std::uint32_t context : state.context) {
    const TextEntry& text = state.texts[state.contexts[context].text];
    if (number[text.statement] != kNone) continue;
    number[text.statement] = static_cast<StatementIndex>(sorted.size());
    Statement& statement = state.statements[text.statement];
    if (statement.example_text != text.bytes) statement = {sql::analyze_statement(text.bytes), std::string(text.bytes)};
    sorted.push_back(std::move(statement));
  }
  state.statements = std::move(sorted);
  for (TextEntry& text : state.texts) {
    if (text.statement != kNone) text.statement = number[text.statement];
  }
}

/// A scope without begin or end event takes its bounds from its queries.
void bound_scopes(WorkloadState& state, const std::vector<bool>& begun) {
  std::vector<trace::Time> first(state.scopes.size(), 0);
  std::vector<trace::Time> last(state.scopes.size(), 0);
  std::vector<bool> seen(state.scopes.size(), false);
  for (std::size_t q = 0; q < state.start.size(); ++q) {
    const ScopeIndex s = state.scope[q];
    if (s == kNone) continue;
    const auto fields = DetailReader(state.details.data() + state.detail[q]).fields();
    if (!seen[s]) first[s] = state.start[q];
    seen[s] = true;
    last[s] = std::max(last[s], state.start[q] + std::max(fields.ready, fields.complete));
  }
  for (std::size_t s = 0; s < state.scopes.size(); ++s) {
    Scope& scope = state.scopes[s];
    if (!begun[s]) scope.begin = seen[s] ? first[s] : scope.end;
    if (!scope.ended) scope.end = std::max(scope.begin, last[s]);
  }
}

/// Scopes that a recorder saw on several connections under one trace id are one. An agent's own scope, and a hook's, is
/// never merged: the service knows what a request is, and one trace id spans many requests of a distributed system.
void merge_scopes(WorkloadState& state, std::vector<ScopeIndex>& target) {
  std::vector<std::pair<MergeKey, ScopeIndex>> keyed;
  for (ScopeIndex s = 0; s < state.scopes.size(); ++s) {
    const Scope& scope = state.scopes[s];
    target[s] = s;
    if (scope.rule == trace::ScopeRule::agent || scope.rule == trace::ScopeRule::hook_mark) continue;
    if (scope.trace_context == trace::TraceContext{}) continue;
    keyed.push_back({{scope.trace_context, scope.name}, s});
  }
  std::sort(keyed.begin(), keyed.end(), [&](const auto& a, const auto& b) {
    if (a.first != b.first) return a.first < b.first;
    const Scope& x = state.scopes[a.second];
    const Scope& y = state.scopes[b.second];
    return std::pair(x.begin, x.id) < std::pair(y.begin, y.id);
  });
  for (std::size_t i = 1; i < keyed.size(); ++i) {
    if (keyed[i].first != keyed[i - 1].first) continue;
    const ScopeIndex into = target[keyed[i - 1].second];
    const Scope& merged = state.scopes[keyed[i].second];
    Scope& kept = state.scopes[into];
    target[keyed[i].second] = into;
    kept.end = std::max(kept.end, merged.end);
    kept.ended = kept.ended && merged.ended;
    kept.confidence = std::min(kept.confidence, merged.confidence);
    if (kept.outcome == 0) kept.outcome = merged.outcome;
  }
}

/// Drops merged scopes, orders the rest by begin and id, and points queries and parents at their new places.
void order_scopes(WorkloadState& state, const std::vector<ScopeIndex>& target) {
  std::vector<ScopeIndex> order;
  for (ScopeIndex s = 0; s < state.scopes.size(); ++s) {
    if (target[s] == s) order.push_back(s);
  }
  std::sort(order.begin(), order.end(), [&](ScopeIndex a, ScopeIndex b) {
    return std::pair(state.scopes[a].begin, state.scopes[a].id) < std::pair(state.scopes[b].begin, state.scopes[b].id);
  });
  std::vector<ScopeIndex> number(state.scopes.size(), kNone);
  for (ScopeIndex i = 0; i < order.size(); ++i) number[order[i]] = i;
  for (ScopeIndex s = 0; s < state.scopes.size(); ++s) number[s] = number[target[s]];
  std::vector<Scope> sorted;
  sorted.reserve(order.size());
  for (const ScopeIndex s : order) {
    Scope scope = state.scopes[s];
    if (scope.parent != kNone) scope.parent = number[scope.parent];
    sorted.push_back(scope);
  }
  for (ScopeIndex i = 0; i < sorted.size(); ++i) {
    if (sorted[i].parent == i) sorted[i].parent = kNone;
  }
  state.scopes = std::move(sorted);
  for (ScopeIndex& s : state.scope) {
    if (s != kNone) s = number[s];
  }
}

/// Columns grew by doubling; a workload lives long and grows no more.
void give_back(WorkloadState& state) {
  state.start.shrink_to_fit();
  state.context.shrink_to_fit();
  state.scope.shrink_to_fit();
  state.detail.shrink_to_fit();
  state.details.shrink_to_fit();
  state.literals.shrink_to_fit();
  state.packed_results.shrink_to_fit();
  state.results.shrink_to_fit();
  state.consumptions.shrink_to_fit();
  state.consumed_columns.shrink_to_fit();
  state.contexts.shrink_to_fit();
}

}  // namespace

Workload WorkloadBuilder::finish(const trace::Summary& summary) && {
  WorkloadState& state = *state_;
  Pending& pending = *pending_;
  state.summary = summary;
  sort_queries(state, pending.query_ids);
  attach(state.results, pending.result_queries, pending.query_ids);
  attach(state.consumptions, pending.consumption_queries, pending.query_ids);
  number_statements(state);

  for (const auto& [id, frames] : pending.frames) {
    if (id >= state.stacks.size()) state.stacks.resize(std::size_t{id} + 1);
    for (const trace::Frame& frame : frames) {
      state.stacks[id].push_back(
          {std::string(text_at(state, frame.file)), frame.line, std::string(text_at(state, frame.function))});
    }
  }
  for (const auto& [id, columns] : pending.columns) {
    if (id >= state.shapes.size()) state.shapes.resize(std::size_t{id} + 1);
    ShapeEntry& shape = state.shapes[id];
    for (const trace::Column& column : columns) {
      if (column.recorded) shape.recorded.push_back(static_cast<std::uint32_t>(shape.columns.size()));
      shape.columns.push_back(
          {text_at(state, column.name), column.table_oid, column.attribute_number, column.type_oid, column.recorded});
    }
  }
  // A result whose shape was lost with a damaged block says nothing.
  std::erase_if(state.results, [&](const ResultEntry& entry) {
    return entry.shape >= state.shapes.size() || state.shapes[entry.shape].recorded.size() != entry.columns;
  });

  for (ScopeIndex s = 0; s < state.scopes.size(); ++s) {
    const std::string_view name = text_at(state, pending.scope_names[s]);
    state.scopes[s].name = name.empty() ? std::string_view("(unnamed)") : name;
    const auto parent = pending.scope_of_id.find(pending.scope_parents[s]);
    if (pending.scope_parents[s] != 0 && parent != pending.scope_of_id.end()) state.scopes[s].parent = parent->second;
  }
  bound_scopes(state, pending.scope_begun);
  std::vector<ScopeIndex> target(state.scopes.size());
  merge_scopes(state, target);
  read_tagged_call_sites(state);
  derive_scopes(state);
  for (ScopeIndex s = static_cast<ScopeIndex>(target.size()); s < state.scopes.size(); ++s) target.push_back(s);
  order_scopes(state, target);

  const auto queries = static_cast<std::uint32_t>(state.start.size());
  const auto scopes = static_cast<std::uint32_t>(state.scopes.size());
  group(
      scopes + 1, queries, [&](std::uint32_t q) { return state.scope[q] == kNone ? scopes : state.scope[q]; },
      state.scope_begin, state.by_scope);
  group(
      static_cast<std::uint32_t>(state.statements.size()), queries,
      [&](std::uint32_t q) { return state.texts[state.contexts[state.context[q]].text].statement; },
      state.statement_begin, state.by_statement);
  learn_table_names(state);
  give_back(state);

  Workload workload;
  workload.state_ = std::move(state_);
  return workload;
}

}  // namespace quell::model

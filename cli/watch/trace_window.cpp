#include "cli/watch/trace_window.hpp"

#include <algorithm>
#include <utility>

#include "analyzer/model/workload_builder.hpp"

namespace quell::cli {
namespace {

/// Recorders write the end of a scope before its last executions, at most a round of theirs (20 ms) and a block (100
/// ms) apart.
constexpr trace::Duration kGrace = 300'000'000;
/// A connection outside of scopes is judged when it pauses: longer than the pauses that part derived scopes mostly are.
constexpr trace::Duration kQuiet = 400'000'000;
/// Or when this many executions wait: a busy one never pauses.
constexpr std::size_t kMostWaiting = 20'000;
/// Ids are dense; a damaged trace may claim any.
constexpr std::uint32_t kLargestId = std::uint32_t{1} << 24;

template <typename T, typename Value>
void put(std::vector<T>& table, std::uint32_t id, Value&& value) {
  if (id > kLargestId) return;
  if (id >= table.size()) table.resize(std::size_t{id} + 1);
  table[id] = T(std::forward<Value>(value));
}

/// Gives a builder the dictionary entries that the events need, each once.
class Dictionary {
 public:
  Dictionary(model::WorkloadBuilder& builder, const std::vector<std::string>& texts,
             const std::vector<std::vector<trace::Frame>>& stacks,
             const std::vector<std::vector<trace::Column>>& shapes)
      : builder_(builder), texts_(texts), stacks_(stacks), shapes_(shapes) {}

  void text(trace::TextId id) {
    if (id >= texts_.size() || !told_texts_.insert(id).second) return;
    builder_.on(trace::Text{id, texts_[id], texts_[id].size()}, trace::Source::proxy);
  }
  void stack(trace::StackId id) {
    if (id >= stacks_.size() || !told_stacks_.insert(id).second) return;
    for (const trace::Frame& frame : stacks_[id]) {
      text(frame.function);
      text(frame.file);
    }
    builder_.on(trace::Stack{id, stacks_[id]}, trace::Source::proxy);
  }
  void shape(trace::ShapeId id) {
    if (id >= shapes_.size() || !told_shapes_.insert(id).second) return;
    for (const trace::Column& column : shapes_[id]) text(column.name);
    builder_.on(trace::Shape{id, shapes_[id]}, trace::Source::proxy);
  }

 private:
  model::WorkloadBuilder& builder_;
  const std::vector<std::string>& texts_;
  const std::vector<std::vector<trace::Frame>>& stacks_;
  const std::vector<std::vector<trace::Column>>& shapes_;
  std::unordered_set<std::uint32_t> told_texts_;
  std::unordered_set<std::uint32_t> told_stacks_;
  std::unordered_set<std::uint32_t> told_shapes_;
};

}  // namespace

void TraceWindow::on(const trace::Text& text, trace::Source) {
  put(texts_, text.id, text.bytes);
}
void TraceWindow::on(const trace::Stack& stack, trace::Source) {
  put(stacks_, stack.id, std::vector(stack.frames.begin(), stack.frames.end()));
}
void TraceWindow::on(const trace::Shape& shape, trace::Source) {
  put(shapes_, shape.id, std::vector(shape.columns.begin(), shape.columns.end()));
}
void TraceWindow::on(const trace::Connection& connection, trace::Source) {
  connections_[connection.id] = connection;
}

void TraceWindow::on(const trace::ScopeBegin& begin, trace::Source) {
  scopes_[begin.id].begin = begin;
  groups_[{root_of(begin.id), 0}].scopes.push_back(begin.id);
}

void TraceWindow::on(const trace::ScopeEnd& end, trace::Source) {
  scopes_[end.id].end = end;
  if (root_of(end.id) != end.id) return;
  Group& group = groups_[{end.id, 0}];
  group.ended = true;
  group.last = now_;
}

void TraceWindow::on(const trace::Query& query, trace::Source) {
  const trace::ScopeId scope = query.scope == 0 ? 0 : root_of(query.scope);
  if (judged_.count(scope) != 0) return;
  auto kept = std::make_unique<KeptQuery>();
  kept->event = query;
  kept->parameters.assign(query.parameters.begin(), query.parameters.end());
  for (const trace::Parameter& parameter : kept->parameters) kept->bytes += parameter.bytes;
  std::string_view bytes = kept->bytes;
  for (trace::Parameter& parameter : kept->parameters) {
    parameter.bytes = bytes.substr(0, parameter.bytes.size());
    bytes.remove_prefix(parameter.bytes.size());
  }
  kept->event.parameters = kept->parameters;
  by_id_[query.id] = kept.get();
  Group& group = groups_[scope == 0 ? Key{0, query.connection} : Key{scope, 0}];
  group.queries.push_back(std::move(kept));
  group.in_transaction = query.transaction_state == trace::TransactionState::in_transaction ||
                         query.transaction_state == trace::TransactionState::failed;
  if (!group.ended) group.last = now_;
}

void TraceWindow::on(const trace::ResultValues& result, trace::Source) {
  const auto found = by_id_.find(result.query);
  if (found == by_id_.end()) return;
  KeptQuery& kept = *found->second;
  kept.result = result;
  kept.values.assign(result.values.begin(), result.values.end());
  kept.result.values = kept.values;
}

trace::ScopeId TraceWindow::root_of(trace::ScopeId scope) const {
  // Bounded: a damaged trace may hold a cycle of parents.
  for (int depth = 0; depth < 64; ++depth) {
    const auto found = scopes_.find(scope);
    if (found == scopes_.end() || !found->second.begin || found->second.begin->parent == 0) break;
    const trace::ScopeKind kind = found->second.begin->kind;
    if (kind != trace::ScopeKind::transaction && kind != trace::ScopeKind::idle_gap) break;
    scope = found->second.begin->parent;
  }
  return scope;
}

bool TraceWindow::is_over(const Group& group, bool scope) const {
  if (scope) return group.ended && now_ - group.last >= kGrace;
  if (group.in_transaction || group.queries.empty()) return false;
  return now_ - group.last >= kQuiet || group.queries.size() >= kMostWaiting;
}

template <typename Wanted>
std::optional<model::Workload> TraceWindow::take_groups(const Wanted& wanted) {
  model::WorkloadBuilder builder(header_);
  Dictionary dictionary(builder, texts_, stacks_, shapes_);
  std::unordered_set<trace::ConnectionId> told;
  bool any = false;
  for (auto entry = groups_.begin(); entry != groups_.end();) {
    const auto& [key, group] = *entry;
    if (!wanted(key, group)) {
      ++entry;
      continue;
    }
    any = any || !group.queries.empty() || !group.scopes.empty();
    for (const trace::ScopeId id : group.scopes) {
      const ScopeState& scope = scopes_[id];
      dictionary.text(scope.begin->name);
      builder.on(*scope.begin, trace::Source::proxy);
      if (scope.end) builder.on(*scope.end, trace::Source::proxy);
    }
    for (const auto& query : group.queries) {
      const auto connection = connections_.find(query->event.connection);
      if (connection != connections_.end() && told.insert(connection->first).second) {
        dictionary.text(connection->second.application_name);
        builder.on(connection->second, trace::Source::proxy);
      }
      dictionary.text(query->event.text);
      dictionary.stack(query->event.stack);
      builder.on(query->event, trace::Source::proxy);
      if (query->result.rows > 0) {
        dictionary.shape(query->result.shape);
        builder.on(query->result, trace::Source::proxy);
      }
      by_id_.erase(query->event.id);
    }
    for (const trace::ScopeId id : group.scopes) scopes_.erase(id);
    if (key.scope != 0) judged_.insert(key.scope);
    entry = groups_.erase(entry);
  }
  if (!any) return std::nullopt;
  return std::move(builder).finish({});
}

std::optional<model::Workload> TraceWindow::take() {
  return take_groups([this](const Key& key, const Group& group) { return is_over(group, key.scope != 0); });
}

std::optional<model::Workload> TraceWindow::take_rest() {
  return take_groups([](const Key&, const Group&) { return true; });
}

}  // namespace quell::cli

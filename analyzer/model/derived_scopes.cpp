#include "analyzer/model/derived_scopes.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include <fmt/format.h>

#include "analyzer/model/named_scopes.hpp"
#include "analyzer/model/query_detail.hpp"

namespace quell::model {
namespace {

constexpr trace::Duration kMillisecond = 1'000'000;
constexpr trace::Duration kDefaultGap = 20 * kMillisecond;
constexpr trace::Duration kShortestPause = kMillisecond;
constexpr trace::Duration kLongestPause = 10'000 * kMillisecond;
constexpr double kClearStep = 4.0;
constexpr std::uint8_t kExactTagConfidence = 100;
constexpr std::uint8_t kRouteTagConfidence = 80;
constexpr std::uint8_t kTransactionConfidence = 60;
constexpr std::uint8_t kIdleGapConfidence = 30;

trace::Time end_of(const WorkloadState& state, QueryIndex query) {
  const auto fields = DetailReader(state.details.data() + state.detail[query]).fields();
  return state.start[query] + std::max(fields.ready, fields.complete);
}

trace::TransactionState state_after(const WorkloadState& state, QueryIndex query) {
  return state.contexts[state.context[query]].transaction_state;
}

bool open(trace::TransactionState transaction) {
  return transaction == trace::TransactionState::in_transaction || transaction == trace::TransactionState::failed;
}

/// One query of a connection, on its way into a scope.
struct Member {
  QueryIndex query = 0;
  trace::Time end = 0;
  trace::Duration gap = 0;  ///< since the one before
  SessionWork work = SessionWork::none;
  bool opens = false;             ///< a transaction is open after it
  std::uint32_t transaction = 0;  ///< counted from 1; 0: in none
  std::uint32_t name = 0;         ///< in ConnectionScopes::names_; 0: none
  bool session = false;           ///< sent for the session's sake: in no scope
};

class ConnectionScopes {
 public:
  ConnectionScopes(WorkloadState& state, TagReader& tags, NamedScopes& named, trace::ConnectionId connection)
      : state_(state), tags_(tags), named_(named), connection_(connection) {}

  void derive(const std::vector<QueryIndex>& queries) {
    load(queries);
    number_transactions();
    mark_session_work();
    name_by_variables();
    name_by_tags();
    complete_transactions();
    for (const Member& member : members_) {
      if (member.name != 0) named_.add(names_[member.name], member.query, member.end);
    }
    add_unnamed();
  }

 private:
  [[nodiscard]] const TextEntry& text_of(QueryIndex query) const {
    return state_.texts[state_.contexts[state_.context[query]].text];
  }

  void load(const std::vector<QueryIndex>& queries) {
    std::vector<trace::Duration> gaps;
    for (const QueryIndex query : queries) {
      Member member;
      member.query = query;
      member.end = end_of(state_, query);
      member.opens = open(state_after(state_, query));
      member.work = session_work(state_.statements[text_of(query).statement].facts);
      if (!members_.empty()) {
        member.gap = std::max<trace::Duration>(0, state_.start[query] - members_.back().end);
        gaps.push_back(member.gap);
      }
      members_.push_back(std::move(member));
    }
    threshold_ = idle_gap_threshold(std::move(gaps));
  }

  void number_transactions() {
    std::uint32_t transactions = 0;
    bool inside = false;
    for (Member& member : members_) {
      if (!inside && member.opens) ++transactions;
      if (inside || member.opens) member.transaction = transactions;
      inside = member.opens;
    }
  }

  /// Start-up, validation and reset; transactions of nothing else; and a ROLLBACK that ends none.
  void mark_session_work() {
    std::vector<bool> works(members_.size() + 1, false);  // by transaction
    for (const Member& member : members_) {
      if (member.work == SessionWork::none) works[member.transaction] = true;
    }
    bool started = false;
    for (Member& member : members_) {
      if (member.transaction != 0) {
        member.session = !works[member.transaction];
      } else {
        member.session = member.work == SessionWork::validation || member.work == SessionWork::reset ||
                         member.work == SessionWork::boundary || (member.work == SessionWork::setting && !started);
      }
      started = started || member.work == SessionWork::none;
    }
  }

  std::vector<std::string> text_parameters(QueryIndex query) {
    std::vector<std::string> out;
    DetailReader reader(state_.details.data() + state_.detail[query]);
    const auto fields = reader.fields();
    for (std::uint64_t i = 0; i < fields.parameters; ++i) {
      const auto parameter = reader.parameter();
      // Text is the same in both formats.
      out.emplace_back(parameter.form == trace::ParameterForm::canonical ? std::string_view("?") : parameter.bytes);
    }
    return out;
  }

  [[nodiscard]] bool failed(QueryIndex query) const {
    return DetailReader(state_.details.data() + state_.detail[query]).fields().sqlstate[0] != '\0';
  }

  /// Of a name, which may be the last one again.
  std::uint32_t number_of(const ScopeName& name) {
    if (names_.back().key != name.key) names_.push_back(name);
    return static_cast<std::uint32_t>(names_.size() - 1);
  }

  void name_by_variables() {
    const auto application = state_.application_names.find(connection_);
    const bool known = application != state_.application_names.end() && application->second < state_.texts.size();
    VariableScopes variables(connection_, known ? state_.texts[application->second].bytes : std::string_view());
    std::uint32_t current = 0;
    for (Member& member : members_) {
      const bool may_change = member.work == SessionWork::setting || member.work == SessionWork::reset;
      if (may_change && !failed(member.query)) {
        for (const VariableChange& change :
             variable_changes(text_of(member.query).bytes, text_parameters(member.query))) {
          const auto effect = variables.change(change, member.query);
          if (effect == VariableScopes::Effect::none) continue;
          member.session = false;
          if (effect == VariableScopes::Effect::renamed) names_[current] = *variables.current();
          current = number_of(*variables.current());
        }
      }
      if (member.work == SessionWork::none) variables.worked();
      current = variables.current() ? number_of(*variables.current()) : 0;
      if (!member.session) member.name = current;
      if (member.transaction != 0 && !member.opens) variables.transaction_ended();
    }
  }

  void name_by_tags() {
    std::string last_name;
    bool border = true;
    std::string run;
    for (Member& member : members_) {
      border = border || member.gap > threshold_ || member.session;
      const auto& tags = tags_.of(state_.contexts[state_.context[member.query]].text);
      if (!tags || (tags->name.empty() && !tags->exact())) continue;
      ScopeName scope;
      scope.name = tags->name.empty() ? "(tagged)" : tags->name;
      scope.kind = tags->kind;
      scope.trace_context = tags->trace_context;
      if (tags->exact()) {
        scope.confidence = kExactTagConfidence;
        scope.key = fmt::format("tag {} {:02x} {}", tags->request_id, fmt::join(tags->trace_context, ""), scope.name);
      } else {
        // The tag names the route, a pause parts two requests to it.
        if (border || scope.name != last_name) run = fmt::format("tag {} {}", connection_, member.query);
        scope.confidence = kRouteTagConfidence;
        scope.key = run;
      }
      border = false;
      last_name = scope.name;
      member.name = number_of(scope);
    }
  }

  /// What a transaction holds beside its named queries is theirs: BEGIN and COMMIT carry no tag.
  void complete_transactions() {
    const auto take = [](Member& member, const Member& neighbour) {
      if (member.name == 0 && neighbour.name != 0 && member.transaction != 0 &&
          member.transaction == neighbour.transaction) {
        member.name = neighbour.name;
      }
    };
    for (std::size_t i = members_.size(); i > 1; --i) take(members_[i - 2], members_[i - 1]);
    for (std::size_t i = 1; i < members_.size(); ++i) take(members_[i], members_[i - 1]);
  }

  void add_unnamed() {
    std::vector<const Member*> run;
    std::uint32_t transaction = 0;
    const auto close_run = [&] {
      if (run.size() >= 2) add(run, transaction != 0 ? trace::ScopeRule::transaction : trace::ScopeRule::idle_gap);
      run.clear();
    };
    for (const Member& member : members_) {
      const bool pause = member.transaction == 0 && member.gap > threshold_;
      if (member.name != 0 || member.session || member.transaction != transaction || pause) close_run();
      transaction = member.transaction;
      if (member.name == 0 && !member.session) run.push_back(&member);
    }
    close_run();
  }

  void add(const std::vector<const Member*>& run, trace::ScopeRule rule) {
    Scope scope;
    const bool transaction = rule == trace::ScopeRule::transaction;
    scope.id = derived_scope_id(run.front()->query);
    scope.kind = transaction ? trace::ScopeKind::transaction : trace::ScopeKind::idle_gap;
    scope.rule = rule;
    scope.confidence = transaction ? kTransactionConfidence : kIdleGapConfidence;
    scope.name = transaction ? kTransactionScopeName : kIdleGapScopeName;
    scope.begin = state_.start[run.front()->query];
    scope.end = run.back()->end;
    scope.ended = true;
    for (const Member* member : run) state_.scope[member->query] = static_cast<ScopeIndex>(state_.scopes.size());
    state_.scopes.push_back(scope);
  }

  WorkloadState& state_;
  TagReader& tags_;
  NamedScopes& named_;
  trace::ConnectionId connection_;
  std::vector<Member> members_;
  std::vector<ScopeName> names_ = {{}};
  trace::Duration threshold_ = 0;
};

}  // namespace

trace::Duration idle_gap_threshold(std::vector<trace::Duration> gaps) {
  std::sort(gaps.begin(), gaps.end());
  double widest = 0;
  trace::Duration threshold = kDefaultGap;
  for (std::size_t i = 1; i < gaps.size(); ++i) {
    // Below a millisecond gaps are the program's own work; a step among those parts nothing.
    const trace::Duration low = std::max(gaps[i - 1], kShortestPause);
    if (gaps[i] <= low || gaps[i] > kLongestPause) continue;
    const double step = static_cast<double>(gaps[i]) / static_cast<double>(low);
    if (step < kClearStep || step <= widest) continue;
    widest = step;
    threshold = static_cast<trace::Duration>(std::sqrt(static_cast<double>(gaps[i]) * static_cast<double>(low)));
  }
  return threshold;
}

void derive_scopes(WorkloadState& state) {
  std::map<trace::ConnectionId, std::vector<QueryIndex>> by_connection;
  for (QueryIndex q = 0; q < state.start.size(); ++q) {
    const trace::ConnectionId connection = state.contexts[state.context[q]].connection;
    if (state.scope[q] == kNone && connection != 0) by_connection[connection].push_back(q);
  }
  TagReader tags(state);
  NamedScopes named(state);
  for (const auto& [connection, queries] : by_connection) {
    ConnectionScopes(state, tags, named, connection).derive(queries);
  }
}

void read_tagged_call_sites(WorkloadState& state) {
  TagReader tags(state);
  std::map<CallSite, trace::StackId> stacks;
  for (CallContext& context : state.contexts) {
    if (context.stack != 0) continue;
    const auto& found = tags.of(context.text);
    if (!found || found->file.empty()) continue;
    const CallSite site{found->file, found->line, {}};
    const auto [entry, added] = stacks.try_emplace(site, static_cast<trace::StackId>(state.stacks.size()));
    if (added) state.stacks.push_back({site});
    context.stack = entry->second;
  }
}

}  // namespace quell::model

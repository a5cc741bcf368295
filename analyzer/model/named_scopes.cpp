#include "analyzer/model/named_scopes.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace quell::model {
namespace {

constexpr std::uint8_t kVariableConfidence = 90;
constexpr std::uint8_t kApplicationNameConfidence = 80;

/// A variable of the program's own whose name says one of these names what the session works for.
constexpr auto kPurposes = std::to_array<std::string_view>(
    {"request", "requestid", "trace", "traceid", "traceparent", "route", "endpoint", "test", "job", "correlation"});

/// "test: checkout" of an application_name, or nothing: any other value names the program.
std::optional<ScopeName> from_application_name(std::string_view value) {
  using enum trace::ScopeKind;
  ScopeName scope;
  scope.rule = trace::ScopeRule::session_variable;
  scope.confidence = kApplicationNameConfidence;
  scope.key = fmt::format("application_name {}", value);
  if (const auto id = read_trace_id(value)) {
    scope.trace_context = *id;
    scope.name = "(application_name)";
    return scope;
  }
  constexpr std::array<std::pair<std::string_view, trace::ScopeKind>, 3> kPrefixes = {
      {{"test:", test}, {"job:", job}, {"request:", request}}};
  for (const auto& [prefix, kind] : kPrefixes) {
    if (!value.starts_with(prefix)) continue;
    value.remove_prefix(prefix.size());
    value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
    if (value.empty()) return std::nullopt;
    scope.name = value;
    scope.kind = kind;
    return scope;
  }
  return std::nullopt;
}

/// The last part of `app.request_id`, which tells what the variable is for; of PostgreSQL's own variables nothing.
std::string_view purpose(std::string_view variable) {
  const std::size_t dot = variable.rfind('.');
  return dot == std::string_view::npos ? std::string_view() : variable.substr(dot + 1);
}

/// Whether `word` is one of the words of `request_id`.
bool has_word(std::string_view purpose, std::string_view word) {
  while (!purpose.empty()) {
    const std::size_t end = std::min(purpose.find_first_of("_-"), purpose.size());
    if (purpose.substr(0, end) == word) return true;
    purpose.remove_prefix(std::min(end + 1, purpose.size()));
  }
  return false;
}

/// A value made for one request, which must not become part of a scope's name.
bool is_unique(std::string_view purpose, std::string_view value) {
  const bool named_so = has_word(purpose, "id") || has_word(purpose, "uuid") || has_word(purpose, "correlation") ||
                        purpose.ends_with("requestid") || purpose.find("trace") != std::string_view::npos;
  const auto digits = std::count_if(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
  return named_so || value == "?" || (value.size() >= 16 && value.find('/') == std::string_view::npos && digits > 4);
}

/// `serial` makes the scope of a value that is not unique one of its own each time it is set.
std::optional<ScopeName> from_variable(const VariableChange& change, std::string_view serial) {
  if (change.name == "application_name") return from_application_name(change.value);
  const std::string_view what = purpose(change.name);
  const bool names =
      std::any_of(kPurposes.begin(), kPurposes.end(), [&](std::string_view word) { return has_word(what, word); });
  if (!names) return std::nullopt;
  ScopeName scope;
  scope.rule = trace::ScopeRule::session_variable;
  scope.confidence = kVariableConfidence;
  if (has_word(what, "test")) scope.kind = trace::ScopeKind::test;
  if (has_word(what, "job")) scope.kind = trace::ScopeKind::job;
  if (const auto id = read_trace_id(change.value)) scope.trace_context = *id;
  if (is_unique(what, change.value)) {
    scope.name = fmt::format("({})", change.name);
    // Redacted, all values look alike.
    scope.key = fmt::format("variable {} {}", change.name, change.value == "?" ? serial : change.value);
  } else {
    scope.name = change.value;
    scope.key = fmt::format("variable {} {} {}", change.name, change.value, serial);
  }
  return scope;
}

}  // namespace

void NamedScopes::add(const ScopeName& name, QueryIndex query, trace::Time end) {
  const auto [entry, added] = scopes_.try_emplace(name.key, static_cast<ScopeIndex>(state_.scopes.size()));
  if (added) {
    Scope scope;
    scope.id = derived_scope_id(query);
    scope.kind = name.kind;
    scope.rule = name.rule;
    scope.confidence = name.confidence;
    scope.name = state_.arena.store(name.name);
    scope.trace_context = name.trace_context;
    scope.begin = state_.start[query];
    scope.end = end;
    scope.ended = true;
    state_.scopes.push_back(scope);
  }
  Scope& scope = state_.scopes[entry->second];
  scope.begin = std::min(scope.begin, state_.start[query]);
  scope.end = std::max(scope.end, end);
  state_.scope[query] = entry->second;
}

const std::optional<CommentTags>& TagReader::of(trace::TextId text) {
  const auto [entry, added] = tags_.try_emplace(text);
  if (added && text < state_.texts.size()) entry->second = comment_tags(state_.texts[text].bytes);
  return entry->second;
}

VariableScopes::VariableScopes(trace::ConnectionId connection, std::string_view application_name)
    : connection_(connection), of_connection_(from_application_name(application_name)) {
  reset();
}

void VariableScopes::reset() {
  current_ = of_connection_;
  variable_.clear();
  local_ = false;
  worked_ = false;
}

void VariableScopes::transaction_ended() {
  if (local_) reset();
}

VariableScopes::Effect VariableScopes::change(const VariableChange& change, QueryIndex query) {
  if (change.name.empty() || (change.value.empty() && change.name == variable_)) {
    reset();
    return Effect::none;
  }
  auto scope = from_variable(change, fmt::format("{} {}", connection_, query));
  if (!scope) return Effect::none;
  // Route and id set one after the other are of one request.
  const bool same = current_ && !worked_ && !variable_.empty() && change.name != variable_;
  if (same) {
    const bool unique = scope->name.front() == '(';
    if (unique) scope->name = current_->name;
    scope->key = fmt::format("{} {}", unique ? scope->key : current_->key, scope->name);
    if (scope->trace_context == trace::TraceContext{}) scope->trace_context = current_->trace_context;
  }
  current_ = std::move(scope);
  variable_ = change.name;
  local_ = change.local;
  worked_ = false;
  return same ? Effect::renamed : Effect::begun;
}

}  // namespace quell::model

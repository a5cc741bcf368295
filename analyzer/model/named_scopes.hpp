#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "analyzer/model/comment_tags.hpp"
#include "analyzer/model/session_work.hpp"
#include "analyzer/model/workload_state.hpp"

/// Scopes that the traffic itself names; private to analyzer/model.
namespace quell::model {

/// A name that some queries share. `key` tells it from every other; of exact ones it is the same on every connection.
struct ScopeName {
  std::string key;
  std::string name;
  trace::ScopeKind kind = trace::ScopeKind::request;
  trace::ScopeRule rule = trace::ScopeRule::comment_tag;
  std::uint8_t confidence = 0;
  trace::TraceContext trace_context{};
};

/// The scopes made so far, by key.
class NamedScopes {
 public:
  explicit NamedScopes(WorkloadState& state) : state_(state) {}
  /// Puts a query into the scope of that name, which is made where it is new.
  void add(const ScopeName& name, QueryIndex query, trace::Time end);

 private:
  WorkloadState& state_;
  std::map<std::string, ScopeIndex, std::less<>> scopes_;
};

/// Tags of texts, each read once.
class TagReader {
 public:
  explicit TagReader(const WorkloadState& state) : state_(state) {}
  const std::optional<CommentTags>& of(trace::TextId text);

 private:
  const WorkloadState& state_;
  std::unordered_map<trace::TextId, std::optional<CommentTags>> tags_;
};

/// Follows one connection's session variables.
class VariableScopes {
 public:
  /// `application_name`: as the connection was opened.
  VariableScopes(trace::ConnectionId connection, std::string_view application_name);

  enum class Effect : std::uint8_t { none, begun, renamed };
  /// `query` made the change. What was begun by a change and is renamed by the next is one scope.
  Effect change(const VariableChange& change, QueryIndex query);
  /// The program's own statement ran: a variable set from now on means something new.
  void worked() { worked_ = true; }
  void transaction_ended();
  /// Null where no variable names a scope.
  [[nodiscard]] const ScopeName* current() const { return current_ ? &*current_ : nullptr; }

 private:
  void reset();

  trace::ConnectionId connection_;
  std::optional<ScopeName> of_connection_;
  std::optional<ScopeName> current_;
  std::string variable_;
  bool local_ = false;
  bool worked_ = false;
};

}  // namespace quell::model

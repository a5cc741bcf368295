#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <quell/trace/reader.hpp>

#include "analyzer/model/workload.hpp"

namespace quell::cli {

/// The part of a growing trace that is not judged yet. Executions wait until the scope they belong to is over, are then
/// handed out together as a workload, and are forgotten: memory is bound by what is under way, not by the trace.
class TraceWindow final : public trace::EventSink {
 public:
  explicit TraceWindow(const trace::Header& header) : header_(header) {}

  using trace::EventSink::on;
  void on(const trace::Text&, trace::Source) override;
  void on(const trace::Stack&, trace::Source) override;
  void on(const trace::Shape&, trace::Source) override;
  void on(const trace::Connection&, trace::Source) override;
  void on(const trace::ScopeBegin&, trace::Source) override;
  void on(const trace::ScopeEnd&, trace::Source) override;
  void on(const trace::Query&, trace::Source) override;
  void on(const trace::ResultValues&, trace::Source) override;

  /// What follows is read at this time (CLOCK_MONOTONIC).
  void read_at(trace::Time now) { now_ = now; }

  /// Scopes that ended a moment ago, and connections that pause outside of every scope. Nothing where there are none.
  [[nodiscard]] std::optional<model::Workload> take();
  /// All that is left.
  [[nodiscard]] std::optional<model::Workload> take_rest();

 private:
  struct KeptQuery {
    trace::Query event;
    std::vector<trace::Parameter> parameters;
    std::string bytes;  ///< of the parameters
    trace::ResultValues result;
    std::vector<trace::Value> values;
  };
  /// What is judged together: a scope with the transactions in it, or a connection outside of scopes.
  struct Group {
    std::vector<std::unique_ptr<KeptQuery>> queries;
    std::vector<trace::ScopeId> scopes;
    trace::Time last = 0;  ///< when something was read of it
    bool ended = false;
    bool in_transaction = false;
  };
  struct Key {
    trace::ScopeId scope = 0;
    trace::ConnectionId connection = 0;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  struct ScopeState {
    std::optional<trace::ScopeBegin> begin;
    std::optional<trace::ScopeEnd> end;
  };

  [[nodiscard]] trace::ScopeId root_of(trace::ScopeId scope) const;
  [[nodiscard]] bool is_over(const Group& group, bool scope) const;
  template <typename Wanted>
  std::optional<model::Workload> take_groups(const Wanted& wanted);

  trace::Header header_;
  trace::Time now_ = 0;
  std::vector<std::string> texts_;
  std::vector<std::vector<trace::Frame>> stacks_;
  std::vector<std::vector<trace::Column>> shapes_;
  std::unordered_map<trace::ConnectionId, trace::Connection> connections_;
  std::unordered_map<trace::ScopeId, ScopeState> scopes_;
  std::unordered_set<trace::ScopeId> judged_;  ///< what still comes for them comes too late
  std::map<Key, Group> groups_;
  std::unordered_map<trace::QueryId, KeptQuery*> by_id_;
};

}  // namespace quell::cli

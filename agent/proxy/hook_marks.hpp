#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <quell/trace/writer.hpp>

namespace quell::proxy {

/// What the hooks inside the recorded program say, joined to what the proxy sees. A hook names the client socket of a
/// call and the time right before it; the executions of that connection from then to the next call are the call's. No
/// driver needs to count what it sends (BEGIN, prepared statements, batches), so nothing can get out of step.
///
/// Lines, fields parted by tabs (`token`: one for each process; times of CLOCK_MONOTONIC in ns):
///   s token id (function file line)...      a call site, innermost frame first
///   c address time token stack scope mode  a call; stack, scope: 0 for none; mode r: what runs from then to the next
///   call;
///                                          s: one execution; f: one execution, and nothing before it is under way
///   b token id time kind parent traceparent a scope begins; kind r(equest), j(ob), t(est)
///   e token id time outcome name            and ends
///   l count                                 so many lines were dropped
class HookMarks {
 public:
  /// Takes a line; writes call sites and ended scopes. What makes no sense is passed over.
  void take(std::string_view line, trace::Writer& writer);

  /// `addresses`: of the client, as hooks may name it.
  void connected(trace::ConnectionId connection, const std::vector<std::string>& addresses, trace::Time time);
  void disconnected(trace::ConnectionId connection);

  struct CallSite {
    trace::StackId stack = 0;
    trace::ScopeId scope = 0;
  };
  /// Of an execution that began at `start`. Those of one connection must be asked for in order.
  [[nodiscard]] CallSite of(trace::ConnectionId connection, trace::Time start);

  /// Writes the scopes whose end was not seen.
  void finish(trace::Writer& writer);

  [[nodiscard]] std::uint64_t calls() const { return calls_; }
  /// Lines that the hooks had to drop.
  [[nodiscard]] std::uint64_t lost() const { return lost_; }

 private:
  struct Mark {
    trace::Time time = 0;
    trace::StackId stack = 0;
    trace::ScopeId scope = 0;
    bool single = false;  ///< one execution's
    bool first = false;   ///< nothing before it was under way
    bool used = false;
  };
  struct Client {
    trace::ConnectionId connection = 0;  ///< 0: the proxy does not know it (yet)
    std::deque<Mark> marks;
  };
  class Fields;

  void call_site(Fields& fields, trace::Writer& writer);
  void call(Fields& fields);
  void begin_scope(Fields& fields);
  void end_scope(Fields& fields, trace::Writer& writer);
  [[nodiscard]] CallSite site_of(std::deque<Mark>& marks, trace::Time start);
  void remember_end(trace::ScopeId scope, trace::Time time);

  std::unordered_map<std::string, trace::StackId> stacks_;                       ///< by token and id
  std::map<std::string, trace::ScopeBegin, std::less<>> open_;                   ///< by token and id
  std::unordered_map<trace::ScopeId, trace::Time> ends_;                         ///< of scopes that ended lately
  std::deque<trace::ScopeId> ended_;                                             ///< the order of `ends_`
  std::unordered_map<std::string, Client> clients_;                              ///< by address
  std::unordered_map<trace::ConnectionId, std::vector<std::string>> addresses_;  ///< of open connections
  trace::ScopeId next_scope_ = 1;
  std::uint64_t calls_ = 0;
  std::uint64_t lost_ = 0;
};

}  // namespace quell::proxy

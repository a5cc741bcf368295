#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include <quell/trace/event.hpp>

/// Events that own what they view, so that tests can compare what was written with what was read.
namespace quell::trace::testing {

struct OwnedParameter {
  std::uint32_t type_oid;
  ParameterForm form;
  std::string bytes;
  std::uint64_t full_size;
  Value value;
  bool operator==(const OwnedParameter&) const = default;
};

/// All fields of an event in one comparable value: its kind, numbers, bytes and elements.
struct OwnedEvent {
  EventKind kind;
  Source source;
  std::vector<std::uint64_t> numbers;
  std::string bytes;
  std::vector<OwnedParameter> parameters;
  std::vector<Value> values;
  bool operator==(const OwnedEvent&) const = default;
};

inline std::uint64_t number(auto value) {
  return static_cast<std::uint64_t>(value);
}

inline OwnedEvent own(const Text& e, Source s) {
  return {EventKind::text, s, {e.id, e.full_size}, std::string(e.bytes), {}, {}};
}
inline OwnedEvent own(const Stack& e, Source s) {
  OwnedEvent owned{EventKind::stack, s, {e.id}, {}, {}, {}};
  for (const Frame& f : e.frames) owned.numbers.insert(owned.numbers.end(), {f.function, f.file, f.line});
  return owned;
}
inline OwnedEvent own(const Shape& e, Source s) {
  OwnedEvent owned{EventKind::shape, s, {e.id}, {}, {}, {}};
  for (const Column& c : e.columns) {
    owned.numbers.insert(owned.numbers.end(),
                         {c.name, c.table_oid, number(c.attribute_number), c.type_oid, number(c.recorded)});
  }
  return owned;
}
inline OwnedEvent own(const Connection& e, Source s) {
  return {EventKind::connection,
          s,
          {number(e.time), e.id, e.database, e.user, e.application_name, e.server_version, e.peer, e.backend_pid},
          {},
          {},
          {}};
}
inline OwnedEvent own(const ConnectionEnd& e, Source s) {
  return {EventKind::connection_end, s, {number(e.time), e.id, e.reason}, {}, {}, {}};
}
inline OwnedEvent own(const ScopeBegin& e, Source s) {
  return {EventKind::scope_begin,
          s,
          {number(e.time), e.id, e.parent, number(e.kind), number(e.rule), e.confidence, e.name},
          std::string(e.trace_context.begin(), e.trace_context.end()),
          {},
          {}};
}
inline OwnedEvent own(const ScopeEnd& e, Source s) {
  return {EventKind::scope_end, s, {number(e.time), e.id, number(e.outcome)}, {}, {}, {}};
}
inline OwnedEvent own(const Query& e, Source s) {
  OwnedEvent owned{EventKind::query,
                   s,
                   {number(e.start), number(e.first_byte), number(e.complete), number(e.ready), e.id, e.connection,
                    e.scope, e.text, e.statement_name, e.portal_name, e.stack, number(e.protocol),
                    number(e.transaction_state), e.flags, e.rows, e.bytes_sent, e.bytes_received, e.pipeline_batch},
                   std::string(e.sqlstate.begin(), e.sqlstate.end()),
                   {},
                   {}};
  for (const Parameter& p : e.parameters) {
    owned.parameters.push_back({p.type_oid, p.form, std::string(p.bytes), p.full_size, p.value});
  }
  return owned;
}
inline OwnedEvent own(const ResultValues& e, Source s) {
  return {EventKind::result_values,          s, {e.query, e.shape, e.rows, e.columns, e.total_rows}, {}, {},
          {e.values.begin(), e.values.end()}};
}
inline OwnedEvent own(const Consumption& e, Source s) {
  return {EventKind::consumption,
          s,
          {e.query, e.shape, e.rows_read, e.total_rows},
          std::string(e.columns_read.begin(), e.columns_read.end()),
          {},
          {}};
}
inline OwnedEvent own(const Pool& e, Source s) {
  return {EventKind::pool,
          s,
          {number(e.time), number(e.action), e.pool, e.connection, e.scope, number(e.duration)},
          {},
          {},
          {}};
}
inline OwnedEvent own(const Loss& e, Source s) {
  return {EventKind::loss, s, {number(e.time), number(e.reason), number(e.kind), e.count}, {}, {}, {}};
}

/// Keeps every event it is given.
class Recorder : public EventSink {
 public:
  void on(const Text& e, Source s) override { add(e, s); }
  void on(const Stack& e, Source s) override { add(e, s); }
  void on(const Shape& e, Source s) override { add(e, s); }
  void on(const Connection& e, Source s) override { add(e, s); }
  void on(const ConnectionEnd& e, Source s) override { add(e, s); }
  void on(const ScopeBegin& e, Source s) override { add(e, s); }
  void on(const ScopeEnd& e, Source s) override { add(e, s); }
  void on(const Query& e, Source s) override { add(e, s); }
  void on(const ResultValues& e, Source s) override { add(e, s); }
  void on(const Consumption& e, Source s) override { add(e, s); }
  void on(const Pool& e, Source s) override { add(e, s); }
  void on(const Loss& e, Source s) override { add(e, s); }

  std::vector<OwnedEvent> events;

 private:
  template <typename Event>
  void add(const Event& event, Source source) {
    events.push_back(own(event, source));
  }
};

}  // namespace quell::trace::testing

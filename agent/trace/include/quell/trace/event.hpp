#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include <quell/trace/value.hpp>

/// The event model of a trace (docs/trace-format.md). Events are views: their spans and string views are valid only
/// during the call that passes them. Times are nanoseconds of the recording machine's CLOCK_MONOTONIC. An id of 0 means
/// "none" or "not known".
namespace quell::trace {

using Time = std::int64_t;
using Duration = std::int64_t;
using TextId = std::uint32_t;
using StackId = std::uint32_t;
using ShapeId = std::uint32_t;
using ConnectionId = std::uint32_t;
using ScopeId = std::uint64_t;
using QueryId = std::uint64_t;

/// Who wrote an event.
enum class Source : std::uint8_t { tracer = 0, proxy = 1, hook = 2, ingest = 3 };

/// A byte string, written once a file before the first event that names its id.
struct Text {
  TextId id = 0;
  std::string_view bytes{};
  std::uint64_t full_size = 0;  ///< in bytes; larger than `bytes.size()` where the text was cut at the limit
};

/// One frame of a call site. Frames are ordered innermost first.
struct Frame {
  TextId function = 0;
  TextId file = 0;
  std::uint32_t line = 0;
};

/// A call stack, written once a file before the first event that names its id.
struct Stack {
  StackId id = 0;
  std::span<const Frame> frames{};
};

/// One column of a result.
struct Column {
  TextId name = 0;
  std::uint32_t table_oid = 0;        ///< 0: an expression
  std::int16_t attribute_number = 0;  ///< 0: an expression
  std::uint32_t type_oid = 0;
  bool recorded = false;  ///< its values stand in ResultValues
};

/// The columns of a result, written once a file before the first event that names its id.
struct Shape {
  ShapeId id = 0;
  std::span<const Column> columns{};
};

struct Connection {
  Time time = 0;
  ConnectionId id = 0;
  TextId database = 0;
  TextId user = 0;
  TextId application_name = 0;
  TextId server_version = 0;
  TextId peer = 0;  ///< the server's address as the agent saw it
  std::uint32_t backend_pid = 0;
};

struct ConnectionEnd {
  Time time = 0;
  ConnectionId id = 0;
  TextId reason = 0;  ///< empty for an orderly close
};

enum class ScopeKind : std::uint8_t { request = 0, job = 1, test = 2, transaction = 3, idle_gap = 4 };

/// The rule that made a scope, strongest first; a finding shows it.
enum class ScopeRule : std::uint8_t {
  agent = 0,             ///< the service said so through the tracer
  comment_tag = 1,       ///< traceparent or route in a SQL comment
  hook_mark = 2,         ///< a call-site hook saw the framework's request
  session_variable = 3,  ///< SET or application_name that names a request or a test
  transaction = 4,       ///< an explicit transaction
  idle_gap = 5,          ///< a pause on one connection
};

using TraceContext = std::array<std::uint8_t, 16>;  ///< W3C trace id; all zero: none

struct ScopeBegin {
  Time time = 0;
  ScopeId id = 0;
  ScopeId parent = 0;
  ScopeKind kind = ScopeKind::request;
  ScopeRule rule = ScopeRule::agent;
  std::uint8_t confidence = 100;  ///< percent
  TextId name = 0;                ///< route template, job or test id
  TraceContext trace_context{};
};

struct ScopeEnd {
  Time time = 0;
  ScopeId id = 0;
  std::int32_t outcome = 0;  ///< HTTP status of a request; 0 passed and 1 failed of a test or job
};

enum class Protocol : std::uint8_t { simple = 0, extended = 1, pipelined = 2, copy = 3, fastpath = 4 };

/// From ReadyForQuery after the statement.
enum class TransactionState : std::uint8_t { unknown = 0, idle = 1, in_transaction = 2, failed = 3 };

enum class ParameterForm : std::uint8_t {
  null = 0,
  text = 1,
  binary = 2,
  canonical = 3,  ///< redacted: only `value` is known
};

struct Parameter {
  std::uint32_t type_oid = 0;  ///< 0: the client left it to the server
  ParameterForm form = ParameterForm::null;
  std::string_view bytes{};     ///< as sent, up to the recording limit
  std::uint64_t full_size = 0;  ///< bytes; larger than `bytes.size()` where it was cut
  Value value{};                ///< set where `form` is canonical
};

/// Flags of a query, combined with |.
namespace query_flag {
inline constexpr std::uint16_t kTextCut = 1;
inline constexpr std::uint16_t kParametersCut = 2;
inline constexpr std::uint16_t kSkippedAfterError =
    4;  ///< the server skipped it: an earlier statement before the same Sync failed
inline constexpr std::uint16_t kNoEndSeen = 8;  ///< the connection or the trace ended first
inline constexpr std::uint16_t kPrepared = 16;  ///< executed through a named prepared statement
}  // namespace query_flag

/// One execution. Where no end was seen, the later times are 0.
struct Query {
  Time start = 0;       ///< the request left the program
  Time first_byte = 0;  ///< the first byte of the reply arrived
  Time complete = 0;    ///< CommandComplete, or the error
  Time ready = 0;       ///< ReadyForQuery
  QueryId id = 0;
  ConnectionId connection = 0;
  ScopeId scope = 0;
  TextId text = 0;
  TextId statement_name = 0;
  TextId portal_name = 0;
  StackId stack = 0;
  Protocol protocol = Protocol::simple;
  TransactionState transaction_state = TransactionState::unknown;
  std::uint16_t flags = 0;
  std::array<char, 5> sqlstate{};  ///< all zero bytes: success
  std::uint64_t rows = 0;          ///< returned, or affected where none are returned
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t pipeline_batch = 0;  ///< queries of one batch share one round trip; 0: none
  std::span<const Parameter> parameters{};

  [[nodiscard]] bool failed() const { return sqlstate[0] != '\0'; }
};

/// The first rows of a result, key-like columns only: value(row, i) is the value of the i-th *recorded* column.
struct ResultValues {
  QueryId query = 0;
  ShapeId shape = 0;
  std::uint32_t rows = 0;           ///< recorded rows
  std::uint32_t columns = 0;        ///< recorded columns
  std::uint64_t total_rows = 0;     ///< rows of the whole result
  std::span<const Value> values{};  ///< column after column: values[column * rows + row]

  [[nodiscard]] Value value(std::uint32_t row, std::uint32_t column) const {
    return values[static_cast<std::size_t>(column) * rows + row];
  }
};

/// What the program read of a result before it dropped it (C++ layer only).
struct Consumption {
  QueryId query = 0;
  ShapeId shape = 0;
  std::uint64_t rows_read = 0;
  std::uint64_t total_rows = 0;
  std::span<const std::uint8_t> columns_read{};  ///< one 0 or 1 for each column of the shape
};

enum class PoolAction : std::uint8_t {
  checkout = 0,  ///< duration: waited
  checkin = 1,   ///< duration: held
  connect = 2,   ///< duration: connecting
  ping = 3,      ///< duration: pinging
  timeout = 4,   ///< duration: waited in vain
  invalidate = 5,
};

struct Pool {
  Time time = 0;
  PoolAction action = PoolAction::checkout;
  TextId pool = 0;
  ConnectionId connection = 0;
  ScopeId scope = 0;
  Duration duration = 0;
};

enum class LossReason : std::uint8_t {
  ring_full = 0,       ///< the recorder's ring of a thread was full
  write_failed = 1,    ///< the file could not be written (disk full)
  limit = 2,           ///< a documented limit (dictionary size, text length table)
  parser_lost = 3,     ///< the proxy lost track of a session and only relays it
  recorder_failed = 4  ///< the recorder stopped
};

/// The kinds a Loss counts.
enum class EventKind : std::uint8_t {
  text = 1,
  stack = 2,
  shape = 3,
  connection = 4,
  connection_end = 5,
  scope_begin = 6,
  scope_end = 7,
  query = 8,
  result_values = 9,
  consumption = 10,
  pool = 11,
  loss = 12,
};
inline constexpr std::size_t kEventKinds = 13;  ///< size of a table indexed by EventKind

/// `count` events of one kind are not in the trace.
struct Loss {
  Time time = 0;
  LossReason reason = LossReason::ring_full;
  EventKind kind = EventKind::query;
  std::uint64_t count = 0;
};

/// Receives the events of a trace in file order. Override what you need, beside `using EventSink::on;`. Text, Stack and
/// Shape come before the first event that names them, unless the block that held them was damaged.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void on(const Text&, Source) {}
  virtual void on(const Stack&, Source) {}
  virtual void on(const Shape&, Source) {}
  virtual void on(const Connection&, Source) {}
  virtual void on(const ConnectionEnd&, Source) {}
  virtual void on(const ScopeBegin&, Source) {}
  virtual void on(const ScopeEnd&, Source) {}
  virtual void on(const Query&, Source) {}
  virtual void on(const ResultValues&, Source) {}
  virtual void on(const Consumption&, Source) {}
  virtual void on(const Pool&, Source) {}
  virtual void on(const Loss&, Source) {}
};

}  // namespace quell::trace

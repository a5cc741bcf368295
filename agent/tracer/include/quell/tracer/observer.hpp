#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include <quell/trace/event.hpp>
#include <quell/trace/source_location.hpp>

/// What a database layer tells whoever watches it. A plain table of functions, so that a layer needs no tracer to be
/// compiled, and a disabled hook costs one load and one branch. All views are valid during the call only. Functions
/// must not throw and must not block; they are called on the thread that runs the connection.
namespace quell::tracer {

struct ConnectionOpened {
  std::string_view database{};
  std::string_view user{};
  std::string_view application_name{};
  std::string_view server_version{};
  std::string_view peer{};
  std::uint32_t backend_pid = 0;
  trace::Duration connect_duration = 0;  ///< not in the trace: a pool tells it by PoolAction::connect
};

/// A bind as it went to the server. `bytes.data() == nullptr` is NULL.
struct BoundParameter {
  std::uint32_t type_oid = 0;
  trace::Format format = trace::Format::text;
  std::string_view bytes{};
};

struct ColumnOrigin {
  std::string_view name{};
  std::uint32_t table_oid = 0;
  std::int16_t attribute_number = 0;
  std::uint32_t type_oid = 0;
  trace::Format format = trace::Format::text;
};

/// Read access to a result without knowing who holds it.
struct ResultView {
  const void* result = nullptr;
  std::uint32_t columns = 0;
  std::uint64_t rows = 0;
  std::uint64_t held = UINT64_MAX;  ///< rows that `value` can be asked for, where a stream kept only its first ones
  ColumnOrigin (*column)(const void* result, std::uint32_t column) = nullptr;
  /// data() == nullptr is NULL.
  std::string_view (*value)(const void* result, std::uint64_t row, std::uint32_t column) = nullptr;
};

/// A place that remembers the trace id of a text or a result shape between calls, so that the hot path hashes nothing.
/// Owned by the layer beside its prepared statement; zero-initialised; used from one thread. The observer compares
/// `epoch` with its own recording's and fills both.
struct IdSlot {
  std::uint64_t epoch = 0;
  std::uint32_t text = 0;
  std::uint32_t shape = 0;
};

/// One finished execution.
struct StatementFinished {
  trace::Time start = 0;
  trace::Time first_byte = 0;
  trace::Time complete = 0;
  trace::Time ready = 0;
  trace::ConnectionId connection = 0;
  trace::ScopeId scope = 0;
  std::string_view text{};
  std::string_view statement_name{};
  IdSlot* slot = nullptr;  ///< may be null: then the text is looked up by its bytes
  trace::Protocol protocol = trace::Protocol::extended;
  trace::TransactionState transaction_state = trace::TransactionState::unknown;
  std::uint16_t flags = 0;      ///< trace::query_flag
  std::string_view sqlstate{};  ///< five characters, empty for success
  std::uint64_t rows = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t pipeline_batch = 0;
  std::span<const BoundParameter> parameters{};
  trace::SourceLocation call_site{};
  const ResultView* result = nullptr;  ///< null where there is none
};

/// What the program read of a result.
struct ResultConsumed {
  trace::QueryId query = 0;
  std::uint64_t rows_read = 0;
  std::uint64_t total_rows = 0;
  std::span<const std::uint8_t> columns_read{};  ///< one 0 or 1 a column
};

struct PoolEvent {
  trace::PoolAction action = trace::PoolAction::checkout;
  std::string_view pool{};
  trace::ConnectionId connection = 0;
  trace::ScopeId scope = 0;
  trace::Duration duration = 0;
};

/// Any member may be null. `context` is passed back unchanged.
struct Observer {
  void* context = nullptr;
  /// True where something records now: a layer skips gathering arguments when false or null.
  bool (*active)(void* context) = nullptr;
  trace::ConnectionId (*connection_opened)(void* context, const ConnectionOpened&) = nullptr;
  void (*connection_closed)(void* context, trace::ConnectionId, std::string_view reason) = nullptr;
  /// The id under which `result_consumed` may later speak of this execution; 0 where it was not recorded.
  trace::QueryId (*statement_finished)(void* context, const StatementFinished&) = nullptr;
  void (*result_consumed)(void* context, const ResultConsumed&) = nullptr;
  void (*pool_event)(void* context, const PoolEvent&) = nullptr;
};

}  // namespace quell::tracer

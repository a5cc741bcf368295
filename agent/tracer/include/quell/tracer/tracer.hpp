#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <quell/trace/source_location.hpp>
#include <span>
#include <string>
#include <string_view>

#include <quell/trace/event.hpp>
#include <quell/trace/format.hpp>
#include <quell/tracer/observer.hpp>

/// The in-process recorder. One recording at a time in a process. Every function may be called from any thread at any
/// time, recording or not; none blocks, throws (but start()) or allocates without bound. When a ring is full or the
/// file cannot be written, events are counted as lost and the program goes on.
namespace quell::tracer {

struct TracerParams {
  std::string path;     ///< of the trace file
  std::string program;  ///< name of the recorded program, shown in reports
  /// Record parameters and result values only as keyed hashes.
  bool redact = false;
  /// Bytes of the ring of each producing thread; a power of two. 4 MiB holds about 25,000 queries, half a second of a
  /// thread that does nothing else.
  std::size_t ring_bytes = std::size_t{4} << 20;
  /// The flusher looks at the rings this often. Half of trace::kBlockNanoseconds, so that a killed program loses at
  /// most 100 ms.
  std::chrono::milliseconds flush_interval{40};
  /// Result rows and key-like columns recorded of each result; 0 records none.
  std::uint32_t result_rows = 256;
  std::uint32_t result_columns = 16;
  /// Values of a key-like column longer than this many bytes are no keys; they are recorded as NULL.
  std::size_t value_bytes = 256;
  /// Bytes recorded of one parameter; at most trace::kMaxParameterBytes.
  std::size_t parameter_bytes = trace::kMaxParameterBytes;
};

/// What a recording lost, and why it ended; printed to stderr by stop() when there is anything to say.
struct TracerStatus {
  std::uint64_t recorded_queries = 0;
  std::uint64_t lost_events = 0;
  std::string error;  ///< empty: none
};

/// Starts recording. Throws trace::TraceError when the file cannot be created or a recording runs already.
void start(TracerParams params);

/// Flushes what was recorded and closes the file. Safe to call when nothing records.
TracerStatus stop();

/// Starts recording to the file named by the environment variable QUELL_TRACE, if set (QUELL_REDACT=1 redacts), and
/// arranges for stop() at exit. A file that cannot be created is said on stderr and the program goes on unrecorded.
/// Returns whether recording started.
bool start_from_environment(std::string_view program);

namespace detail {
/// Number of the current recording in this process; 0: nothing records.
extern std::atomic<std::uint64_t> recording_epoch;
}  // namespace detail

/// One relaxed load.
[[nodiscard]] inline bool enabled() noexcept {
  return detail::recording_epoch.load(std::memory_order_relaxed) != 0;
}

/// CLOCK_MONOTONIC in nanoseconds.
[[nodiscard]] trace::Time now() noexcept;

/// The observer that records into the current recording; give it to a database layer once, at start-up. Valid for the
/// life of the process.
[[nodiscard]] const Observer* observer() noexcept;

/// A unit of work: a request, a job, a test. Begins on construction, ends on destruction or `end`. Move-only. Scopes
/// are passed explicitly (coroutines of many requests share a thread), never found in thread-local state.
class Scope {
 public:
  Scope() = default;  ///< an empty scope: id 0
  Scope(trace::ScopeKind kind, std::string_view name, const trace::TraceContext& trace_context = {},
        trace::ScopeId parent = 0) noexcept;
  Scope(Scope&& other) noexcept;
  Scope& operator=(Scope&& other) noexcept;
  ~Scope();

  void end(std::int32_t outcome) noexcept;

  [[nodiscard]] trace::ScopeId id() const noexcept { return id_; }

 private:
  trace::ScopeId id_ = 0;
  std::uint64_t epoch_ = 0;
};

/// Manual instrumentation of one execution, for database layers without the observer. Takes the start time on
/// construction; nothing is recorded until `end`.
class QuerySpan {
 public:
  QuerySpan(std::string_view text, trace::ConnectionId connection, trace::ScopeId scope,
            std::span<const BoundParameter> parameters = {}, IdSlot* slot = nullptr,
            trace::SourceLocation call_site = trace::SourceLocation::current()) noexcept
      : on_(enabled()) {
    if (!on_) return;
    text_ = text;
    connection_ = connection;
    scope_ = scope;
    parameters_ = parameters;
    slot_ = slot;
    call_site_ = call_site;
    start_ = now();
  }
  /// Returns the query's id, 0 where nothing records. `text` and `parameters` given to the constructor must still be
  /// valid.
  trace::QueryId end(std::uint64_t rows = 0, std::string_view sqlstate = {}) noexcept {
    return on_ ? record(rows, sqlstate) : 0;
  }

 private:
  trace::QueryId record(std::uint64_t rows, std::string_view sqlstate) noexcept;

  // Set only while something records: an idle span costs one load.
  bool on_;
  trace::Time start_;
  std::string_view text_;
  trace::ScopeId scope_;
  std::span<const BoundParameter> parameters_;
  IdSlot* slot_;
  trace::SourceLocation call_site_;
  trace::ConnectionId connection_;
};

}  // namespace quell::tracer

#include <quell/tracer/tracer.hpp>

#include <pthread.h>
#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <new>
#include <utility>

#include <fmt/format.h>

#include <quell/trace/error.hpp>

#include "agent/tracer/src/current.hpp"
#include "agent/tracer/src/record_statement.hpp"
#include "agent/tracer/src/thread_session.hpp"

namespace quell::tracer {
namespace detail {
std::atomic<std::uint64_t> recording_epoch{0};
}  // namespace detail

namespace {

// The flusher does not live on in a child. The child lets go of the recording without touching the file.
void before_fork() {
  Current::instance().lifecycle.lock();
  Current::instance().mutex.lock();
}
void after_fork_in_parent() {
  Current::instance().mutex.unlock();
  Current::instance().lifecycle.unlock();
}
void after_fork_in_child() {
  detail::recording_epoch.store(0);
  static_cast<void>(Current::instance().recording.release());
  after_fork_in_parent();
}

TracerStatus finish(Current& current) {
  std::unique_ptr<Recording> recording;
  {
    const std::lock_guard lock(current.mutex);
    detail::recording_epoch.store(0);
    recording = std::move(current.recording);
  }
  if (!recording) return {};
  const TracerStatus status = recording->finish();
  if (!status.error.empty()) {
    fmt::print(stderr, "quell: the recording to {} had a failure: {}\n", recording->params().path, status.error);
  }
  if (status.lost_events != 0) {
    fmt::print(stderr, "quell: {} events are not in the trace {} ({} queries are)\n", status.lost_events,
               recording->params().path, status.recorded_queries);
  }
  return status;
}

}  // namespace

Current& Current::instance() {
  static Current* const current = new Current;  // never destroyed: see the class
  return *current;
}

void start(TracerParams params) {
  Current& current = Current::instance();
  const std::lock_guard lifecycle(current.lifecycle);
  if (current.recording) {
    if (enabled()) {
      throw trace::TraceError(fmt::format("cannot record to {}: this process records to {} already; stop that first",
                                          params.path, current.recording->params().path));
    }
    finish(current);  // its flusher failed
  }
  static const int fork_handlers = pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
  static_cast<void>(fork_handlers);
  auto recording = std::make_unique<Recording>(std::move(params), ++current.last_epoch);
  const std::lock_guard lock(current.mutex);
  current.recording = std::move(recording);
  detail::recording_epoch.store(current.last_epoch);
}

TracerStatus stop() {
  Current& current = Current::instance();
  const std::lock_guard lifecycle(current.lifecycle);
  return finish(current);
}

bool start_from_environment(std::string_view program) {
  const char* path = std::getenv("QUELL_TRACE");
  if (path == nullptr || *path == '\0') return false;
  const char* redact = std::getenv("QUELL_REDACT");
  TracerParams params;
  params.path = path;
  params.program = program;
  params.redact = redact != nullptr && *redact != '\0' && std::string_view(redact) != "0";
  try {
    start(std::move(params));
  } catch (const std::exception& error) {
    fmt::print(stderr, "quell: {}; the program goes on unrecorded\n", error.what());
    return false;
  }
  static const int at_exit = std::atexit([] { static_cast<void>(stop()); });
  static_cast<void>(at_exit);
  return true;
}

trace::Time now() noexcept {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return trace::Time{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

Scope::Scope(trace::ScopeKind kind, std::string_view name, const trace::TraceContext& trace_context,
             trace::ScopeId parent) noexcept {
  if (!enabled()) return;
  ThreadSession session(trace::EventKind::scope_begin);
  if (!session) return;
  id_ = session.recording().next_scope.fetch_add(1, std::memory_order_relaxed);
  epoch_ = session.state().epoch;
  try {
    session.push(trace::EventKind::scope_begin, trace::ScopeBegin{.time = now(),
                                                                  .id = id_,
                                                                  .parent = parent,
                                                                  .kind = kind,
                                                                  .rule = trace::ScopeRule::agent,
                                                                  .confidence = 100,
                                                                  .name = session.text(name),
                                                                  .trace_context = trace_context});
  } catch (const std::bad_alloc&) {
    session.ring().count_lost(trace::EventKind::scope_begin);
  }
}

Scope::Scope(Scope&& other) noexcept : id_(std::exchange(other.id_, 0)), epoch_(std::exchange(other.epoch_, 0)) {}

Scope& Scope::operator=(Scope&& other) noexcept {
  if (this != &other) {
    end(0);
    id_ = std::exchange(other.id_, 0);
    epoch_ = std::exchange(other.epoch_, 0);
  }
  return *this;
}

Scope::~Scope() {
  end(0);
}

void Scope::end(std::int32_t outcome) noexcept {
  const trace::ScopeId id = std::exchange(id_, 0);
  if (id == 0) return;
  ThreadSession session(trace::EventKind::scope_end);
  if (!session || session.state().epoch != epoch_) return;
  session.push(trace::EventKind::scope_end, trace::ScopeEnd{.time = now(), .id = id, .outcome = outcome});
}

trace::QueryId QuerySpan::record(std::uint64_t rows, std::string_view sqlstate) noexcept {
  StatementFinished finished;
  finished.start = start_;
  finished.complete = finished.ready = now();
  finished.connection = connection_;
  finished.scope = scope_;
  finished.text = text_;
  finished.slot = slot_;
  finished.sqlstate = sqlstate;
  finished.rows = rows;
  finished.parameters = parameters_;
  finished.call_site = call_site_;
  return record_statement(finished);
}

}  // namespace quell::tracer

#include "agent/tracer/src/thread_session.hpp"

#include <functional>
#include <mutex>
#include <new>
#include <optional>
#include <string>

#include <quell/trace/sql_scanner.hpp>

#include "agent/tracer/src/asymmetric_fence.hpp"
#include "agent/tracer/src/current.hpp"

namespace quell::tracer {
namespace {

constexpr trace::QueryId kQueryIdsAtOnce = 1024;

/// Null before the first event of a thread and after the end of its thread-local objects.
constinit thread_local ThreadState* thread_state = nullptr;
constinit thread_local bool thread_is_ending = false;

/// Gives the ring back when the thread ends.
struct Farewell {
  ~Farewell() {
    thread_is_ending = true;
    if (thread_state == nullptr) return;
    if (thread_state->ring) thread_state->ring->ended.store(true, std::memory_order_release);
    delete thread_state;
    thread_state = nullptr;
  }
};

/// Joins the calling thread to the current recording. Null where it has ended meanwhile or memory is short.
ThreadState* join(trace::EventKind kind) noexcept {
  Current& current = Current::instance();
  const std::lock_guard lock(current.mutex);
  Recording* recording = current.recording.get();
  if (recording == nullptr || recording->epoch() != detail::recording_epoch.load(std::memory_order_relaxed)) {
    return nullptr;
  }
  try {
    if (thread_is_ending) throw std::bad_alloc();
    static thread_local Farewell farewell;
    static_cast<void>(farewell);
    auto state = std::make_unique<ThreadState>();
    state->ring = recording->attach();
    state->recording = recording;
    state->epoch = recording->epoch();
    delete thread_state;
    thread_state = state.release();
    return thread_state;
  } catch (const std::bad_alloc&) {
    recording->count_lost(kind);
    return nullptr;
  }
}

}  // namespace

ThreadSession::ThreadSession(trace::EventKind kind) noexcept {
  const std::uint64_t epoch = detail::recording_epoch.load(std::memory_order_relaxed);
  if (epoch == 0) return;
  ThreadState* state = thread_state;
  if (state == nullptr || state->epoch != epoch) {
    state = join(kind);
    if (state == nullptr) return;
  }
  announce(state->ring->busy);
  if (detail::recording_epoch.load(std::memory_order_seq_cst) != state->epoch) {
    state->ring->busy.store(false, std::memory_order_release);
    return;
  }
  state_ = state;
}

trace::QueryId ThreadSession::new_query_id() noexcept {
  ThreadState& own = *state_;
  if (own.next_query == own.query_block_end) {
    own.next_query = own.recording->next_query.fetch_add(kQueryIdsAtOnce, std::memory_order_relaxed);
    own.query_block_end = own.next_query + kQueryIdsAtOnce;
  }
  return own.next_query++;
}

template <typename Intern>
trace::TextId ThreadSession::cached_text(std::string_view bytes, std::uint64_t salt, const Intern& intern) {
  if (bytes.empty()) return 0;
  const std::uint64_t hash = std::hash<std::string_view>{}(bytes) ^ salt;
  ThreadState::CachedText& cached = state_->texts[hash % state_->texts.size()];
  if (cached.hash == hash && cached.size == bytes.size()) return cached.id;
  const trace::TextId id = intern();
  if (id != 0) cached = {.hash = hash, .size = bytes.size(), .id = id};
  return id;
}

trace::TextId ThreadSession::text(std::string_view bytes) {
  return cached_text(bytes, 0, [&] { return recording().names().text(bytes); });
}

trace::TextId ThreadSession::statement_text(std::string_view bytes) {
  // Kept apart from other texts of the same bytes, which are recorded as they are.
  constexpr std::uint64_t kStatements = 0x9e3779b97f4a7c15;
  return cached_text(bytes, kStatements, [&] {
    const std::optional<std::string> hidden = trace::hide_values(bytes, recording().params().redact);
    return recording().names().text(hidden ? std::string_view(*hidden) : bytes);
  });
}

trace::StackId ThreadSession::call_site(const trace::SourceLocation& location) {
  if (location.line() == 0) return 0;
  const auto address = reinterpret_cast<std::uintptr_t>(location.file_name());
  ThreadState::CachedSite& cached = state_->sites[(address * 31 + location.line()) % state_->sites.size()];
  if (cached.file == location.file_name() && cached.function == location.function_name() &&
      cached.line == location.line()) {
    return cached.id;
  }
  const trace::Frame frame{
      .function = text(location.function_name()), .file = text(location.file_name()), .line = location.line()};
  const trace::StackId id = state_->recording->names().call_site(frame);
  if (id != 0) {
    cached = {.file = location.file_name(), .function = location.function_name(), .line = location.line(), .id = id};
  }
  return id;
}

}  // namespace quell::tracer

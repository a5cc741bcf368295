#include "agent/tracer/src/recording.hpp"

#include <pthread.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <numeric>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include <quell/trace/error.hpp>

#include "agent/tracer/src/asymmetric_fence.hpp"
#include "agent/tracer/src/record.hpp"

namespace quell::tracer {
namespace {

constexpr std::size_t kSmallestRing = 4096;
constexpr std::size_t kMaxFreeRings = 64;
/// A block is closed by the first flush after it is this old, so that an event is in the file after at most 60 ms and
/// one flush interval.
constexpr std::int64_t kBlockNanoseconds = 60'000'000;

template <typename Record>
Record load(const unsigned char* from) {
  Record record;
  std::memcpy(&record, from, sizeof record);
  return record;
}

std::unique_ptr<trace::Writer> create_writer(const TracerParams& params) {
  if (params.ring_bytes < kSmallestRing || !std::has_single_bit(params.ring_bytes) ||
      params.ring_bytes > (std::size_t{1} << 30)) {
    throw trace::TraceError(
        fmt::format("a ring of {} bytes cannot be made: give a power of two from 4096 to 1 GiB", params.ring_bytes));
  }
  trace::Header header;
  header.program = params.program;
  header.agent = "quell-tracer " QUELL_VERSION;
  header.redacted = params.redact;
  return trace::Writer::create(params.path, std::move(header), {.block_nanoseconds = kBlockNanoseconds});
}

}  // namespace

Recording::Recording(TracerParams params, std::uint64_t epoch)
    : params_(std::move(params)),
      epoch_(epoch),
      writer_(create_writer(params_)),
      canonicalizer_(writer_->header().key, params_.redact),
      names_(trace::kMaxDictionaryBytes),
      translation_(names_, *writer_) {
  // The flusher takes no signals: they are the program's.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    flusher_ = std::thread([this] { run_flusher(); });
  } catch (const std::system_error& error) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw trace::TraceError(
        fmt::format("cannot record to {}: no thread could be started: {}", params_.path, error.what()));
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

std::shared_ptr<Ring> Recording::attach() {
  const std::lock_guard lock(rings_mutex_);
  std::shared_ptr<Ring> ring;
  if (free_rings_.empty()) {
    ring = std::make_shared<Ring>(params_.ring_bytes);
  } else {
    ring = std::move(free_rings_.back());
    free_rings_.pop_back();
    ring->ended.store(false, std::memory_order_relaxed);
  }
  rings_.push_back(ring);
  return ring;
}

void Recording::run_flusher() {
  pthread_setname_np(pthread_self(), "quell-flusher");
  try {
    std::unique_lock lock(wake_mutex_);
    while (!stopping_) {
      wake_.wait_for(lock, params_.flush_interval, [this] { return stopping_; });
      lock.unlock();
      if (flusher_must_fail_.load()) throw std::runtime_error("the flusher was told to fail");
      flush_rings();
      writer_->tick(now());
      report_write_failure();
      lock.lock();
    }
  } catch (const std::exception& exception) {
    failure_ = exception.what();
    std::uint64_t mine = epoch_;
    detail::recording_epoch.compare_exchange_strong(mine, 0);
    fmt::print(stderr, "quell: recording to {} stopped: {}; the program goes on unrecorded\n", params_.path, failure_);
  }
}

void Recording::flush_rings() {
  std::vector<std::shared_ptr<Ring>> rings;
  {
    const std::lock_guard lock(rings_mutex_);
    rings = rings_;
  }
  for (const std::shared_ptr<Ring>& ring : rings) {
    const bool ended = ring->ended.load(std::memory_order_acquire);
    flush_ring(*ring);
    if (!ended) continue;
    const std::lock_guard lock(rings_mutex_);
    std::erase(rings_, ring);
    if (free_rings_.size() < kMaxFreeRings) free_rings_.push_back(ring);
  }
  for (std::size_t kind = 1; kind < trace::kEventKinds; ++kind) {
    write_loss(trace::LossReason::recorder_failed, static_cast<trace::EventKind>(kind),
               lost_without_ring_[kind].exchange(0, std::memory_order_relaxed));
  }
  write_loss(trace::LossReason::limit, trace::EventKind::text, names_.take_refused());
}

void Recording::flush_ring(Ring& ring) {
  ring.drain([this](trace::EventKind kind, const unsigned char* record) { write(kind, record); });
  report_losses(ring);
}

void Recording::report_losses(Ring& ring) {
  for (std::size_t kind = 1; kind < trace::kEventKinds; ++kind) {
    write_loss(trace::LossReason::ring_full, static_cast<trace::EventKind>(kind),
               ring.take_lost(static_cast<trace::EventKind>(kind)));
  }
}

void Recording::write_loss(trace::LossReason reason, trace::EventKind kind, std::uint64_t count) {
  if (count == 0) return;
  lost_ += count;
  writer_->write(trace::Loss{.time = now(), .reason = reason, .kind = kind, .count = count});
}

void Recording::report_write_failure() {
  if (write_failure_told_ || writer_->last_error().empty()) return;
  write_failure_told_ = true;
  fmt::print(stderr, "quell: cannot write the trace {}: {}; events are dropped until it can be written again\n",
             params_.path, writer_->last_error());
}

/// Counts what stands in the rings as lost: the flusher failed.
void Recording::discard_rings() {
  std::array<std::uint64_t, trace::kEventKinds> counts{};
  for (const std::shared_ptr<Ring>& ring : rings_) {
    ring->drain([&counts](trace::EventKind kind, const unsigned char*) { ++counts[static_cast<std::size_t>(kind)]; });
    report_losses(*ring);
  }
  for (std::size_t kind = 1; kind < trace::kEventKinds; ++kind) {
    write_loss(trace::LossReason::recorder_failed, static_cast<trace::EventKind>(kind), counts[kind]);
  }
}

TracerStatus Recording::finish() {
  std::vector<std::shared_ptr<Ring>> rings;
  {
    const std::lock_guard lock(rings_mutex_);
    rings = rings_;
  }
  heavy_fence();  // a thread that missed the end of the recording is seen to be busy
  for (const std::shared_ptr<Ring>& ring : rings) {
    while (ring->busy.load(std::memory_order_seq_cst)) std::this_thread::yield();
  }
  {
    const std::lock_guard lock(wake_mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  flusher_.join();
  TracerStatus status;
  try {
    if (failure_.empty()) {
      flush_rings();
    } else {
      discard_rings();
    }
  } catch (const std::exception& exception) {
    failure_ = exception.what();
  }
  writer_->flush();
  report_write_failure();
  const auto& not_written = writer_->lost();
  const auto query = static_cast<std::size_t>(trace::EventKind::query);
  status.recorded_queries = queries_ - std::min(queries_, not_written[query]);
  status.lost_events = std::accumulate(not_written.begin(), not_written.end(), lost_);
  status.error = !failure_.empty() ? failure_ : writer_->last_error();
  writer_.reset();
  return status;
}

void Recording::write(trace::EventKind kind, const unsigned char* record) {
  switch (kind) {
    case trace::EventKind::connection: {
      auto event = load<trace::Connection>(record);
      for (trace::TextId* id :
           {&event.database, &event.user, &event.application_name, &event.server_version, &event.peer}) {
        *id = translation_.text(*id);
      }
      return writer_->write(event);
    }
    case trace::EventKind::connection_end: {
      auto event = load<trace::ConnectionEnd>(record);
      event.reason = translation_.text(event.reason);
      return writer_->write(event);
    }
    case trace::EventKind::scope_begin: {
      auto event = load<trace::ScopeBegin>(record);
      event.name = translation_.text(event.name);
      return writer_->write(event);
    }
    case trace::EventKind::scope_end:
      return writer_->write(load<trace::ScopeEnd>(record));
    case trace::EventKind::query:
      return write_query(record);
    case trace::EventKind::result_values:
      return write_values(record);
    case trace::EventKind::consumption:
      return write_consumption(record);
    case trace::EventKind::pool: {
      auto event = load<trace::Pool>(record);
      event.pool = translation_.text(event.pool);
      return writer_->write(event);
    }
    case trace::EventKind::text:
    case trace::EventKind::stack:
    case trace::EventKind::shape:
    case trace::EventKind::loss:
      return;  // the flusher makes these itself
  }
}

void Recording::write_query(const unsigned char* record) {
  const auto from = load<QueryRecord>(record);
  const unsigned char* at = record + sizeof from;
  parameters_.resize(from.parameters);
  for (trace::Parameter& parameter : parameters_) {
    const auto head = load<ParameterHead>(at);
    at += sizeof head;
    parameter = {.type_oid = head.type_oid, .form = head.form, .full_size = head.size};
    if (head.cut) {
      parameter.full_size = load<std::uint64_t>(at);
      at += sizeof(std::uint64_t);
    }
    if (parameter.form == trace::ParameterForm::canonical) {
      parameter.value = load<trace::Value>(at);
      at += sizeof(trace::Value);
    }
    parameter.bytes = {reinterpret_cast<const char*>(at), head.size};
    at += head.size;
  }
  ++queries_;
  writer_->write(trace::Query{.start = from.start,
                              .first_byte = from.first_byte,
                              .complete = from.complete,
                              .ready = from.ready,
                              .id = from.id,
                              .connection = from.connection,
                              .scope = from.scope,
                              .text = translation_.text(from.text),
                              .statement_name = translation_.text(from.statement_name),
                              .stack = translation_.stack(from.stack),
                              .protocol = from.protocol,
                              .transaction_state = from.transaction_state,
                              .flags = from.flags,
                              .sqlstate = from.sqlstate,
                              .rows = from.rows,
                              .bytes_sent = from.bytes_sent,
                              .bytes_received = from.bytes_received,
                              .pipeline_batch = from.pipeline_batch,
                              .parameters = parameters_});
}

void Recording::write_values(const unsigned char* record) {
  const auto from = load<ValuesRecord>(record);
  const auto* values = reinterpret_cast<const trace::Value*>(record + sizeof from);
  writer_->write(trace::ResultValues{.query = from.query,
                                     .shape = translation_.shape(from.shape),
                                     .rows = from.rows,
                                     .columns = from.columns,
                                     .total_rows = from.total_rows,
                                     .values = {values, std::size_t{from.rows} * from.columns}});
}

void Recording::write_consumption(const unsigned char* record) {
  const auto from = load<ConsumptionRecord>(record);
  writer_->write(trace::Consumption{.query = from.query,
                                    .shape = translation_.shape(from.shape),
                                    .rows_read = from.rows_read,
                                    .total_rows = from.total_rows,
                                    .columns_read = {record + sizeof from, from.columns}});
}

}  // namespace quell::tracer

#include "agent/proxy/recorder.hpp"

#include <ctime>
#include <utility>

namespace quell::proxy {
namespace {

constexpr auto kSource = trace::Source::proxy;

trace::Time now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<trace::Time>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

std::size_t bytes_of(const SessionEvent& event) {
  std::size_t bytes = sizeof(SessionEvent);
  if (const auto* executed = std::get_if<Executed>(&event)) {
    bytes += executed->parameter_bytes.size() + executed->parameters.size() * sizeof(RecordedParameter) +
             executed->values.size() * sizeof(trace::Value);
    if (executed->text) bytes += executed->text->bytes.size();
  }
  return bytes;
}

trace::EventKind kind_of(const SessionEvent& event) {
  if (std::holds_alternative<Connected>(event)) return trace::EventKind::connection;
  if (std::holds_alternative<Disconnected>(event)) return trace::EventKind::connection_end;
  return trace::EventKind::query;
}

}  // namespace

void Recorder::Lane::push(trace::ConnectionId connection, const std::shared_ptr<const std::string>& peer,
                          std::vector<SessionEvent>& events) {
  {
    const std::lock_guard lock(mutex_);
    for (SessionEvent& event : events) {
      const std::size_t size = bytes_of(event);
      if (items_.size() >= params_.lane_events || bytes_ + size > params_.lane_bytes) {
        ++dropped_[static_cast<std::size_t>(kind_of(event))];
        if (const auto* executed = std::get_if<Executed>(&event); executed && executed->recorded_rows > 0) {
          ++dropped_[static_cast<std::size_t>(trace::EventKind::result_values)];
        }
        continue;
      }
      bytes_ += size;
      items_.push_back({connection, peer, std::move(event)});
    }
  }
  events.clear();
}

Recorder::Recorder(std::unique_ptr<trace::Writer> writer, RecorderParams params, std::unique_ptr<HookChannel> hooks)
    : writer_(std::move(writer)), params_(params), hooks_(std::move(hooks)) {}

Recorder::~Recorder() {
  stop();
}

Recorder::Lane& Recorder::add_lane() {
  return *lanes_.emplace_back(std::make_unique<Lane>(params_));
}

void Recorder::start() {
  thread_ = std::thread([this] { run(); });
}

void Recorder::stop() {
  {
    const std::lock_guard lock(stop_mutex_);
    stopping_ = true;
  }
  stop_.notify_all();
  if (thread_.joinable()) thread_.join();
  writer_.reset();
}

RecorderStats Recorder::stats() const {
  const std::lock_guard lock(stats_mutex_);
  return stats_;
}

void Recorder::run() {
  std::unique_lock lock(stop_mutex_);
  while (!stop_.wait_for(lock, params_.interval, [this] { return stopping_; })) {
    lock.unlock();
    collect();
    writer_->tick(now());
    lock.lock();
  }
  lock.unlock();
  collect();
  marks_.finish(*writer_);
  writer_->flush();
  const std::lock_guard stats_lock(stats_mutex_);
  stats_.write_error = writer_->last_error();
}

void Recorder::collect() {
  taken_.resize(lanes_.size());
  std::vector<std::array<std::uint64_t, trace::kEventKinds>> dropped(lanes_.size());
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    Lane& lane = *lanes_[i];
    const std::lock_guard lock(lane.mutex_);
    std::swap(taken_[i], lane.items_);
    lane.bytes_ = 0;
    std::swap(dropped[i], lane.dropped_);
  }
  // After the lanes: a hook speaks before its call, so what was taken has its call site here.
  if (hooks_) read_hooks();
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    for (const Lane::Item& item : taken_[i]) write(item);
    taken_[i].clear();
    write_losses(dropped[i]);
  }
  const std::lock_guard lock(stats_mutex_);
  stats_.write_error = writer_->last_error();
}

void Recorder::read_hooks() {
  for (const std::string_view line : hooks_->read()) marks_.take(line, *writer_);
  const std::lock_guard lock(stats_mutex_);
  stats_.hook_calls = marks_.calls();
  stats_.hook_lost = marks_.lost();
}

void Recorder::write_losses(const std::array<std::uint64_t, trace::kEventKinds>& dropped) {
  for (std::size_t kind = 0; kind < dropped.size(); ++kind) {
    if (dropped[kind] == 0) continue;
    trace::Loss loss;
    loss.time = now();
    loss.reason = trace::LossReason::ring_full;
    loss.kind = static_cast<trace::EventKind>(kind);
    loss.count = dropped[kind];
    writer_->write(loss, kSource);
    const std::lock_guard lock(stats_mutex_);
    stats_.dropped += dropped[kind];
  }
}

void Recorder::write(const Lane::Item& item) {
  if (const auto* executed = std::get_if<Executed>(&item.event)) {
    write_execution(item.connection, *executed);
  } else if (const auto* connected = std::get_if<Connected>(&item.event)) {
    trace::Connection connection;
    connection.time = connected->time;
    connection.id = item.connection;
    connection.database = writer_->text(connected->database, kSource);
    connection.user = writer_->text(connected->user, kSource);
    connection.application_name = writer_->text(connected->application_name, kSource);
    connection.server_version = writer_->text(connected->server_version, kSource);
    connection.peer = writer_->text(*item.peer, kSource);
    connection.backend_pid = connected->backend_pid;
    writer_->write(connection, kSource);
    if (hooks_) {
      const std::string backend = connected->backend_pid == 0 ? "" : "b" + std::to_string(connected->backend_pid);
      marks_.connected(item.connection, {connected->client, backend}, connected->time);
    }
    const std::lock_guard lock(stats_mutex_);
    ++stats_.connections;
  } else if (const auto* disconnected = std::get_if<Disconnected>(&item.event)) {
    trace::ConnectionEnd end;
    end.time = disconnected->time;
    end.id = item.connection;
    end.reason = writer_->text(disconnected->reason, kSource);
    writer_->write(end, kSource);
    marks_.disconnected(item.connection);
  } else if (const auto* untracked = std::get_if<Untracked>(&item.event)) {
    if (untracked->why == Untracked::Why::replication) return;  // nothing of it was wanted
    trace::Loss loss;
    loss.time = untracked->time;
    loss.reason = trace::LossReason::parser_lost;
    loss.kind = trace::EventKind::query;
    loss.count = 1;  // at least: what the session sent from here on is not known
    writer_->write(loss, kSource);
    const std::lock_guard lock(stats_mutex_);
    ++stats_.untracked;
  }
}

void Recorder::write_execution(trace::ConnectionId connection, const Executed& event) {
  parameters_.clear();
  for (const RecordedParameter& parameter : event.parameters) {
    trace::Parameter& out = parameters_.emplace_back();
    out.type_oid = parameter.type_oid;
    out.form = parameter.form;
    out.full_size = parameter.full_size;
    out.value = parameter.value;
    if (parameter.form == trace::ParameterForm::text || parameter.form == trace::ParameterForm::binary) {
      out.bytes = std::string_view(event.parameter_bytes).substr(parameter.offset, parameter.size);
    }
  }
  trace::Query query;
  query.start = event.start;
  query.first_byte = event.first_byte;
  query.complete = event.complete;
  query.ready = event.ready;
  query.id = next_query_++;
  query.connection = connection;
  if (event.text) query.text = writer_->text(event.text->bytes, kSource);
  query.statement_name = writer_->text(event.statement_name, kSource);
  query.portal_name = writer_->text(event.portal_name, kSource);
  query.protocol = event.protocol;
  query.transaction_state = event.transaction_state;
  query.flags = event.flags;
  query.sqlstate = event.sqlstate;
  query.rows = event.rows;
  query.bytes_sent = event.bytes_sent;
  query.bytes_received = event.bytes_received;
  // Batches are counted within a session; in the trace they are unique.
  if (event.pipeline_batch != 0) query.pipeline_batch = std::uint64_t{connection} << 32 | event.pipeline_batch;
  query.parameters = parameters_;
  if (hooks_) {
    const HookMarks::CallSite site = marks_.of(connection, event.start);
    query.stack = site.stack;
    query.scope = site.scope;
  }
  writer_->write(query, kSource);
  if (event.recorded_rows > 0) {
    trace::ResultValues values;
    values.query = query.id;
    values.shape = shape_id(event.shape);
    values.rows = event.recorded_rows;
    values.columns = event.shape->recorded_columns;
    values.total_rows = event.rows;
    values.values = event.values;
    writer_->write(values, kSource);
  }
  const std::lock_guard lock(stats_mutex_);
  ++stats_.queries;
}

trace::ShapeId Recorder::shape_id(const ResultShapePtr& shape) {
  columns_.clear();
  for (const ResultColumn& column : shape->columns) {
    trace::Column& out = columns_.emplace_back();
    out.name = writer_->text(column.name, kSource);
    out.table_oid = column.table_oid;
    out.attribute_number = column.attribute_number;
    out.type_oid = column.type_oid;
    out.recorded = column.recorded;
  }
  return writer_->shape(columns_, kSource);
}

}  // namespace quell::proxy

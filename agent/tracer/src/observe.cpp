#include <algorithm>
#include <cstring>
#include <new>

#include <quell/tracer/observer.hpp>
#include <quell/tracer/tracer.hpp>

#include "agent/tracer/src/record.hpp"
#include "agent/tracer/src/record_statement.hpp"
#include "agent/tracer/src/thread_session.hpp"

namespace quell::tracer {
namespace {

/// The slot of a statement, made ready for this recording.
IdSlot* fresh(IdSlot* slot, std::uint64_t epoch) {
  if (slot != nullptr && slot->epoch != epoch) *slot = {.epoch = epoch, .text = 0, .shape = 0};
  return slot;
}

trace::TextId statement_text(ThreadSession& session, const StatementFinished& statement) {
  if (statement.slot == nullptr) return session.statement_text(statement.text);
  if (statement.slot->text == 0) statement.slot->text = session.statement_text(statement.text);
  return statement.slot->text;
}

/// The parameters of a statement as they are recorded, within the limits.
class ParameterPlan {
 public:
  ParameterPlan(const Recording& recording, const Ring& ring, std::span<const BoundParameter> parameters)
      : recording_(recording), budget_(std::min(ring.capacity() / 8, trace::kMaxQueryParameterBytes)) {
    parameters_ = parameters.first(std::min(parameters.size(), trace::kMaxParameters));
    cut_ = parameters_.size() < parameters.size();
    std::size_t left = budget_;
    for (const BoundParameter& parameter : parameters_) {
      const std::size_t size = take(parameter, left);
      bytes_ += sizeof(ParameterHead) + size;
      if (form(parameter) == trace::ParameterForm::canonical) bytes_ += sizeof(trace::Value);
      if (is_cut(parameter, size)) {
        bytes_ += sizeof(std::uint64_t);
        cut_ = true;
      }
    }
  }

  [[nodiscard]] std::size_t count() const { return parameters_.size(); }
  [[nodiscard]] bool cut() const { return cut_; }
  [[nodiscard]] std::size_t record_bytes() const { return bytes_; }

  void copy(unsigned char* to) {
    std::size_t left = budget_;
    for (const BoundParameter& parameter : parameters_) {
      const std::size_t size = take(parameter, left);
      const ParameterHead head{.type_oid = parameter.type_oid,
                               .size = static_cast<std::uint32_t>(size),
                               .form = form(parameter),
                               .cut = is_cut(parameter, size)};
      put(to, head);
      if (head.cut) put(to, std::uint64_t{parameter.bytes.size()});
      if (head.form == trace::ParameterForm::canonical) {
        put(to, recording_.canonicalizer().from_wire(parameter.type_oid, parameter.format, parameter.bytes));
      } else if (size != 0) {
        std::memcpy(to, parameter.bytes.data(), size);
        to += size;
      }
    }
  }

 private:
  [[nodiscard]] trace::ParameterForm form(const BoundParameter& parameter) const {
    if (parameter.bytes.data() == nullptr) return trace::ParameterForm::null;
    if (recording_.params().redact) return trace::ParameterForm::canonical;
    return parameter.format == trace::Format::text ? trace::ParameterForm::text : trace::ParameterForm::binary;
  }
  [[nodiscard]] bool is_cut(const BoundParameter& parameter, std::size_t size) const {
    return size < parameter.bytes.size() && !recording_.params().redact;
  }
  /// The bytes of a parameter that are recorded, taken from those that are `left`.
  std::size_t take(const BoundParameter& parameter, std::size_t& left) const {
    if (recording_.params().redact) return 0;
    const std::size_t size =
        std::min({parameter.bytes.size(), recording_.params().parameter_bytes, trace::kMaxParameterBytes, left});
    left -= size;
    return size;
  }
  template <typename T>
  static void put(unsigned char*& to, const T& value) {
    std::memcpy(to, &value, sizeof value);
    to += sizeof value;
  }

  const Recording& recording_;
  std::size_t budget_;
  std::span<const BoundParameter> parameters_;
  std::size_t bytes_ = 0;
  bool cut_ = false;
};

trace::ShapeId result_shape(ThreadSession& session, const ResultView& result, IdSlot* slot) {
  if (slot != nullptr && slot->shape != 0) return slot->shape;
  std::vector<trace::Column>& columns = session.state().columns;
  columns.clear();
  std::uint32_t recorded = 0;
  const std::uint32_t most = session.recording().params().result_columns;
  for (std::uint32_t i = 0; i < result.columns; ++i) {
    const ColumnOrigin origin = result.column(result.result, i);
    const bool record = recorded < most && trace::is_key_like(origin.type_oid);
    if (record) ++recorded;
    columns.push_back({.name = session.text(origin.name),
                       .table_oid = origin.table_oid,
                       .attribute_number = origin.attribute_number,
                       .type_oid = origin.type_oid,
                       .recorded = record});
  }
  const trace::ShapeId id = session.recording().names().shape(columns);
  if (slot != nullptr) slot->shape = id;
  return id;
}

void copy_column(const Recording& recording, const ResultView& result, std::uint32_t column, std::uint32_t rows,
                 unsigned char* to) {
  const ColumnOrigin origin = result.column(result.result, column);
  const trace::Canonicalizer& canonicalizer = recording.canonicalizer();
  for (std::uint32_t row = 0; row < rows; ++row) {
    const std::string_view bytes = result.value(result.result, row, column);
    const trace::Value value = bytes.size() > recording.params().value_bytes
                                   ? trace::Value::null()
                                   : canonicalizer.from_wire(origin.type_oid, origin.format, bytes);
    std::memcpy(to, &value, sizeof value);
    to += sizeof value;
  }
}

void record_result(ThreadSession& session, trace::QueryId query, const StatementFinished& statement) {
  const ResultView& result = *statement.result;
  const TracerParams& params = session.recording().params();
  const trace::ShapeId shape = result_shape(session, result, statement.slot);
  session.state().results[query % session.state().results.size()] = {.query = query, .shape = shape};

  std::array<std::uint32_t, trace::kMaxColumns> recorded;
  std::uint32_t columns = 0;
  const std::uint32_t most = std::min<std::uint32_t>(params.result_columns, trace::kMaxColumns);
  for (std::uint32_t i = 0; i < result.columns && columns < most; ++i) {
    if (trace::is_key_like(result.column(result.result, i).type_oid)) recorded[columns++] = i;
  }
  const auto rows =
      static_cast<std::uint32_t>(std::min({result.rows, result.held, static_cast<std::uint64_t>(params.result_rows)}));
  const ValuesRecord record{
      .query = query, .total_rows = result.rows, .shape = shape, .rows = rows, .columns = columns, .unused = 0};
  const std::size_t column_bytes = rows * sizeof(trace::Value);
  unsigned char* to = session.ring().reserve(trace::EventKind::result_values, sizeof record + columns * column_bytes);
  if (to == nullptr) return session.ring().count_lost(trace::EventKind::result_values);
  std::memcpy(to, &record, sizeof record);
  to += sizeof record;
  for (std::uint32_t i = 0; i < columns; ++i) {
    copy_column(session.recording(), result, recorded[i], rows, to);
    to += column_bytes;
  }
  session.ring().commit();
}

bool has_result(const StatementFinished& statement) {
  return statement.result != nullptr && statement.result->columns != 0;
}

QueryRecord query_record(ThreadSession& session, const StatementFinished& statement) {
  QueryRecord record;
  record.start = statement.start;
  record.first_byte = statement.first_byte;
  record.complete = statement.complete;
  record.ready = statement.ready;
  record.id = session.new_query_id();
  record.scope = statement.scope;
  record.rows = statement.rows;
  record.bytes_sent = statement.bytes_sent;
  record.bytes_received = statement.bytes_received;
  record.pipeline_batch = statement.pipeline_batch;
  record.connection = statement.connection;
  record.text = statement_text(session, statement);
  record.statement_name = session.text(statement.statement_name);
  record.stack = session.call_site(statement.call_site);
  record.flags = statement.flags;
  if (statement.text.size() > trace::kMaxTextBytes) record.flags |= trace::query_flag::kTextCut;
  record.protocol = statement.protocol;
  record.transaction_state = statement.transaction_state;
  std::copy_n(statement.sqlstate.begin(), std::min(statement.sqlstate.size(), record.sqlstate.size()),
              record.sqlstate.begin());
  return record;
}

trace::ConnectionId on_connection_opened(void*, const ConnectionOpened& opened) {
  ThreadSession session(trace::EventKind::connection);
  if (!session) return 0;
  try {
    trace::Connection event;
    event.time = now();
    event.id = session.recording().next_connection.fetch_add(1, std::memory_order_relaxed);
    event.database = session.text(opened.database);
    event.user = session.text(opened.user);
    event.application_name = session.text(opened.application_name);
    event.server_version = session.text(opened.server_version);
    event.peer = session.text(opened.peer);
    event.backend_pid = opened.backend_pid;
    session.push(trace::EventKind::connection, event);
    return event.id;
  } catch (const std::bad_alloc&) {
    session.ring().count_lost(trace::EventKind::connection);
    return 0;
  }
}

void on_connection_closed(void*, trace::ConnectionId connection, std::string_view reason) {
  ThreadSession session(trace::EventKind::connection_end);
  if (!session) return;
  try {
    session.push(trace::EventKind::connection_end,
                 trace::ConnectionEnd{.time = now(), .id = connection, .reason = session.text(reason)});
  } catch (const std::bad_alloc&) {
    session.ring().count_lost(trace::EventKind::connection_end);
  }
}

trace::QueryId on_statement_finished(void*, const StatementFinished& statement) {
  return record_statement(statement);
}

void on_result_consumed(void*, const ResultConsumed& consumed) {
  ThreadSession session(trace::EventKind::consumption);
  if (!session || consumed.query == 0) return;
  const ThreadState::CachedResult& cached = session.state().results[consumed.query % session.state().results.size()];
  const std::size_t columns = std::min(consumed.columns_read.size(), trace::kMaxColumns);
  const ConsumptionRecord record{.query = consumed.query,
                                 .rows_read = consumed.rows_read,
                                 .total_rows = consumed.total_rows,
                                 .shape = cached.query == consumed.query ? cached.shape : 0,
                                 .columns = static_cast<std::uint32_t>(columns)};
  unsigned char* to = session.ring().reserve(trace::EventKind::consumption, sizeof record + columns);
  if (to == nullptr) return session.ring().count_lost(trace::EventKind::consumption);
  std::memcpy(to, &record, sizeof record);
  if (columns != 0) std::memcpy(to + sizeof record, consumed.columns_read.data(), columns);
  session.ring().commit();
}

void on_pool_event(void*, const PoolEvent& pool) {
  ThreadSession session(trace::EventKind::pool);
  if (!session) return;
  try {
    session.push(trace::EventKind::pool, trace::Pool{.time = now(),
                                                     .action = pool.action,
                                                     .pool = session.text(pool.pool),
                                                     .connection = pool.connection,
                                                     .scope = pool.scope,
                                                     .duration = pool.duration});
  } catch (const std::bad_alloc&) {
    session.ring().count_lost(trace::EventKind::pool);
  }
}

}  // namespace

trace::QueryId record_statement(const StatementFinished& statement) noexcept {
  ThreadSession session(trace::EventKind::query);
  if (!session) return 0;
  Ring& ring = session.ring();
  try {
    fresh(statement.slot, session.state().epoch);
    QueryRecord record = query_record(session, statement);
    ParameterPlan parameters(session.recording(), ring, statement.parameters);
    record.parameters = static_cast<std::uint16_t>(parameters.count());
    if (parameters.cut()) record.flags |= trace::query_flag::kParametersCut;
    unsigned char* to = ring.reserve(trace::EventKind::query, sizeof record + parameters.record_bytes());
    if (to == nullptr) {
      ring.count_lost(trace::EventKind::query);
      if (has_result(statement)) ring.count_lost(trace::EventKind::result_values);
      return 0;
    }
    std::memcpy(to, &record, sizeof record);
    parameters.copy(to + sizeof record);
    ring.commit();
    if (has_result(statement)) record_result(session, record.id, statement);
    return record.id;
  } catch (const std::bad_alloc&) {
    ring.count_lost(trace::EventKind::query);
    return 0;
  }
}

const Observer* observer() noexcept {
  static constexpr Observer kObserver{.context = nullptr,
                                      .active = [](void*) { return enabled(); },
                                      .connection_opened = on_connection_opened,
                                      .connection_closed = on_connection_closed,
                                      .statement_finished = on_statement_finished,
                                      .result_consumed = on_result_consumed,
                                      .pool_event = on_pool_event};
  return &kObserver;
}

}  // namespace quell::tracer

#include "agent/trace/src/decoder.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

namespace quell::trace {

inline std::uint64_t Decoder::varint() {
  std::uint64_t first = *at_++;
  if (first < 0x80) return first;
  first &= 0x7F;
  for (unsigned shift = 7; shift < 64; shift += 7) {
    const std::uint64_t next = *at_++;
    first |= (next & 0x7F) << shift;
    if (next < 0x80) {
      if (shift == 63 && next > 1) bad_ = true;
      return first;
    }
  }
  bad_ = true;
  return first;
}

inline std::uint32_t Decoder::varint32() {
  const std::uint64_t number = varint();
  if (number > std::numeric_limits<std::uint32_t>::max()) bad_ = true;
  return static_cast<std::uint32_t>(number);
}

inline std::uint64_t Decoder::fixed64() {
  std::uint64_t number = 0;
  std::memcpy(&number, at_, sizeof number);
  at_ += sizeof number;
  return number;
}

inline Time Decoder::time() {
  state_.time = static_cast<Time>(static_cast<std::uint64_t>(state_.time) + unzigzag(varint()));
  return state_.time;
}

template <typename Enum>
Enum Decoder::enumerator(unsigned number, Enum last) {
  if (number > static_cast<unsigned>(last)) bad_ = true;
  return static_cast<Enum>(number);
}

std::size_t Decoder::count(std::size_t limit, std::size_t minimum_bytes) {
  const std::uint64_t number = varint();
  if (number > limit || number * minimum_bytes > remaining()) {
    bad_ = true;
    return 0;
  }
  return static_cast<std::size_t>(number);
}

inline std::string_view Decoder::bytes(std::size_t size) {
  if (size > remaining()) {
    bad_ = true;
    return {};
  }
  const std::string_view view(reinterpret_cast<const char*>(at_), size);
  at_ += size;
  return view;
}

inline void Decoder::see(Time first, Time last) {
  if (first != 0 && (summary_->first == 0 || first < summary_->first)) summary_->first = first;
  if (last > summary_->last) summary_->last = last;
}

template <typename Event>
void Decoder::deliver(const Event& event, Source source, EventKind kind) {
  ++summary_->events[static_cast<std::size_t>(kind)];
  sink_->on(event, source);
}

bool Decoder::decode(std::span<const unsigned char> payload, EventSink& sink, Summary& summary) {
  at_ = payload.data();
  end_ = at_ + payload.size();
  bad_ = false;
  state_ = DeltaState{};
  sink_ = &sink;
  summary_ = &summary;
  while (at_ < end_ && !bad_) {
    const unsigned tag = byte();
    if (tag > 0x3F) return false;
    const auto source = static_cast<Source>(tag >> 4);
    switch (static_cast<EventKind>(tag & 0x0F)) {
      case EventKind::text:
        text(source);
        break;
      case EventKind::stack:
        stack(source);
        break;
      case EventKind::shape:
        shape(source);
        break;
      case EventKind::connection:
        connection(source);
        break;
      case EventKind::connection_end:
        connection_end(source);
        break;
      case EventKind::scope_begin:
        scope_begin(source);
        break;
      case EventKind::scope_end:
        scope_end(source);
        break;
      case EventKind::query:
        query(source);
        break;
      case EventKind::result_values:
        result_values(source);
        break;
      case EventKind::consumption:
        consumption(source);
        break;
      case EventKind::pool:
        pool(source);
        break;
      case EventKind::loss:
        loss(source);
        break;
      default:
        return false;
    }
  }
  return good();
}

void Decoder::text(Source source) {
  Text event;
  event.id = varint32();
  const std::uint64_t size = varint();
  const std::uint64_t left_out = varint();
  if (size > kMaxTextBytes) bad_ = true;
  if (!good()) return;
  event.bytes = bytes(static_cast<std::size_t>(size));
  event.full_size = size + left_out;
  if (!good()) return;
  text_bytes_ += size;
  if (text_bytes_ > kMaxDictionaryBytes) {
    ++summary_->lost[static_cast<std::size_t>(EventKind::text)];
    return;
  }
  deliver(event, source, EventKind::text);
}

void Decoder::stack(Source source) {
  Stack event;
  event.id = varint32();
  frames_.resize(count(kMaxFrames, 3));
  for (Frame& frame : frames_) {
    frame.function = varint32();
    frame.file = varint32();
    frame.line = varint32();
    if (!good()) return;
  }
  if (!good()) return;
  event.frames = frames_;
  deliver(event, source, EventKind::stack);
}

void Decoder::shape(Source source) {
  Shape event;
  event.id = varint32();
  columns_.resize(count(kMaxColumns, 5));
  for (Column& column : columns_) {
    column.name = varint32();
    column.table_oid = varint32();
    const auto attribute = static_cast<std::int64_t>(unzigzag(varint()));
    column.attribute_number = static_cast<std::int16_t>(attribute);
    if (column.attribute_number != attribute) bad_ = true;
    column.type_oid = varint32();
    const unsigned recorded = byte();
    column.recorded = recorded == 1;
    if (recorded > 1 || !good()) {
      bad_ = true;
      return;
    }
  }
  if (!good()) return;
  event.columns = columns_;
  deliver(event, source, EventKind::shape);
}

void Decoder::connection(Source source) {
  Connection event;
  event.time = time();
  event.id = varint32();
  event.database = varint32();
  event.user = varint32();
  event.application_name = varint32();
  event.server_version = varint32();
  event.peer = varint32();
  event.backend_pid = varint32();
  if (!good()) return;
  see(event.time, event.time);
  deliver(event, source, EventKind::connection);
}

void Decoder::connection_end(Source source) {
  ConnectionEnd event;
  event.time = time();
  event.id = varint32();
  event.reason = varint32();
  if (!good()) return;
  see(event.time, event.time);
  deliver(event, source, EventKind::connection_end);
}

void Decoder::scope_begin(Source source) {
  ScopeBegin event;
  event.time = time();
  event.id = state_.scope_event += unzigzag(varint());
  event.parent = varint();
  const unsigned what = byte();
  event.kind = enumerator(what & 7U, ScopeKind::idle_gap);
  event.rule = enumerator((what >> 3) & 7U, ScopeRule::idle_gap);
  if (what > 0x7F) bad_ = true;
  event.confidence = byte();
  event.name = varint32();
  if ((what & 0x40) != 0) {
    std::memcpy(event.trace_context.data(), at_, event.trace_context.size());
    at_ += event.trace_context.size();
  }
  if (!good()) return;
  see(event.time, event.time);
  deliver(event, source, EventKind::scope_begin);
}

void Decoder::scope_end(Source source) {
  ScopeEnd event;
  event.time = time();
  event.id = state_.scope_event += unzigzag(varint());
  const auto outcome = static_cast<std::int64_t>(unzigzag(varint()));
  event.outcome = static_cast<std::int32_t>(outcome);
  if (event.outcome != outcome) bad_ = true;
  if (!good()) return;
  see(event.time, event.time);
  deliver(event, source, EventKind::scope_end);
}

void Decoder::query(Source source) {
  namespace field = query_field;
  Query& event = state_.query;
  const std::uint32_t mask = at_[0] | (static_cast<std::uint32_t>(at_[1]) << 8);
  at_ += 2;
  event.start = time();
  event.id += unzigzag(varint());
  event.first_byte = (mask & field::kFirstByte) ? time() : 0;
  event.complete = (mask & field::kComplete) ? time() : 0;
  event.ready = (mask & field::kReady) ? time() : 0;
  if (mask & field::kConnection) event.connection = varint32();
  if (mask & field::kScope) event.scope += unzigzag(varint());
  if (mask & field::kText) event.text = varint32();
  if (mask & field::kStack) event.stack = varint32();
  if (mask & field::kStatementName) event.statement_name = varint32();
  if (mask & field::kPortalName) event.portal_name = varint32();
  if (mask & field::kMode) {
    const unsigned mode = byte();
    event.protocol = enumerator(mode & 7U, Protocol::fastpath);
    event.transaction_state = enumerator(mode >> 3, TransactionState::failed);
    const std::uint64_t flags = varint();
    event.flags = static_cast<std::uint16_t>(flags);
    if (event.flags != flags) bad_ = true;
  }
  if (mask & field::kSqlstate) {
    std::memcpy(event.sqlstate.data(), at_, event.sqlstate.size());
    at_ += event.sqlstate.size();
  } else {
    event.sqlstate = {};
  }
  if (mask & field::kRows) event.rows = varint();
  if (mask & field::kBytesSent) event.bytes_sent = varint();
  if (mask & field::kBytesReceived) event.bytes_received = varint();
  if (mask & field::kPipelineBatch) event.pipeline_batch += unzigzag(varint());
  event.parameters = {};
  if (mask & field::kParameters) {
    parameters();
    event.parameters = parameters_;
  }
  if (!good()) return;
  see(event.start, state_.time);
  deliver(event, source, EventKind::query);
}

void Decoder::parameters() {
  parameters_.resize(count(kMaxParameters, 2));
  for (Parameter& one : parameters_) {
    parameter(one);
    if (!good()) return;
  }
}

inline void Decoder::parameter(Parameter& parameter) {
  const unsigned head = byte();
  parameter.form = static_cast<ParameterForm>(head & 3U);
  parameter.type_oid = varint32();
  parameter.bytes = {};
  parameter.full_size = 0;
  parameter.value = {};
  const unsigned high = head >> 3;
  switch (parameter.form) {
    case ParameterForm::null:
      if (head > 3) bad_ = true;
      return;
    case ParameterForm::canonical:
      if (high == static_cast<unsigned>(Value::Kind::integer)) {
        parameter.value = Value::integer(static_cast<std::int64_t>(unzigzag(varint())));
      } else if (high == static_cast<unsigned>(Value::Kind::hash)) {
        parameter.value = Value::hash(fixed64());
      } else if (high != static_cast<unsigned>(Value::Kind::null)) {
        bad_ = true;
      }
      if ((head & 4U) != 0) bad_ = true;
      return;
    case ParameterForm::text:
    case ParameterForm::binary: {
      const std::uint64_t size = high == 31 ? varint() : high;
      const std::uint64_t left_out = (head & 4U) != 0 ? varint() : 0;
      if (size > kMaxParameterBytes) {
        bad_ = true;
        return;
      }
      parameter.bytes = bytes(static_cast<std::size_t>(size));
      parameter.full_size = size + left_out;
      return;
    }
  }
}

void Decoder::result_values(Source source) {
  ResultValues event;
  event.query = state_.query.id + unzigzag(varint());
  event.shape = varint32();
  const std::uint64_t rows = varint();
  const std::uint64_t columns = varint();
  event.total_rows = varint();
  // Each value takes two bits at least, so a short payload cannot claim many.
  if (columns > kMaxColumns || rows > kMaxResultValues || rows * columns > kMaxResultValues || !good() ||
      columns + rows * columns / 4 > remaining()) {
    bad_ = true;
    return;
  }
  event.rows = static_cast<std::uint32_t>(rows);
  event.columns = static_cast<std::uint32_t>(columns);
  values_.resize(static_cast<std::size_t>(rows * columns));
  for (std::size_t i = 0; i < columns; ++i) {
    column(std::span(values_).subspan(i * rows, rows));
    if (!good()) return;
  }
  event.values = values_;
  summary_->result_values += values_.size();
  deliver(event, source, EventKind::result_values);
}

void Decoder::column(std::span<Value> values) {
  const unsigned mode = byte();
  std::uint64_t last = 0;
  const auto integer = [&] {
    last += unzigzag(varint());
    return Value::integer(static_cast<std::int64_t>(last));
  };
  if (mode == kIntegerColumn) {
    if (values.size() > remaining()) bad_ = true;
    for (std::size_t i = 0; i < values.size() && good(); ++i) values[i] = integer();
  } else if (mode == kHashColumn) {
    if (values.size() * 8 > remaining()) bad_ = true;
    for (std::size_t i = 0; i < values.size() && good(); ++i) values[i] = Value::hash(fixed64());
  } else if (mode == kMixedColumn) {
    const std::string_view kinds = bytes((values.size() + 3) / 4);
    for (std::size_t i = 0; i < values.size() && good(); ++i) {
      const unsigned kind = (static_cast<unsigned char>(kinds[i / 4]) >> (2 * (i % 4))) & 3U;
      if (kind == static_cast<unsigned>(Value::Kind::integer)) {
        values[i] = integer();
      } else if (kind == static_cast<unsigned>(Value::Kind::hash)) {
        values[i] = Value::hash(fixed64());
      } else {
        values[i] = Value::null();
        if (kind != static_cast<unsigned>(Value::Kind::null)) bad_ = true;
      }
    }
  } else {
    bad_ = true;
  }
}

void Decoder::consumption(Source source) {
  Consumption event;
  event.query = state_.query.id + unzigzag(varint());
  event.shape = varint32();
  event.rows_read = varint();
  event.total_rows = varint();
  const std::uint64_t columns = varint();
  if (columns > kMaxColumns) bad_ = true;
  if (!good()) return;
  const std::string_view bits = bytes(static_cast<std::size_t>((columns + 7) / 8));
  if (!good()) return;
  columns_read_.resize(static_cast<std::size_t>(columns));
  for (std::size_t i = 0; i < columns_read_.size(); ++i) {
    columns_read_[i] = (static_cast<unsigned char>(bits[i / 8]) >> (i % 8)) & 1U;
  }
  event.columns_read = columns_read_;
  deliver(event, source, EventKind::consumption);
}

void Decoder::pool(Source source) {
  Pool event;
  event.time = time();
  event.action = enumerator(byte(), PoolAction::invalidate);
  event.pool = varint32();
  event.connection = varint32();
  event.scope = state_.query.scope + unzigzag(varint());
  event.duration = static_cast<Duration>(unzigzag(varint()));
  if (!good()) return;
  see(event.time, event.time);
  deliver(event, source, EventKind::pool);
}

void Decoder::loss(Source source) {
  Loss event;
  event.time = time();
  event.reason = enumerator(byte(), LossReason::recorder_failed);
  event.kind = enumerator(byte(), EventKind::loss);
  event.count = varint();
  if (event.kind == EventKind{0}) bad_ = true;
  if (!good()) return;
  see(event.time, event.time);
  summary_->lost[static_cast<std::size_t>(event.kind)] += event.count;
  deliver(event, source, EventKind::loss);
}

}  // namespace quell::trace

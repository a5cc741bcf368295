#include "agent/trace/src/encoder.hpp"

#include <algorithm>
#include <cstring>

#include <quell/trace/format.hpp>

namespace quell::trace {
namespace {

constexpr std::size_t kVarintBytes = 10;
/// More than the fixed-size fields of any event take.
constexpr std::size_t kFixedBytes = 256;
constexpr std::size_t kParameterHeadBytes = 1 + 3 * kVarintBytes;

std::uint64_t difference(std::uint64_t value, std::uint64_t base) {
  return zigzag(value - base);
}
std::uint64_t difference(std::int64_t value, std::int64_t base) {
  return difference(static_cast<std::uint64_t>(value), static_cast<std::uint64_t>(base));
}

/// Parameter bytes that are recorded under the limits of the format.
std::size_t recorded_bytes(const Parameter& parameter, std::size_t budget) {
  if (parameter.form != ParameterForm::text && parameter.form != ParameterForm::binary) return 0;
  return std::min({parameter.bytes.size(), kMaxParameterBytes, budget});
}

}  // namespace

/// Writes into room that `begin` reserved; knows no bounds.
class Encoder::Cursor {
 public:
  explicit Cursor(unsigned char* at) : at_(at) {}

  void byte(std::uint8_t value) { *at_++ = value; }
  void bytes(const void* from, std::size_t size) {
    if (size != 0) std::memcpy(at_, from, size);
    at_ += size;
  }
  void fixed16(std::uint32_t value) {
    byte(static_cast<std::uint8_t>(value));
    byte(static_cast<std::uint8_t>(value >> 8));
  }
  void fixed64(std::uint64_t value) { bytes(&value, sizeof value); }
  void varint(std::uint64_t value) {
    while (value >= 0x80) {
      *at_++ = static_cast<unsigned char>(value | 0x80);
      value >>= 7;
    }
    *at_++ = static_cast<unsigned char>(value);
  }

  [[nodiscard]] unsigned char* at() const { return at_; }

 private:
  unsigned char* at_;
};

Encoder::Cursor Encoder::begin(EventKind kind, Source source, std::size_t bytes) {
  const std::size_t need = size_ + kFixedBytes + bytes;
  if (need > capacity_) {
    const std::size_t capacity = std::max(need, capacity_ * 2);
    auto larger = std::make_unique_for_overwrite<unsigned char[]>(capacity);
    if (size_ != 0) std::memcpy(larger.get(), buffer_.get(), size_);
    buffer_ = std::move(larger);
    capacity_ = capacity;
  }
  Cursor cursor(buffer_.get() + size_);
  cursor.byte(static_cast<std::uint8_t>(static_cast<unsigned>(kind) | (static_cast<unsigned>(source) << 4)));
  return cursor;
}

void Encoder::commit(const Cursor& cursor) {
  size_ = static_cast<std::size_t>(cursor.at() - buffer_.get());
}

void Encoder::reset() {
  size_ = 0;
  state_ = DeltaState{};
}

void Encoder::put_time(Cursor& cursor, Time time) {
  cursor.varint(difference(time, state_.time));
  state_.time = time;
}

void Encoder::add(const Text& text, Source source) {
  const std::size_t size = std::min(text.bytes.size(), kMaxTextBytes);
  Cursor to = begin(EventKind::text, source, size);
  to.varint(text.id);
  to.varint(size);
  to.varint(std::max<std::uint64_t>(text.full_size, text.bytes.size()) - size);
  to.bytes(text.bytes.data(), size);
  commit(to);
}

void Encoder::add(const Stack& stack, Source source) {
  const auto frames = stack.frames.first(std::min(stack.frames.size(), kMaxFrames));
  Cursor to = begin(EventKind::stack, source, frames.size() * 3 * kVarintBytes);
  to.varint(stack.id);
  to.varint(frames.size());
  for (const Frame& frame : frames) {
    to.varint(frame.function);
    to.varint(frame.file);
    to.varint(frame.line);
  }
  commit(to);
}

void Encoder::add(const Shape& shape, Source source) {
  const auto columns = shape.columns.first(std::min(shape.columns.size(), kMaxColumns));
  Cursor to = begin(EventKind::shape, source, columns.size() * (4 * kVarintBytes + 1));
  to.varint(shape.id);
  to.varint(columns.size());
  for (const Column& column : columns) {
    to.varint(column.name);
    to.varint(column.table_oid);
    to.varint(difference(std::int64_t{column.attribute_number}, std::int64_t{0}));
    to.varint(column.type_oid);
    to.byte(column.recorded ? 1 : 0);
  }
  commit(to);
}

void Encoder::add(const Connection& connection, Source source) {
  Cursor to = begin(EventKind::connection, source, 0);
  put_time(to, connection.time);
  to.varint(connection.id);
  to.varint(connection.database);
  to.varint(connection.user);
  to.varint(connection.application_name);
  to.varint(connection.server_version);
  to.varint(connection.peer);
  to.varint(connection.backend_pid);
  commit(to);
}

void Encoder::add(const ConnectionEnd& end, Source source) {
  Cursor to = begin(EventKind::connection_end, source, 0);
  put_time(to, end.time);
  to.varint(end.id);
  to.varint(end.reason);
  commit(to);
}

void Encoder::add(const ScopeBegin& scope, Source source) {
  const bool has_context = scope.trace_context != TraceContext{};
  Cursor to = begin(EventKind::scope_begin, source, 0);
  put_time(to, scope.time);
  to.varint(difference(scope.id, state_.scope_event));
  state_.scope_event = scope.id;
  to.varint(scope.parent);
  to.byte(static_cast<std::uint8_t>(static_cast<unsigned>(scope.kind) | (static_cast<unsigned>(scope.rule) << 3) |
                                    (has_context ? 0x40U : 0U)));
  to.byte(scope.confidence);
  to.varint(scope.name);
  if (has_context) to.bytes(scope.trace_context.data(), scope.trace_context.size());
  commit(to);
}

void Encoder::add(const ScopeEnd& scope, Source source) {
  Cursor to = begin(EventKind::scope_end, source, 0);
  put_time(to, scope.time);
  to.varint(difference(scope.id, state_.scope_event));
  state_.scope_event = scope.id;
  to.varint(difference(std::int64_t{scope.outcome}, std::int64_t{0}));
  commit(to);
}

void Encoder::add(const Query& query, Source source) {
  namespace field = query_field;
  const Query& last = state_.query;
  const auto parameters = query.parameters.first(std::min(query.parameters.size(), kMaxParameters));
  std::size_t budget = kMaxQueryParameterBytes;
  bool cut = parameters.size() < query.parameters.size();
  for (const Parameter& parameter : parameters) {
    const std::size_t size = recorded_bytes(parameter, budget);
    budget -= size;
    cut |= size < parameter.bytes.size();
  }
  const auto flags = static_cast<std::uint16_t>(query.flags | (cut ? query_flag::kParametersCut : 0U));

  std::uint32_t mask = 0;
  if (query.first_byte != 0) mask |= field::kFirstByte;
  if (query.complete != 0) mask |= field::kComplete;
  if (query.ready != 0) mask |= field::kReady;
  if (query.connection != last.connection) mask |= field::kConnection;
  if (query.scope != last.scope) mask |= field::kScope;
  if (query.text != last.text) mask |= field::kText;
  if (query.stack != last.stack) mask |= field::kStack;
  if (query.statement_name != last.statement_name) mask |= field::kStatementName;
  if (query.portal_name != last.portal_name) mask |= field::kPortalName;
  if (query.protocol != last.protocol || query.transaction_state != last.transaction_state || flags != last.flags) {
    mask |= field::kMode;
  }
  if (query.sqlstate != std::array<char, 5>{}) mask |= field::kSqlstate;
  if (query.rows != last.rows) mask |= field::kRows;
  if (query.bytes_sent != last.bytes_sent) mask |= field::kBytesSent;
  if (query.bytes_received != last.bytes_received) mask |= field::kBytesReceived;
  if (query.pipeline_batch != last.pipeline_batch) mask |= field::kPipelineBatch;
  if (!parameters.empty()) mask |= field::kParameters;

  const std::size_t room = kMaxQueryParameterBytes - budget + parameters.size() * kParameterHeadBytes;
  Cursor to = begin(EventKind::query, source, room);
  to.fixed16(mask);
  to.varint(difference(query.start, state_.time));
  to.varint(difference(query.id, last.id));
  Time time = query.start;
  const auto put_later = [&](Time later) {
    if (later == 0) return;
    to.varint(difference(later, time));
    time = later;
  };
  put_later(query.first_byte);
  put_later(query.complete);
  put_later(query.ready);
  if (mask & field::kConnection) to.varint(query.connection);
  if (mask & field::kScope) to.varint(difference(query.scope, last.scope));
  if (mask & field::kText) to.varint(query.text);
  if (mask & field::kStack) to.varint(query.stack);
  if (mask & field::kStatementName) to.varint(query.statement_name);
  if (mask & field::kPortalName) to.varint(query.portal_name);
  if (mask & field::kMode) {
    to.byte(static_cast<std::uint8_t>(static_cast<unsigned>(query.protocol) |
                                      (static_cast<unsigned>(query.transaction_state) << 3)));
    to.varint(flags);
  }
  if (mask & field::kSqlstate) to.bytes(query.sqlstate.data(), query.sqlstate.size());
  if (mask & field::kRows) to.varint(query.rows);
  if (mask & field::kBytesSent) to.varint(query.bytes_sent);
  if (mask & field::kBytesReceived) to.varint(query.bytes_received);
  if (mask & field::kPipelineBatch) to.varint(difference(query.pipeline_batch, last.pipeline_batch));
  if (mask & field::kParameters) put_parameters(to, parameters);
  commit(to);

  state_.time = time;
  state_.query = query;
  state_.query.flags = flags;
  state_.query.parameters = {};
}

void Encoder::put_parameters(Cursor& to, std::span<const Parameter> parameters) {
  std::size_t budget = kMaxQueryParameterBytes;
  to.varint(parameters.size());
  for (const Parameter& parameter : parameters) {
    // Bits 0-1 form, bit 2 cut, bits 3-7 size or, of a canonical value, its kind.
    const auto form = static_cast<unsigned>(parameter.form);
    if (parameter.form == ParameterForm::null) {
      to.byte(static_cast<std::uint8_t>(form));
      to.varint(parameter.type_oid);
      continue;
    }
    if (parameter.form == ParameterForm::canonical) {
      to.byte(static_cast<std::uint8_t>(form | (static_cast<unsigned>(parameter.value.kind()) << 3)));
      to.varint(parameter.type_oid);
      if (parameter.value.kind() == Value::Kind::integer) to.varint(zigzag(parameter.value.bits()));
      if (parameter.value.kind() == Value::Kind::hash) to.fixed64(parameter.value.bits());
      continue;
    }
    const std::size_t size = recorded_bytes(parameter, budget);
    budget -= size;
    const std::uint64_t full_size = std::max<std::uint64_t>(parameter.full_size, parameter.bytes.size());
    const bool cut = full_size > size;
    const std::size_t short_size = std::min<std::size_t>(size, 31);
    to.byte(static_cast<std::uint8_t>(form | (cut ? 4U : 0U) | (static_cast<unsigned>(short_size) << 3)));
    to.varint(parameter.type_oid);
    if (short_size == 31) to.varint(size);
    if (cut) to.varint(full_size - size);
    to.bytes(parameter.bytes.data(), size);
  }
}

void Encoder::add(const ResultValues& result, Source source) {
  const std::size_t columns = std::min<std::size_t>(result.columns, kMaxColumns);
  const std::size_t rows = columns == 0 ? 0 : std::min<std::size_t>(result.rows, kMaxResultValues / columns);
  Cursor to = begin(EventKind::result_values, source, columns * (1 + rows / 4 + 1 + rows * kVarintBytes));
  to.varint(difference(result.query, state_.query.id));
  to.varint(result.shape);
  to.varint(rows);
  to.varint(columns);
  to.varint(result.total_rows);
  for (std::size_t i = 0; i < columns; ++i) put_column(to, result.values.subspan(i * result.rows, rows));
  commit(to);
}

void Encoder::put_column(Cursor& to, std::span<const Value> values) {
  const auto all = [values](Value::Kind kind) {
    return std::all_of(values.begin(), values.end(), [kind](const Value& value) { return value.kind() == kind; });
  };
  if (all(Value::Kind::integer)) {
    to.byte(kIntegerColumn);
  } else if (all(Value::Kind::hash)) {
    to.byte(kHashColumn);
  } else {
    to.byte(kMixedColumn);
    for (std::size_t row = 0; row < values.size(); row += 4) {
      unsigned kinds = 0;
      for (std::size_t i = 0; i < 4 && row + i < values.size(); ++i) {
        kinds |= static_cast<unsigned>(values[row + i].kind()) << (2 * i);
      }
      to.byte(static_cast<std::uint8_t>(kinds));
    }
  }
  std::uint64_t last = 0;
  for (const Value& value : values) {
    if (value.kind() == Value::Kind::integer) {
      to.varint(difference(value.bits(), last));
      last = value.bits();
    } else if (value.kind() == Value::Kind::hash) {
      to.fixed64(value.bits());
    }
  }
}

void Encoder::add(const Consumption& consumption, Source source) {
  const std::size_t columns = std::min(consumption.columns_read.size(), kMaxColumns);
  Cursor to = begin(EventKind::consumption, source, columns / 8 + 1);
  to.varint(difference(consumption.query, state_.query.id));
  to.varint(consumption.shape);
  to.varint(consumption.rows_read);
  to.varint(consumption.total_rows);
  to.varint(columns);
  for (std::size_t column = 0; column < columns; column += 8) {
    unsigned bits = 0;
    for (std::size_t i = 0; i < 8 && column + i < columns; ++i) {
      bits |= (consumption.columns_read[column + i] != 0 ? 1U : 0U) << i;
    }
    to.byte(static_cast<std::uint8_t>(bits));
  }
  commit(to);
}

void Encoder::add(const Pool& pool, Source source) {
  Cursor to = begin(EventKind::pool, source, 0);
  put_time(to, pool.time);
  to.byte(static_cast<std::uint8_t>(pool.action));
  to.varint(pool.pool);
  to.varint(pool.connection);
  to.varint(difference(pool.scope, state_.query.scope));
  to.varint(difference(pool.duration, Duration{0}));
  commit(to);
}

void Encoder::add(const Loss& loss, Source source) {
  Cursor to = begin(EventKind::loss, source, 0);
  put_time(to, loss.time);
  to.byte(static_cast<std::uint8_t>(loss.reason));
  to.byte(static_cast<std::uint8_t>(loss.kind));
  to.varint(loss.count);
  commit(to);
}

}  // namespace quell::trace

#pragma once

#include <array>
#include <cstdint>
#include <type_traits>

#include <quell/trace/event.hpp>

/// What stands in a ring: events whose ids are those of `Names`, followed by what they span. Copied in and out as
/// bytes.
namespace quell::tracer {

/// Followed by its parameters: each a ParameterHead and what that says.
struct QueryRecord {
  trace::Time start = 0;
  trace::Time first_byte = 0;
  trace::Time complete = 0;
  trace::Time ready = 0;
  trace::QueryId id = 0;
  trace::ScopeId scope = 0;
  std::uint64_t rows = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t pipeline_batch = 0;
  trace::ConnectionId connection = 0;
  trace::TextId text = 0;
  trace::TextId statement_name = 0;
  trace::StackId stack = 0;
  std::uint16_t parameters = 0;
  std::uint16_t flags = 0;
  trace::Protocol protocol{};
  trace::TransactionState transaction_state{};
  std::array<char, 5> sqlstate{};
};

/// Small, because each cache line of a record is one the producer must fetch. Followed by the full size (eight bytes)
/// where `cut`, by `size` bytes, or by a Value where the form is canonical.
struct ParameterHead {
  std::uint32_t type_oid = 0;
  std::uint32_t size = 0;
  trace::ParameterForm form{};
  bool cut = false;
};

/// Followed by rows * columns Values, column after column.
struct ValuesRecord {
  trace::QueryId query = 0;
  std::uint64_t total_rows = 0;
  trace::ShapeId shape = 0;
  std::uint32_t rows = 0;
  std::uint32_t columns = 0;
  std::uint32_t unused = 0;  ///< aligns the values
};

/// Followed by `columns` bytes.
struct ConsumptionRecord {
  trace::QueryId query = 0;
  std::uint64_t rows_read = 0;
  std::uint64_t total_rows = 0;
  trace::ShapeId shape = 0;
  std::uint32_t columns = 0;
};

static_assert(std::is_trivially_copyable_v<QueryRecord>);
static_assert(std::is_trivially_copyable_v<trace::Value> && sizeof(ValuesRecord) % alignof(trace::Value) == 0);

}  // namespace quell::tracer

#include "analyzer/model/packed_values.hpp"

#include <cstring>
#include <limits>

namespace quell::model {
namespace {

enum Width : std::uint8_t {
  int32 = 0,   ///< integers of 32 bits
  int64 = 1,   ///< integers
  hash64 = 2,  ///< hashes
  mixed = 3,   ///< a kind byte, then 64 bits, for each value
};

template <typename T>
void append(std::vector<std::uint8_t>& out, T value) {
  const std::size_t at = out.size();
  out.resize(at + sizeof(T));
  std::memcpy(out.data() + at, &value, sizeof(T));
}

template <typename T>
T load(const std::uint8_t* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return value;
}

Width narrowest(const trace::Value* values, std::uint32_t rows) {
  bool integers = true;
  bool small = true;
  bool hashes = true;
  for (std::uint32_t i = 0; i < rows; ++i) {
    const trace::Value value = values[i];
    integers = integers && value.kind() == trace::Value::Kind::integer;
    hashes = hashes && value.kind() == trace::Value::Kind::hash;
    const std::int64_t number = value.as_integer();
    small = small && number >= std::numeric_limits<std::int32_t>::min() &&
            number <= std::numeric_limits<std::int32_t>::max();
  }
  if (integers) return small ? int32 : int64;
  return hashes ? hash64 : mixed;
}

}  // namespace

void pack_values(const trace::Value* values, std::uint32_t rows, std::uint32_t columns,
                 std::vector<std::uint8_t>& out) {
  const std::size_t base = out.size();
  out.resize(base + sizeof(std::uint32_t) * columns);
  for (std::uint32_t column = 0; column < columns; ++column) {
    const auto offset = static_cast<std::uint32_t>(out.size() - base);
    std::memcpy(out.data() + base + sizeof(offset) * column, &offset, sizeof(offset));
    const trace::Value* first = values + static_cast<std::size_t>(column) * rows;
    const Width width = narrowest(first, rows);
    out.push_back(width);
    for (std::uint32_t row = 0; row < rows; ++row) {
      switch (width) {
        case int32:
          append(out, static_cast<std::int32_t>(first[row].as_integer()));
          break;
        case mixed:
          out.push_back(static_cast<std::uint8_t>(first[row].kind()));
          [[fallthrough]];
        case int64:
        case hash64:
          append(out, first[row].bits());
          break;
      }
    }
  }
}

trace::Value unpack_value(const std::uint8_t* packed, std::uint32_t row, std::uint32_t column) {
  const auto offset = load<std::uint32_t>(packed + sizeof(std::uint32_t) * column);
  const std::uint8_t* data = packed + offset + 1;
  switch (static_cast<Width>(packed[offset])) {
    case int32:
      return trace::Value::integer(load<std::int32_t>(data + std::size_t{4} * row));
    case int64:
      return trace::Value::integer(load<std::int64_t>(data + std::size_t{8} * row));
    case hash64:
      return trace::Value::hash(load<std::uint64_t>(data + std::size_t{8} * row));
    case mixed: {
      const std::uint8_t* at = data + std::size_t{9} * row;
      const auto bits = load<std::uint64_t>(at + 1);
      switch (static_cast<trace::Value::Kind>(*at)) {
        case trace::Value::Kind::null:
          return trace::Value::null();
        case trace::Value::Kind::integer:
          return trace::Value::integer(static_cast<std::int64_t>(bits));
        case trace::Value::Kind::hash:
          return trace::Value::hash(bits);
      }
      return {};
    }
  }
  return {};
}

}  // namespace quell::model

#include "analyzer/model/packed_values.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace quell::model {
namespace {

using trace::Value;

TEST(PackedValues, EveryWidthComesBackAsItWas) {
  const std::vector<Value> values{Value::integer(1),
                                  Value::integer(-2147483648LL),
                                  Value::integer(2147483647),  // 32 bits
                                  Value::integer(-5),
                                  Value::integer(1LL << 40),
                                  Value::integer(0),  // 64 bits
                                  Value::hash(~0ULL),
                                  Value::hash(0),
                                  Value::hash(77),  // hashes
                                  Value::null(),
                                  Value::integer(-1LL << 47),
                                  Value::hash(1ULL << 63)};  // mixed
  std::vector<std::uint8_t> packed{9, 9, 9};                 // a record may begin anywhere
  pack_values(values.data(), 3, 4, packed);
  for (std::uint32_t column = 0; column < 4; ++column) {
    for (std::uint32_t row = 0; row < 3; ++row) {
      EXPECT_EQ(unpack_value(packed.data() + 3, row, column), values[column * 3 + row]) << column << " " << row;
    }
  }
}

TEST(PackedValues, SmallIntegersTakeFourBytes) {
  const std::vector<Value> values(100, Value::integer(12345));
  std::vector<std::uint8_t> packed;
  pack_values(values.data(), 100, 1, packed);
  EXPECT_EQ(packed.size(), 4U + 1U + 400U);
}

TEST(PackedValues, EmptyResultsAreKept) {
  std::vector<std::uint8_t> packed;
  pack_values(nullptr, 0, 2, packed);
  EXPECT_EQ(packed.size(), 10U);  // an offset and a width byte a column
}

}  // namespace
}  // namespace quell::model

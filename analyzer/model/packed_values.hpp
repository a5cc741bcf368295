#pragma once

#include <cstdint>
#include <vector>

#include <quell/trace/value.hpp>

/// Result values as a workload keeps them: column after column, each as narrow as its values allow.
namespace quell::model {

/// Appends `columns` columns of `rows` values, `values[column * rows + row]`. Layout, little-endian as the machine: one
/// uint32 offset a column (from the first byte of this record) to a width byte and the values.
void pack_values(const trace::Value* values, std::uint32_t rows, std::uint32_t columns, std::vector<std::uint8_t>& out);

[[nodiscard]] trace::Value unpack_value(const std::uint8_t* packed, std::uint32_t row, std::uint32_t column);

}  // namespace quell::model

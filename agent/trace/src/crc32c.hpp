#pragma once

#include <cstddef>
#include <cstdint>

/// CRC-32C (Castagnoli polynomial, RFC 3720 appendix B.4), the checksum of trace blocks.
namespace quell::trace {

/// Uses the processor's instruction where it has one.
[[nodiscard]] std::uint32_t crc32c(const void* bytes, std::size_t size);

/// Without special instructions; the same results.
[[nodiscard]] std::uint32_t crc32c_portable(const void* bytes, std::size_t size);

}  // namespace quell::trace

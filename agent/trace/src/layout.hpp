#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include <quell/trace/event.hpp>
#include <quell/trace/format.hpp>

/// The file header, block headers and the state of delta coding: what writer and reader must agree on
/// (docs/trace-format.md).
namespace quell::trace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian and written by memcpy");

inline constexpr std::array<unsigned char, 8> kFileMagic{0x89, 'Q', 'T', 'R', '\r', '\n', 0x1A, '\n'};
inline constexpr std::size_t kFileHeaderFixedBytes = 56;
inline constexpr std::size_t kMaxHeaderString = 1024;
inline constexpr std::size_t kMaxFileHeaderBytes = kFileHeaderFixedBytes + 2 * kMaxHeaderString + 4;

inline constexpr std::array<unsigned char, 4> kBlockMagic{0xF5, 'Q', 'B', 0xAE};
inline constexpr std::size_t kBlockHeaderBytes = 24;

inline constexpr std::uint8_t kEventsBlock = 1;
inline constexpr std::uint8_t kEndBlock = 2;
inline constexpr std::uint8_t kCompressedFlag = 1;

struct BlockHeader {
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  std::uint32_t stored_bytes = 0;
  std::uint32_t raw_bytes = 0;
  std::uint32_t payload_crc = 0;
};

void encode_block_header(const BlockHeader& header, unsigned char* to);
/// Nothing where the magic or the checksum is wrong.
[[nodiscard]] std::optional<BlockHeader> decode_block_header(const unsigned char* from);

/// Strings beyond kMaxHeaderString are cut.
[[nodiscard]] std::string encode_file_header(const Header& header);
/// `bytes` is the head of a file, `path` names it in errors. Sets `size` to the bytes of the header. Throws TraceError.
[[nodiscard]] Header decode_file_header(std::string_view bytes, const std::string& path, std::size_t& size);

/// Bits of a query's field mask: the field stands in the record.
namespace query_field {
inline constexpr std::uint32_t kFirstByte = 1U << 0;
inline constexpr std::uint32_t kComplete = 1U << 1;
inline constexpr std::uint32_t kReady = 1U << 2;
inline constexpr std::uint32_t kConnection = 1U << 3;
inline constexpr std::uint32_t kScope = 1U << 4;
inline constexpr std::uint32_t kText = 1U << 5;
inline constexpr std::uint32_t kStack = 1U << 6;
inline constexpr std::uint32_t kStatementName = 1U << 7;
inline constexpr std::uint32_t kPortalName = 1U << 8;
inline constexpr std::uint32_t kMode = 1U << 9;
inline constexpr std::uint32_t kSqlstate = 1U << 10;
inline constexpr std::uint32_t kRows = 1U << 11;
inline constexpr std::uint32_t kBytesSent = 1U << 12;
inline constexpr std::uint32_t kBytesReceived = 1U << 13;
inline constexpr std::uint32_t kPipelineBatch = 1U << 14;
inline constexpr std::uint32_t kParameters = 1U << 15;
}  // namespace query_field

/// How the values of one result column are coded.
inline constexpr std::uint8_t kIntegerColumn = 0;
inline constexpr std::uint8_t kHashColumn = 1;
inline constexpr std::uint8_t kMixedColumn = 2;

/// What an event is coded against; all zero at the start of a block.
struct DeltaState {
  Time time = 0;
  ScopeId scope_event = 0;
  Query query;  ///< the last query of the block, without parameters
};

[[nodiscard]] constexpr std::uint64_t zigzag(std::uint64_t difference) {
  return (difference << 1) ^ (0 - (difference >> 63));
}
[[nodiscard]] constexpr std::uint64_t unzigzag(std::uint64_t coded) {
  return (coded >> 1) ^ (0 - (coded & 1));
}

/// Time of the last thing a query tells.
[[nodiscard]] inline Time last_time(const Query& query) {
  if (query.ready != 0) return query.ready;
  if (query.complete != 0) return query.complete;
  return query.first_byte != 0 ? query.first_byte : query.start;
}

}  // namespace quell::trace

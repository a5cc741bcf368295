#include "agent/trace/src/layout.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <quell/trace/error.hpp>

#include "agent/trace/src/crc32c.hpp"

namespace quell::trace {
namespace {

template <typename T>
void store(void* to, T value) {
  std::memcpy(to, &value, sizeof value);
}

template <typename T>
T load(const void* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

}  // namespace

void encode_block_header(const BlockHeader& header, unsigned char* to) {
  std::memset(to, 0, kBlockHeaderBytes);
  std::memcpy(to, kBlockMagic.data(), kBlockMagic.size());
  to[4] = header.type;
  to[5] = header.flags;
  store(to + 8, header.stored_bytes);
  store(to + 12, header.raw_bytes);
  store(to + 16, header.payload_crc);
  store(to + 20, crc32c(to, 20));
}

std::optional<BlockHeader> decode_block_header(const unsigned char* from) {
  if (std::memcmp(from, kBlockMagic.data(), kBlockMagic.size()) != 0) return std::nullopt;
  if (load<std::uint32_t>(from + 20) != crc32c(from, 20)) return std::nullopt;
  return BlockHeader{.type = from[4],
                     .flags = from[5],
                     .stored_bytes = load<std::uint32_t>(from + 8),
                     .raw_bytes = load<std::uint32_t>(from + 12),
                     .payload_crc = load<std::uint32_t>(from + 16)};
}

std::string encode_file_header(const Header& header) {
  const std::string program = header.program.substr(0, kMaxHeaderString);
  const std::string agent = header.agent.substr(0, kMaxHeaderString);
  std::string bytes(kFileHeaderFixedBytes, '\0');
  const std::size_t size = bytes.size() + program.size() + agent.size() + 4;
  std::memcpy(bytes.data(), kFileMagic.data(), kFileMagic.size());
  store(bytes.data() + 8, header.version);
  store(bytes.data() + 12, static_cast<std::uint32_t>(size));
  store(bytes.data() + 16, header.created_unix_ns);
  store(bytes.data() + 24, header.created_monotonic_ns);
  std::memcpy(bytes.data() + 32, header.key.data(), header.key.size());
  bytes[48] = header.redacted ? 1 : 0;
  store(bytes.data() + 52, static_cast<std::uint16_t>(program.size()));
  store(bytes.data() + 54, static_cast<std::uint16_t>(agent.size()));
  bytes += program;
  bytes += agent;
  std::array<char, 4> crc{};
  store(crc.data(), crc32c(bytes.data(), bytes.size()));
  bytes.append(crc.data(), crc.size());
  return bytes;
}

Header decode_file_header(std::string_view bytes, const std::string& path, std::size_t& size) {
  if (bytes.empty()) {
    throw TraceError(
        fmt::format("{} is empty: nothing was recorded; run the program again with QUELL_TRACE set", path));
  }
  const std::size_t magic_bytes = std::min(bytes.size(), kFileMagic.size());
  if (std::memcmp(bytes.data(), kFileMagic.data(), magic_bytes) != 0) {
    throw TraceError(fmt::format(
        "{} is not a Quell trace: it does not start with the trace mark; name the file a recording wrote", path));
  }
  const auto torn = [&path] {
    return TraceError(fmt::format(
        "{} ends inside its header, so nothing of it can be read; the recorder was stopped at once, record again",
        path));
  };
  if (bytes.size() < 16) throw torn();
  const auto version = load<std::uint32_t>(bytes.data() + 8);
  if (version > kFormatVersion) {
    throw TraceError(
        fmt::format("{} has trace format version {}, this program reads up to version {}; use the newer Quell that "
                    "recorded it",
                    path, version, kFormatVersion));
  }
  const auto damaged = [&path] {
    return TraceError(fmt::format("{} has a damaged header, so nothing of it can be trusted; record again", path));
  };
  size = load<std::uint32_t>(bytes.data() + 12);
  if (version == 0 || size < kFileHeaderFixedBytes + 4 || size > kMaxFileHeaderBytes) throw damaged();
  if (bytes.size() < size) throw torn();
  if (load<std::uint32_t>(bytes.data() + size - 4) != crc32c(bytes.data(), size - 4)) throw damaged();
  const std::size_t program = load<std::uint16_t>(bytes.data() + 52);
  const std::size_t agent = load<std::uint16_t>(bytes.data() + 54);
  if (kFileHeaderFixedBytes + program + agent + 4 != size) throw damaged();

  Header header;
  header.version = version;
  header.created_unix_ns = load<std::int64_t>(bytes.data() + 16);
  header.created_monotonic_ns = load<std::int64_t>(bytes.data() + 24);
  std::memcpy(header.key.data(), bytes.data() + 32, header.key.size());
  header.redacted = (bytes[48] & 1) != 0;
  header.program = bytes.substr(kFileHeaderFixedBytes, program);
  header.agent = bytes.substr(kFileHeaderFixedBytes + program, agent);
  return header;
}

}  // namespace quell::trace

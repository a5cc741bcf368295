#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include <quell/trace/value.hpp>

/// Constants of the file format; docs/trace-format.md specifies it byte by byte.
namespace quell::trace {

inline constexpr std::uint32_t kFormatVersion = 1;

/// What stands at the head of a trace.
struct Header {
  std::uint32_t version = kFormatVersion;
  std::int64_t created_unix_ns = 0;       ///< wall clock when the trace began
  std::int64_t created_monotonic_ns = 0;  ///< CLOCK_MONOTONIC at the same moment: joins the two clocks
  HashKey key{};                          ///< of the canonical values
  bool redacted = false;                  ///< parameters and values only as keyed hashes
  std::string program{};                  ///< name of what was recorded, e.g. "quell-reference"
  std::string agent{};                    ///< who recorded, e.g. "quell-tracer 0.1.0"
};

/// Limits of the format. A reader refuses larger claims; a writer cuts and says so.
inline constexpr std::size_t kMaxTextBytes = std::size_t{1} << 20;          ///< 1 MiB a text
inline constexpr std::size_t kMaxParameterBytes = std::size_t{64} << 10;    ///< 64 KiB a parameter
inline constexpr std::size_t kMaxParameters = 65535;                        ///< the protocol's own limit
inline constexpr std::size_t kMaxColumns = 1664;                            ///< PostgreSQL's own limit
inline constexpr std::size_t kMaxFrames = 128;                              ///< frames a stack
inline constexpr std::size_t kMaxDictionaryBytes = std::size_t{256} << 20;  ///< all texts of one trace
inline constexpr std::size_t kBlockBytes = std::size_t{256} << 10;          ///< a block is closed at this raw size
inline constexpr std::int64_t kBlockNanoseconds = 100'000'000;              ///< or when its first event is this old
/// Bytes of all parameters of one query; the parameters beyond are kept without their bytes.
inline constexpr std::size_t kMaxQueryParameterBytes = std::size_t{8} << 20;
inline constexpr std::size_t kMaxResultValues = std::size_t{1}
                                                << 20;  ///< values a ResultValues; rows beyond are left out
/// A block may exceed kBlockBytes by its last event (a text, or parameters of one query): the reader's bound.
inline constexpr std::size_t kMaxBlockBytes = std::size_t{16} << 20;

}  // namespace quell::trace

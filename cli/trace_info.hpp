#pragma once

#include <cstdint>
#include <string>

#include <quell/trace/reader.hpp>

/// What `quell trace info FILE` prints.
namespace quell::cli {

enum class TraceInfoFormat : std::uint8_t { text, json };

/// Reads the whole trace; text, or JSON where `json`. Throws trace::TraceError for a file that is no trace.
[[nodiscard]] std::string trace_info(const std::string& path, bool json);

/// Header, counts by event kind, time span, loss, damage and whether the trace is complete. Ends in a line break. Shows
/// no recorded value.
[[nodiscard]] std::string render_trace_info(const std::string& path, const trace::Header& header,
                                            const trace::Summary& summary, TraceInfoFormat format);

}  // namespace quell::cli

#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <quell/trace/event.hpp>

/// W3C Trace Context, level 1 (https://www.w3.org/TR/trace-context/), and request ids.
namespace quell::reference::http {

/// The trace id of a `traceparent` header. Nothing where the header is malformed: then a new trace starts.
[[nodiscard]] std::optional<trace::TraceContext> parse_traceparent(std::string_view header);

/// The header for a reply: our trace id, a new span id, sampled.
[[nodiscard]] std::string make_traceparent(const trace::TraceContext& trace_id);

[[nodiscard]] trace::TraceContext random_trace_id();

/// `offered` where it is 1 to 64 letters, digits, '.', '_' or '-'; otherwise 32 random hexadecimal digits.
[[nodiscard]] std::string request_id(std::string_view offered);

}  // namespace quell::reference::http

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <quell/trace/event.hpp>

namespace quell::model {

/// What the comments of a statement say about the request it belongs to.
struct CommentTags {
  trace::TraceContext trace_context{};  ///< of `traceparent`
  std::string request_id;
  std::string name;  ///< route, else controller#action, else job, else action
  trace::ScopeKind kind = trace::ScopeKind::request;
  std::string file;  ///< of `source_location` or `line`
  std::uint32_t line = 0;

  /// Whether the tags tell one request from another of the same name.
  [[nodiscard]] bool exact() const { return trace_context != trace::TraceContext{} || !request_id.empty(); }
};

/// Reads the comments before the first and behind the last token of a statement, all of them: sqlcommenter
/// (`key='url-encoded'`), Rails QueryLogs in both formats (`key:value`), as block or line comments. None where no
/// comment consists of such pairs with at least one key that is known.
[[nodiscard]] std::optional<CommentTags> comment_tags(std::string_view sql);

/// The trace id of a W3C traceparent (`00-<32 hex>-<16 hex>-<2 hex>`) or of 32 bare hexadecimal digits.
[[nodiscard]] std::optional<trace::TraceContext> read_trace_id(std::string_view text);

}  // namespace quell::model

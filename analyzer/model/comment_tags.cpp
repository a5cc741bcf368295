#include "analyzer/model/comment_tags.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <utility>

#include <quell/trace/sql_scanner.hpp>

namespace quell::model {
namespace {

using Pairs = std::map<std::string, std::string, std::less<>>;

constexpr auto kKnownKeys = std::to_array<std::string_view>(
    {"action", "application", "controller", "db_driver", "framework", "job", "line", "namespaced_controller",
     "request_id", "route", "source_location", "traceparent", "tracestate"});

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

std::string url_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else if (text[i] == '\\' && i + 1 < text.size()) {
      out += text[++i];  // sqlcommenter escapes quotes so
    } else {
      out += text[i];
    }
  }
  return out;
}

bool is_key(std::string_view key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
  });
}

/// `key='value',key='value'`. False where the body is anything else.
bool read_quoted_pairs(std::string_view body, Pairs& pairs) {
  while (!body.empty()) {
    const std::size_t equals = body.find('=');
    if (equals == std::string_view::npos || equals + 1 >= body.size() || body[equals + 1] != '\'') return false;
    const std::string_view key = trimmed(body.substr(0, equals));
    if (!is_key(key)) return false;
    std::size_t end = equals + 2;
    while (end < body.size() && body[end] != '\'') end += body[end] == '\\' ? 2 : 1;
    if (end >= body.size()) return false;
    pairs.emplace(key, url_decoded(body.substr(equals + 2, end - equals - 2)));
    body = trimmed(body.substr(end + 1));
    if (body.empty()) return true;
    if (body.front() != ',') return false;
    body = trimmed(body.substr(1));
  }
  return false;
}

/// `key:value,key:value`, as Rails wrote until 7.1 and marginalia does. A value may hold colons, not commas.
bool read_plain_pairs(std::string_view body, Pairs& pairs) {
  for (;;) {
    const std::size_t comma = std::min(body.find(','), body.size());
    const std::string_view pair = body.substr(0, comma);
    const std::size_t colon = pair.find(':');
    if (colon == std::string_view::npos || !is_key(trimmed(pair.substr(0, colon)))) return false;
    pairs.emplace(trimmed(pair.substr(0, colon)), trimmed(pair.substr(colon + 1)));
    if (comma == body.size()) return true;
    body.remove_prefix(comma + 1);
  }
}

void read_comment(std::string_view body, Pairs& pairs) {
  body = trimmed(body);
  Pairs found;
  if (!read_quoted_pairs(body, found)) {
    found.clear();
    if (!read_plain_pairs(body, found)) return;
  }
  const bool known = std::any_of(kKnownKeys.begin(), kKnownKeys.end(),
                                 [&](std::string_view key) { return found.find(key) != found.end(); });
  if (known) pairs.merge(found);
}

/// `gap` holds nothing but white space, semicolons and comments.
void read_comments(std::string_view gap, Pairs& pairs) {
  while (!gap.empty()) {
    if (gap.starts_with("--")) {
      const std::size_t end = std::min(gap.find_first_of("\r\n"), gap.size());
      read_comment(gap.substr(2, end - 2), pairs);
      gap.remove_prefix(end);
    } else if (gap.starts_with("/*")) {
      const std::size_t end = gap.find("*/", 2);
      if (end == std::string_view::npos) return;
      read_comment(gap.substr(2, end - 2), pairs);
      gap.remove_prefix(end + 2);
    } else {
      gap.remove_prefix(1);
    }
  }
}

Pairs pairs_of(std::string_view sql) {
  Pairs pairs;
  trace::SqlScanner scanner(sql);
  std::size_t first = sql.size();
  std::size_t last = 0;
  for (auto token = scanner.next(); token.kind != trace::SqlTokenKind::end; token = scanner.next()) {
    if (scanner.is(token, ';')) continue;
    first = std::min(first, token.begin);
    last = token.end;
  }
  read_comments(sql.substr(0, first), pairs);
  if (last > 0) read_comments(sql.substr(last), pairs);
  return pairs;
}

std::string value_of(const Pairs& pairs, std::string_view key) {
  const auto found = pairs.find(key);
  return found == pairs.end() ? std::string() : found->second;
}

void read_name(const Pairs& pairs, CommentTags& tags) {
  const std::string action = value_of(pairs, "action");
  std::string controller = value_of(pairs, "namespaced_controller");
  if (controller.empty()) controller = value_of(pairs, "controller");
  tags.name = value_of(pairs, "route");
  if (!tags.name.empty()) return;
  if (!controller.empty()) {
    tags.name = action.empty() ? controller : controller + "#" + action;
  } else if (std::string job = value_of(pairs, "job"); !job.empty()) {
    tags.name = std::move(job);
    tags.kind = trace::ScopeKind::job;
  } else {
    tags.name = action;
  }
}

/// `app/models/post.rb:12:in `comments'`: file and line.
void read_location(std::string_view text, CommentTags& tags) {
  for (std::size_t colon = text.find(':'); colon != std::string_view::npos; colon = text.find(':', colon + 1)) {
    const char* begin = text.data() + colon + 1;
    const auto [end, error] = std::from_chars(begin, text.data() + text.size(), tags.line);
    if (error != std::errc() || (end != text.data() + text.size() && *end != ':')) continue;
    tags.file = text.substr(0, colon);
    return;
  }
  tags.line = 0;
}

}  // namespace

std::optional<trace::TraceContext> read_trace_id(std::string_view text) {
  if (text.size() == 55 && text[2] == '-' && text[35] == '-' && text[52] == '-') text = text.substr(3, 32);
  trace::TraceContext id{};
  if (text.size() != 2 * id.size()) return std::nullopt;
  for (std::size_t i = 0; i < id.size(); ++i) {
    const int high = hex_digit(text[2 * i]);
    const int low = hex_digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    id[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  if (id == trace::TraceContext{}) return std::nullopt;
  return id;
}

std::optional<CommentTags> comment_tags(std::string_view sql) {
  if (sql.find("/*") == std::string_view::npos && sql.find("--") == std::string_view::npos) return std::nullopt;
  const Pairs pairs = pairs_of(sql);
  if (pairs.empty()) return std::nullopt;
  CommentTags tags;
  if (const auto id = read_trace_id(value_of(pairs, "traceparent"))) tags.trace_context = *id;
  tags.request_id = value_of(pairs, "request_id");
  read_name(pairs, tags);
  std::string location = value_of(pairs, "source_location");
  if (location.empty()) location = value_of(pairs, "line");
  read_location(location, tags);
  return tags;
}

}  // namespace quell::model

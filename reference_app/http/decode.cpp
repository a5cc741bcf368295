#include "reference_app/http/decode.hpp"

#include <algorithm>
#include <charconv>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <re2/re2.h>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace quell::reference::http {
namespace {

constexpr boost::json::parse_options kParseOptions{.max_depth = 32};

}  // namespace

boost::json::value parse_json_body(std::string_view content_type, std::string_view body) {
  const auto media_type = content_type.substr(0, content_type.find(';'));
  if (media_type != "application/json") {
    throw Problem(415, "unsupported-media-type", "Send the body as application/json.")
        .with("Accept-Post", "application/json");
  }
  boost::json::error_code error;
  auto value = boost::json::parse(body, error, {}, kParseOptions);
  if (error) throw Problem(400, "malformed-json", fmt::format("The body is not JSON: {}.", error.message()));
  return value;
}

std::string header_name(std::string_view member) {
  std::string name(member);
  bool starts_word = true;
  for (char& c : name) {
    if (starts_word && c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
    starts_word = c == '_';
    if (starts_word) c = '-';
  }
  return name;
}

namespace detail {
namespace {

std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

// Compiled once: patterns are literals of the schemas.
bool matches(std::string_view text, std::string_view pattern) {
  thread_local std::map<const char*, RE2> compiled;
  auto found = compiled.find(pattern.data());
  if (found == compiled.end()) found = compiled.try_emplace(pattern.data(), re2::StringPiece(pattern)).first;
  return RE2::FullMatch(re2::StringPiece(text), found->second);
}

// Deliberately loose (RFC 5321 allows nearly everything): one @ with something on both sides and a dot in the domain.
constexpr std::string_view kEmailPattern = R"([^@\s[:cntrl:]]{1,64}@[^@\s[:cntrl:].]+(\.[^@\s[:cntrl:].]+)+)";

}  // namespace

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<bool> parse_bool(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return std::nullopt;
}

bool check_integer(std::int64_t value, const Field& field, const Location& at, ValidationErrors& errors) {
  if (field.minimum && value < *field.minimum) {
    errors.add(at, "too_small", fmt::format("must be at least {}", *field.minimum));
    return false;
  }
  if (field.maximum && value > *field.maximum) {
    errors.add(at, "too_large", fmt::format("must be at most {}", *field.maximum));
    return false;
  }
  return true;
}

bool check_string(std::string_view value, const Field& field, const Location& at, ValidationErrors& errors) {
  if (!is_storable_text(value)) {
    errors.add(at, "text", "must not contain U+0000");
    return false;
  }
  const std::size_t length = code_points(value);
  if (field.min_length && length < *field.min_length) {
    errors.add(at, "too_short", fmt::format("must have at least {} characters", *field.min_length));
    return false;
  }
  if (field.max_length && length > *field.max_length) {
    errors.add(at, "too_long", fmt::format("must have at most {} characters", *field.max_length));
    return false;
  }
  if (!field.pattern.empty() && !matches(value, field.pattern)) {
    errors.add(at, "pattern", fmt::format("must match {}", field.pattern));
    return false;
  }
  if (field.format == Format::email && !matches(value, kEmailPattern)) {
    errors.add(at, "email", "must be an e-mail address");
    return false;
  }
  return true;
}

bool check_count(std::size_t count, const Field& field, const Location& at, ValidationErrors& errors) {
  if (field.min_length && count < *field.min_length) {
    errors.add(at, "too_few", fmt::format("must have at least {} items", *field.min_length));
    return false;
  }
  if (field.max_length && count > *field.max_length) {
    errors.add(at, "too_many", fmt::format("must have at most {} items", *field.max_length));
    return false;
  }
  return true;
}

void add_type_error(std::string_view expected, const Location& at, ValidationErrors& errors) {
  errors.add(at, "type", fmt::format("must be {}", expected));
}

void add_enum_error(std::span<const std::string_view> names, const Location& at, ValidationErrors& errors) {
  errors.add(at, "enum", fmt::format("must be one of {}", fmt::join(names, ", ")));
}

void add_missing(const Location& at, ValidationErrors& errors) {
  errors.add(at, "missing", "is required");
}

void add_unknown(const Location& at, ValidationErrors& errors) {
  errors.add(at, "unknown", "is not known here");
}

void add_repeated(const Location& at, ValidationErrors& errors) {
  errors.add(at, "repeated", "must be given once");
}

std::vector<std::string_view> split_list(std::string_view text) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const auto end = std::min(text.find(','), text.size());
    parts.push_back(text.substr(0, end));
    text.remove_prefix(end);
    if (!text.empty()) text.remove_prefix(1);
  }
  return parts;
}

void decode_json_object(std::string_view text, const Location& at, ValidationErrors& errors, db::Jsonb& out) {
  boost::json::error_code error;
  const auto json = boost::json::parse(text, error, {}, kParseOptions);
  if (error) return add_type_error("a JSON object", at, errors);
  decode_json_object(json, at, errors, out);
}

void decode_json_object(const boost::json::value& json, const Location& at, ValidationErrors& errors, db::Jsonb& out) {
  if (!json.is_object()) return add_type_error("an object", at, errors);
  out = db::Jsonb(boost::json::serialize(json));
}

}  // namespace detail
}  // namespace quell::reference::http

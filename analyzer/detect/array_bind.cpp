#include "analyzer/detect/array_bind.hpp"

#include <string>
#include <string_view>

namespace quell::detect {
namespace {

std::optional<std::vector<trace::Value>> text_elements(std::string_view s, const trace::Canonicalizer& canonicalizer) {
  if (s.size() < 2 || s.front() != '{' || s.back() != '}') return std::nullopt;
  s = s.substr(1, s.size() - 2);
  std::vector<trace::Value> out;
  std::size_t i = 0;
  while (i < s.size()) {
    std::string element;
    const bool quoted = s[i] == '"';
    if (quoted) ++i;
    while (i < s.size() && s[i] != (quoted ? '"' : ',')) {
      if (s[i] == '{') return std::nullopt;  // more than one dimension
      if (s[i] == '\\' && i + 1 < s.size()) ++i;
      element.push_back(s[i++]);
    }
    if (quoted) ++i;
    const bool null = !quoted && element.size() == 4 && (element == "NULL" || element == "null");
    out.push_back(null ? trace::Value::null() : canonicalizer.from_text(element));
    if (i < s.size() && s[i++] != ',') return std::nullopt;
  }
  return out;
}

std::optional<std::uint32_t> take_uint32(std::string_view& s) {
  if (s.size() < 4) return std::nullopt;
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = (value << 8) | static_cast<std::uint8_t>(s[i]);
  s.remove_prefix(4);
  return value;
}

/// array_send of src/backend/utils/adt/arrayfuncs.c: dimensions, flags, element type, then a length and a lower bound
/// for each dimension, then the elements, each led by its size (-1: NULL).
std::optional<std::vector<trace::Value>> binary_elements(std::string_view s,
                                                         const trace::Canonicalizer& canonicalizer) {
  const auto dimensions = take_uint32(s);
  const auto flags = take_uint32(s);
  const auto element_type = take_uint32(s);
  if (!dimensions || !flags || !element_type || *dimensions > 1) return std::nullopt;
  std::vector<trace::Value> out;
  if (*dimensions == 0) return out;
  const auto length = take_uint32(s);
  const auto lower_bound = take_uint32(s);
  if (!length || !lower_bound || *length > s.size() / 4) return std::nullopt;
  for (std::uint32_t i = 0; i < *length; ++i) {
    const auto size = take_uint32(s);
    if (!size) return std::nullopt;
    if (*size == 0xFFFFFFFF) {
      out.push_back(trace::Value::null());
      continue;
    }
    if (*size > s.size()) return std::nullopt;
    out.push_back(canonicalizer.from_binary(*element_type, s.substr(0, *size)));
    s.remove_prefix(*size);
  }
  return out;
}

}  // namespace

std::optional<std::vector<trace::Value>> array_elements(const model::Bind& bind,
                                                        const trace::Canonicalizer& canonicalizer) {
  if (bind.cut) return std::nullopt;
  switch (bind.form) {
    case trace::ParameterForm::text:
      return text_elements(bind.bytes, canonicalizer);
    case trace::ParameterForm::binary:
      return binary_elements(bind.bytes, canonicalizer);
    case trace::ParameterForm::null:
    case trace::ParameterForm::canonical:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace quell::detect

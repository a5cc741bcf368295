#include "reference_app/http/target.hpp"

#include <boost/url/params_view.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/segments_view.hpp>
#include <boost/url/url_view.hpp>

namespace quell::reference::http {
namespace {

// One sequence of RFC 3629, section 4; returns its length, 0 where it is not well-formed.
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto tail = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
    return i < text.size() && byte(i) >= low && byte(i) <= high;
  };
  const unsigned first = byte(0);
  if (first != 0 && first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return tail(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const unsigned low = first == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = first == 0xED ? 0x9F : 0xBF;
    return tail(1, low, high) && tail(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const unsigned low = first == 0xF0 ? 0x90 : 0x80;
    const unsigned high = first == 0xF4 ? 0x8F : 0xBF;
    return tail(1, low, high) && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

}  // namespace

bool is_storable_text(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::optional<Target> parse_target(std::string_view target) {
  const auto parsed = boost::urls::parse_origin_form(target);
  if (!parsed) return std::nullopt;

  Target result;
  for (std::string segment : parsed->segments()) {
    if (!is_storable_text(segment)) return std::nullopt;
    result.segments.push_back(std::move(segment));
  }
  if (result.segments.size() == 1 && result.segments.front().empty()) result.segments.clear();

  boost::urls::encoding_opts form;
  form.space_as_plus = true;
  for (const auto& parameter : parsed->params(form)) {
    if (!is_storable_text(parameter.key) || !is_storable_text(parameter.value)) return std::nullopt;
    result.query.emplace_back(parameter.key, parameter.value);
  }
  return result;
}

}  // namespace quell::reference::http

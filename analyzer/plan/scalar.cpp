#include "analyzer/plan/scalar.hpp"

#include <charconv>
#include <cstdint>

namespace quell::plan {

namespace json = boost::json;

json::value typed_scalar(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  const char* const end = text.data() + text.size();
  if (!text.empty() && (text.front() == '-' || (text.front() >= '0' && text.front() <= '9'))) {  // no "inf", no "nan"
    std::int64_t integer = 0;
    if (const auto parsed = std::from_chars(text.data(), end, integer); parsed.ec == std::errc() && parsed.ptr == end) {
      return integer;
    }
    double number = 0;
    if (const auto parsed = std::from_chars(text.data(), end, number); parsed.ec == std::errc() && parsed.ptr == end) {
      return number;
    }
  }
  return json::string(text);
}

}  // namespace quell::plan

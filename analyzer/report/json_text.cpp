#include "analyzer/report/json_text.hpp"

#include <fmt/format.h>

namespace quell::report {
namespace {

namespace json = boost::json;

/// Two spaces a level; numbers in their shortest exact form (Boost.JSON 1.81 writes 1.5 as 1.5E0 and never indents).
void write_pretty(const json::value& value, std::size_t depth, std::string& out) {
  const auto line = [&](std::size_t levels) { (out += '\n').append(levels * 2, ' '); };
  if (const json::object* object = value.if_object(); object && !object->empty()) {
    char separator = '{';
    for (const auto& [key, member] : *object) {
      out += separator;
      line(depth + 1);
      (out += json::serialize(json::string(key))) += ": ";
      write_pretty(member, depth + 1, out);
      separator = ',';
    }
    line(depth);
    out += '}';
  } else if (const json::array* array = value.if_array(); array && !array->empty()) {
    char separator = '[';
    for (const json::value& element : *array) {
      out += separator;
      line(depth + 1);
      write_pretty(element, depth + 1, out);
      separator = ',';
    }
    line(depth);
    out += ']';
  } else if (const double* number = value.if_double()) {
    out += fmt::format("{}", *number);
  } else {
    out += json::serialize(value);
  }
}

}  // namespace

std::string json_text(const json::value& value) {
  std::string out;
  write_pretty(value, 0, out);
  out += '\n';
  return out;
}

}  // namespace quell::report

#include <new>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "analyzer/plan/plan.hpp"
#include "analyzer/plan/structured.hpp"

namespace quell::plan {

namespace json = boost::json;

namespace {

constexpr std::string_view kSpace = " \t\r\n";

}  // namespace

ReadResult read_json(std::string_view bytes) try {
  ReadResult result;
  json::parse_options options;
  options.max_depth = kMaxDocumentDepth;
  options.allow_invalid_utf8 = true;  // SQL_ASCII databases
  std::size_t offset = bytes.find_first_not_of(kSpace);
  if (offset == std::string_view::npos) result.diagnostics.push_back({0, "empty input: no plan in it"});
  while (offset != std::string_view::npos && offset < bytes.size()) {
    json::stream_parser parser({}, options);
    boost::system::error_code error;
    const std::string_view rest = bytes.substr(offset);
    const std::size_t used = parser.write_some(rest.data(), rest.size(), error);
    if (!error && !parser.done()) parser.finish(error);
    if (error) {
      result.diagnostics.push_back({offset + used, fmt::format("not JSON here: {}", error.message())});
      break;
    }
    interpret(parser.release(), offset, result);
    offset = bytes.find_first_not_of(kSpace, offset + used);
  }
  return result;
} catch (const std::bad_alloc&) {
  return {{}, {{0, "out of memory while reading the plan"}}};
}

}  // namespace quell::plan

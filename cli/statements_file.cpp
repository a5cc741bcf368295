#include "cli/statements_file.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <string_view>

#include <fmt/format.h>
#include <quell/trace/error.hpp>
#include <quell/trace/event.hpp>

#include "agent/proxy/sql_scan.hpp"
#include "analyzer/model/workload_builder.hpp"

namespace quell::cli {
namespace {

/// N of "-- executions: N" in the comments before a statement; 1 where there is none.
std::uint64_t executions_of(std::string_view statement) {
  constexpr std::string_view kMark = "-- executions:";
  constexpr std::uint64_t kMost = 1'000'000;  // each becomes an execution of the workload
  const std::size_t at = statement.find(kMark);
  if (at == std::string_view::npos) return 1;
  std::string_view number = statement.substr(at + kMark.size());
  number.remove_prefix(std::min(number.find_first_not_of(' '), number.size()));
  std::uint64_t executions = 1;
  std::from_chars(number.data(), number.data() + number.size(), executions);
  return std::clamp<std::uint64_t>(executions, 1, kMost);
}

}  // namespace

model::Workload load_statements(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string sql{std::istreambuf_iterator<char>(file), {}};
  if (!file) throw Error(fmt::format("cannot read '{}'", path));
  const std::vector<std::string_view> statements = proxy::split_statements(sql);
  if (statements.empty()) throw Error(fmt::format("'{}' holds no SQL statement", path));
  trace::Header header;
  header.program = path;
  header.agent = "SQL file";
  model::WorkloadBuilder builder(header);
  trace::Summary summary;
  trace::Query query;
  for (std::size_t i = 0; i < statements.size(); ++i) {
    const auto text = static_cast<trace::TextId>(i + 1);
    builder.on(trace::Text{text, statements[i]}, trace::Source{});
    query.text = text;
    for (std::uint64_t n = executions_of(statements[i]); n > 0; --n) {
      ++query.id;
      builder.on(query, trace::Source{});
      ++summary.events[static_cast<std::size_t>(trace::EventKind::query)];
    }
  }
  summary.closed = true;
  return std::move(builder).finish(summary);
}

}  // namespace quell::cli

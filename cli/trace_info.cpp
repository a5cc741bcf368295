#include "cli/trace_info.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <iterator>
#include <string_view>

namespace quell::cli {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, trace::kEventKinds> kKindNames{
    "",      "text",          "stack",       "shape", "connection", "connection_end", "scope_begin", "scope_end",
    "query", "result_values", "consumption", "pool",  "loss"};

std::string_view name_of(trace::Damage::Kind kind) {
  switch (kind) {
    case trace::Damage::Kind::torn_tail:
      return "torn_tail";
    case trace::Damage::Kind::bad_block:
      return "bad_block";
    case trace::Damage::Kind::unknown_block:
      return "unknown_block";
  }
  return "";
}

std::string utc(std::int64_t unix_ns) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(unix_ns / 1'000'000'000)));
}

bool anything_lost(const trace::Summary& summary) {
  return std::any_of(summary.lost.begin(), summary.lost.end(), [](std::uint64_t count) { return count != 0; });
}

std::string completeness(const trace::Summary& summary) {
  if (summary.complete()) return "yes";
  std::string reasons;
  const auto add = [&reasons](std::string_view reason) { reasons.append(reasons.empty() ? "" : ", ").append(reason); };
  if (!summary.closed) add("its writer did not end it");
  if (anything_lost(summary)) add("the recorder lost events");
  if (!summary.damage.empty()) add("parts of the file cannot be read");
  return "no: " + reasons;
}

std::string as_text(const std::string& path, const trace::Header& header, const trace::Summary& summary) {
  std::string out;
  const auto line = [&out](std::string_view label, const std::string& what) {
    fmt::format_to(std::back_inserter(out), "{:<10} {}\n", label, what);
  };
  line("Trace", fmt::format("{} (format version {})", path, header.version));
  line("Program", fmt::format("{}, recorded by {}", header.program.empty() ? "not named" : header.program,
                              header.agent.empty() ? "an agent that is not named" : header.agent));
  line("Begun", utc(header.created_unix_ns));
  line("Span", fmt::format("{:.3f} s", static_cast<double>(summary.last - summary.first) * 1e-9));
  line("Values", header.redacted ? "only as keyed hashes" : "in clear");
  line("Size", fmt::format("{} bytes in {} blocks", summary.file_bytes, summary.blocks));
  line("Complete", completeness(summary));
  out += "\nEvents\n";
  for (std::size_t kind = 1; kind < trace::kEventKinds; ++kind) {
    if (summary.events[kind] == 0 && summary.lost[kind] == 0) continue;
    fmt::format_to(std::back_inserter(out), "  {:<15}{:>12}", kKindNames[kind], summary.events[kind]);
    if (summary.lost[kind] != 0) fmt::format_to(std::back_inserter(out), "  and {} lost", summary.lost[kind]);
    out += '\n';
  }
  fmt::format_to(std::back_inserter(out), "  {:<15}{:>12}\n", "single values", summary.result_values);
  if (!summary.damage.empty()) out += "\nDamage\n";
  for (const trace::Damage& damage : summary.damage) {
    fmt::format_to(std::back_inserter(out), "  {}\n", damage.sentence);
  }
  return out;
}

json::object counts(const std::array<std::uint64_t, trace::kEventKinds>& by_kind) {
  json::object object;
  for (std::size_t kind = 1; kind < trace::kEventKinds; ++kind) object[kKindNames[kind]] = by_kind[kind];
  return object;
}

std::string as_json(const std::string& path, const trace::Header& header, const trace::Summary& summary) {
  json::array damage;
  for (const trace::Damage& one : summary.damage) {
    damage.push_back(json::object{
        {"kind", name_of(one.kind)}, {"offset", one.offset}, {"length", one.length}, {"sentence", one.sentence}});
  }
  const json::object object{{"file", path},
                            {"format_version", header.version},
                            {"program", header.program},
                            {"agent", header.agent},
                            {"begun", utc(header.created_unix_ns)},
                            {"redacted", header.redacted},
                            {"bytes", summary.file_bytes},
                            {"blocks", summary.blocks},
                            {"span_ns", summary.last - summary.first},
                            {"complete", summary.complete()},
                            {"closed", summary.closed},
                            {"events", counts(summary.events)},
                            {"lost", counts(summary.lost)},
                            {"result_values", summary.result_values},
                            {"damage", std::move(damage)}};
  return json::serialize(object) + "\n";
}

}  // namespace

std::string render_trace_info(const std::string& path, const trace::Header& header, const trace::Summary& summary,
                              TraceInfoFormat format) {
  return format == TraceInfoFormat::json ? as_json(path, header, summary) : as_text(path, header, summary);
}

std::string trace_info(const std::string& path, bool json) {
  const auto reader = trace::Reader::open(path);
  trace::EventSink nobody;
  reader->read_all(nobody);
  return render_trace_info(path, reader->header(), reader->summary(),
                           json ? TraceInfoFormat::json : TraceInfoFormat::text);
}

}  // namespace quell::cli

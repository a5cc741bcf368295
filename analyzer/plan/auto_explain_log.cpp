#include "analyzer/plan/auto_explain_log.hpp"

#include <algorithm>

#include <boost/json.hpp>

namespace quell::plan {

namespace json = boost::json;

namespace {

constexpr std::string_view kDuration = "duration: ";
constexpr std::string_view kPlan = " ms  plan:";

/// Where the plan begins in a text that holds "duration: 1.234 ms  plan:"; npos where it does not.
std::size_t after_marker(std::string_view text) {
  const std::size_t marker = text.find(kPlan);
  return marker == std::string_view::npos || text.rfind(kDuration, marker) == std::string_view::npos
             ? std::string_view::npos
             : marker + kPlan.size();
}

/// The line's message, if it is a record of jsonlog with a plan in it.
bool read_json_record(std::string_view line, std::string& text) {
  if (!line.starts_with('{') || line.find("\"message\":") == std::string_view::npos) return false;
  boost::system::error_code error;
  json::parse_options options;
  options.allow_invalid_utf8 = true;
  const json::value record = json::parse(line, error, {}, options);
  const json::value* message = !error && record.is_object() ? record.get_object().if_contains("message") : nullptr;
  if (message == nullptr || !message->is_string()) return false;
  const std::string_view words(message->get_string().data(), message->get_string().size());
  const std::size_t begin = after_marker(words);
  if (begin == std::string_view::npos) return false;
  text = words.substr(begin);
  return true;
}

/// A quoted field of csvlog from `begin` to its closing quote, without the doubling. Returns where it ends.
std::size_t read_csv_field(std::string_view log, std::size_t begin, std::string& text) {
  std::size_t at = begin;
  while (at < log.size()) {
    const std::size_t quote = std::min(log.find('"', at), log.size());
    text += log.substr(at, quote - at);
    if (quote + 1 >= log.size() || log[quote + 1] != '"') return quote + 1;
    text += '"';
    at = quote + 2;
  }
  return at;
}

std::size_t line_end(std::string_view log, std::size_t from) {
  return std::min(log.find('\n', from), log.size());
}

/// The lines below an entry of a stderr log. Returns where they end.
std::size_t read_stderr_lines(std::string_view log, std::size_t begin, std::string& text) {
  std::size_t at = begin;
  const bool tabs = at < log.size() && log[at] == '\t';
  while (at < log.size()) {
    const std::size_t end = line_end(log, at);
    std::string_view line = log.substr(at, end - at);
    if (tabs ? !line.starts_with('\t') : after_marker(line) != std::string_view::npos) break;
    if (tabs) line.remove_prefix(1);
    text += line;
    text += '\n';
    at = end + 1;
  }
  return std::min(at, log.size());
}

}  // namespace

std::vector<LogEntry> auto_explain_entries(std::string_view log) {
  std::vector<LogEntry> entries;
  std::size_t at = 0;
  while (at < log.size()) {
    const std::size_t end = line_end(log, at);
    const std::string_view line = log.substr(at, end - at);
    LogEntry entry{.offset = at, .text = {}};
    const std::size_t begin = after_marker(line);
    std::size_t next = end + 1;
    if (begin == std::string_view::npos) {
      at = next;
      continue;
    }
    const std::size_t duration = line.rfind(kDuration, begin);
    if (read_json_record(line, entry.text)) {
    } else if (duration > 0 && line[duration - 1] == '"') {
      next = read_csv_field(log, at + begin, entry.text);
    } else {
      next = read_stderr_lines(log, end + 1, entry.text);
    }
    entries.push_back(std::move(entry));
    at = next;
  }
  return entries;
}

}  // namespace quell::plan

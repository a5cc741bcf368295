#include "analyzer/gate/baseline.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "analyzer/gate/glob.hpp"
#include "analyzer/gate/toml_file.hpp"
#include "analyzer/sql/utf8.hpp"

namespace quell::gate {
namespace {

constexpr std::int64_t kFormat = 1;
/// All of most statements: what is lost in a new one is told by comparing with it.
constexpr std::size_t kCommentColumns = 600;
constexpr std::int64_t kMostExecutions = 1'000'000'000'000;

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

/// Of a line `"..." = 1  # text`.
std::string comment_of(std::string_view line) {
  const std::size_t hash = line.find('#');
  return hash == std::string_view::npos ? "" : sql::printable(line.substr(hash + 1));
}

std::optional<sql::Fingerprint> fingerprint_of(std::string_view hex) {
  sql::Fingerprint value = 0;
  const auto [end, failure] = std::from_chars(hex.data(), hex.data() + hex.size(), value, 16);
  const bool whole = failure == std::errc() && end == hex.data() + hex.size();
  return whole && hex == sql::to_hex(value) ? std::optional(value) : std::nullopt;
}

Baseline::Block block_of(const toml::table& table, const std::vector<std::string_view>& lines,
                         const std::string& file) {
  Baseline::Block block;
  for (const auto& [key, node] : table) {
    const auto fingerprint = fingerprint_of(key.str());
    if (!fingerprint)
      fail_at(file, key.source(), fmt::format("'{}' is no fingerprint of 16 hexadecimal digits", key.str()));
    const std::int64_t count = node.is_integer() ? node.as_integer()->get() : 0;
    if (count < 1 || count > kMostExecutions)
      fail_at(file, node.source(), "a statement has a number of executions, 1 or more; delete the line for none");
    const std::size_t line = node.source().begin.line;
    block[*fingerprint] = {static_cast<std::uint64_t>(count),
                           line >= 1 && line <= lines.size() ? comment_of(lines[line - 1]) : ""};
  }
  return block;
}

}  // namespace

const Baseline::Block* Baseline::unit(const std::string& name) const {
  const auto at = units.find(name);
  return at != units.end() ? &at->second : nullptr;
}

Baseline parse_baseline(std::string_view text, const std::string& file) {
  const toml::table table = parse_toml(text, file);
  const std::vector<std::string_view> lines = lines_of(text);
  const toml::node* format = table.get("format");
  if (!format)
    throw FileError(
        fmt::format("{}:1:1: a baseline begins with format = 1; make it anew: quell baseline update", file));
  if (!format->is_integer() || format->as_integer()->get() != kFormat)
    fail_at(file, format->source(), "this format is not known: a newer Quell wrote it");
  Baseline baseline;
  for (const auto& [key, node] : table) {
    if (key.str() == "format") continue;
    if (!node.is_table())
      fail_at(file, key.source(), fmt::format("'{}' belongs into the block of a unit: [\"GET /orders\"]", key.str()));
    baseline.units[std::string(key.str())] = block_of(*node.as_table(), lines, file);
  }
  return baseline;
}

std::string render_baseline(const Baseline& baseline) {
  std::string out =
      "# Statements each unit runs, the most in one run. Written by `quell baseline update`; to merge, keep both "
      "sides.\n";
  out += fmt::format("format = {}\n", kFormat);
  for (const auto& [name, block] : baseline.units) {
    out += fmt::format("\n[{}]\n", quoted(name));
    for (const auto& [fingerprint, line] : block) {
      out += fmt::format("\"{}\" = {}", sql::to_hex(fingerprint), line.count);
      if (!line.comment.empty()) out += "  # " + sql::shorten(sql::printable(line.comment), kCommentColumns);
      out += '\n';
    }
  }
  return out;
}

Baseline baseline_of(const Suite& suite) {
  Baseline baseline;
  update(baseline, suite, {});
  return baseline;
}

std::vector<StatementDelta> deltas(const Baseline::Block* block, const MeasuredUnit* unit,
                                   const StatementTexts& texts) {
  std::map<sql::Fingerprint, StatementDelta> by_fingerprint;
  if (block) {
    for (const auto& [fingerprint, line] : *block)
      by_fingerprint[fingerprint] = {fingerprint, line.comment, line.count, 0, {}};
  }
  if (unit) {
    for (const MeasuredStatement& statement : unit->statements) {
      StatementDelta& delta = by_fingerprint[statement.fingerprint];
      delta.fingerprint = statement.fingerprint;
      if (const auto text = texts.find(statement.fingerprint); text != texts.end()) delta.text = text->second;
      delta.now = statement.count;
      delta.sites = statement.sites;
    }
  }
  std::vector<StatementDelta> out;
  for (auto& [fingerprint, delta] : by_fingerprint) {
    if (delta.was != delta.now) out.push_back(std::move(delta));
  }
  std::stable_sort(out.begin(), out.end(), [](const StatementDelta& a, const StatementDelta& b) {
    return static_cast<std::int64_t>(a.now - a.was) > static_cast<std::int64_t>(b.now - b.was);
  });
  return out;
}

std::vector<std::string> update(Baseline& baseline, const Suite& suite, const UpdateParams& params) {
  std::vector<std::string> changed;
  for (const MeasuredUnit& unit : suite.units) {
    if (!glob_matches(params.unit, unit.name)) continue;
    const Baseline::Block* known = baseline.unit(unit.name);
    if (params.only_lower && !known) continue;
    Baseline::Block block;
    for (const MeasuredStatement& statement : unit.statements) {
      const Baseline::Line* was = nullptr;
      if (known && known->contains(statement.fingerprint)) was = &known->at(statement.fingerprint);
      if (params.only_lower && !was) continue;
      const std::uint64_t count = params.only_lower ? std::min(statement.count, was->count) : statement.count;
      // Texts of one fingerprint differ in what it forgets: the comment that stands stays, for quiet diffs.
      block[statement.fingerprint] = {
          count, was && !was->comment.empty() ? was->comment : suite.statements.at(statement.fingerprint)};
    }
    const auto same_count = [](const auto& a, const auto& b) {
      return a.first == b.first && a.second.count == b.second.count;
    };
    const bool same = known && std::equal(known->begin(), known->end(), block.begin(), block.end(), same_count);
    if (same) continue;
    changed.push_back(unit.name);
    baseline.units[unit.name] = std::move(block);
  }
  return changed;
}

std::vector<std::string> prune(Baseline& baseline, const Suite& suite, const std::string& unit_glob) {
  std::vector<std::string> removed;
  for (const auto& [name, block] : baseline.units) {
    if (glob_matches(unit_glob, name) && !suite.unit(name)) removed.push_back(name);
  }
  for (const std::string& name : removed) baseline.units.erase(name);
  return removed;
}

}  // namespace quell::gate

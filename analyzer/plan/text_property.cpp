#include "analyzer/plan/text_property.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>

#include "analyzer/plan/node_fields.hpp"
#include "analyzer/plan/text_node.hpp"

namespace quell::plan {

namespace {

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

std::optional<double> leading_number(std::string_view text) {
  double number = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  return result.ec == std::errc() ? std::optional(number) : std::nullopt;
}

struct KeyValue {
  std::string_view key;
  std::string_view value;
};

/// "Batches: 1  Memory Usage: 32kB" is two.
void for_each_pair(std::string_view line, const auto& visit) {
  while (!line.empty()) {
    const std::size_t colon = line.find(": ");
    if (colon == std::string_view::npos) return;
    const std::size_t end = std::min(line.find("  ", colon + 2), line.size());
    visit(KeyValue{trimmed(line.substr(0, colon)), trimmed(line.substr(colon + 2, end - colon - 2))});
    line = trimmed(line.substr(end));
  }
}

std::string digits(std::string_view value) {
  return std::string(value.substr(0, value.find_first_not_of("0123456789.")));
}

/// "shared hit=5 read=2, temp read=1": visit("shared", "hit", 5).
void for_each_counter(std::string_view text, const auto& visit) {
  std::string_view group;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (word.ends_with(',')) word.remove_suffix(1);
    const std::size_t equals = word.find('=');
    if (equals == std::string_view::npos) {
      group = word;
    } else if (const auto number = leading_number(word.substr(equals + 1))) {
      visit(group, word.substr(0, equals), *number);
    }
  }
}

std::string capitalised(std::string_view word) {
  std::string out(word);
  if (!out.empty() && out[0] >= 'a' && out[0] <= 'z') out[0] = static_cast<char>(out[0] - 'a' + 'A');
  return out;
}

void set_buffers(Node& node, std::string_view value) {
  for_each_counter(value, [&](std::string_view group, std::string_view what, double number) {
    set_node_number(node, capitalised(group) + " " + capitalised(what) + " Blocks", number, false);
  });
}

void set_io_timings(Node& node, std::string_view value) {
  for_each_counter(value, [&](std::string_view group, std::string_view what, double number) {
    const std::string prefix = group.empty() ? "" : capitalised(group) + " ";
    set_node_number(node, prefix + "I/O " + capitalised(what) + " Time", number, true);
  });
}

void set_sort_method(Details& details, std::string_view line) {
  for_each_pair(line, [&](const KeyValue& pair) {
    if (pair.key == "Memory" || pair.key == "Disk") {
      details.emplace_back("Sort Space Used", digits(pair.value));
      details.emplace_back("Sort Space Type", pair.key);
    } else {
      details.emplace_back(pair.key, pair.value);
    }
  });
}

void set_hash(Node& node, std::string_view line) {
  for_each_pair(line, [&](const KeyValue& pair) {
    const bool buckets = pair.key == "Buckets";
    if (!buckets && pair.key != "Batches") {
      node.details.emplace_back(pair.key == "Memory Usage" ? "Peak Memory Usage" : pair.key, digits(pair.value));
      return;
    }
    const std::string name = node.type == "Hash" ? std::string("Hash ") + std::string(pair.key) : "HashAgg Batches";
    const std::string now = digits(pair.value);
    const std::size_t originally = pair.value.find("(originally ");
    node.details.emplace_back(name, now);
    if (node.type == "Hash") {
      node.details.emplace_back(
          "Original " + name, originally == std::string_view::npos ? now : digits(pair.value.substr(originally + 12)));
    }
  });
}

void set_counters(Node& node, std::string_view key, std::string_view value) {
  for_each_counter(value, [&](std::string_view, std::string_view what, double number) {
    std::string name = key == "Heap Blocks" ? capitalised(what) + " Heap Blocks" : "WAL " + capitalised(what);
    if (name == "WAL Fpi") name = "WAL FPI";
    node.details.emplace_back(std::move(name), std::to_string(to_count(number)));
  });
}

}  // namespace

bool set_worker_line(Node& node, std::string_view line) {
  if (!line.starts_with("Worker ")) return false;
  const std::size_t colon = line.find(':');
  const auto number = leading_number(line.substr(7));
  if (colon == std::string_view::npos || !number) return false;
  const std::uint64_t index = to_count(*number);
  auto found = std::find_if(node.workers.begin(), node.workers.end(),
                            [&](const Worker& worker) { return worker.number == index; });
  if (found == node.workers.end()) {
    node.workers.emplace_back().number = index;
    found = node.workers.end() - 1;
  }
  const std::string_view rest = trimmed(line.substr(colon + 1));
  Node numbers;
  if (rest.starts_with("actual ") && parse_actual(rest, numbers)) {
    found->actual_total_ms = numbers.actual_total_ms;
    found->actual_rows = numbers.actual_rows;
    found->loops = numbers.loops;
  } else if (rest.starts_with("Sort Method:")) {
    set_sort_method(found->details, rest);
  } else if (!rest.empty()) {
    for_each_pair(rest, [&](const KeyValue& pair) { found->details.emplace_back(pair.key, pair.value); });
  }
  return true;
}

bool set_text_property(Node& node, std::string_view line) {
  const std::size_t colon = line.find(':');
  // "Index Cond: ..." has a key; "AND (b::text = 'x'::text))", the rest of a wrapped filter, has none.
  if (colon == std::string_view::npos || colon == 0 || line.find_first_of("()'\"=<>[]") < colon) return false;
  if (colon + 1 < line.size() && line[colon + 1] != ' ') return false;
  const std::string_view key = line.substr(0, colon);
  const std::string_view value = trimmed(line.substr(colon + 1));
  const auto number = leading_number(value);
  if (key == "Buffers") {
    set_buffers(node, value);
  } else if (key == "I/O Timings") {
    set_io_timings(node, value);
  } else if (key == "Sort Method") {
    set_sort_method(node.details, line);
  } else if (key == "Buckets" || key == "Batches" || key == "Memory Usage") {
    set_hash(node, line);
  } else if (key == "Heap Blocks" || key == "WAL") {
    set_counters(node, key, value);
  } else if (!number || !set_node_number(node, key, *number, false)) {
    node.details.emplace_back(key, value);
  }
  return true;
}

void complete_text_node(Node& node) {
  if (node.analyzed && !node.rows_removed_by_filter && !node.detail("Filter").empty()) node.rows_removed_by_filter = 0;
}

}  // namespace quell::plan

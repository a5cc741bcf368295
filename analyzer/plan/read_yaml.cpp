#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "analyzer/plan/plan.hpp"
#include "analyzer/plan/scalar.hpp"
#include "analyzer/plan/structured.hpp"
#include "analyzer/plan/text_lines.hpp"

namespace quell::plan {

namespace json = boost::json;

namespace {

bool is_item(std::string_view text) {
  return text == "-" || text.starts_with("- ");
}

struct Property {
  std::string_view key;
  std::string_view value;
};

/// "Plan Rows: 5". Keys are words of PostgreSQL and names of settings; neither holds a colon.
std::optional<Property> property(std::string_view text) {
  if (text.empty() || text.front() == '"' || text.front() == '\'' || text.front() == '[') return std::nullopt;
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  std::string_view value = text.substr(colon + 1);
  if (!value.empty() && value.front() != ' ') return std::nullopt;
  value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
  return Property{text.substr(0, colon), value};
}

json::value scalar(std::string_view text) {
  if (text.front() == '"' || text.front() == '[') {  // PostgreSQL quotes as JSON does
    boost::system::error_code error;
    json::parse_options options;
    options.allow_invalid_utf8 = true;
    json::value value = json::parse(text, error, {}, options);
    return error ? json::value(text) : value;
  }
  if (text.size() >= 2 && text.front() == '\'' && text.back() == '\'') {
    std::string unquoted;
    for (std::size_t i = 1; i + 1 < text.size(); ++i) {
      unquoted += text[i];
      if (text[i] == '\'' && text[i + 1] == '\'') ++i;
    }
    return json::value(unquoted);
  }
  return typed_scalar(text);
}

/// The YAML that EXPLAIN writes: blocks of properties and of items by indentation, scalars quoted as in JSON, lists of
/// scalars in brackets. No anchors, tags or block scalars.
class YamlReader {
 public:
  YamlReader(std::vector<TextLine> lines, ReadResult& result) : lines_(std::move(lines)), result_(result) {}

  void documents() {
    while (at_ < lines_.size() && !failed_) {
      const std::size_t offset = lines_[at_].offset;
      const json::value document = block(lines_[at_].column, 1);
      interpret(document, offset, result_);
    }
  }

 private:
  void fail(std::string sentence) {
    if (!failed_) result_.diagnostics.push_back({at_ < lines_.size() ? lines_[at_].offset : 0, std::move(sentence)});
    failed_ = true;
  }
  [[nodiscard]] bool goes_on(std::size_t column) {
    if (failed_ || at_ >= lines_.size() || lines_[at_].column < column) return false;
    if (lines_[at_].column == column) return true;
    fail("not YAML here: indented deeper than the line before");
    return false;
  }

  json::value block(std::size_t column, std::size_t depth) {
    if (depth > kMaxDocumentDepth) {
      fail(fmt::format("the plan is deeper than {} levels and was cut there", kMaxPlanDepth));
      return nullptr;
    }
    if (is_item(lines_[at_].text)) return items(column, depth);
    return properties(column, depth);
  }

  json::value items(std::size_t column, std::size_t depth) {
    json::array array;
    while (goes_on(column) && is_item(lines_[at_].text)) {
      TextLine& line = lines_[at_];
      const std::size_t begin = std::min(line.text.find_first_not_of(' ', 1), line.text.size());
      line.column += begin;
      line.text.erase(0, begin);
      if (line.text.empty()) {
        ++at_;
        array.push_back(nested(column, depth));
      } else if (is_item(line.text) || property(line.text)) {
        array.push_back(block(line.column, depth + 1));
      } else {
        array.push_back(scalar(line.text));
        ++at_;
      }
    }
    return array;
  }

  json::value properties(std::size_t column, std::size_t depth) {
    json::object object;
    while (goes_on(column) && !is_item(lines_[at_].text)) {
      const auto found = property(lines_[at_].text);
      if (!found) {
        fail("not YAML here: a property and its value were expected");
        break;
      }
      const std::string key(found->key);
      const std::string value(found->value);
      ++at_;
      object[key] = value.empty() ? nested(column, depth) : scalar(value);
    }
    return object;
  }

  /// What stands below a line that ends after its key. Nothing: an empty group, as `Triggers:`.
  json::value nested(std::size_t column, std::size_t depth) {
    if (at_ >= lines_.size()) return json::array();
    const TextLine& next = lines_[at_];
    const bool deeper = next.column > column || (next.column == column && is_item(next.text));
    return deeper ? block(next.column, depth + 1) : json::value(json::array());
  }

  std::vector<TextLine> lines_;
  ReadResult& result_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

}  // namespace

ReadResult read_yaml(std::string_view bytes) try {
  ReadResult result;
  std::vector<TextLine> lines = plan_lines(bytes);
  if (lines.empty()) return {{}, {{0, "empty input: no plan in it"}}};
  for (TextLine& line : lines) {
    // psql's mark of the widest line; no line of a plan in YAML ends so.
    if (line.text.size() > 1 && line.text.ends_with('+')) line.text.pop_back();
  }
  YamlReader(std::move(lines), result).documents();
  return result;
} catch (const std::bad_alloc&) {
  return {{}, {{0, "out of memory while reading the plan"}}};
}

}  // namespace quell::plan

#include "analyzer/plan/references.hpp"

#include <algorithm>

namespace quell::plan {

namespace {

bool is_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
}

bool has_word(std::string_view text, std::string_view word) {
  for (std::size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    const std::size_t after = at + word.size();
    if ((at == 0 || !is_word(text[at - 1])) && (after == text.size() || !is_word(text[after]))) return true;
  }
  return false;
}

}  // namespace

std::vector<std::string> result_names(std::string_view subplan_name) {
  std::vector<std::string> names;
  const std::size_t returns = subplan_name.find(" (returns ");
  names.emplace_back(subplan_name.substr(0, returns));
  if (names.front().empty()) names.clear();
  for (std::size_t at = returns; at != std::string_view::npos && at < subplan_name.size();) {
    at = subplan_name.find('$', at);
    if (at == std::string_view::npos) break;
    std::size_t end = at + 1;
    while (end < subplan_name.size() && subplan_name[end] >= '0' && subplan_name[end] <= '9') ++end;
    if (end > at + 1) names.emplace_back(subplan_name.substr(at, end - at));
    at = end;
  }
  return names;
}

bool mentions_any(const Node& node, const std::vector<std::string>& names) {
  return std::any_of(node.details.begin(), node.details.end(), [&](const auto& detail) {
    return std::any_of(names.begin(), names.end(),
                       [&](const std::string& name) { return has_word(detail.second, name); });
  });
}

}  // namespace quell::plan

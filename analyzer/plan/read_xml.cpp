#include <algorithm>
#include <array>
#include <string>

#include <fmt/format.h>
#include <boost/json.hpp>
#include <pugixml.hpp>

#include "analyzer/plan/node_fields.hpp"
#include "analyzer/plan/plan.hpp"
#include "analyzer/plan/scalar.hpp"
#include "analyzer/plan/structured.hpp"

namespace quell::plan {

namespace json = boost::json;

namespace {

/// PostgreSQL writes "-" for what an element's name cannot hold. These have a sign of their own.
constexpr std::array kSignedNames{
    std::string_view("Full-sort Groups"),      std::string_view("Pre-sorted Groups"),
    std::string_view("One-Time Filter"),       std::string_view("I/O Read Time"),
    std::string_view("I/O Write Time"),        std::string_view("Temp I/O Read Time"),
    std::string_view("Temp I/O Write Time"),   std::string_view("Shared I/O Read Time"),
    std::string_view("Shared I/O Write Time"), std::string_view("Local I/O Read Time"),
    std::string_view("Local I/O Write Time"),
};

std::string property_name(std::string_view element) {
  std::string name(element);
  std::replace(name.begin(), name.end(), '-', ' ');
  for (const std::string_view known : kSignedNames) {
    const auto same = [](char a, char b) { return a == (b == '-' || b == '/' ? ' ' : b); };
    if (std::equal(name.begin(), name.end(), known.begin(), known.end(), same)) return std::string(known);
  }
  return name;
}

/// Told by the name, since a list may be empty.
bool is_list(std::string_view name) {
  constexpr std::array kLists{
      std::string_view("Plans"),         std::string_view("Workers"),       std::string_view("Triggers"),
      std::string_view("Target Tables"), std::string_view("Grouping Sets"), std::string_view("Hash Keys"),
      std::string_view("Hash Key"),      std::string_view("Group Keys"),    std::string_view("Group Key")};
  return std::find(kLists.begin(), kLists.end(), name) != kLists.end();
}

json::value convert(const pugi::xml_node& element, const std::string& name, std::size_t depth);

json::object properties(const pugi::xml_node& element, std::size_t depth) {
  json::object object;
  for (const pugi::xml_node& child : element.children()) {
    if (child.type() != pugi::node_element) continue;
    const std::string name = property_name(child.name());
    object[name] = convert(child, name, depth + 1);
  }
  return object;
}

json::value convert(const pugi::xml_node& element, const std::string& name, std::size_t depth) {
  if (depth > kMaxDocumentDepth) return nullptr;  // the interpreter says that it was cut
  const auto is_element = [](const pugi::xml_node& child) { return child.type() == pugi::node_element; };
  const pugi::xml_node first = element.find_child(is_element);
  if (is_list(name) || first.name() == std::string_view("Item")) {
    json::array array;
    for (const pugi::xml_node& child : element.children()) {
      if (is_element(child)) array.push_back(convert(child, property_name(child.name()), depth + 1));
    }
    return array;
  }
  if (first) return properties(element, depth);
  const std::string_view text = element.text().get();
  if (is_text_property(name) || name == "Item") return json::string(text);
  return typed_scalar(text);
}

}  // namespace

ReadResult read_xml(std::string_view bytes) try {
  ReadResult result;
  const std::size_t begin = std::min(bytes.find('<'), bytes.size());
  const std::string_view document_bytes = bytes.substr(begin);
  pugi::xml_document document;
  // No DTD is read, so no entity can grow; what was read before an error is kept.
  const pugi::xml_parse_result parsed =
      document.load_buffer(document_bytes.data(), document_bytes.size(), pugi::parse_default | pugi::parse_fragment);
  for (const pugi::xml_node& root : document.children("explain")) {
    json::array plans;
    for (const pugi::xml_node& query : root.children("Query")) plans.push_back(properties(query, 1));
    if (plans.empty()) plans.push_back(properties(root, 1));  // auto_explain
    interpret(plans, begin + static_cast<std::size_t>(std::max<std::ptrdiff_t>(root.offset_debug(), 0)), result);
  }
  if (!parsed) {
    result.diagnostics.push_back(
        {begin + static_cast<std::size_t>(parsed.offset), fmt::format("not XML here: {}", parsed.description())});
  } else if (result.plans.empty() && result.diagnostics.empty()) {
    result.diagnostics.push_back({begin, "no <explain> in it: not the output of EXPLAIN (FORMAT XML)"});
  }
  return result;
} catch (const std::bad_alloc&) {
  return {{}, {{0, "out of memory while reading the plan"}}};
}

}  // namespace quell::plan

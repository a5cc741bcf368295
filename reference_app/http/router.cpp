#include "reference_app/http/router.hpp"

#include <stdexcept>

namespace quell::reference::http {
namespace {

bool is_parameter(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

std::vector<std::string_view> split(std::string_view path_template) {
  if (!path_template.starts_with('/')) {
    throw std::logic_error("route template \"" + std::string(path_template) + "\" must start with /");
  }
  std::vector<std::string_view> segments;
  path_template.remove_prefix(1);
  while (!path_template.empty()) {
    const auto slash = path_template.find('/');
    const auto segment = path_template.substr(0, slash);
    const bool has_brace = segment.find_first_of("{}") != std::string_view::npos;
    if (segment.empty() || (has_brace && !is_parameter(segment))) {
      throw std::logic_error("route template segment \"" + std::string(segment) + "\" is malformed");
    }
    segments.push_back(segment);
    if (slash == std::string_view::npos) break;
    path_template.remove_prefix(slash + 1);
  }
  return segments;
}

}  // namespace

std::optional<Router::RouteIndex> Router::Node::route(Method method) const {
  const auto exact = routes[static_cast<std::size_t>(method)];
  if (exact || method != Method::head) return exact;
  return routes[static_cast<std::size_t>(Method::get)];
}

std::vector<Method> Router::Node::methods() const {
  std::vector<Method> result;
  for (std::size_t i = 0; i < routes.size(); ++i) {
    if (route(static_cast<Method>(i))) result.push_back(static_cast<Method>(i));
  }
  return result;
}

void Router::add(Method method, std::string_view path_template, RouteIndex route) {
  Node* node = &root_;
  for (const std::string_view segment : split(path_template)) {
    auto& next = is_parameter(segment) ? node->parameter : node->literals[std::string(segment)];
    if (!next) next = std::make_unique<Node>();
    node = next.get();
  }
  auto& slot = node->routes[static_cast<std::size_t>(method)];
  if (slot)
    throw std::logic_error("two routes for " + std::string(to_string(method)) + " " + std::string(path_template));
  slot = route;
}

const Router::Node* Router::descend(const Node& node, const std::vector<std::string>& segments, std::size_t depth,
                                    std::vector<std::string_view>& parameters) {
  if (depth == segments.size()) return node.methods().empty() ? nullptr : &node;
  if (const auto literal = node.literals.find(segments[depth]); literal != node.literals.end()) {
    if (const Node* found = descend(*literal->second, segments, depth + 1, parameters)) return found;
  }
  if (!node.parameter || segments[depth].empty()) return nullptr;
  parameters.emplace_back(segments[depth]);
  const Node* found = descend(*node.parameter, segments, depth + 1, parameters);
  if (found == nullptr) parameters.pop_back();
  return found;
}

Router::Result Router::find(Method method, const std::vector<std::string>& segments) const {
  Match match;
  const Node* node = descend(root_, segments, 0, match.parameters);
  if (node == nullptr) return NoRoute{};
  const auto route = node->route(method);
  if (!route) return WrongMethod{node->methods()};
  match.route = *route;
  return match;
}

std::vector<Method> Router::methods(const std::vector<std::string>& segments) const {
  std::vector<std::string_view> parameters;
  const Node* node = descend(root_, segments, 0, parameters);
  return node == nullptr ? std::vector<Method>{} : node->methods();
}

std::vector<std::string> Router::parameter_names(std::string_view path_template) {
  std::vector<std::string> names;
  for (const std::string_view segment : split(path_template)) {
    if (is_parameter(segment)) names.emplace_back(segment.substr(1, segment.size() - 2));
  }
  return names;
}

}  // namespace quell::reference::http

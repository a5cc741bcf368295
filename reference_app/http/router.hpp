#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "reference_app/http/message.hpp"

namespace quell::reference::http {

/// Finds the route of a decoded path. A template is `/posts/{id}/comments`: literal segments and whole-segment
/// parameters. Literals win over parameters, whatever the order of adding.
class Router {
 public:
  using RouteIndex = std::size_t;

  struct Match {
    RouteIndex route = 0;
    std::vector<std::string_view> parameters;  ///< views into the segments given to `find`, in template order
  };
  struct WrongMethod {
    std::vector<Method> allowed;
  };
  struct NoRoute {};
  using Result = std::variant<Match, WrongMethod, NoRoute>;

  /// Throws std::logic_error where the template is malformed, or the same method and shape exist already.
  void add(Method method, std::string_view path_template, RouteIndex route);

  /// HEAD is answered by the GET route where there is no HEAD route.
  [[nodiscard]] Result find(Method method, const std::vector<std::string>& segments) const;

  /// What a path can be asked with; none where there is no such path.
  [[nodiscard]] std::vector<Method> methods(const std::vector<std::string>& segments) const;

  /// `{name}` parts of a template, in order.
  [[nodiscard]] static std::vector<std::string> parameter_names(std::string_view path_template);

 private:
  struct Node {
    std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
    std::unique_ptr<Node> parameter;
    std::array<std::optional<RouteIndex>, 7> routes;  ///< by Method

    [[nodiscard]] std::optional<RouteIndex> route(Method method) const;
    [[nodiscard]] std::vector<Method> methods() const;
  };

  static const Node* descend(const Node& node, const std::vector<std::string>& segments, std::size_t depth,
                             std::vector<std::string_view>& parameters);

  Node root_;
};

}  // namespace quell::reference::http

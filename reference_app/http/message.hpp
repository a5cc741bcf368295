#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// HTTP messages as the application sees them: no Beast, so that handlers and tests need no sockets.
namespace quell::reference::http {

enum class Method : std::uint8_t { get, head, post, put, patch, del, options };

[[nodiscard]] std::string_view to_string(Method method);
/// Nothing where the service knows no such method.
[[nodiscard]] std::optional<Method> parse_method(std::string_view text);

/// Views into the received message; valid while the request is handled.
struct Request {
  Method method = Method::get;
  std::string_view target;  ///< origin form: path and query, still encoded
  std::vector<std::pair<std::string_view, std::string_view>> headers;
  std::string_view body;
  std::string_view peer;  ///< the client's address, without port

  /// First header of that name, any case; empty where there is none.
  [[nodiscard]] std::string_view header(std::string_view name) const;
  /// Value of the first cookie of that name; empty where there is none.
  [[nodiscard]] std::string_view cookie(std::string_view name) const;
};

struct Response {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  /// Adds a header; one that is there already stays.
  void set(std::string name, std::string value) { headers.emplace_back(std::move(name), std::move(value)); }
  /// Value of the first header of that name, spelled the same; null where there is none.
  [[nodiscard]] std::string* find(std::string_view name);
  void remove(std::string_view name);
};

/// Whether two names are the same but for the case of ASCII letters.
[[nodiscard]] bool same_name(std::string_view a, std::string_view b);

/// Takes the first item off a list such as a header's value, without the spaces around it.
[[nodiscard]] std::string_view take_item(std::string_view& list, char separator);

/// Registered reason phrase (RFC 9110); "Unknown" for others.
[[nodiscard]] std::string_view reason(int status);

}  // namespace quell::reference::http

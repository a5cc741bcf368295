#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "reference_app/http/message.hpp"

namespace quell::reference::http {

/// What is worth keeping of one request. No query, no body: they hold people's data.
struct AccessRecord {
  Method method = Method::get;
  std::string route;  ///< template; empty where none fits
  int status = 0;
  std::size_t bytes = 0;  ///< of the body
  std::chrono::nanoseconds duration{};
  std::string request_id;
  std::string traceparent;
  std::string peer;
};

/// One line of JSON: {"time":"…Z","method":"GET","route":"/posts/{id}","status":200,"bytes":812,"ms":1.25,…}.
[[nodiscard]] std::string to_json_line(const AccessRecord& record, std::chrono::system_clock::time_point time);

/// Appends a line for each request to `path`, "-" for stderr. Lines are written by a thread of their own; where it
/// cannot follow, the oldest are dropped, so that no request waits for the log. Throws std::runtime_error where the
/// file cannot be opened.
[[nodiscard]] std::function<void(const AccessRecord&)> open_access_log(const std::string& path);

}  // namespace quell::reference::http

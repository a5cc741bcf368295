#include "reference_app/http/message.hpp"

#include <algorithm>
#include <array>

namespace quell::reference::http {
namespace {

constexpr std::array<std::pair<std::string_view, Method>, 7> kMethods{{{"GET", Method::get},
                                                                       {"HEAD", Method::head},
                                                                       {"POST", Method::post},
                                                                       {"PUT", Method::put},
                                                                       {"PATCH", Method::patch},
                                                                       {"DELETE", Method::del},
                                                                       {"OPTIONS", Method::options}}};

}  // namespace

bool same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

std::string_view to_string(Method method) {
  return kMethods[static_cast<std::size_t>(method)].first;
}

std::optional<Method> parse_method(std::string_view text) {
  const auto* const found = std::ranges::find(kMethods, text, [](const auto& entry) { return entry.first; });
  if (found == kMethods.end()) return std::nullopt;
  return found->second;
}

std::string_view Request::header(std::string_view name) const {
  const auto found = std::ranges::find_if(headers, [&](const auto& entry) { return same_name(entry.first, name); });
  return found == headers.end() ? std::string_view{} : found->second;
}

std::string_view Request::cookie(std::string_view name) const {
  std::string_view cookies = header("Cookie");
  while (!cookies.empty()) {
    const auto pair = take_item(cookies, ';');
    if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=') {
      return pair.substr(name.size() + 1);
    }
  }
  return {};
}

std::string* Response::find(std::string_view name) {
  const auto found = std::ranges::find(headers, name, [](const auto& entry) { return std::string_view(entry.first); });
  return found == headers.end() ? nullptr : &found->second;
}

void Response::remove(std::string_view name) {
  std::erase_if(headers, [&](const auto& entry) { return entry.first == name; });
}

std::string_view take_item(std::string_view& list, char separator) {
  const auto end = list.find(separator);
  const std::string_view item = list.substr(0, end);
  list.remove_prefix(end == std::string_view::npos ? list.size() : end + 1);
  const auto first = item.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return item.substr(first, item.find_last_not_of(" \t") - first + 1);
}

std::string_view reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Unknown";
  }
}

}  // namespace quell::reference::http

#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "reference_app/http/message.hpp"

/// Errors as RFC 9457 problem details.
namespace quell::reference::http {

/// Where a value stood: `query` › `limit`, or `body` › `items` › 0 › `quantity`. A chain of views on the stack, so that
/// valid input costs nothing.
class Location {
 public:
  explicit Location(std::string_view name) : name_(name) {}
  Location(const Location& parent, std::string_view name) : parent_(&parent), name_(name) {}
  Location(const Location& parent, std::size_t index) : parent_(&parent), index_(index), is_index_(true) {}

  using Step = std::variant<std::string, std::size_t>;
  [[nodiscard]] std::vector<Step> steps() const;

 private:
  const Location* parent_ = nullptr;
  std::string_view name_;
  std::size_t index_ = 0;
  bool is_index_ = false;
};

/// One thing wrong with a request. `code` is for programs and stable; `message` is for people and never holds the
/// value.
struct FieldError {
  std::vector<Location::Step> location;
  std::string code;
  std::string message;
};

/// Gathers everything wrong with a request, so that a client learns all of it at once.
class ValidationErrors {
 public:
  void add(const Location& at, std::string_view code, std::string message);
  [[nodiscard]] bool empty() const { return errors_.empty(); }
  [[nodiscard]] const std::vector<FieldError>& all() const { return errors_; }
  /// Throws Problem 422 with all of them, if there are any.
  void throw_if_any() const;

 private:
  std::vector<FieldError> errors_;
};

/// Thrown by handlers; the dispatcher turns it into the response.
class Problem : public std::runtime_error {
 public:
  /// `type` is the last part of the problem's URN: `not-found`. `detail` is shown to the client.
  Problem(int status, std::string type, std::string detail)
      : std::runtime_error(detail), status_(status), type_(std::move(type)) {}

  Problem with(std::string header, std::string value) &&;
  Problem with(std::vector<FieldError> errors) &&;

  [[nodiscard]] int status() const { return status_; }
  [[nodiscard]] const std::string& type() const { return type_; }
  [[nodiscard]] const std::vector<FieldError>& errors() const { return errors_; }

  /// The response: `application/problem+json` with type, title, status, detail, request_id and, for 422, errors.
  [[nodiscard]] Response to_response(std::string_view request_id) const;

 private:
  int status_;
  std::string type_;
  std::vector<std::pair<std::string, std::string>> headers_;
  std::vector<FieldError> errors_;
};

/// 404 for one row: "There is no post with id 7."
[[nodiscard]] Problem not_found(std::string_view what, std::int64_t id);

}  // namespace quell::reference::http

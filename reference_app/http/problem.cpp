#include "reference_app/http/problem.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "reference_app/http/json_writer.hpp"

namespace quell::reference::http {

std::vector<Location::Step> Location::steps() const {
  std::vector<Step> result;
  for (const Location* at = this; at != nullptr; at = at->parent_) {
    if (at->is_index_) {
      result.emplace_back(at->index_);
    } else {
      result.emplace_back(std::string(at->name_));
    }
  }
  std::ranges::reverse(result);
  return result;
}

void ValidationErrors::add(const Location& at, std::string_view code, std::string message) {
  errors_.push_back({at.steps(), std::string(code), std::move(message)});
}

void ValidationErrors::throw_if_any() const {
  if (errors_.empty()) return;
  const auto detail = errors_.size() == 1 ? std::string("One value of the request is not valid.")
                                          : fmt::format("{} values of the request are not valid.", errors_.size());
  throw Problem(422, "validation-failed", detail).with(errors_);
}

Problem Problem::with(std::string header, std::string value) && {
  headers_.emplace_back(std::move(header), std::move(value));
  return std::move(*this);
}

Problem Problem::with(std::vector<FieldError> errors) && {
  errors_ = std::move(errors);
  return std::move(*this);
}

namespace {

void write_error(std::string& out, const FieldError& error) {
  out += R"({"location":[)";
  for (std::size_t i = 0; i < error.location.size(); ++i) {
    if (i > 0) out += ',';
    std::visit([&](const auto& step) { write_json(out, step); }, error.location[i]);
  }
  out += R"(],"code":)";
  write_json(out, error.code);
  out += R"(,"message":)";
  write_json(out, error.message);
  out += '}';
}

}  // namespace

Response Problem::to_response(std::string_view request_id) const {
  Response response;
  response.status = status_;
  response.headers = headers_;
  response.set("Content-Type", "application/problem+json");

  std::string& out = response.body;
  out += R"({"type":)";
  write_json(out, "urn:quell-reference:problem:" + type_);
  out += R"(,"title":)";
  write_json(out, reason(status_));
  out += R"(,"status":)";
  write_json(out, status_);
  out += R"(,"detail":)";
  write_json(out, std::string_view(what()));
  out += R"(,"request_id":)";
  write_json(out, request_id);
  if (!errors_.empty()) {
    out += R"(,"errors":[)";
    for (std::size_t i = 0; i < errors_.size(); ++i) {
      if (i > 0) out += ',';
      write_error(out, errors_[i]);
    }
    out += ']';
  }
  out += '}';
  return response;
}

Problem not_found(std::string_view what, std::int64_t id) {
  return {404, "not-found", fmt::format("There is no {} with id {}.", what, id)};
}

}  // namespace quell::reference::http

#include "reference_app/http/api.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <stdexcept>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <boost/json/serialize.hpp>

#include <quell/db/error.hpp>
#include <quell/tracer/tracer.hpp>

#include "reference_app/http/database_problem.hpp"
#include "reference_app/http/trace_context.hpp"

namespace quell::reference::http {
namespace {

// A failure nobody foresaw: the client learns only the request id, the log the rest.
Problem internal_error(std::string_view id, const char* what) {
  fmt::print(stderr, "request {} failed: {}\n", id, what);
  return {500, "internal-error", "The request failed. Its id is in the service's log."};
}

Problem to_problem(std::exception_ptr failure, std::string_view id) {
  try {
    std::rethrow_exception(failure);
  } catch (const Problem& problem) {
    return problem;
  } catch (const db::Error& error) {
    Problem problem = problem_of_database_error(error);
    if (problem.status() >= 500) fmt::print(stderr, "request {} failed: {}\n", id, error.what());
    return problem;
  } catch (const std::exception& error) {
    return internal_error(id, error.what());
  }
}

Problem wrong_method(const Router::WrongMethod& wrong) {
  std::vector<std::string_view> names;
  for (const Method method : wrong.allowed) names.push_back(to_string(method));
  const auto allow = fmt::format("{}", fmt::join(names, ", "));
  return Problem(405, "method-not-allowed", fmt::format("This resource answers {}.", allow)).with("Allow", allow);
}

}  // namespace

void detail::decode_headers(const std::vector<Field>& fields, const Request& request, ValidationErrors& errors) {
  const Location header("header");
  for (const Field& field : fields) {
    const auto value = request.header(field.name);
    if (!value.empty()) detail::check_string(value, field, Location(header, field.name), errors);
  }
}

std::string_view Operation::scope_for(const QueryParameters& query) const {
  if (scope_names.empty()) return scope_name;
  const auto parameter =
      std::ranges::find(query, scope_parameter, [](const auto& p) { return std::string_view(p.first); });
  if (parameter == query.end()) return scope_name;
  const auto named = std::ranges::find(scope_names, parameter->second, [](const auto& n) { return n.first; });
  return named == scope_names.end() ? scope_name : named->second;
}

void Api::insert(Operation operation) {
  router_.add(operation.info->method, operation.info->route, operations_.size());
  operations_.push_back(std::move(operation));
}

Operation& Api::with_handler_type(std::string_view id, std::type_index handler_type) {
  const auto found =
      std::ranges::find(operations_, id, [](const Operation& o) { return std::string_view(o.info->id); });
  if (found == operations_.end() || found->handler_type != handler_type) {
    throw std::logic_error(fmt::format("there is no operation {} with this input and reply", id));
  }
  return *found;
}

bool Api::wants_naive(const Operation& operation, const Request& request) const {
  if (!operation.run_naive) return false;
  const auto mode = request.header(kModeHeader);
  if (mode == "naive" || mode == "good") return mode == "naive";
  if (mode.empty()) return params_.naive;
  ValidationErrors errors;
  const Location header("header");
  constexpr std::array<std::string_view, 2> kModes{"good", "naive"};
  detail::add_enum_error(kModes, Location(header, kModeHeader), errors);
  errors.throw_if_any();
  return false;
}

const Operation* Api::find(const Request& request, const std::optional<Target>& target, std::string_view id,
                           Router::Match& match, Response& response) const {
  if (!target) {
    response = Problem(400, "malformed-target", "The request target is not a valid path and query.").to_response(id);
    return nullptr;
  }
  auto result = router_.find(request.method, target->segments);
  if (auto* found = std::get_if<Router::Match>(&result)) {
    match = std::move(*found);
    return &operations_[match.route];
  }
  if (const auto* wrong = std::get_if<Router::WrongMethod>(&result)) {
    response = wrong_method(*wrong).to_response(id);
  } else {
    response = Problem(404, "not-found", "There is no such resource.").to_response(id);
  }
  return nullptr;
}

asio::awaitable<Response> Api::run(const Operation& operation, const Request& request, const Target& target,
                                   const Router::Match& match, db::Pool& pool, AccessRecord& record) const {
  const auto parent = parse_traceparent(request.header("traceparent"));
  const auto trace_id = parent ? *parent : random_trace_id();
  std::exception_ptr failure;
  bool naive = false;
  try {
    naive = wants_naive(operation, request);
  } catch (...) {
    failure = std::current_exception();
  }
  const std::string_view scope_name = naive ? operation.naive_scope_name : operation.scope_for(target.query);
  tracer::Scope scope(trace::ScopeKind::request, scope_name, trace_id);
  RequestContext context(*this, request, pool, scope.id(), db::Deadline::after(params_.request_timeout));
  const Operation::Run& handler = naive ? operation.run_naive : operation.run;
  try {
    if (!failure) co_await handler(context, match.parameters, target.query);
  } catch (...) {
    failure = std::current_exception();
  }
  Response response =
      failure ? to_problem(failure, record.request_id).to_response(record.request_id) : std::move(context.response());
  scope.end(response.status);
  record.traceparent = make_traceparent(trace_id);
  response.set("traceparent", record.traceparent);
  co_return response;
}

asio::awaitable<Response> Api::handle(const Request& request, WorkerResources worker) const {
  const auto start = std::chrono::steady_clock::now();
  AccessRecord record;
  record.method = request.method;
  record.peer = request.peer;
  record.request_id = request_id(request.header("X-Request-Id"));
  const auto target = parse_target(request.target);
  Router::Match match;
  Response response;
  const Operation* operation = find(request, target, record.request_id, match, response);
  if (operation != nullptr) {
    record.route = operation->info->route;
    response = co_await run(*operation, request, *target, match, worker.pool, record);
    pools_.record(worker.worker, worker.pool.status());
  }
  response.set("X-Request-Id", record.request_id);

  record.status = response.status;
  record.bytes = response.body.size();
  record.duration = std::chrono::steady_clock::now() - start;
  (operation != nullptr ? *operation->metrics : unmatched_).record(record.status, record.duration);
  if (params_.access_log) params_.access_log(record);
  co_return response;
}

std::string Api::metrics_text() const {
  std::string out =
      "# HELP http_requests_total Requests answered.\n"
      "# TYPE http_requests_total counter\n";
  const auto each = [&](auto write) {
    for (const Operation& operation : operations_) {
      write(*operation.metrics, to_string(operation.info->method), operation.info->route);
    }
    write(unmatched_, "", "");
  };
  each([&](const RequestMetrics& metrics, auto method, auto route) { metrics.write_counts(out, method, route); });
  out +=
      "# HELP http_request_duration_seconds From the received request to its reply.\n"
      "# TYPE http_request_duration_seconds histogram\n";
  each([&](const RequestMetrics& metrics, auto method, auto route) { metrics.write_durations(out, method, route); });
  pools_.write(out);
  return out;
}

std::string Api::openapi_text() const {
  return boost::json::serialize(openapi_document(operations_));
}

}  // namespace quell::reference::http

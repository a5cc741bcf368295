#include "reference_app/http/api.hpp"

#include <algorithm>
#include <cstdio>
#include <exception>

#include <fmt/format.h>
#include <fmt/ranges.h>

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

std::string_view Operation::scope_for(const QueryParameters& query) const {
  if (scope_names.empty()) return scope_name;
  const auto parameter =
      std::ranges::find(query, scope_parameter, [](const auto& p) { return std::string_view(p.first); });
  if (parameter == query.end()) return scope_name;
  const auto named = std::ranges::find(scope_names, parameter->second, [](const auto& n) { return n.first; });
  return named == scope_names.end() ? scope_name : named->second;
}

void Api::insert(Operation operation) {
  router_.add(operation.info.method, operation.info.route, operations_.size());
  operations_.push_back(std::move(operation));
}

asio::awaitable<Response> Api::run(const Operation& operation, const Request& request, const Target& target,
                                   const Router::Match& match, db::Pool& pool, const std::string& id) const {
  const auto parent = parse_traceparent(request.header("traceparent"));
  const auto trace_id = parent ? *parent : random_trace_id();
  tracer::Scope scope(trace::ScopeKind::request, operation.scope_for(target.query), trace_id);
  RequestContext context(request, pool, id, scope.id(), db::Deadline::after(params_.request_timeout));

  std::exception_ptr failure;
  try {
    co_await operation.run(context, match.parameters, target.query);
  } catch (...) {
    failure = std::current_exception();
  }
  Response response = failure ? to_problem(failure, id).to_response(id) : std::move(context.response());
  scope.end(response.status);
  response.set("traceparent", make_traceparent(trace_id));
  co_return response;
}

asio::awaitable<Response> Api::handle(const Request& request, db::Pool& pool) const {
  const std::string id = request_id(request.header("X-Request-Id"));
  const auto target = parse_target(request.target);
  Response response;
  if (!target) {
    response = Problem(400, "malformed-target", "The request target is not a valid path and query.").to_response(id);
  } else {
    const auto result = router_.find(request.method, target->segments);
    if (const auto* match = std::get_if<Router::Match>(&result)) {
      response = co_await run(operations_[match->route], request, *target, *match, pool, id);
    } else if (const auto* wrong = std::get_if<Router::WrongMethod>(&result)) {
      response = wrong_method(*wrong).to_response(id);
    } else {
      response = Problem(404, "not-found", "There is no such resource.").to_response(id);
    }
  }
  response.set("X-Request-Id", id);
  co_return response;
}

}  // namespace quell::reference::http

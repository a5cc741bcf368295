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

#include "reference_app/auth/secret.hpp"
#include "reference_app/domain/idempotency.hpp"
#include "reference_app/domain/orders.hpp"
#include "reference_app/http/database_problem.hpp"
#include "reference_app/http/shop_handlers.hpp"
#include "reference_app/http/trace_context.hpp"

namespace quell::reference::http {
namespace {

ApiParams with_secret(ApiParams params) {
  if (params.secret.empty()) params.secret = auth::random_bytes(ApiParams::kMinSecretBytes);
  return params;
}

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
  } catch (const auth::HasherBusy&) {
    return Problem(503, "busy", "Too many passwords are being checked. Try again.").with("Retry-After", "1");
  } catch (const OrderRefused& refusal) {
    return problem_of(refusal);
  } catch (const IdempotencyKeyReused&) {
    return {422, "idempotency-key-reused", "This Idempotency-Key was used for another request."};
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

enum class Version { good, naive, unknown };

/// Which version of an operation a request asks for.
Version version_of(const Operation& operation, const Request& request, bool naive) {
  if (!operation.run_naive) return Version::good;
  const auto mode = request.header(kModeHeader);
  if (mode.empty()) return naive ? Version::naive : Version::good;
  if (mode == "naive") return Version::naive;
  return mode == "good" ? Version::good : Version::unknown;
}

void refuse_mode() {
  ValidationErrors errors;
  const Location header("header");
  constexpr std::array<std::string_view, 2> kModes{"good", "naive"};
  detail::add_enum_error(kModes, Location(header, kModeHeader), errors);
  errors.throw_if_any();
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

void RequestContext::require_owner(std::int64_t owner_id) const {
  if (!identity().may_change(owner_id)) throw Problem(403, "forbidden", "This belongs to somebody else.");
}

Api::Api(ApiParams params)
    : params_(with_secret(std::move(params))),
      tokens_(auth::derived_key(params_.secret, "access tokens"), params_.access_lifetime),
      cursors_(auth::derived_key(params_.secret, "cursors")),
      admission_(tokens_, params_.rates) {}

WriteCount* Api::write_count(const std::string& group) {
  return &write_counts_[group];
}

void Api::insert(Operation operation) {
  if (!operation.info->cache.empty()) operation.cache_writes = write_count(operation.info->cache);
  for (const std::string& group : operation.info->writes) operation.writes.push_back(write_count(group));
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

asio::awaitable<void> Api::run_cached(const Operation& operation, const Target& target, const Router::Match& match,
                                      const WorkerResources& worker, RequestContext& context) const {
  Response& response = context.response();
  const ReplyCache::Make make = [&]() -> asio::awaitable<std::string> {
    co_await operation.run(context, match.parameters, target.query);
    co_return std::move(response.body);
  };
  const auto body =
      co_await worker.state->cache.get(std::string(context.request().target), *operation.cache_writes, make);
  response.headers.clear();
  response.status = operation.info->status;
  response.set("Content-Type", operation.info->media_type);
  response.body = *body;
}

asio::awaitable<Response> Api::run(const Operation& operation, const Request& request, const Target& target,
                                   const Router::Match& match, const WorkerResources& worker,
                                   AccessRecord& record) const {
  const auto parent = parse_traceparent(request.header("traceparent"));
  const auto trace_id = parent ? *parent : random_trace_id();
  const Version version = version_of(operation, request, params_.naive);
  tracer::Scope scope(trace::ScopeKind::request,
                      version == Version::naive ? operation.naive_scope_name : operation.scope_for(target.query),
                      trace_id);
  const OperationInfo& info = *operation.info;

  Response response;
  std::exception_ptr failure;
  try {
    const auto identity = admission_.admit(request, info.access, info.limit);
    RequestContext context(*this, request, worker, identity, scope.id(), db::Deadline::after(params_.request_timeout));
    if (version == Version::unknown) refuse_mode();
    if (version == Version::naive) {
      co_await operation.run_naive(context, match.parameters, target.query);
    } else if (operation.cache_writes != nullptr) {
      co_await run_cached(operation, target, match, worker, context);
    } else {
      co_await operation.run(context, match.parameters, target.query);
    }
    response = std::move(context.response());
    for (WriteCount* count : operation.writes) ++*count;
  } catch (...) {
    failure = std::current_exception();
  }
  if (failure) response = to_problem(failure, record.request_id).to_response(record.request_id);
  const bool is_private = info.access != Access::anyone || info.limit == Limit::authentication;
  response.set("Cache-Control", is_private ? "no-store" : "no-cache");
  finish_reply(request, params_.finish, response);
  scope.end(response.status);
  record.traceparent = make_traceparent(trace_id);
  response.set("traceparent", record.traceparent);
  co_return response;
}

asio::awaitable<Response> Api::answer(const Request& request, const WorkerResources& worker, AccessRecord& record,
                                      const Operation*& operation) const {
  const auto target = parse_target(request.target);
  if (target && is_preflight(request)) {
    if (const auto methods = router_.methods(target->segments); !methods.empty()) {
      co_return answer_preflight(request, methods, params_.cors);
    }
  }
  Router::Match match;
  Response response;
  operation = find(request, target, record.request_id, match, response);
  if (operation == nullptr) co_return response;
  record.route = operation->info->route;
  response = co_await run(*operation, request, *target, match, worker, record);
  pools_.record(worker.worker, worker.pool->status());
  co_return response;
}

asio::awaitable<Response> Api::handle(const Request& request, WorkerResources worker) const {
  const auto start = std::chrono::steady_clock::now();
  AccessRecord record;
  record.method = request.method;
  record.peer = request.peer;
  record.request_id = request_id(request.header("X-Request-Id"));
  const Operation* operation = nullptr;
  Response response = co_await answer(request, worker, record, operation);
  allow_origin(request, params_.cors, response);
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

#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <typeindex>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <quell/db/pool.hpp>

#include "reference_app/http/access_log.hpp"
#include "reference_app/http/decode.hpp"
#include "reference_app/http/message.hpp"
#include "reference_app/http/metrics.hpp"
#include "reference_app/http/openapi.hpp"
#include "reference_app/http/router.hpp"
#include "reference_app/http/schema.hpp"

/// Operations declared once: route, parameters, body, result and handler.
namespace quell::reference::http {

namespace asio = boost::asio;

class Api;

/// What a handler may use besides its input. Lives as long as the request.
class RequestContext {
 public:
  RequestContext(const Api& api, const Request& request, db::Pool& pool, trace::ScopeId scope, db::Deadline deadline)
      : api_(&api), request_(&request), pool_(&pool), scope_(scope), deadline_(deadline) {}

  [[nodiscard]] const Api& api() const { return *api_; }
  [[nodiscard]] const Request& request() const { return *request_; }
  /// A connection whose statements belong to this request's scope and end by its deadline.
  [[nodiscard]] db::Awaitable<db::Lease> acquire(db::CallSite site = db::CallSite::current()) {
    return acquire(deadline_, site);
  }
  /// The same with an earlier deadline.
  [[nodiscard]] db::Awaitable<db::Lease> acquire(db::Deadline deadline, db::CallSite site = db::CallSite::current()) {
    return pool_->acquire(db::AcquireOptions{.scope = scope_, .deadline = deadline_.earlier(deadline)}, site);
  }
  /// Sent with the reply if the handler succeeds.
  [[nodiscard]] Response& response() { return response_; }

 private:
  const Api* api_;
  const Request* request_;
  db::Pool* pool_;
  trace::ScopeId scope_;
  db::Deadline deadline_;
  Response response_;
};

template <class Path, class Query = None, class Body = None>
struct Input {
  Path path{};
  Query query{};
  Body body{};
};

template <class In, class Out>
using Handler = asio::awaitable<Out> (*)(RequestContext&, const In&);

/// What is said of an operation besides its types.
struct OperationInfo {
  Method method = Method::get;
  std::string route = {};  ///< template: /posts/{id}
  std::string id = {};     ///< unique, for the document and generated clients: list_posts
  std::string summary = {};
  std::string description = {};
  std::string tag = {};
  std::string media_type = "application/json";  ///< of success; anything else needs a handler that returns std::string
  int status = 200;                             ///< of success; 204 needs a handler that returns None
  std::vector<Field> headers = {};              ///< optional ones the handler reads; checked as strings
  std::vector<int> problems =
      {};  ///< statuses the handler may answer with, besides those every operation of its shape has
};

/// A declared operation.
struct Operation {
  using Run = std::function<asio::awaitable<void>(RequestContext&, std::span<const std::string_view> path,
                                                  const QueryParameters&)>;

  std::shared_ptr<const OperationInfo> info;
  std::string scope_name;  ///< GET /posts
  /// Query text of the scope-naming parameter → scope name: lazy → GET /posts?loading=lazy.
  std::string scope_parameter;
  std::vector<std::pair<std::string, std::string>> scope_names;
  Run run;
  /// The badly written version and its scope's name; empty where there is none.
  Run run_naive;
  std::string naive_scope_name;
  std::type_index handler_type{typeid(void)};
  std::function<OperationShape(SchemaSet&)> shape;
  std::unique_ptr<RequestMetrics> metrics = std::make_unique<RequestMetrics>();

  [[nodiscard]] std::string_view scope_for(const QueryParameters& query) const;
};

/// Chooses the version of an operation that has two, `good` or `naive`, whatever ApiParams::naive says.
inline constexpr std::string_view kModeHeader = "X-Quell-Reference-Mode";

struct ApiParams {
  /// Operations run in their badly written version where they have one and the request does not say otherwise.
  bool naive = false;
  /// From the received request to its reply, waiting for the database included.
  std::chrono::milliseconds request_timeout{30'000};
  /// Told of every request; null: nobody.
  std::function<void(const AccessRecord&)> access_log = {};
};

/// A worker's own: used on its thread only.
struct WorkerResources {
  db::Pool& pool;
  std::size_t worker = 0;  ///< counts from 0
};

/// All operations and how to find them. Filled at start, then only read, from any thread.
class Api {
 public:
  explicit Api(ApiParams params = {}) : params_(std::move(params)) {}

  template <class Path, class Query, class Body, class Out>
  void add(OperationInfo info, Handler<Input<Path, Query, Body>, Out> handler);
  /// Gives the operation `id` a second version: same input, same reply, other way. Its requests are scopes of their
  /// own: `GET /posts [naive]`. Throws std::logic_error where there is no such operation with these types.
  template <class In, class Out>
  void add_naive(std::string_view id, Handler<In, Out> handler);

  /// Never throws: every failure is a problem response. Each request is one trace scope.
  [[nodiscard]] asio::awaitable<Response> handle(const Request& request, WorkerResources worker) const;

  [[nodiscard]] const std::vector<Operation>& operations() const { return operations_; }
  /// All metrics in Prometheus' text format.
  [[nodiscard]] std::string metrics_text() const;
  /// The OpenAPI document as text.
  [[nodiscard]] std::string openapi_text() const;

 private:
  void insert(Operation operation);
  Operation& with_handler_type(std::string_view id, std::type_index handler_type);
  /// Which version a request wants; throws Problem 422 where its header names none.
  [[nodiscard]] bool wants_naive(const Operation& operation, const Request& request) const;
  /// The operation of the request; null where there is none, and then `response` says why.
  const Operation* find(const Request& request, const std::optional<Target>& target, std::string_view id,
                        Router::Match& match, Response& response) const;
  asio::awaitable<Response> run(const Operation& operation, const Request& request, const Target& target,
                                const Router::Match& match, db::Pool& pool, AccessRecord& record) const;

  ApiParams params_;
  Router router_;
  std::vector<Operation> operations_;
  mutable RequestMetrics unmatched_;
  mutable PoolMetrics pools_;
};

namespace detail {

/// Checks those of `fields` that the request has.
void decode_headers(const std::vector<Field>& fields, const Request& request, ValidationErrors& errors);

template <class Path, class Query, class Body, class Out>
asio::awaitable<void> run_handler(Handler<Input<Path, Query, Body>, Out> handler, const OperationInfo& info,
                                  RequestContext& context, std::span<const std::string_view> path,
                                  const QueryParameters& query) {
  Input<Path, Query, Body> input;
  ValidationErrors errors;
  decode_path(path, errors, input.path);
  decode_query(query, errors, input.query);
  decode_headers(info.headers, context.request(), errors);
  if constexpr (!std::same_as<Body, None>) {
    const auto json = parse_json_body(context.request().header("Content-Type"), context.request().body);
    decode_body(json, errors, input.body);
  }
  errors.throw_if_any();

  Out output = co_await handler(context, input);
  Response& response = context.response();
  response.status = info.status;
  if constexpr (std::same_as<Out, None>) co_return;
  response.set("Content-Type", info.media_type);
  if constexpr (std::same_as<Out, std::string>) {
    response.body = std::move(output);
  } else {
    write_json(response.body, output);
  }
}

template <class Path, class Query, class Body, class Out>
OperationShape make_shape(SchemaSet& schemas) {
  OperationShape shape;
  schemas.add_parameters<Path>(shape.parameters, "path");
  schemas.add_parameters<Query>(shape.parameters, "query");
  if constexpr (!std::same_as<Body, None>) shape.body = schemas.schema_of<Body>({}, SchemaSet::Direction::input);
  if constexpr (!std::same_as<Out, std::string> && !std::same_as<Out, None>)
    shape.reply = schemas.schema_of<Out>({}, SchemaSet::Direction::output);
  return shape;
}

template <class Query>
void name_scopes(Operation& operation) {
  boost::mp11::mp_for_each<MembersOf<Query>>([&](auto member) {
    using Member = std::remove_reference_t<decltype(std::declval<Query&>().*member.pointer)>;
    constexpr Field field = field_of<Query>(decltype(member)::name);
    if constexpr (field.names_scope) {
      static_assert(std::is_enum_v<Member>, "only an enumeration may name scopes: their number must be bounded");
      operation.scope_parameter = field.name;
      for (const std::string_view value : enum_names<Member>()) {
        operation.scope_names.emplace_back(
            value, operation.scope_name + "?" + std::string(field.name) + "=" + std::string(value));
      }
    }
  });
}

template <class Path, class Query, class Body, class Out>
Operation::Run make_run(Handler<Input<Path, Query, Body>, Out> handler, std::shared_ptr<const OperationInfo> info) {
  return [handler, info = std::move(info)](RequestContext& context, std::span<const std::string_view> path,
                                           const QueryParameters& query) {
    return run_handler<Path, Query, Body, Out>(handler, *info, context, path, query);
  };
}

}  // namespace detail

template <class Path, class Query, class Body, class Out>
void Api::add(OperationInfo info, Handler<Input<Path, Query, Body>, Out> handler) {
  Operation operation;
  operation.scope_name = std::string(to_string(info.method)) + " " + info.route;
  detail::name_scopes<Query>(operation);
  auto kept = std::make_shared<const OperationInfo>(std::move(info));
  operation.run = detail::make_run(handler, kept);
  operation.handler_type = typeid(handler);
  operation.shape = &detail::make_shape<Path, Query, Body, Out>;
  operation.info = kept;
  insert(std::move(operation));
}

template <class In, class Out>
void Api::add_naive(std::string_view id, Handler<In, Out> handler) {
  Operation& operation = with_handler_type(id, typeid(handler));
  operation.run_naive = detail::make_run(handler, operation.info);
  operation.naive_scope_name = operation.scope_name + " [naive]";
}

}  // namespace quell::reference::http

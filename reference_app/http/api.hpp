#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <quell/db/pool.hpp>

#include "reference_app/http/decode.hpp"
#include "reference_app/http/message.hpp"
#include "reference_app/http/router.hpp"
#include "reference_app/http/schema.hpp"

/// Operations declared once: route, parameters, body, result and handler.
namespace quell::reference::http {

namespace asio = boost::asio;

/// What a handler may use besides its input. Lives as long as the request.
class RequestContext {
 public:
  RequestContext(const Request& request, db::Pool& pool, std::string request_id, trace::ScopeId scope,
                 db::Deadline deadline)
      : request_(&request), pool_(&pool), request_id_(std::move(request_id)), scope_(scope), deadline_(deadline) {}

  [[nodiscard]] const Request& request() const { return *request_; }
  [[nodiscard]] const std::string& request_id() const { return request_id_; }
  /// A connection whose statements belong to this request's scope and end by its deadline.
  [[nodiscard]] db::Awaitable<db::Lease> acquire(db::CallSite site = db::CallSite::current()) {
    return pool_->acquire(db::AcquireOptions{.scope = scope_, .deadline = deadline_}, site);
  }
  /// Sent with the reply if the handler succeeds.
  [[nodiscard]] Response& response() { return response_; }

 private:
  const Request* request_;
  db::Pool* pool_;
  std::string request_id_;
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
  std::string tag = {};
  int status = 200;  ///< of success
  std::vector<int> problems =
      {};  ///< statuses the handler may answer with, besides those every operation of its shape has
};

/// A declared operation.
struct Operation {
  OperationInfo info;
  std::string scope_name;  ///< GET /posts
  /// Query text of the scope-naming parameter → scope name: lazy → GET /posts?loading=lazy.
  std::string scope_parameter;
  std::vector<std::pair<std::string, std::string>> scope_names;
  std::function<asio::awaitable<void>(RequestContext&, std::span<const std::string_view> path, const QueryParameters&)>
      run;

  [[nodiscard]] std::string_view scope_for(const QueryParameters& query) const;
};

struct ApiParams {
  /// From the received request to its reply, waiting for the database included.
  std::chrono::milliseconds request_timeout{30'000};
};

/// All operations and how to find them. Filled at start, then only read, from any thread.
class Api {
 public:
  explicit Api(ApiParams params = {}) : params_(params) {}

  template <class Path, class Query, class Body, class Out>
  void add(OperationInfo info, Handler<Input<Path, Query, Body>, Out> handler);

  /// Never throws: every failure is a problem response. Each request is one trace scope.
  [[nodiscard]] asio::awaitable<Response> handle(const Request& request, db::Pool& pool) const;

  [[nodiscard]] const std::vector<Operation>& operations() const { return operations_; }

 private:
  void insert(Operation operation);
  asio::awaitable<Response> run(const Operation& operation, const Request& request, const Target& target,
                                const Router::Match& match, db::Pool& pool, const std::string& id) const;

  ApiParams params_;
  Router router_;
  std::vector<Operation> operations_;
};

namespace detail {

template <class Path, class Query, class Body, class Out>
asio::awaitable<void> run_handler(Handler<Input<Path, Query, Body>, Out> handler, int status, RequestContext& context,
                                  std::span<const std::string_view> path, const QueryParameters& query) {
  Input<Path, Query, Body> input;
  ValidationErrors errors;
  decode_path(path, errors, input.path);
  decode_query(query, errors, input.query);
  if constexpr (!std::same_as<Body, None>) {
    const auto json = parse_json_body(context.request().header("Content-Type"), context.request().body);
    decode_body(json, errors, input.body);
  }
  errors.throw_if_any();

  const Out output = co_await handler(context, input);
  Response& response = context.response();
  response.status = status;
  response.set("Content-Type", "application/json");
  write_json(response.body, output);
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

}  // namespace detail

template <class Path, class Query, class Body, class Out>
void Api::add(OperationInfo info, Handler<Input<Path, Query, Body>, Out> handler) {
  Operation operation;
  operation.scope_name = std::string(to_string(info.method)) + " " + info.route;
  detail::name_scopes<Query>(operation);
  operation.run = [handler, status = info.status](RequestContext& context, std::span<const std::string_view> path,
                                                  const QueryParameters& query) {
    return detail::run_handler<Path, Query, Body, Out>(handler, status, context, path, query);
  };
  operation.info = std::move(info);
  insert(std::move(operation));
}

}  // namespace quell::reference::http

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <typeindex>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <quell/db/pool.hpp>

#include "reference_app/auth/access_token.hpp"
#include "reference_app/auth/password.hpp"
#include "reference_app/http/access_log.hpp"
#include "reference_app/http/admission.hpp"
#include "reference_app/http/api_params.hpp"
#include "reference_app/http/cursor.hpp"
#include "reference_app/http/decode.hpp"
#include "reference_app/http/message.hpp"
#include "reference_app/http/metrics.hpp"
#include "reference_app/http/openapi.hpp"
#include "reference_app/http/reply_cache.hpp"
#include "reference_app/http/router.hpp"
#include "reference_app/http/schema.hpp"

/// Operations declared once: route, parameters, body, result and handler.
namespace quell::reference::http {

namespace asio = boost::asio;

class Api;

/// A worker's own: used on its thread only. Requests hold `state`, so that one cut off while the service ends finds it
/// still there.
class WorkerResources {
 public:
  struct State {
    State(const auth::PasswordHasherParams& hashing, const ReplyCacheParams& caching)
        : hasher(hashing), cache(caching) {}
    auth::PasswordHasher hasher;
    ReplyCache cache;
  };
  WorkerResources(std::size_t number, db::Pool& connections, std::shared_ptr<State> own)
      : worker(number), pool(&connections), state(std::move(own)) {}

  std::size_t worker;  ///< counts from 0
  db::Pool* pool;
  std::shared_ptr<State> state;
};

/// What a handler may use besides its input. Lives as long as the request.
class RequestContext {
 public:
  RequestContext(const Api& api, const Request& request, const WorkerResources& worker,
                 std::optional<auth::Identity> identity, trace::ScopeId scope, db::Deadline deadline)
      : api_(&api), request_(&request), worker_(&worker), identity_(identity), scope_(scope), deadline_(deadline) {}

  [[nodiscard]] const Api& api() const { return *api_; }
  [[nodiscard]] const Request& request() const { return *request_; }
  /// Who sends the request. The operation's access must not be anyone.
  [[nodiscard]] const auth::Identity& identity() const { return identity_.value(); }
  /// Throws Problem 403 where the sender may not change what `owner_id` made.
  void require_owner(std::int64_t owner_id) const;
  [[nodiscard]] auth::PasswordHasher& hasher() { return worker_->state->hasher; }
  /// A connection whose statements belong to this request's scope and end by its deadline.
  [[nodiscard]] db::Awaitable<db::Lease> acquire(db::CallSite site = db::CallSite::current()) {
    return acquire(deadline_, site);
  }
  /// The same with an earlier deadline.
  [[nodiscard]] db::Awaitable<db::Lease> acquire(db::Deadline deadline, db::CallSite site = db::CallSite::current()) {
    return worker_->pool->acquire(db::AcquireOptions{.scope = scope_, .deadline = deadline_.earlier(deadline)}, site);
  }
  /// Sent with the reply if the handler succeeds.
  [[nodiscard]] Response& response() { return response_; }

 private:
  const Api* api_;
  const Request* request_;
  const WorkerResources* worker_;
  std::optional<auth::Identity> identity_;
  trace::ScopeId scope_;
  db::Deadline deadline_;
  Response response_;
};

/// What a request brings: each a described struct, None where there is nothing of the kind.
template <class Path, class Query = None, class Body = None, class Header = None, class Cookie = None>
struct Input {
  Path path{};
  Query query{};
  Body body{};
  Header header{};
  Cookie cookie{};
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
  int status = 200;                             ///< of success; 204 for a handler that returns None
  Access access = Access::anyone;
  Limit limit = Limit::none;
  /// Replies are kept and shared until an operation that `writes` this group succeeds. For access anyone and handlers
  /// that set no headers only.
  std::string cache = {};
  std::vector<std::string> writes = {};
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
  /// The badly written version and its scope's name; empty where there is none. Its replies are never cached.
  Run run_naive;
  std::string naive_scope_name;
  std::type_index handler_type{typeid(void)};
  WriteCount* cache_writes = nullptr;  ///< of the group its replies are cached by; null: they are not
  std::vector<WriteCount*> writes;
  std::function<OperationShape(SchemaSet&)> shape;
  std::unique_ptr<RequestMetrics> metrics = std::make_unique<RequestMetrics>();

  [[nodiscard]] std::string_view scope_for(const QueryParameters& query) const;
};

/// Chooses the version of an operation that has two, `good` or `naive`, whatever ApiParams::naive says.
inline constexpr std::string_view kModeHeader = "X-Quell-Reference-Mode";

/// All operations and how to find them. Filled at start, then only read, from any thread.
class Api {
 public:
  explicit Api(ApiParams params = {});
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  template <class In, class Out>
  void add(OperationInfo info, Handler<In, Out> handler);
  /// Gives the operation `id` a second version: same input, same reply, other way. Its requests are scopes of their
  /// own: `GET /posts [naive]`. Throws std::logic_error where there is no such operation with these types.
  template <class In, class Out>
  void add_naive(std::string_view id, Handler<In, Out> handler);

  /// Never throws: every failure is a problem response. Each request is one trace scope.
  [[nodiscard]] asio::awaitable<Response> handle(const Request& request, WorkerResources worker) const;

  [[nodiscard]] const std::vector<Operation>& operations() const { return operations_; }
  [[nodiscard]] const auth::AccessTokens& tokens() const { return tokens_; }
  [[nodiscard]] std::chrono::seconds refresh_lifetime() const { return params_.refresh_lifetime; }
  [[nodiscard]] const CursorCodec& cursors() const { return cursors_; }
  /// Counts one attempt to enter this account. Throws Problem 429.
  void count_attempt(std::string_view account) const { admission_.count_attempt(account); }
  /// All metrics in Prometheus' text format.
  [[nodiscard]] std::string metrics_text() const;
  /// The OpenAPI document as text.
  [[nodiscard]] std::string openapi_text() const;

 private:
  void insert(Operation operation);
  Operation& with_handler_type(std::string_view id, std::type_index handler_type);
  /// The operation of the request; null where there is none, and then `response` says why.
  const Operation* find(const Request& request, const std::optional<Target>& target, std::string_view id,
                        Router::Match& match, Response& response) const;
  asio::awaitable<Response> run(const Operation& operation, const Request& request, const Target& target,
                                const Router::Match& match, const WorkerResources& worker, AccessRecord& record) const;
  asio::awaitable<void> run_cached(const Operation& operation, const Target& target, const Router::Match& match,
                                   const WorkerResources& worker, RequestContext& context) const;
  asio::awaitable<Response> answer(const Request& request, const WorkerResources& worker, AccessRecord& record,
                                   const Operation*& operation) const;
  WriteCount* write_count(const std::string& group);

  ApiParams params_;
  auth::AccessTokens tokens_;
  CursorCodec cursors_;
  mutable Admission admission_;
  Router router_;
  std::vector<Operation> operations_;
  std::map<std::string, WriteCount> write_counts_;
  mutable RequestMetrics unmatched_;
  mutable PoolMetrics pools_;
};

namespace detail {

template <class In, class Out>
asio::awaitable<void> run_handler(Handler<In, Out> handler, const OperationInfo& info, RequestContext& context,
                                  std::span<const std::string_view> path, const QueryParameters& query) {
  In input;
  ValidationErrors errors;
  decode_path(path, errors, input.path);
  decode_query(query, errors, input.query);
  decode_headers(context.request(), errors, input.header);
  decode_cookies(context.request(), errors, input.cookie);
  if constexpr (!std::same_as<decltype(In::body), None>) {
    const auto json = parse_json_body(context.request().header("Content-Type"), context.request().body);
    decode_body(json, errors, input.body);
  }
  errors.throw_if_any();

  Out output = co_await handler(context, input);
  Response& response = context.response();
  response.status = info.status;
  if constexpr (!std::same_as<Out, None>) {
    response.set("Content-Type", info.media_type);
    if constexpr (std::same_as<Out, std::string>) {
      response.body = std::move(output);
    } else {
      write_json(response.body, output);
    }
  }
}

template <class In, class Out>
OperationShape make_shape(SchemaSet& schemas) {
  OperationShape shape;
  schemas.add_parameters<decltype(In::path)>(shape.parameters, "path");
  schemas.add_parameters<decltype(In::query)>(shape.parameters, "query");
  schemas.add_parameters<decltype(In::header)>(shape.parameters, "header");
  schemas.add_parameters<decltype(In::cookie)>(shape.parameters, "cookie");
  if constexpr (!std::same_as<decltype(In::body), None>) {
    shape.body = schemas.schema_of<decltype(In::body)>({}, SchemaSet::Direction::input);
  }
  if constexpr (!std::same_as<Out, std::string> && !std::same_as<Out, None>) {
    shape.reply = schemas.schema_of<Out>({}, SchemaSet::Direction::output);
  }
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

template <class In, class Out>
Operation::Run make_run(Handler<In, Out> handler, std::shared_ptr<const OperationInfo> info) {
  return [handler, info = std::move(info)](RequestContext& context, std::span<const std::string_view> path,
                                           const QueryParameters& query) {
    return run_handler<In, Out>(handler, *info, context, path, query);
  };
}

}  // namespace detail

template <class In, class Out>
void Api::add(OperationInfo info, Handler<In, Out> handler) {
  Operation operation;
  operation.scope_name = std::string(to_string(info.method)) + " " + info.route;
  detail::name_scopes<decltype(In::query)>(operation);
  auto kept = std::make_shared<const OperationInfo>(std::move(info));
  operation.run = detail::make_run(handler, kept);
  operation.handler_type = typeid(handler);
  operation.shape = &detail::make_shape<In, Out>;
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

#include "reference_app/http/api.hpp"
#include "reference_app/http/representations.hpp"
#include "reference_app/naive/naive.hpp"

namespace quell::reference::naive {
namespace {

/// Each asker asks for himself: for the check, for the reply, and once more for the log.
http::asio::awaitable<std::optional<User>> load(db::Connection& connection, std::int64_t id) {
  return connection.fetch_optional<User>("select id, name, email, created_at from users where id = $1", id);
}

http::asio::awaitable<UserProfile> get(http::RequestContext& context, const http::Input<http::ById>& input) {
  auto connection = co_await context.acquire();
  const auto exists = co_await load(*connection, input.path.id);
  if (!exists) throw http::not_found("user", input.path.id);
  const auto user = co_await load(*connection, input.path.id);
  const auto posts = co_await connection->fetch<Post>(
      "select id, author_id, title, body, created_at from posts where author_id = $1", user->id);
  co_await load(*connection, input.path.id);
  co_return UserProfile{user->id, user->name, user->email, user->created_at, std::ssize(posts)};
}

}  // namespace

void add_users(http::Api& api) {
  api.add_naive("get_user", &get);
}

void add_naive_versions(http::Api& api) {
  add_posts(api);
  add_users(api);
  add_products(api);
  add_orders(api);
  add_sales(api);
}

}  // namespace quell::reference::naive

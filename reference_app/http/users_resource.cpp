#include <fmt/format.h>

#include "reference_app/domain/users.hpp"
#include "reference_app/http/api.hpp"
#include "reference_app/http/representations.hpp"
#include "reference_app/http/resources.hpp"

namespace quell::reference::http {
namespace {

asio::awaitable<UserProfile> get(RequestContext& context, const Input<ById, None, None>& input) {
  auto connection = co_await context.acquire();
  auto user = co_await find_user(*connection, input.path.id);
  if (!user) throw not_found("user", input.path.id);
  co_return std::move(*user);
}

asio::awaitable<UserProfile> create(RequestContext& context, const Input<None, None, UserDraft>& input) {
  auto connection = co_await context.acquire();
  auto user = co_await create_user(*connection, input.body.name, input.body.email);
  context.response().set("Location", fmt::format("/users/{}", user.id));
  co_return user;
}

}  // namespace

void add_users(Api& api) {
  api.add({.route = "/users/{id}", .id = "get_user", .summary = "One user", .tag = "users", .problems = {404}}, &get);
  api.add({.method = Method::post,
           .route = "/users",
           .id = "create_user",
           .summary = "Add a user",
           .tag = "users",
           .status = 201,
           .problems = {409}},
          &create);
}

}  // namespace quell::reference::http

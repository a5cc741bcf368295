#include <fmt/format.h>
#include <boost/describe/enum_to_string.hpp>

#include "reference_app/domain/users.hpp"
#include "reference_app/http/api.hpp"
#include "reference_app/http/representations.hpp"
#include "reference_app/http/resources.hpp"

namespace quell::reference::http {
namespace {

constexpr std::string_view kList = "users";

asio::awaitable<Page<UserAccount>> list(RequestContext& context, const Input<None, PageQuery>& input) {
  const std::int64_t after = id_before(context.api().cursors(), kList, input.query);
  auto connection = co_await context.acquire();
  const Slice slice{input.query.limit, input.query.offset};
  auto users = co_await list_users(*connection, slice, after);
  co_return make_page_by_id(std::move(users), input.query, context.api().cursors(), kList);
}

asio::awaitable<UserProfile> get(RequestContext& context, const Input<ById>& input) {
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

asio::awaitable<UserProfile> change(RequestContext& context, const Input<ById, None, UserPatch>& input) {
  context.require_owner(input.path.id);
  const UserPatch& patch = input.body;
  if (patch.role && !context.identity().is_admin()) {
    throw Problem(403, "forbidden", "Only administrators change roles.");
  }
  std::optional<std::string> role;
  if (patch.role) role = boost::describe::enum_to_string(*patch.role, "");
  auto connection = co_await context.acquire();
  auto user = co_await update_user(*connection, input.path.id, {patch.name, patch.email, role});
  if (!user) throw not_found("user", input.path.id);
  co_return std::move(*user);
}

asio::awaitable<None> remove(RequestContext& context, const Input<ById>& input) {
  context.require_owner(input.path.id);
  auto connection = co_await context.acquire();
  if (!co_await delete_user(*connection, input.path.id)) throw not_found("user", input.path.id);
  co_return None{};
}

}  // namespace

void add_users(Api& api) {
  api.add({.route = "/users",
           .id = "list_users",
           .summary = "All users, by id",
           .tag = "users",
           .access = Access::admin,
           .limit = Limit::expensive},
          &list);
  api.add({.route = "/users/{id}", .id = "get_user", .summary = "One user", .tag = "users", .problems = {404}}, &get);
  api.add({.method = Method::post,
           .route = "/users",
           .id = "create_user",
           .summary = "Add a user who has no password",
           .tag = "users",
           .status = 201,
           .access = Access::admin,
           .problems = {409}},
          &create);
  api.add({.method = Method::patch,
           .route = "/users/{id}",
           .id = "change_user",
           .summary = "Change oneself, or as administrator anybody",
           .tag = "users",
           .access = Access::user,
           .problems = {403, 404, 409}},
          &change);
  api.add({.method = Method::del,
           .route = "/users/{id}",
           .id = "delete_user",
           .summary = "Delete a user who wrote nothing",
           .tag = "users",
           .status = 204,
           .access = Access::user,
           .problems = {403, 404, 409}},
          &remove);
}

}  // namespace quell::reference::http

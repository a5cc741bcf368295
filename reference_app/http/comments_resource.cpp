#include "reference_app/domain/comments.hpp"

#include <fmt/format.h>

#include "reference_app/domain/posts.hpp"
#include "reference_app/http/api.hpp"
#include "reference_app/http/representations.hpp"
#include "reference_app/http/resources.hpp"

namespace quell::reference::http {

struct CommentDraft {
  std::string body;
};
BOOST_DESCRIBE_STRUCT(CommentDraft, (), (body))
template <>
struct Schema<CommentDraft> {
  static constexpr std::string_view kName = "CommentDraft";
  static constexpr std::array kFields{Field{.name = "body", .min_length = 1, .max_length = 10'000}};
};

namespace {

CommentView represent(const Comment& comment) {
  return {comment.id, comment.body, comment.created_at, {comment.author->id, comment.author->name}};
}

asio::awaitable<CommentView> load(db::Connection& connection, std::int64_t id) {
  db::Session session(connection);
  const Comment* comment = co_await find_comment(session, id);
  if (comment == nullptr) throw not_found("comment", id);
  co_return represent(*comment);
}

asio::awaitable<Page<CommentView>> list(RequestContext& context, const Input<ById, PageQuery>& input) {
  const std::string name = fmt::format("posts/{}/comments", input.path.id);
  const std::int64_t after = id_before(context.api().cursors(), name, input.query);
  auto connection = co_await context.acquire();
  db::Session session(*connection);
  const Slice slice{input.query.limit, input.query.offset};
  const auto comments = co_await list_comments(session, input.path.id, slice, after);
  if (comments.empty() && !co_await post_exists(*connection, input.path.id)) throw not_found("post", input.path.id);
  std::vector<CommentView> items;
  for (const Comment& comment : comments) items.push_back(represent(comment));
  co_return make_page_by_id(std::move(items), input.query, context.api().cursors(), name);
}

asio::awaitable<CommentView> create(RequestContext& context, const Input<ById, None, CommentDraft>& input) {
  auto connection = co_await context.acquire();
  if (!co_await post_exists(*connection, input.path.id)) throw not_found("post", input.path.id);
  const std::int64_t id =
      co_await create_comment(*connection, input.path.id, context.identity().user_id, input.body.body);
  context.response().set("Location", fmt::format("/comments/{}", id));
  co_return co_await load(*connection, id);
}

asio::awaitable<CommentView> get(RequestContext& context, const Input<ById>& input) {
  auto connection = co_await context.acquire();
  co_return co_await load(*connection, input.path.id);
}

/// Inside a transaction.
asio::awaitable<void> require_mine(RequestContext& context, db::Connection& connection, std::int64_t id) {
  const auto author = co_await lock_comment(connection, id);
  if (!author) throw not_found("comment", id);
  context.require_owner(*author);
}

asio::awaitable<CommentView> change(RequestContext& context, const Input<ById, None, CommentDraft>& input) {
  auto connection = co_await context.acquire();
  auto transaction = co_await connection->begin();
  co_await require_mine(context, *connection, input.path.id);
  co_await update_comment(*connection, input.path.id, input.body.body);
  CommentView view = co_await load(*connection, input.path.id);
  co_await transaction.commit();
  co_return view;
}

asio::awaitable<None> remove(RequestContext& context, const Input<ById>& input) {
  auto connection = co_await context.acquire();
  auto transaction = co_await connection->begin();
  co_await require_mine(context, *connection, input.path.id);
  co_await delete_comment(*connection, input.path.id);
  co_await transaction.commit();
  co_return None{};
}

}  // namespace

void add_comments(Api& api) {
  api.add({.route = "/posts/{id}/comments",
           .id = "list_comments",
           .summary = "A post's comments, oldest first",
           .tag = "comments",
           .problems = {404}},
          &list);
  api.add({.method = Method::post,
           .route = "/posts/{id}/comments",
           .id = "create_comment",
           .summary = "Comment on a post",
           .tag = "comments",
           .status = 201,
           .access = Access::user,
           .limit = Limit::expensive,
           .problems = {404, 409}},
          &create);
  api.add(
      {.route = "/comments/{id}", .id = "get_comment", .summary = "One comment", .tag = "comments", .problems = {404}},
      &get);
  api.add({.method = Method::patch,
           .route = "/comments/{id}",
           .id = "change_comment",
           .summary = "Change a comment of one's own",
           .tag = "comments",
           .access = Access::user,
           .problems = {403, 404}},
          &change);
  api.add({.method = Method::del,
           .route = "/comments/{id}",
           .id = "delete_comment",
           .summary = "Delete a comment of one's own",
           .tag = "comments",
           .status = 204,
           .access = Access::user,
           .problems = {403, 404}},
          &remove);
}

}  // namespace quell::reference::http

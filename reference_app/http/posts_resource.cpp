#include <array>

#include <fmt/format.h>

#include "reference_app/domain/posts.hpp"
#include "reference_app/domain/users.hpp"
#include "reference_app/http/api.hpp"
#include "reference_app/http/entity_tag.hpp"
#include "reference_app/http/idempotency_key.hpp"
#include "reference_app/http/representations.hpp"
#include "reference_app/http/resources.hpp"

namespace quell::reference::http {
namespace {

AuthorRef represent(const User& user) {
  return {user.id, user.name};
}

std::vector<std::string> tag_names(const db::Many<Tag>& tags) {
  std::vector<std::string> names;
  for (const Tag& tag : tags) names.push_back(tag.name);
  return names;
}

// Microseconds since 1970 and the id: the order of the list.
using Position = std::array<std::int64_t, 2>;

std::optional<PostPosition> position_in(const RequestContext& context, std::string_view list,
                                        const PostListQuery& query) {
  const auto position = position_of(context.api().cursors(), list, query.cursor, query.offset, Position().size());
  if (!position) return std::nullopt;
  return PostPosition{db::Timestamp(std::chrono::microseconds((*position)[0])), (*position)[1]};
}

Page<PostSummary> represent(const RequestContext& context, std::string_view name, const PostList& list,
                            const PostListQuery& query) {
  std::vector<PostSummary> items;
  for (const Post& post : list.posts) {
    const auto count = list.comment_counts.find(post.id);
    items.push_back({post.id, post.title, post.created_at, represent(*post.author), tag_names(post.tags),
                     count == list.comment_counts.end() ? 0 : count->second});
  }
  Position last{};
  if (!items.empty()) last = {items.back().created_at.time_since_epoch().count(), items.back().id};
  return make_page(std::move(items), query, context.api().cursors(), name, last);
}

PostView represent(const Post& post) {
  PostView view{post.id, post.title, post.body, post.created_at, represent(*post.author), tag_names(post.tags), {}};
  for (const Comment& comment : post.comments) {
    view.comments.push_back({comment.id, comment.body, comment.created_at, represent(*comment.author)});
  }
  return view;
}

asio::awaitable<Page<PostSummary>> list(RequestContext& context, const Input<None, PostListQuery>& input) {
  constexpr std::string_view kName = "posts";
  const auto after = position_in(context, kName, input.query);
  auto connection = co_await context.acquire();
  db::Session session(*connection);
  const Slice slice{input.query.limit, input.query.offset};
  const PostList posts = co_await list_posts(session, std::nullopt, slice, after, input.query.loading);
  co_return represent(context, kName, posts, input.query);
}

asio::awaitable<Page<PostSummary>> list_of_user(RequestContext& context, const Input<ById, PostListQuery>& input) {
  const std::string name = fmt::format("users/{}/posts", input.path.id);
  const auto after = position_in(context, name, input.query);
  auto connection = co_await context.acquire();
  db::Session session(*connection);
  const Slice slice{input.query.limit, input.query.offset};
  const PostList posts = co_await list_posts(session, input.path.id, slice, after, input.query.loading);
  if (posts.posts.empty() && !co_await user_exists(*connection, input.path.id)) throw not_found("user", input.path.id);
  co_return represent(context, name, posts, input.query);
}

asio::awaitable<PostView> load(db::Connection& connection, std::int64_t id, Loading loading) {
  db::Session session(connection);
  const Post* post = co_await find_post(session, id, loading);
  if (post == nullptr) throw not_found("post", id);
  co_return represent(*post);
}

asio::awaitable<PostView> get(RequestContext& context, const Input<ById, LoadingQuery>& input) {
  auto connection = co_await context.acquire();
  co_return co_await load(*connection, input.path.id, input.query.loading);
}

asio::awaitable<CreatedPost> create(RequestContext& context,
                                    const Input<None, None, PostDraft, IdempotencyHeader>& input) {
  const PostDraft& draft = input.body;
  const std::int64_t author = draft.author_id.value_or(context.identity().user_id);
  context.require_owner(author);
  const NewPost post(author, draft.title, draft.body, draft.tags);
  const auto key = idempotency_key(context, input.header);

  auto connection = co_await context.acquire();
  auto transaction = co_await connection->begin();
  std::optional<std::int64_t> id;
  if (key) id = co_await key->claim(*connection);
  if (id) {
    context.response().set("Idempotency-Replayed", "true");
  } else {
    id = co_await create_post(*connection, post);
    if (key) co_await key->keep(*connection, *id);
  }
  co_await transaction.commit();
  context.response().set("Location", fmt::format("/posts/{}", *id));
  co_return CreatedPost{*id};
}

/// Inside a transaction: the post is there, the sender may change it, and it is in a state that he names.
asio::awaitable<void> require_changeable(RequestContext& context, db::Connection& connection, std::int64_t id,
                                         const IfMatchHeader& header) {
  const auto author = co_await lock_post(connection, id);
  if (!author) throw not_found("post", id);
  context.require_owner(*author);
  if (!header.if_match) co_return;
  const PostView current = co_await load(connection, id, Loading::selectin);
  std::string body;
  write_json(body, current);
  const std::string tag = entity_tag(body);
  if (!names_entity_tag(*header.if_match, tag, false)) {
    throw Problem(412, "precondition-failed", "The post is not in the state that If-Match names.").with("ETag", tag);
  }
}

asio::awaitable<PostView> change(RequestContext& context, const Input<ById, None, PostPatch, IfMatchHeader>& input) {
  auto connection = co_await context.acquire();
  auto transaction = co_await connection->begin();
  co_await require_changeable(context, *connection, input.path.id, input.header);
  co_await update_post(*connection, input.path.id, {input.body.title, input.body.body, input.body.tags});
  PostView view = co_await load(*connection, input.path.id, Loading::selectin);
  co_await transaction.commit();
  co_return view;
}

asio::awaitable<None> remove(RequestContext& context, const Input<ById, None, None, IfMatchHeader>& input) {
  auto connection = co_await context.acquire();
  auto transaction = co_await connection->begin();
  co_await require_changeable(context, *connection, input.path.id, input.header);
  co_await delete_post(*connection, input.path.id);
  co_await transaction.commit();
  co_return None{};
}

}  // namespace

void add_posts(Api& api) {
  api.add({.route = "/posts", .id = "list_posts", .summary = "Newest posts first", .tag = "posts"}, &list);
  api.add({.route = "/posts/{id}",
           .id = "get_post",
           .summary = "One post with its comments",
           .tag = "posts",
           .problems = {404}},
          &get);
  api.add({.route = "/users/{id}/posts",
           .id = "list_posts_of_user",
           .summary = "A user's posts, newest first",
           .tag = "posts",
           .problems = {404}},
          &list_of_user);
  api.add({.method = Method::post,
           .route = "/posts",
           .id = "create_post",
           .summary = "Write a post",
           .tag = "posts",
           .status = 201,
           .access = Access::user,
           .limit = Limit::expensive,
           .writes = {"tags"},
           .problems = {403, 409}},
          &create);
  api.add({.method = Method::patch,
           .route = "/posts/{id}",
           .id = "change_post",
           .summary = "Change a post of one's own",
           .tag = "posts",
           .access = Access::user,
           .writes = {"tags"},
           .problems = {403, 404, 412}},
          &change);
  api.add({.method = Method::del,
           .route = "/posts/{id}",
           .id = "delete_post",
           .summary = "Delete a post of one's own with its comments",
           .tag = "posts",
           .status = 204,
           .access = Access::user,
           .writes = {"tags"},
           .problems = {403, 404, 412}},
          &remove);
}

}  // namespace quell::reference::http

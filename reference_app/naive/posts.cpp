#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "reference_app/http/api.hpp"
#include "reference_app/http/idempotency_key.hpp"
#include "reference_app/http/representations.hpp"
#include "reference_app/naive/naive.hpp"

namespace quell::reference::naive {

struct PostRow {
  std::int64_t id = 0;
  std::int64_t author_id = 0;
  std::string title;
  db::Timestamp created_at;
};
BOOST_DESCRIBE_STRUCT(PostRow, (), (id, author_id, title, created_at))

struct CommentRow {
  std::int64_t id = 0;
  std::int64_t author_id = 0;
  std::string body;
  db::Timestamp created_at;
};
BOOST_DESCRIBE_STRUCT(CommentRow, (), (id, author_id, body, created_at))

namespace {

using http::asio::awaitable;

awaitable<http::AuthorRef> author_of(db::Connection& connection, std::int64_t id) {
  return connection.fetch_one<http::AuthorRef>("select id, name from users where id = $1", id);
}

awaitable<std::vector<std::string>> tags_of(db::Connection& connection, std::int64_t post_id) {
  return connection.fetch<std::string>(
      "select name from tags join post_tags on tag_id = tags.id where post_tags.post_id = $1 order by tags.id",
      post_id);
}

/// One page out of all rows, with three more statements for each post on it. `name` is the list's, for its cursors.
awaitable<http::Page<http::PostSummary>> page_of(const http::RequestContext& context, db::Connection& connection,
                                                 const std::string& name, const std::vector<PostRow>& posts,
                                                 const http::PostListQuery& query) {
  const auto& cursors = context.api().cursors();
  const auto after = position_of(cursors, name, query.cursor, query.offset, 2);
  std::int64_t to_skip = query.offset;
  std::vector<http::PostSummary> items;
  for (const PostRow& post : posts) {
    if (std::ssize(items) == query.limit) break;
    const std::vector<std::int64_t> position{post.created_at.time_since_epoch().count(), post.id};
    if (after && position >= *after) continue;
    if (to_skip-- > 0) continue;
    auto author = co_await author_of(connection, post.author_id);
    auto tags = co_await tags_of(connection, post.id);
    const auto comments =
        co_await connection.fetch_one<std::int64_t>("select count(*) from comments where post_id = $1", post.id);
    items.push_back({post.id, post.title, post.created_at, std::move(author), std::move(tags), comments});
  }
  std::array<std::int64_t, 2> last{};
  if (!items.empty()) last = {items.back().created_at.time_since_epoch().count(), items.back().id};
  co_return make_page(std::move(items), query, cursors, name, last);
}

awaitable<http::Page<http::PostSummary>> list(http::RequestContext& context,
                                              const http::Input<http::None, http::PostListQuery>& input) {
  const std::string name = "posts";
  auto connection = co_await context.acquire();
  const auto posts = co_await connection->fetch<PostRow>(
      "select id, author_id, title, created_at from posts order by created_at desc, id desc");
  co_return co_await page_of(context, *connection, name, posts, input.query);
}

awaitable<http::Page<http::PostSummary>> list_of_user(http::RequestContext& context,
                                                      const http::Input<http::ById, http::PostListQuery>& input) {
  const std::string name = fmt::format("users/{}/posts", input.path.id);
  auto connection = co_await context.acquire();
  const auto user =
      co_await connection->fetch_optional<std::string>("select email from users where id = $1", input.path.id);
  if (!user) throw http::not_found("user", input.path.id);
  const auto posts = co_await connection->fetch<PostRow>(
      "select id, author_id, title, created_at from posts where author_id = $1 order by created_at desc, id desc",
      input.path.id);
  co_return co_await page_of(context, *connection, name, posts, input.query);
}

awaitable<http::PostView> get(http::RequestContext& context, const http::Input<http::ById, http::LoadingQuery>& input) {
  auto connection = co_await context.acquire();
  const auto post = co_await connection->fetch_optional<Post>(
      "select id, author_id, title, body, created_at from posts where id = $1", input.path.id);
  if (!post) throw http::not_found("post", input.path.id);
  http::PostView view{post->id, post->title, post->body, post->created_at, {}, {}, {}};
  view.author = co_await author_of(*connection, post->author_id);
  view.tags = co_await tags_of(*connection, post->id);
  const auto comments = co_await connection->fetch<CommentRow>(
      "select id, author_id, body, created_at from comments where post_id = $1 order by id", post->id);
  for (const CommentRow& comment : comments) {
    auto author = co_await author_of(*connection, comment.author_id);
    view.comments.push_back({comment.id, comment.body, comment.created_at, std::move(author)});
  }
  co_return view;
}

awaitable<void> add_tag(db::Connection& connection, std::int64_t post_id, const std::string& name) {
  auto tag_id = co_await connection.fetch_optional<std::int64_t>("select id from tags where name = $1", name);
  if (!tag_id) {
    tag_id = co_await connection.fetch_one<std::int64_t>("insert into tags (name) values ($1) returning id", name);
  }
  co_await connection.execute("insert into post_tags (post_id, tag_id) values ($1, $2)", post_id, *tag_id);
}

awaitable<std::int64_t> write(db::Connection& connection, std::int64_t author_id, const http::PostDraft& draft) {
  const auto id = co_await connection.fetch_one<std::int64_t>(
      "insert into posts (author_id, title, body) values ($1, $2, $3) returning id", author_id, draft.title,
      draft.body);
  std::vector<std::string> tags = draft.tags;
  std::ranges::sort(tags);
  tags.erase(std::unique(tags.begin(), tags.end()), tags.end());
  for (const std::string& name : tags) co_await add_tag(connection, id, name);
  co_return id;
}

awaitable<http::CreatedPost> create(
    http::RequestContext& context,
    const http::Input<http::None, http::None, http::PostDraft, http::IdempotencyHeader>& input) {
  const std::int64_t author = input.body.author_id.value_or(context.identity().user_id);
  context.require_owner(author);
  const auto key = http::idempotency_key(context, input.header);
  auto connection = co_await context.acquire();
  auto transaction = co_await connection->begin();
  std::optional<std::int64_t> id;
  if (key) id = co_await key->claim(*connection);
  if (id) {
    context.response().set("Idempotency-Replayed", "true");
  } else {
    id = co_await write(*connection, author, input.body);
    if (key) co_await key->keep(*connection, *id);
  }
  co_await transaction.commit();
  context.response().set("Location", fmt::format("/posts/{}", *id));
  co_return http::CreatedPost{*id};
}

}  // namespace

void add_posts(http::Api& api) {
  api.add_naive("list_posts", &list);
  api.add_naive("list_posts_of_user", &list_of_user);
  api.add_naive("get_post", &get);
  api.add_naive("create_post", &create);
}

}  // namespace quell::reference::naive

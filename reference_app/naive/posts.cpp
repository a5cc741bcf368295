#include <algorithm>

#include <fmt/format.h>

#include "reference_app/http/api.hpp"
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

/// One page out of all rows, with three more statements for each post on it.
awaitable<http::PostPage> page_of(db::Connection& connection, const std::vector<PostRow>& posts,
                                  const http::PostListQuery& query) {
  http::PostPage page;
  page.limit = query.limit;
  page.offset = query.offset;
  const auto end = std::min<std::int64_t>(std::ssize(posts), query.offset + query.limit);
  for (std::int64_t i = query.offset; i < end; ++i) {
    const PostRow& post = posts[static_cast<std::size_t>(i)];
    auto author = co_await author_of(connection, post.author_id);
    auto tags = co_await tags_of(connection, post.id);
    const auto comments =
        co_await connection.fetch_one<std::int64_t>("select count(*) from comments where post_id = $1", post.id);
    page.items.push_back({post.id, post.title, post.created_at, std::move(author), std::move(tags), comments});
  }
  if (std::ssize(page.items) == query.limit) page.next_offset = query.offset + query.limit;
  co_return page;
}

awaitable<http::PostPage> list(http::RequestContext& context,
                               const http::Input<http::None, http::PostListQuery, http::None>& input) {
  auto connection = co_await context.acquire();
  const auto posts = co_await connection->fetch<PostRow>(
      "select id, author_id, title, created_at from posts order by created_at desc, id desc");
  co_return co_await page_of(*connection, posts, input.query);
}

awaitable<http::PostPage> list_of_user(http::RequestContext& context,
                                       const http::Input<http::ById, http::PostListQuery, http::None>& input) {
  auto connection = co_await context.acquire();
  const auto user =
      co_await connection->fetch_optional<std::string>("select email from users where id = $1", input.path.id);
  if (!user) throw http::not_found("user", input.path.id);
  const auto posts = co_await connection->fetch<PostRow>(
      "select id, author_id, title, created_at from posts where author_id = $1 order by created_at desc, id desc",
      input.path.id);
  co_return co_await page_of(*connection, posts, input.query);
}

awaitable<http::PostView> get(http::RequestContext& context,
                              const http::Input<http::ById, http::LoadingQuery, http::None>& input) {
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

awaitable<http::CreatedPost> create(http::RequestContext& context,
                                    const http::Input<http::None, http::None, http::PostDraft>& input) {
  auto connection = co_await context.acquire();
  auto transaction = co_await connection->begin();
  const auto id = co_await connection->fetch_one<std::int64_t>(
      "insert into posts (author_id, title, body) values ($1, $2, $3) returning id", input.body.author_id,
      input.body.title, input.body.body);
  std::vector<std::string> tags = input.body.tags;
  std::ranges::sort(tags);
  tags.erase(std::unique(tags.begin(), tags.end()), tags.end());
  for (const std::string& name : tags) co_await add_tag(*connection, id, name);
  co_await transaction.commit();
  context.response().set("Location", fmt::format("/posts/{}", id));
  co_return http::CreatedPost{id};
}

}  // namespace

void add_posts(http::Api& api) {
  api.add_naive("list_posts", &list);
  api.add_naive("list_posts_of_user", &list_of_user);
  api.add_naive("get_post", &get);
  api.add_naive("create_post", &create);
}

}  // namespace quell::reference::naive

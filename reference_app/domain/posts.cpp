#include "reference_app/domain/posts.hpp"

#include <tuple>

namespace quell::reference {
namespace {

using db::col;
using db::desc;
using db::joined;
using db::selectin;

db::Select<Post> newest_posts(std::optional<std::int64_t> author_id, Slice slice) {
  auto query =
      db::select<Post>().order_by(desc(&Post::created_at), desc(&Post::id)).limit(slice.limit).offset(slice.offset);
  if (author_id) query.where(col(&Post::author_id) == *author_id);
  return query;
}

db::Awaitable<db::Objects<Post>> load_list(db::Session& session, db::Select<Post> query, Loading loading) {
  switch (loading) {
    case Loading::selectin:
      query.with(selectin(&Post::author), selectin(&Post::tags));
      break;
    case Loading::joined:
      query.with(joined(&Post::author), joined(&Post::tags));
      break;
    case Loading::lazy:
      break;
  }
  auto posts = co_await session.all(std::move(query));
  if (loading == Loading::lazy) {
    for (Post& post : posts) {
      co_await session.load(post, &Post::author);
      co_await session.load(post, &Post::tags);
    }
  }
  co_return posts;
}

db::Awaitable<std::unordered_map<std::int64_t, std::int64_t>> count_comments(db::Connection& connection,
                                                                             const db::Objects<Post>& posts) {
  std::vector<std::int64_t> ids;
  ids.reserve(posts.size());
  for (const Post& post : posts) ids.push_back(post.id);
  const auto counts = co_await connection.fetch<std::tuple<std::int64_t, std::int64_t>>(
      "select post_id, count(*) from comments where post_id = any($1) group by post_id", ids);
  std::unordered_map<std::int64_t, std::int64_t> by_post;
  for (const auto& [post_id, count] : counts) by_post.emplace(post_id, count);
  co_return by_post;
}

}  // namespace

db::Awaitable<PostList> list_posts(db::Session& session, std::optional<std::int64_t> author_id, Slice slice,
                                   Loading loading) {
  PostList list;
  list.posts = co_await load_list(session, newest_posts(author_id, slice), loading);
  if (!list.posts.empty()) list.comment_counts = co_await count_comments(session.connection(), list.posts);
  co_return list;
}

db::Awaitable<Post*> find_post(db::Session& session, std::int64_t id, Loading loading) {
  auto query = db::select<Post>().where(col(&Post::id) == id);
  switch (loading) {
    case Loading::selectin:
      query.with(selectin(&Post::author), selectin(&Post::tags),
                 selectin(&Post::comments).with(selectin(&Comment::author)));
      break;
    case Loading::joined:
      query.with(joined(&Post::author), joined(&Post::tags), joined(&Post::comments).with(joined(&Comment::author)));
      break;
    case Loading::lazy:
      break;
  }
  Post* post = co_await session.first(std::move(query));
  if (post == nullptr || loading != Loading::lazy) co_return post;

  co_await session.load(*post, &Post::author);
  co_await session.load(*post, &Post::tags);
  co_await session.load(*post, &Post::comments);
  for (Comment& comment : post->comments) {
    co_await session.load(comment, &Comment::author);
  }
  co_return post;
}

db::Awaitable<std::int64_t> create_post(db::Connection& connection, const NewPost& post) {
  auto transaction = co_await connection.begin();
  const auto id = co_await connection.fetch_one<std::int64_t>(
      "insert into posts (author_id, title, body) values ($1, $2, $3) returning id", post.author_id, post.title,
      post.body);
  if (!post.tags.empty()) {
    co_await connection.execute(
        "insert into tags (name) select distinct unnest($1::text[]) order by 1 on conflict do nothing", post.tags);
    co_await connection.execute(
        "insert into post_tags (post_id, tag_id) select $1::bigint, id from tags where name = any($2)", id, post.tags);
  }
  co_await transaction.commit();
  co_return id;
}

}  // namespace quell::reference

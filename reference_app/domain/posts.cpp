#include "reference_app/domain/posts.hpp"

#include <tuple>

namespace quell::reference {
namespace {

using db::col;
using db::desc;
using db::joined;
using db::selectin;

db::Select<Post> newest_posts(std::optional<std::int64_t> author_id, Slice slice, std::optional<PostPosition> after) {
  auto query =
      db::select<Post>().order_by(desc(&Post::created_at), desc(&Post::id)).limit(slice.limit).offset(slice.offset);
  if (author_id) query.where(col(&Post::author_id) == *author_id);
  if (after) {
    // The first half alone is what an index on created_at can start from.
    const auto created = col(&Post::created_at);
    query.where(created <= after->created_at && (created < after->created_at || col(&Post::id) < after->id));
  }
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
                                   std::optional<PostPosition> after, Loading loading) {
  PostList list;
  list.posts = co_await load_list(session, newest_posts(author_id, slice, after), loading);
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

db::Awaitable<bool> post_exists(db::Connection& connection, std::int64_t id) {
  return connection.fetch_one<bool>("select exists (select from posts where id = $1)", id);
}

namespace {

/// Tags that do not exist yet are made.
db::Awaitable<void> add_tags(db::Connection& connection, std::int64_t post_id, const std::vector<std::string>& names) {
  co_await connection.execute(
      "insert into tags (name) select distinct unnest($1::text[]) order by 1 on conflict do nothing", names);
  co_await connection.execute(
      "insert into post_tags (post_id, tag_id) select $1::bigint, id from tags where name = any($2)"
      " on conflict do nothing",
      post_id, names);
}

}  // namespace

db::Awaitable<std::int64_t> create_post(db::Connection& connection, const NewPost& post) {
  const auto id = co_await connection.fetch_one<std::int64_t>(
      "insert into posts (author_id, title, body) values ($1, $2, $3) returning id", post.author_id, post.title,
      post.body);
  if (!post.tags.empty()) co_await add_tags(connection, id, post.tags);
  co_return id;
}

db::Awaitable<std::optional<std::int64_t>> lock_post(db::Connection& connection, std::int64_t id) {
  return connection.fetch_optional<std::int64_t>("select author_id from posts where id = $1 for update", id);
}

db::Awaitable<void> update_post(db::Connection& connection, std::int64_t id, PostChange change) {
  co_await connection.execute("update posts set title = coalesce($2, title), body = coalesce($3, body) where id = $1",
                              id, change.title, change.body);
  if (!change.tags) co_return;
  co_await connection.execute(
      "delete from post_tags where post_id = $1 and tag_id not in (select id from tags where name = any($2))", id,
      *change.tags);
  if (!change.tags->empty()) co_await add_tags(connection, id, *change.tags);
}

db::Awaitable<void> delete_post(db::Connection& connection, std::int64_t id) {
  co_await connection.execute("delete from posts where id = $1", id);
}

}  // namespace quell::reference

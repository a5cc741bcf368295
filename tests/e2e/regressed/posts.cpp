// reference_app/domain/posts.cpp with mistakes to choose from: tests/e2e/gate_test.py lists them.
#include "reference_app/domain/posts.hpp"

#include <algorithm>
#include <tuple>

#include "reference_app/domain/users.hpp"
#include "tests/e2e/regressed/regression.hpp"

namespace quell::reference {
namespace {

using db::col;
using db::desc;
using db::joined;
using db::selectin;
using Counts = std::unordered_map<std::int64_t, std::int64_t>;
using CountRow = std::tuple<std::int64_t, std::int64_t>;

db::Select<Post> newest_posts(std::optional<std::int64_t> author_id, Slice slice) {
  auto query = db::select<Post>().offset(slice.offset);
  if (!seeded("lost_order")) query.order_by(desc(&Post::created_at), desc(&Post::id));
  if (!seeded("lost_limit") || !author_id) query.limit(slice.limit);
  if (author_id) query.where(col(&Post::author_id) == *author_id);
  return query;
}

db::Awaitable<db::Objects<Post>> load_list(db::Session& session, db::Select<Post> query, Loading loading) {
  const bool lazy_tags = loading == Loading::lazy || (loading == Loading::selectin && seeded("eager_load_removed"));
  const bool lazy_author = loading == Loading::lazy || (loading == Loading::selectin && seeded("lazy_author"));
  if (loading == Loading::selectin && !lazy_author) query.with(selectin(&Post::author));
  if (loading == Loading::selectin && !lazy_tags) query.with(selectin(&Post::tags));
  if (loading == Loading::joined) query.with(joined(&Post::author), joined(&Post::tags));
  auto posts = co_await session.all(std::move(query));
  for (Post& post : posts) {
    if (lazy_author) co_await session.load(post, &Post::author);
    if (lazy_tags) co_await session.load(post, &Post::tags);
  }
  co_return posts;
}

db::Awaitable<void> count_chunk(db::Connection& connection, const std::vector<std::int64_t>& ids, Counts& by_post) {
  const auto counts = co_await connection.fetch<CountRow>(
      "select post_id, count(*) from comments where post_id = any($1) group by post_id", ids);
  for (const auto& [post_id, count] : counts) by_post.emplace(post_id, count);
}

db::Awaitable<Counts> count_comments(db::Connection& connection, const db::Objects<Post>& posts) {
  std::vector<std::int64_t> ids;
  for (const Post& post : posts) ids.push_back(post.id);
  Counts by_post;
  if (seeded("count_in_a_loop")) {
    for (const std::int64_t id : ids) {
      const auto count =
          co_await connection.fetch_one<std::int64_t>("select count(*) from comments where post_id = $1", id);
      by_post.emplace(id, count);
    }
    co_return by_post;
  }
  if (seeded("small_chunks")) {
    for (std::size_t at = 0; at < ids.size(); at += 5) {
      const std::vector<std::int64_t> chunk(ids.begin() + static_cast<std::ptrdiff_t>(at),
                                            ids.begin() + static_cast<std::ptrdiff_t>(std::min(at + 5, ids.size())));
      co_await count_chunk(connection, chunk, by_post);
    }
    co_return by_post;
  }
  if (seeded("extra_join")) {
    const auto counts = co_await connection.fetch<CountRow>(
        "select c.post_id, count(*) from comments c join users u on u.id = c.author_id"
        " where c.post_id = any($1) group by c.post_id",
        ids);
    for (const auto& [post_id, count] : counts) by_post.emplace(post_id, count);
    co_return by_post;
  }
  if (seeded("lost_condition")) {
    const auto counts = co_await connection.fetch<CountRow>("select post_id, count(*) from comments group by post_id");
    for (const auto& [post_id, count] : counts) by_post.emplace(post_id, count);
    co_return by_post;
  }
  co_await count_chunk(connection, ids, by_post);
  if (seeded("same_list_twice")) co_await count_chunk(connection, ids, by_post);
  co_return by_post;
}

}  // namespace

db::Awaitable<PostList> list_posts(db::Session& session, std::optional<std::int64_t> author_id, Slice slice,
                                   Loading loading) {
  db::Connection& connection = session.connection();
  if (seeded("one_more_query")) co_await connection.fetch_one<std::int64_t>("select count(*) from posts");
  PostList list;
  list.posts = co_await load_list(session, newest_posts(author_id, slice), loading);
  if (!list.posts.empty()) list.comment_counts = co_await count_comments(connection, list.posts);
  if (seeded("exists_in_a_loop")) {
    for (const Post& post : list.posts) co_await user_exists(connection, post.author_id);
  }
  if (seeded("read_each_again")) {
    for (const Post& post : list.posts)
      co_await connection.fetch_one<std::string>("select title from posts where id = $1", post.id);
  }
  if (seeded("touch_each")) {
    for (const Post& post : list.posts)
      co_await connection.execute("update posts set title = title where id = $1", post.id);
  }
  co_return list;
}

db::Awaitable<Post*> find_post(db::Session& session, std::int64_t id, Loading loading) {
  auto query = db::select<Post>().where(col(&Post::id) == id);
  const bool lazy_comment_authors =
      loading == Loading::lazy || (loading == Loading::selectin && seeded("lazy_comment_authors"));
  if (loading == Loading::selectin) {
    query.with(selectin(&Post::author), selectin(&Post::tags));
    if (lazy_comment_authors) {
      query.with(selectin(&Post::comments));
    } else {
      query.with(selectin(&Post::comments).with(selectin(&Comment::author)));
    }
  }
  if (loading == Loading::joined)
    query.with(joined(&Post::author), joined(&Post::tags), joined(&Post::comments).with(joined(&Comment::author)));
  Post* post = co_await session.first(std::move(query));
  if (post == nullptr) co_return post;
  if (loading == Loading::lazy) {
    co_await session.load(*post, &Post::author);
    co_await session.load(*post, &Post::tags);
    co_await session.load(*post, &Post::comments);
  }
  if (lazy_comment_authors) {
    for (Comment& comment : post->comments) co_await session.load(comment, &Comment::author);
  }
  co_return post;
}

db::Awaitable<std::int64_t> create_post(db::Connection& connection, const NewPost& post) {
  auto transaction = co_await connection.begin();
  const auto id = co_await connection.fetch_one<std::int64_t>(
      "insert into posts (author_id, title, body) values ($1, $2, $3) returning id", post.author_id, post.title,
      post.body);
  if (seeded("write_loop")) {
    for (const std::string& tag : post.tags)
      co_await connection.execute("insert into tags (name) values ($1) on conflict do nothing", tag);
  } else if (seeded("check_then_insert")) {
    for (const std::string& tag : post.tags) {
      const bool known = co_await connection.fetch_one<bool>("select exists (select from tags where name = $1)", tag);
      if (!known) co_await connection.execute("insert into tags (name) values ($1)", tag);
    }
  } else if (!post.tags.empty()) {
    co_await connection.execute(
        "insert into tags (name) select distinct unnest($1::text[]) order by 1 on conflict do nothing", post.tags);
  }
  if (!post.tags.empty()) {
    co_await connection.execute(
        "insert into post_tags (post_id, tag_id) select $1::bigint, id from tags where name = any($2)", id, post.tags);
  }
  co_await transaction.commit();
  co_return id;
}

}  // namespace quell::reference

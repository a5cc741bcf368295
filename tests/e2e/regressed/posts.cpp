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

db::Select<Post> newest_posts(std::optional<std::int64_t> author_id, Slice slice, std::optional<PostPosition> after) {
  auto query = db::select<Post>().offset(slice.offset);
  if (!seeded("lost_order")) query.order_by(desc(&Post::created_at), desc(&Post::id));
  if (!seeded("lost_limit") || !author_id) query.limit(slice.limit);
  if (author_id) query.where(col(&Post::author_id) == *author_id);
  if (after) {
    const auto created = col(&Post::created_at);
    query.where(created <= after->created_at && (created < after->created_at || col(&Post::id) < after->id));
  }
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
                                   std::optional<PostPosition> after, Loading loading) {
  db::Connection& connection = session.connection();
  if (seeded("one_more_query")) co_await connection.fetch_one<std::int64_t>("select count(*) from posts");
  PostList list;
  list.posts = co_await load_list(session, newest_posts(author_id, slice, after), loading);
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

db::Awaitable<bool> post_exists(db::Connection& connection, std::int64_t id) {
  return connection.fetch_one<bool>("select exists (select from posts where id = $1)", id);
}

namespace {

db::Awaitable<void> make_tags(db::Connection& connection, const std::vector<std::string>& names) {
  if (seeded("write_loop")) {
    for (const std::string& tag : names)
      co_await connection.execute("insert into tags (name) values ($1) on conflict do nothing", tag);
  } else if (seeded("check_then_insert")) {
    for (const std::string& tag : names) {
      const bool known = co_await connection.fetch_one<bool>("select exists (select from tags where name = $1)", tag);
      if (!known) co_await connection.execute("insert into tags (name) values ($1)", tag);
    }
  } else {
    co_await connection.execute(
        "insert into tags (name) select distinct unnest($1::text[]) order by 1 on conflict do nothing", names);
  }
}

db::Awaitable<void> add_tags(db::Connection& connection, std::int64_t post_id, const std::vector<std::string>& names) {
  co_await make_tags(connection, names);
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

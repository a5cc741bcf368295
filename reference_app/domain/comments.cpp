#include "reference_app/domain/comments.hpp"

namespace quell::reference {

using db::col;

db::Awaitable<db::Objects<Comment>> list_comments(db::Session& session, std::int64_t post_id, Slice slice,
                                                  std::int64_t after_id) {
  auto query = db::select<Comment>().where(col(&Comment::post_id) == post_id);
  query.after(&Comment::id, after_id).limit(slice.limit).offset(slice.offset).with(db::selectin(&Comment::author));
  return session.all(std::move(query));
}

db::Awaitable<Comment*> find_comment(db::Session& session, std::int64_t id) {
  auto query = db::select<Comment>().where(col(&Comment::id) == id).with(db::joined(&Comment::author));
  return session.first(std::move(query));
}

db::Awaitable<std::int64_t> create_comment(db::Connection& connection, std::int64_t post_id, std::int64_t author_id,
                                           const std::string& body) {
  return connection.fetch_one<std::int64_t>(
      "insert into comments (post_id, author_id, body) values ($1, $2, $3) returning id", post_id, author_id, body);
}

db::Awaitable<std::optional<std::int64_t>> lock_comment(db::Connection& connection, std::int64_t id) {
  return connection.fetch_optional<std::int64_t>("select author_id from comments where id = $1 for update", id);
}

db::Awaitable<void> update_comment(db::Connection& connection, std::int64_t id, const std::string& body) {
  co_await connection.execute("update comments set body = $2 where id = $1", id, body);
}

db::Awaitable<void> delete_comment(db::Connection& connection, std::int64_t id) {
  co_await connection.execute("delete from comments where id = $1", id);
}

}  // namespace quell::reference

#include "reference_app/domain/seed.hpp"

#include <algorithm>

namespace quell::reference {
namespace {

template <class T>
std::vector<T> part(const std::vector<T>& column, std::size_t first, std::size_t count) {
  const auto begin = column.begin() + static_cast<std::ptrdiff_t>(first);
  return {begin, begin + static_cast<std::ptrdiff_t>(std::min(count, column.size() - first))};
}

// Rows of one statement: some megabytes at most.
constexpr std::size_t kBatch = 5'000;

template <class First, class... More>
db::Awaitable<void> insert(db::Connection& connection, db::Statement statement, const std::vector<First>& first,
                           const std::vector<More>&... more) {
  for (std::size_t at = 0; at < first.size(); at += kBatch) {
    db::Parameters parameters;
    parameters.add(part(first, at, kBatch));
    (parameters.add(part(more, at, kBatch)), ...);
    co_await connection.query(db::Call(statement), std::move(parameters));
  }
}

constexpr db::Statement kInsertUsers{
    "insert into users (name, email, created_at) select * from unnest($1::text[], $2::text[], $3::timestamptz[])"};
constexpr db::Statement kInsertPosts{
    "insert into posts (author_id, title, body, created_at)"
    " select * from unnest($1::bigint[], $2::text[], $3::text[], $4::timestamptz[])"};
constexpr db::Statement kInsertComments{
    "insert into comments (post_id, author_id, body, created_at)"
    " select * from unnest($1::bigint[], $2::bigint[], $3::text[], $4::timestamptz[])"};
constexpr db::Statement kInsertTags{"insert into tags (name) select * from unnest($1::text[])"};
constexpr db::Statement kInsertPostTags{
    "insert into post_tags (post_id, tag_id) select * from unnest($1::bigint[], $2::bigint[])"};

}  // namespace

db::Awaitable<void> seed(db::Connection& connection, SeedSize size) {
  if (co_await connection.fetch_one<bool>("select exists (select from users)")) {
    throw db::UsageError("the database has users already: seed fills an empty one (migrate --down base, then migrate)");
  }
  const SeedRows rows = make_seed_rows(size);
  auto transaction = co_await connection.begin();
  co_await insert(connection, kInsertUsers, rows.users.name, rows.users.email, rows.users.created_at);
  co_await insert(connection, kInsertPosts, rows.posts.author_id, rows.posts.title, rows.posts.body,
                  rows.posts.created_at);
  co_await insert(connection, kInsertComments, rows.comments.post_id, rows.comments.author_id, rows.comments.body,
                  rows.comments.created_at);
  co_await insert(connection, kInsertTags, rows.tags.name);
  co_await insert(connection, kInsertPostTags, rows.post_tags.post_id, rows.post_tags.tag_id);
  co_await transaction.commit();
  // Statistics and visibility map now, not whenever autovacuum comes by: plans should be the same from the first
  // request.
  co_await connection.execute("vacuum (analyze)");
}

}  // namespace quell::reference

#pragma once

#include <cstdint>

#include "gui/model/session.hpp"

namespace quell::gui::sample {

/// An invented blog service, small enough to count by hand:
/// - `GET /posts` (6 requests): 1 list of 20 posts, then 20 loads of one author each: the proved N+1 (finding 0).
/// - `GET /tags` (4 requests): the same statement 3 times with the same values: a duplicate (finding 1).
/// - `GET /posts/{id}` (10 requests): 2 queries.
/// - `POST /posts` (3 requests): BEGIN, INSERT, COMMIT.
/// - 2 queries outside any scope.
/// Requests of `GET /posts` 0 and 1 overlap in time; all others follow each other.
inline constexpr std::uint32_t kListRequests = 6;
inline constexpr std::uint32_t kChildren = 20;
inline constexpr std::uint32_t kQueries = 6 * 21 + 4 * 3 + 10 * 2 + 3 * 3 + 2;

enum Statement : std::uint32_t { kList, kAuthor, kTag, kPost, kComments, kBegin, kInsert, kCommit, kVersion };
enum ScopeName : std::uint32_t { kGetPosts, kGetTags, kGetPost, kPostPosts };

[[nodiscard]] Session make_session();
[[nodiscard]] SessionPtr shared_session();

/// One lane's worth of a long trace: `count` queries of 100 µs, one each millisecond, in one scope.
[[nodiscard]] Session make_long_session(std::uint32_t count);

}  // namespace quell::gui::sample

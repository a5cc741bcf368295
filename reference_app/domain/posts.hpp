#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <boost/describe/enum.hpp>

#include <quell/db/session.hpp>

#include "reference_app/domain/models.hpp"
#include "reference_app/domain/slice.hpp"

namespace quell::reference {

/// How a post's author, tags and comments are fetched. The result is the same; the number of statements is not.
enum class Loading : std::uint8_t {
  lazy,      ///< one statement for each object: what a loop over an ORM does if nobody looks
  selectin,  ///< one statement for each relation
  joined,    ///< everything in the first statement
};
BOOST_DESCRIBE_ENUM(Loading, lazy, selectin, joined)

/// The place of a post in the list of newest ones.
struct PostPosition {
  db::Timestamp created_at;
  std::int64_t id = 0;
};

/// Posts with author and tags loaded, newest first.
struct PostList {
  db::Objects<Post> posts;
  std::unordered_map<std::int64_t, std::int64_t> comment_counts;  ///< by post id; none where there are no comments
};

/// `author_id`: only this user's posts. `after`: only those behind this place. The session must outlive the result.
db::Awaitable<PostList> list_posts(db::Session& session, std::optional<std::int64_t> author_id, Slice slice,
                                   std::optional<PostPosition> after, Loading loading);

/// With author, tags and comments with their authors; null where there is none.
db::Awaitable<Post*> find_post(db::Session& session, std::int64_t id, Loading loading);

db::Awaitable<bool> post_exists(db::Connection& connection, std::int64_t id);

class NewPost {
 public:
  NewPost(std::int64_t author, std::string post_title, std::string post_body, std::vector<std::string> tag_names)
      : author_id(author), title(std::move(post_title)), body(std::move(post_body)), tags(std::move(tag_names)) {}
  std::int64_t author_id;
  std::string title;
  std::string body;
  std::vector<std::string> tags;  ///< names; those that do not exist yet are made
};

/// Inside the caller's transaction; returns the new id.
db::Awaitable<std::int64_t> create_post(db::Connection& connection, const NewPost& post);

/// What is not given stays as it is.
struct PostChange {
  const std::optional<std::string>& title;
  const std::optional<std::string>& body;
  const std::optional<std::vector<std::string>>& tags;
};

/// The author of a post that nobody else can change until the transaction ends; nothing where there is none.
db::Awaitable<std::optional<std::int64_t>> lock_post(db::Connection& connection, std::int64_t id);
db::Awaitable<void> update_post(db::Connection& connection, std::int64_t id, PostChange change);
/// With its comments.
db::Awaitable<void> delete_post(db::Connection& connection, std::int64_t id);

}  // namespace quell::reference

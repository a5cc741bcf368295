#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>

#include <boost/describe/class.hpp>

#include <quell/db/model.hpp>
#include <quell/db/types.hpp>

/// The tables as objects.
namespace quell::reference {

struct User {
  std::int64_t id = 0;
  std::string name;
  std::string email;
  db::Timestamp created_at;
};
BOOST_DESCRIBE_STRUCT(User, (), (id, name, email, created_at))

struct Tag {
  std::int64_t id = 0;
  std::string name;
};
BOOST_DESCRIBE_STRUCT(Tag, (), (id, name))

struct Comment {
  std::int64_t id = 0;
  std::int64_t post_id = 0;
  std::int64_t author_id = 0;
  std::string body;
  db::Timestamp created_at;
  db::One<User> author;
};
BOOST_DESCRIBE_STRUCT(Comment, (), (id, post_id, author_id, body, created_at))

struct Post {
  std::int64_t id = 0;
  std::int64_t author_id = 0;
  std::string title;
  std::string body;
  db::Timestamp created_at;
  db::One<User> author;
  db::Many<Tag> tags;
  db::Many<Comment> comments;
};
BOOST_DESCRIBE_STRUCT(Post, (), (id, author_id, title, body, created_at))

}  // namespace quell::reference

namespace quell::db {

template <>
struct Model<reference::User> {
  static constexpr std::string_view kTable = "users";
  static constexpr auto kKey = &reference::User::id;
};

template <>
struct Model<reference::Tag> {
  static constexpr std::string_view kTable = "tags";
  static constexpr auto kKey = &reference::Tag::id;
};

template <>
struct Model<reference::Comment> {
  using Comment = reference::Comment;
  static constexpr std::string_view kTable = "comments";
  static constexpr auto kKey = &Comment::id;
  static constexpr auto kRelations = std::tuple(many_to_one("author", &Comment::author, &Comment::author_id));
};

template <>
struct Model<reference::Post> {
  using Post = reference::Post;
  using Comment = reference::Comment;
  static constexpr std::string_view kTable = "posts";
  static constexpr auto kKey = &Post::id;
  static constexpr auto kRelations = std::tuple(many_to_one("author", &Post::author, &Post::author_id),
                                                many_to_many("tags", &Post::tags, "post_tags", "post_id", "tag_id"),
                                                one_to_many("comments", &Post::comments, &Comment::post_id));
};

}  // namespace quell::db

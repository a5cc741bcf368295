#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include <boost/describe/class.hpp>

#include <quell/db/session.hpp>

/// An invented blog: the tables that the tests of the mapping use.
namespace quell::db::test {

struct User;
struct Comment;
struct Tag;

struct Post {
  std::int64_t id = 0;
  std::int64_t author_id = 0;
  std::optional<std::int64_t> editor_id;
  std::string title;
  One<User> author;
  One<User> editor;
  Many<Comment> comments;
  Many<Tag> tags;
};
BOOST_DESCRIBE_STRUCT(Post, (), (id, author_id, editor_id, title))

struct User {
  std::int64_t id = 0;
  std::string name;
  Many<Post> posts;
};
BOOST_DESCRIBE_STRUCT(User, (), (id, name))

struct Comment {
  std::int64_t id = 0;
  std::int64_t post_id = 0;
  std::int64_t author_id = 0;
  std::string body;
  One<User> author;
};
BOOST_DESCRIBE_STRUCT(Comment, (), (id, post_id, author_id, body))

struct Tag {
  std::int32_t id = 0;
  std::string name;
  Many<Post> posts;
};
BOOST_DESCRIBE_STRUCT(Tag, (), (id, name))

inline constexpr const char* kBlogSchema = R"(
  create table users (id bigint primary key, name text not null);
  create table posts (id bigint primary key, author_id bigint not null references users,
                      editor_id bigint references users, title text not null);
  create table comments (id bigint primary key, post_id bigint not null references posts,
                         author_id bigint not null references users, body text not null);
  create table tags (id int primary key, name text not null);
  create table post_tags (post_id bigint references posts, tag_id int references tags, primary key (post_id, tag_id));
)";

}  // namespace quell::db::test

template <>
struct quell::db::Model<quell::db::test::User> {
  using User = quell::db::test::User;
  static constexpr std::string_view kTable = "users";
  static constexpr auto kKey = &User::id;
  static constexpr auto kRelations = std::tuple(one_to_many("posts", &User::posts, &quell::db::test::Post::author_id));
};

template <>
struct quell::db::Model<quell::db::test::Tag> {
  using Tag = quell::db::test::Tag;
  static constexpr std::string_view kTable = "tags";
  static constexpr auto kKey = &Tag::id;
  static constexpr auto kRelations = std::tuple(many_to_many("posts", &Tag::posts, "post_tags", "tag_id", "post_id"));
};

template <>
struct quell::db::Model<quell::db::test::Comment> {
  using Comment = quell::db::test::Comment;
  static constexpr std::string_view kTable = "comments";
  static constexpr auto kKey = &Comment::id;
  static constexpr auto kRelations = std::tuple(many_to_one("author", &Comment::author, &Comment::author_id));
};

template <>
struct quell::db::Model<quell::db::test::Post> {
  using Post = quell::db::test::Post;
  static constexpr std::string_view kTable = "posts";
  static constexpr auto kKey = &Post::id;
  static constexpr auto kRelations = std::tuple(
      many_to_one("author", &Post::author, &Post::author_id), many_to_one("editor", &Post::editor, &Post::editor_id),
      one_to_many("comments", &Post::comments, &quell::db::test::Comment::post_id),
      many_to_many("tags", &Post::tags, "post_tags", "post_id", "tag_id"));
};

#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

#include <quell/db/types.hpp>

#include "reference_app/domain/posts.hpp"
#include "reference_app/domain/users.hpp"
#include "reference_app/http/schema.hpp"

/// What crosses HTTP, both ways. Only what stands here leaves the service.
namespace quell::reference::http {

constexpr std::int64_t kMaxId = INT64_MAX;

struct ById {
  std::int64_t id = 0;
};
BOOST_DESCRIBE_STRUCT(ById, (), (id))
template <>
struct Schema<ById> {
  static constexpr std::string_view kName = "ById";
  static constexpr std::array kFields{
      Field{.name = "id", .description = "The record's id.", .minimum = 1, .maximum = kMaxId}};
};

struct LoadingQuery {
  Loading loading = Loading::selectin;
};
BOOST_DESCRIBE_STRUCT(LoadingQuery, (), (loading))

inline constexpr Field kLoadingField{.name = "loading",
                                     .description = "How related records are fetched. The reply is the same.",
                                     .required = false,
                                     .names_scope = true};
template <>
struct Schema<LoadingQuery> {
  static constexpr std::string_view kName = "LoadingQuery";
  static constexpr std::array kFields{kLoadingField};
};

struct PostListQuery {
  std::int64_t limit = 20;
  std::int64_t offset = 0;
  Loading loading = Loading::selectin;
};
BOOST_DESCRIBE_STRUCT(PostListQuery, (), (limit, offset, loading))
template <>
struct Schema<PostListQuery> {
  static constexpr std::string_view kName = "PostListQuery";
  static constexpr std::array kFields{
      Field{.name = "limit", .description = "Records of one page.", .required = false, .minimum = 1, .maximum = 100},
      Field{.name = "offset", .description = "Records to skip.", .required = false, .minimum = 0, .maximum = 1'000'000},
      kLoadingField};
};

struct AuthorRef {
  std::int64_t id = 0;
  std::string name;
};
BOOST_DESCRIBE_STRUCT(AuthorRef, (), (id, name))
template <>
struct Schema<AuthorRef> {
  static constexpr std::string_view kName = "AuthorRef";
  static constexpr std::array<Field, 0> kFields{};
};

struct PostSummary {
  std::int64_t id = 0;
  std::string title;
  db::Timestamp created_at;
  AuthorRef author;
  std::vector<std::string> tags;
  std::int64_t comment_count = 0;
};
BOOST_DESCRIBE_STRUCT(PostSummary, (), (id, title, created_at, author, tags, comment_count))
template <>
struct Schema<PostSummary> {
  static constexpr std::string_view kName = "PostSummary";
  static constexpr std::array kFields{Field{.name = "tags", .description = "Tag names, oldest tag first."}};
};

struct CommentView {
  std::int64_t id = 0;
  std::string body;
  db::Timestamp created_at;
  AuthorRef author;
};
BOOST_DESCRIBE_STRUCT(CommentView, (), (id, body, created_at, author))
template <>
struct Schema<CommentView> {
  static constexpr std::string_view kName = "Comment";
  static constexpr std::array<Field, 0> kFields{};
};

struct PostView {
  std::int64_t id = 0;
  std::string title;
  std::string body;
  db::Timestamp created_at;
  AuthorRef author;
  std::vector<std::string> tags;
  std::vector<CommentView> comments;
};
BOOST_DESCRIBE_STRUCT(PostView, (), (id, title, body, created_at, author, tags, comments))
template <>
struct Schema<PostView> {
  static constexpr std::string_view kName = "Post";
  static constexpr std::array kFields{Field{.name = "comments", .description = "Oldest first."}};
};

struct PostPage {
  std::vector<PostSummary> items;
  std::int64_t limit = 0;
  std::int64_t offset = 0;
  std::optional<std::int64_t> next_offset;
};
BOOST_DESCRIBE_STRUCT(PostPage, (), (items, limit, offset, next_offset))
template <>
struct Schema<PostPage> {
  static constexpr std::string_view kName = "PostPage";
  static constexpr std::array kFields{
      Field{.name = "next_offset", .description = "Offset of the next page; null where this page was not full."}};
};

struct PostDraft {
  std::int64_t author_id = 0;
  std::string title;
  std::string body;
  std::vector<std::string> tags;
};
BOOST_DESCRIBE_STRUCT(PostDraft, (), (author_id, title, body, tags))
template <>
struct Schema<PostDraft> {
  static constexpr std::string_view kName = "PostDraft";
  static constexpr std::array kFields{Field{.name = "author_id", .minimum = 1, .maximum = kMaxId},
                                      Field{.name = "title", .min_length = 1, .max_length = 200},
                                      Field{.name = "body", .min_length = 1, .max_length = 50'000},
                                      Field{.name = "tags",
                                            .description = "Tag names; new ones are made.",
                                            .required = false,
                                            .max_length = 10,
                                            .pattern = "[a-z0-9][a-z0-9-]{0,29}"}};
};

struct CreatedPost {
  std::int64_t id = 0;
};
BOOST_DESCRIBE_STRUCT(CreatedPost, (), (id))
template <>
struct Schema<CreatedPost> {
  static constexpr std::string_view kName = "CreatedPost";
  static constexpr std::array<Field, 0> kFields{};
};

template <>
struct Schema<UserProfile> {
  static constexpr std::string_view kName = "User";
  static constexpr std::array<Field, 0> kFields{};
};

struct UserDraft {
  std::string name;
  std::string email;
};
BOOST_DESCRIBE_STRUCT(UserDraft, (), (name, email))
template <>
struct Schema<UserDraft> {
  static constexpr std::string_view kName = "UserDraft";
  static constexpr std::array kFields{Field{.name = "name", .min_length = 1, .max_length = 100},
                                      Field{.name = "email", .max_length = 254, .format = Format::email}};
};

struct Health {
  std::string status = "ok";
};
BOOST_DESCRIBE_STRUCT(Health, (), (status))
template <>
struct Schema<Health> {
  static constexpr std::string_view kName = "Health";
  static constexpr std::array<Field, 0> kFields{};
};

}  // namespace quell::reference::http

#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

#include <quell/db/types.hpp>

#include "reference_app/auth/identity.hpp"
#include "reference_app/domain/posts.hpp"
#include "reference_app/domain/users.hpp"
#include "reference_app/http/paging.hpp"
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
  std::optional<std::string> cursor;
  Loading loading = Loading::selectin;
};
BOOST_DESCRIBE_STRUCT(PostListQuery, (), (limit, offset, cursor, loading))
template <>
struct Schema<PostListQuery> {
  static constexpr std::string_view kName = "PostListQuery";
  static constexpr std::array kFields{kLimitField, kOffsetField, kCursorField, kLoadingField};
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

inline constexpr std::string_view kTagPattern = "[a-z0-9][a-z0-9-]{0,29}";

struct PostDraft {
  std::optional<std::int64_t> author_id;
  std::string title;
  std::string body;
  std::vector<std::string> tags;
};
BOOST_DESCRIBE_STRUCT(PostDraft, (), (author_id, title, body, tags))
template <>
struct Schema<PostDraft> {
  static constexpr std::string_view kName = "PostDraft";
  static constexpr std::array kFields{Field{.name = "author_id",
                                            .description = "The sender, unless an administrator writes for another.",
                                            .minimum = 1,
                                            .maximum = kMaxId},
                                      Field{.name = "title", .min_length = 1, .max_length = 200},
                                      Field{.name = "body", .min_length = 1, .max_length = 50'000},
                                      Field{.name = "tags",
                                            .description = "Tag names; new ones are made.",
                                            .required = false,
                                            .max_length = 10,
                                            .pattern = kTagPattern}};
};

struct PostPatch {
  std::optional<std::string> title;
  std::optional<std::string> body;
  std::optional<std::vector<std::string>> tags;
};
BOOST_DESCRIBE_STRUCT(PostPatch, (), (title, body, tags))
template <>
struct Schema<PostPatch> {
  static constexpr std::string_view kName = "PostPatch";
  static constexpr std::array kFields{Field{.name = "title", .min_length = 1, .max_length = 200},
                                      Field{.name = "body", .min_length = 1, .max_length = 50'000},
                                      Field{.name = "tags",
                                            .description = "Replaces all tags; new ones are made.",
                                            .max_length = 10,
                                            .pattern = kTagPattern}};
};

struct IfMatchHeader {
  std::optional<std::string> if_match;
};
BOOST_DESCRIBE_STRUCT(IfMatchHeader, (), (if_match))
template <>
struct Schema<IfMatchHeader> {
  static constexpr std::string_view kName = "IfMatchHeader";
  static constexpr std::array kFields{
      Field{.name = "if_match",
            .description = "ETags of the states that may be changed; any other is a 412.",
            .max_length = 1000}};
};

struct IdempotencyHeader {
  std::optional<std::string> idempotency_key;
};
BOOST_DESCRIBE_STRUCT(IdempotencyHeader, (), (idempotency_key))
template <>
struct Schema<IdempotencyHeader> {
  static constexpr std::string_view kName = "IdempotencyHeader";
  static constexpr std::array kFields{
      Field{.name = "idempotency_key",
            .description = "Chosen by the client: the same request sent again with it acts once.",
            .min_length = 1,
            .max_length = 100,
            .pattern = "[!-~]+"}};
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

struct UserPatch {
  std::optional<std::string> name;
  std::optional<std::string> email;
  std::optional<auth::Role> role;
};
BOOST_DESCRIBE_STRUCT(UserPatch, (), (name, email, role))
template <>
struct Schema<UserPatch> {
  static constexpr std::string_view kName = "UserPatch";
  static constexpr std::array kFields{Field{.name = "name", .min_length = 1, .max_length = 100},
                                      Field{.name = "email", .max_length = 254, .format = Format::email},
                                      Field{.name = "role", .description = "Changed by administrators only."}};
};

template <>
struct Schema<UserAccount> {
  static constexpr std::string_view kName = "UserAccount";
  static constexpr std::array<Field, 0> kFields{};
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

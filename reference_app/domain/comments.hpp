#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <quell/db/session.hpp>

#include "reference_app/domain/models.hpp"
#include "reference_app/domain/slice.hpp"

namespace quell::reference {

/// Of one post, oldest first, with their authors. Only those with a larger id than `after_id`.
db::Awaitable<db::Objects<Comment>> list_comments(db::Session& session, std::int64_t post_id, Slice slice,
                                                  std::int64_t after_id);

/// With its author; null where there is none.
db::Awaitable<Comment*> find_comment(db::Session& session, std::int64_t id);

/// Throws db::ForeignKeyViolation where there is no such post.
db::Awaitable<std::int64_t> create_comment(db::Connection& connection, std::int64_t post_id, std::int64_t author_id,
                                           const std::string& body);

/// The author of a comment that nobody else can change until the transaction ends; nothing where there is none.
db::Awaitable<std::optional<std::int64_t>> lock_comment(db::Connection& connection, std::int64_t id);
db::Awaitable<void> update_comment(db::Connection& connection, std::int64_t id, const std::string& body);
db::Awaitable<void> delete_comment(db::Connection& connection, std::int64_t id);

}  // namespace quell::reference

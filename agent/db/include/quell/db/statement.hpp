#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <quell/db/deadline.hpp>
#include <quell/trace/source_location.hpp>

namespace quell::db {

using CallSite = trace::SourceLocation;

/// FNV-1a, evaluated at compile time for literals: the key of the prepared-statement cache.
constexpr std::uint64_t statement_hash(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return hash;
}

class UnsafeStatement;

/// One SQL statement with $1, $2, … for its values. A view: made from a string literal it lives for ever. Text that is
/// not a literal does not compile; `unsafe_sql` is the only other way.
///
///     constexpr Statement kPostById{"select id, title from posts where id = $1", "post_by_id"};
class Statement {
 public:
  template <std::size_t N>
  consteval Statement(const char (&text)[N], std::string_view name = {})
      : text_(text, N - 1), name_(name), hash_(statement_hash(text_)) {}
  /// The statement must stay alive until the call that runs it has ended.
  Statement(const UnsafeStatement& statement);  // NOLINT: implicit by intent

  [[nodiscard]] constexpr std::string_view text() const { return text_; }
  /// For errors and traces; may be empty.
  [[nodiscard]] constexpr std::string_view name() const { return name_; }
  [[nodiscard]] constexpr std::uint64_t hash() const { return hash_; }

 private:
  std::string_view text_;
  std::string_view name_;
  std::uint64_t hash_;
};

/// Owns text made at run time. The caller vouches that no text of a user is in it: values belong in parameters, names
/// through `quote_identifier`.
class UnsafeStatement {
 public:
  explicit UnsafeStatement(std::string text, std::string name = {})
      : text_(std::move(text)), name_(std::move(name)), hash_(statement_hash(text_)) {}

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::uint64_t hash() const { return hash_; }

 private:
  std::string text_, name_;
  std::uint64_t hash_;
};

[[nodiscard]] inline UnsafeStatement unsafe_sql(std::string text, std::string name = {}) {
  return UnsafeStatement(std::move(text), std::move(name));
}

/// `name` as a quoted identifier: "we""ird".
[[nodiscard]] std::string quote_identifier(std::string_view name);

inline Statement::Statement(const UnsafeStatement& statement)
    : text_(statement.text()), name_(statement.name()), hash_(statement.hash()) {}

/// A statement with the place that runs it and, optionally, its deadline. Made implicitly by every call that runs one:
///
///     co_await connection.query("select title from posts where id = $1", id);
///     co_await connection.query({"select title from posts where id = $1", Deadline::after(2s)}, id);
class Call {
 public:
  template <std::size_t N>
  consteval Call(const char (&text)[N], CallSite site = CallSite::current()) : statement_(text), site_(site) {}
  constexpr Call(Statement statement, CallSite site = CallSite::current()) : statement_(statement), site_(site) {}
  Call(const UnsafeStatement& statement, CallSite site = CallSite::current()) : statement_(statement), site_(site) {}
  constexpr Call(Statement statement, Deadline deadline, CallSite site = CallSite::current())
      : statement_(statement), site_(site), deadline_(deadline) {}

  [[nodiscard]] constexpr const Statement& statement() const { return statement_; }
  [[nodiscard]] constexpr const CallSite& site() const { return site_; }
  [[nodiscard]] constexpr Deadline deadline() const { return deadline_; }

 private:
  Statement statement_;
  CallSite site_;
  Deadline deadline_;
};

}  // namespace quell::db

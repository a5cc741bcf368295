#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// As much of SQL's lexical structure as a relay needs: where a statement of a simple query ends, which prepared
/// statement a command names, and where literals stand. Not a parser; backslashes escape in E'' strings only
/// (standard_conforming_strings is on since PostgreSQL 9.1).
namespace quell::proxy {

/// The statements of a simple query as the server will answer them, in order: empty ones are left out, a comment after
/// the last semicolon belongs to the last statement. A text with no statement at all gives none.
std::vector<std::string_view> split_statements(std::string_view sql);

/// A command that makes, runs or drops prepared statements.
struct PreparedCommand {
  enum class Kind { none, prepare, execute, deallocate, deallocate_all, discard_all };
  Kind kind = Kind::none;
  std::string name;       ///< folded to lower case unless it was quoted
  std::string_view body;  ///< of PREPARE: the statement after AS
  /// Of EXECUTE: the arguments that are plain literals, nullopt for NULL.
  std::vector<std::optional<std::string>> arguments;
  bool arguments_known = true;  ///< every argument was a plain literal
};
PreparedCommand read_prepared_command(std::string_view sql);

/// `sql` with the literal after each PASSWORD replaced by '?'.
std::string hide_passwords(std::string_view sql);
/// `sql` with every string replaced by '?' and every number by 0: still SQL, but nobody's data.
std::string hide_literals(std::string_view sql);
/// Whether hide_passwords may change `sql`; cheap.
bool may_hold_password(std::string_view sql);

}  // namespace quell::proxy

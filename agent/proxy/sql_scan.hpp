#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What a relay reads in a simple query beside its tokens (quell/trace/sql_scanner.hpp): where a statement ends, and
/// which prepared statement a command names.
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

}  // namespace quell::proxy

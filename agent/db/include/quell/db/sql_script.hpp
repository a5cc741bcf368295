#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace quell::db {

/// A migration file cut into statements after PostgreSQL's lexical rules (strings, dollar quotes, nested comments,
/// BEGIN ATOMIC bodies), without a grammar. All views point into the text that was read.
struct SqlScript {
  struct Statement {
    std::string_view text;  ///< from its first word up to, not including, its semicolon
    std::size_t line = 1;
    bool autocommit = false;  ///< between `-- quell: begin autocommit` and `-- quell: end autocommit`
  };
  /// A comment `-- quell: ...` at the beginning of a line.
  struct Directive {
    std::string_view text;  ///< what follows the colon, trimmed
    std::size_t line = 1;
    bool in_header = false;  ///< before the first statement
  };
  std::vector<Statement> statements;
  std::vector<Directive> directives;
};

/// Throws MigrationError at an autocommit block that is not closed, not opened, opened twice, or cuts a statement.
[[nodiscard]] SqlScript read_script(std::string_view sql);

/// What is run as one: all statements of a transaction, or one statement outside of any.
struct ScriptPart {
  std::string text;
  std::size_t line = 1;
  bool autocommit = false;
};

/// `autocommit`: as if the whole text stood in an autocommit block.
[[nodiscard]] std::vector<ScriptPart> parts_of(std::string_view sql, bool autocommit);

}  // namespace quell::db

#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <quell/trace/value.hpp>

#include "agent/proxy/message_stream.hpp"
#include "agent/proxy/statement_table.hpp"

/// Decoding of single message bodies. Each function takes what was kept of the body; nullopt: it is not what the
/// protocol says.
namespace quell::proxy {

struct StartupMessage {
  std::string user;
  std::string database;  ///< the user's name where the client gave none
  std::string application_name;
  bool replication = false;
};
/// `body`: what follows the protocol version.
std::optional<StartupMessage> read_startup(std::string_view body);

struct ParseMessage {
  std::string name;
  SqlTextPtr text;
  std::vector<std::uint32_t> types;
};
std::optional<ParseMessage> read_parse(const Message& message);

/// The text of a Query message, at most `limit` bytes of it.
std::optional<SqlTextPtr> read_query(const Message& message);

struct BindMessage {
  std::string portal;
  std::string statement;
  Binding binding;  ///< parameter types are not yet known
};
/// `parameter_limit`: bytes kept of one parameter.
std::optional<BindMessage> read_bind(const Message& message, std::size_t parameter_limit);

/// Describe and Close: 'S' or 'P', and a name.
struct TargetMessage {
  char target = 'S';
  std::string name;
};
std::optional<TargetMessage> read_target(const Message& message);

/// The portal's name of an Execute.
std::optional<std::string> read_execute(const Message& message);

std::optional<std::vector<std::uint32_t>> read_parameter_description(const Message& message);

struct RowDescription {
  ResultShapePtr shape;
  Formats formats;
};
/// Records the first `columns` key-like columns. Shares `previous` where nothing has changed.
std::optional<RowDescription> read_row_description(const Message& message, std::size_t columns,
                                                   const ResultShapePtr& previous);

struct ServerError {
  std::string severity;  ///< not localised: ERROR, FATAL, PANIC
  std::array<char, 5> sqlstate{};
};
std::optional<ServerError> read_error(const Message& message);

/// Rows of a command tag: its last word, where that is a number.
std::uint64_t rows_of_tag(std::string_view tag);

}  // namespace quell::proxy

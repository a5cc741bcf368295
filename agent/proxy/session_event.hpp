#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include <quell/trace/event.hpp>

/// What the passive parser learns of one session. Unlike trace events these own what they hold: they cross from the
/// relay's thread to the recorder's.
namespace quell::proxy {

/// SQL text as the client sent it, shared by all executions of a prepared statement.
struct SqlText {
  std::string bytes;
  std::uint64_t full_size = 0;  ///< larger than `bytes` where it was cut
  [[nodiscard]] bool cut() const { return bytes.size() < full_size; }
};
using SqlTextPtr = std::shared_ptr<const SqlText>;

struct ResultColumn {
  std::string name;
  std::uint32_t table_oid = 0;
  std::int16_t attribute_number = 0;
  std::uint32_t type_oid = 0;
  bool recorded = false;
};
struct ResultShape {
  std::string wire;  ///< the RowDescription without format codes: equal shapes are shared
  std::vector<ResultColumn> columns;
  std::uint32_t recorded_columns = 0;
  std::uint32_t last_recorded = 0;  ///< index after the last recorded column
};
using ResultShapePtr = std::shared_ptr<const ResultShape>;

struct RecordedParameter {
  std::uint32_t type_oid = 0;
  trace::ParameterForm form = trace::ParameterForm::null;
  std::uint32_t offset = 0;  ///< into `Executed::parameter_bytes`
  std::uint32_t size = 0;
  std::uint64_t full_size = 0;
  trace::Value value;  ///< where `form` is canonical
};

/// Start-up is over: the server is ready for the first query.
struct Connected {
  trace::Time time = 0;
  std::string database;
  std::string user;
  std::string application_name;
  std::string server_version;
  std::uint32_t backend_pid = 0;
  std::string client;  ///< its socket as call-site hooks name it; the session knows it, not the parser
};

/// One execution: an Execute (with all its fetches), one statement of a simple query, a function call.
struct Executed {
  trace::Time start = 0;  ///< later of: request's last byte, previous completion
  trace::Time first_byte = 0;
  trace::Time complete = 0;
  trace::Time ready = 0;
  SqlTextPtr text;
  std::string statement_name;
  std::string portal_name;
  trace::Protocol protocol = trace::Protocol::simple;
  trace::TransactionState transaction_state = trace::TransactionState::unknown;
  std::uint16_t flags = 0;
  std::array<char, 5> sqlstate{};
  std::uint64_t rows = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t pipeline_batch = 0;  ///< counted within the session
  std::uint32_t fetches = 0;         ///< Execute messages; more than 1 where the client read a portal in pages
  std::string parameter_bytes;
  std::vector<RecordedParameter> parameters;
  ResultShapePtr shape;
  std::uint32_t recorded_rows = 0;
  std::vector<trace::Value> values;  ///< column after column, recorded columns only
  [[nodiscard]] bool failed() const { return sqlstate[0] != 0; }
};

/// The parser lost track of the session, or may not look into it; relaying goes on and nothing more comes but
/// Disconnected.
struct Untracked {
  enum class Why : std::uint8_t { lost, encrypted, replication };
  trace::Time time = 0;
  Why why = Why::lost;
  std::string reason;
};

struct Disconnected {
  trace::Time time = 0;
  std::string reason;  ///< empty for an orderly end; never holds message text of the server
};

using SessionEvent = std::variant<Connected, Executed, Untracked, Disconnected>;

}  // namespace quell::proxy

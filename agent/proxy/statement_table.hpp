#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <quell/trace/value.hpp>

#include "agent/proxy/session_event.hpp"

namespace quell::proxy {

/// A prepared statement, protocol-level or by PREPARE: the server keeps both under one namespace.
struct Statement {
  std::string name;
  SqlTextPtr text;
  std::vector<std::uint32_t> parameter_types;
  ResultShapePtr shape;  ///< from Describe, where the client asked
};
using StatementPtr = std::shared_ptr<Statement>;

/// Format codes of a Bind: none (all text), one for all, or one each.
struct Formats {
  std::vector<trace::Format> codes;
  bool known = true;  ///< false where the Bind was cut before them
  [[nodiscard]] trace::Format of(std::size_t column) const {
    if (codes.empty()) return trace::Format::text;
    return codes.size() == 1 ? codes.front() : column < codes.size() ? codes[column] : trace::Format::text;
  }
};

/// What a Bind message carries besides its two names.
struct Binding {
  std::string parameter_bytes;
  std::vector<RecordedParameter> parameters;
  bool cut = false;
  Formats result_formats;
};

/// An execution that is being answered, or waits for its ReadyForQuery.
struct Execution {
  Executed event;            ///< its values stand row after row until it is emitted
  Formats formats;           ///< of the result
  bool recording = false;    ///< more rows are wanted
  bool batch_known = false;  ///< `event.pipeline_batch` is settled
  trace::Time fetch_start = 0;
  trace::Duration served = 0;  ///< in earlier fetches
};

struct Portal {
  StatementPtr statement;  ///< null where the statement is not known
  Binding binding;
  ResultShapePtr shape;
  /// Stopped at its row limit and may be continued.
  std::optional<Execution> suspended;
};

/// The prepared statements and portals of a session: separate namespaces, in the server's order of events.
class StatementTable {
 public:
  /// Statements beyond `max_statements`, or texts beyond `max_text_bytes` in all, are not remembered.
  StatementTable(std::size_t max_statements, std::size_t max_text_bytes)
      : max_statements_(max_statements), max_text_bytes_(max_text_bytes) {}

  /// False where a limit was reached: executions of it will have no text.
  bool define(StatementPtr statement);
  void drop(const std::string& name);
  void drop_all();
  [[nodiscard]] StatementPtr find(const std::string& name) const;

  Portal& open(const std::string& name, Portal portal);
  [[nodiscard]] Portal* portal(const std::string& name);
  void close(const std::string& name);
  /// Portals end with the transaction.
  void close_portals();
  /// Takes the executions of portals that were closed or replaced while suspended: they are over.
  std::vector<Execution> take_ended() { return std::exchange(ended_, {}); }

  [[nodiscard]] std::size_t statements() const { return statements_.size(); }
  [[nodiscard]] std::size_t portals() const { return portals_.size(); }

 private:
  void end(Portal& portal);

  std::size_t max_statements_;
  std::size_t max_text_bytes_;
  std::size_t text_bytes_ = 0;
  std::unordered_map<std::string, StatementPtr> statements_;
  std::unordered_map<std::string, Portal> portals_;
  std::vector<Execution> ended_;
};

}  // namespace quell::proxy

#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <quell/trace/format.hpp>
#include <quell/trace/value.hpp>

#include "agent/proxy/message_stream.hpp"
#include "agent/proxy/messages.hpp"
#include "agent/proxy/session_event.hpp"
#include "agent/proxy/statement_table.hpp"

namespace quell::proxy {

/// Bounds of what one session's parser keeps. Past them it forgets and says so; it never refuses a byte.
struct ParserParams {
  /// Bytes kept of one SQL text: the trace's own limit.
  std::size_t text_bytes = trace::kMaxTextBytes;
  /// Bytes kept of one parameter: the trace's own limit.
  std::size_t parameter_bytes = trace::kMaxParameterBytes;
  /// Bytes kept of one Bind message, all parameters together.
  std::size_t bind_bytes = std::size_t{256} << 10;
  /// Rows of a result whose key-like values are recorded; enough to prove an edge from a page of results.
  std::uint32_t rows = 256;
  /// Key-like columns recorded of a result, the first ones.
  std::size_t columns = 16;
  /// Bytes kept of one row. A longer one ends the recording of its result.
  std::size_t row_bytes = std::size_t{64} << 10;
  /// Prepared statements remembered; more than any driver's cache.
  std::size_t statements = 10'000;
  /// Bytes of their texts.
  std::size_t statement_text_bytes = std::size_t{16} << 20;
  /// Requests without an answer. A client that sends more without reading is not followed any further.
  std::size_t outstanding = std::size_t{1} << 18;
  /// Executions that wait for their ReadyForQuery; the oldest of more are let go without it.
  std::size_t waiting = 1'024;
};

/// Reads both directions of one PostgreSQL session as a bystander and says what happened. No I/O, no clock: bytes and
/// times are handed in, at any fragmentation, and events taken out. Pairs each reply with its request exactly, in the
/// server's order; where a reply cannot be paired it stops looking (Untracked) rather than guess. Passwords and COPY
/// data are never kept. Not thread-safe.
class SessionParser {
 public:
  /// `canonicalizer` must outlive the parser.
  explicit SessionParser(const trace::Canonicalizer& canonicalizer, ParserParams params = {});

  /// `now`: when the bytes arrived. Times must not run backwards.
  void client_bytes(std::string_view bytes, trace::Time now);
  void server_bytes(std::string_view bytes, trace::Time now);
  /// The connection is over. `reason` counts only where neither side said goodbye.
  void closed(trace::Time now, std::string_view reason = {});

  [[nodiscard]] std::vector<SessionEvent>& events() { return events_; }

  /// False once nothing more than Disconnected can come.
  [[nodiscard]] bool tracking() const { return phase_ != Phase::untracked; }
  /// The first packet was a CancelRequest.
  [[nodiscard]] bool is_cancel() const { return phase_ == Phase::cancel; }
  /// BackendKeyData as the server sent it (process id and secret key), empty before.
  [[nodiscard]] std::string_view backend_key() const { return backend_key_; }

 private:
  enum class Phase : std::uint8_t { startup, negotiating, session, cancel, untracked };

  enum class Kind : std::uint8_t {
    startup,
    simple_query,
    function_call,
    parse,
    bind,
    describe_statement,
    describe_portal,
    execute,
    close_statement,
    close_portal,
    sync,
    copy_end,  ///< CopyDone or CopyFail sent before the server asked for data
  };

  /// A message that the server will answer.
  struct Request {
    Request(Kind what, trace::Time when) : kind(what), sent(when) {}
    Kind kind;
    trace::Time sent;
    std::uint64_t bytes = 0;  ///< of an execution, with the Parse, Bind and Describe before it
    std::uint64_t batch = 0;
    std::string name;       ///< statement, or portal of Bind, Execute and their like
    std::string statement;  ///< of Bind
    SqlTextPtr text;
    std::vector<std::uint32_t> types;
    Binding binding;
    std::vector<std::string_view> pieces;  ///< statements of a simple query, in `text`
    std::size_t results = 0;               ///< of them answered
    bool failed = false;
  };

  /// Statements and portals that a failed batch would have made, to name what the server skipped.
  struct SkippedNames {
    std::map<std::string, StatementPtr> statements;
    std::map<std::string, Portal> portals;
  };

  // session_parser.cpp: bytes, start-up, requests.
  std::string_view startup_bytes(std::string_view bytes, trace::Time now);
  void startup_packet(std::string_view packet, trace::Time now);
  [[nodiscard]] std::size_t keep_of_client(char type) const;
  bool client_message(const Message& message);
  bool query_message(const Message& message);
  bool parse_message(const Message& message);
  bool bind_message(const Message& message);
  bool execute_message(const Message& message);
  bool target_message(const Message& message, Kind statement, Kind portal);
  void sync_message(const Message& message);
  void copy_message(const Message& message);
  void push(Request request);
  void push_execution(Request request, std::size_t executions);
  [[nodiscard]] SqlTextPtr recordable(const SqlTextPtr& text) const;

  // session_replies.cpp: replies and the executions they make.
  std::size_t keep_of_server(char type, trace::Time now);
  bool server_message(const Message& message);
  bool session_message(const Message& message);
  bool described(const Message& message);
  bool row_description(const Message& message);
  bool data_row(const Message& message);
  bool completed(const Message& message, bool empty);
  bool suspended();
  bool copy_response(const Message& message);
  bool error_response(const Message& message);
  bool ready_for_query(const Message& message);
  void fail_execution(const Message& message, const ServerError& error);
  void fail_batch(const Message& message, const ServerError& error);
  void fail_simple(Request& request, const Message& message, const ServerError& error);
  void fail_commit(const ServerError& error);
  void skip(Request& request, std::uint16_t flag);
  void end_skipping();

  // executions.cpp
  [[nodiscard]] Request* head();
  void pop_head();
  [[nodiscard]] bool head_executes();
  Execution& current(trace::Time first_byte);
  Execution begin_portal(Request& request);
  Execution begin_simple(Request& request);
  void take_portal(Execution& execution, const Portal& portal);
  void resolve_execute(Execution& execution, std::string_view sql, bool arguments_readable);
  void finish_current(trace::Time now);
  void apply_prepared_command(std::string_view tag, std::string_view sql, const SqlTextPtr& text);
  void wait_for_ready(Execution execution);
  void emit(Execution execution, trace::Time ready);
  void release_waiting(trace::Time ready);
  void record_row(Execution& execution, const Message& message);
  void emit_ended_portals();
  void abandon_outstanding();

  bool lose(Untracked::Why why, std::string reason);
  bool lost(const char* reason) { return lose(Untracked::Why::lost, reason); }

  const trace::Canonicalizer& canonicalizer_;
  ParserParams params_;
  Phase phase_ = Phase::startup;
  trace::Time now_ = 0;
  std::string packet_;  ///< of start-up, while incomplete
  MessageStream client_;
  MessageStream server_;
  std::vector<SessionEvent> events_;

  Connected identity_;
  bool named_ = false;      ///< a startup message came
  bool announced_ = false;  ///< Connected was emitted
  bool replication_ = false;
  bool terminated_ = false;
  std::string fatal_;
  std::string backend_key_;

  std::deque<Request> queue_;
  std::size_t executions_in_queue_ = 0;
  StatementTable table_;
  std::optional<Execution> current_;
  std::deque<Execution> waiting_;
  std::size_t waiting_values_ = 0;
  bool skipping_ = false;
  bool copy_in_ = false;
  SkippedNames skipped_;
  std::optional<Execution> failed_;  ///< by its Parse, Bind or Describe; its Execute may follow
  trace::TransactionState transaction_ = trace::TransactionState::unknown;
  trace::Time last_completion_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t copy_sent_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t run_ = 0;  ///< requests sent without waiting for an answer in between
  std::size_t run_size_ = 0;
};

}  // namespace quell::proxy

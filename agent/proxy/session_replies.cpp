// SessionParser: what the server says, paired with what the client asked.
#include <utility>

#include "agent/proxy/session_parser.hpp"
#include "agent/proxy/sql_scan.hpp"

namespace quell::proxy {

std::size_t SessionParser::keep_of_server(char type, trace::Time now) {
  switch (type) {
    case 'D':
      return head_executes() && current(now).recording ? params_.row_bytes : 0;
    case 'T':
    case 't':
      return std::size_t{1} << 18;  // 1664 columns with their names; 65535 parameters
    case 'E':
      return 4'096;
    case 'S':
      return 4'096;
    case 'K':
      return 4 + 256;
    case 'C':
      return 128;
    case 'Z':
      return 1;
    case 'R':  // authentication
    case 'N':
    case 'A':
    case 'v':
    case '1':
    case '2':
    case '3':
    case 'n':
    case 's':
    case 'I':
    case 'V':
    case 'G':
    case 'H':
    case 'W':
    case 'd':
    case 'c':
      return 0;
    default:
      return MessageStream::kUnknownType;
  }
}

bool SessionParser::server_message(const Message& message) {
  if (phase_ != Phase::session) return true;
  switch (message.type) {
    case 'Z':
      return ready_for_query(message);
    case 'E':
      received_ += message.wire_bytes();
      return error_response(message);
    case 'N':  // notices and notifications come at any time and belong to no request
    case 'A':
      return true;
    case 'R':
    case 'K':
    case 'S':
    case 'v':
      return session_message(message);
    case '3': {
      Request* request = head();
      if (!request || (request->kind != Kind::close_statement && request->kind != Kind::close_portal)) return false;
      if (request->kind == Kind::close_statement) {
        table_.drop(request->name);
      } else {
        table_.close(request->name);
        emit_ended_portals();
      }
      pop_head();
      return true;
    }
    default:
      break;
  }
  received_ += message.wire_bytes();
  switch (message.type) {
    case '1':
    case '2':
    case 't':
    case 'n':
      return described(message);
    case 'T':
      return row_description(message);
    case 'D':
      return data_row(message);
    case 'C':
      return completed(message, false);
    case 'I':
      return completed(message, true);
    case 's':
      return suspended();
    case 'G':
    case 'H':
    case 'W':
      return copy_response(message);
    case 'd':
    case 'c':
      return head_executes() && current(message.first_byte).event.protocol == trace::Protocol::copy;
    case 'V':
      if (!head() || head()->kind != Kind::function_call) return false;
      current(message.first_byte).event.rows = 1;
      finish_current(message.last_byte);
      return true;
    default:
      return false;
  }
}

bool SessionParser::session_message(const Message& message) {
  Cursor cursor(message.body);
  if (message.type == 'K') backend_key_ = message.body;
  if (message.type == 'K') identity_.backend_pid = cursor.u32();
  if (message.type == 'S') {
    const std::string_view name = cursor.string();
    const std::string_view value = cursor.string();
    if (name == "server_version") identity_.server_version = value;
    return message.whole() ? !cursor.failed() : true;
  }
  const Request* request = head();
  return message.type == 'K' ? !cursor.failed() : request && request->kind == Kind::startup;
}

bool SessionParser::described(const Message& message) {
  Request* request = head();
  if (!request) return false;
  if (message.type == '1' && request->kind == Kind::parse) {
    auto statement = std::make_shared<Statement>();
    statement->name = request->name;
    statement->text = request->text;
    statement->parameter_types = std::move(request->types);
    table_.define(std::move(statement));
    pop_head();
    return true;
  }
  if (message.type == '2' && request->kind == Kind::bind) {
    Portal portal;
    portal.statement = table_.find(request->statement);
    portal.binding = std::move(request->binding);
    if (portal.statement) portal.shape = portal.statement->shape;
    table_.open(request->name, std::move(portal));
    emit_ended_portals();
    pop_head();
    return true;
  }
  if (message.type == 't' && request->kind == Kind::describe_statement) {
    std::optional<std::vector<std::uint32_t>> types = read_parameter_description(message);
    if (!types) return false;
    // RowDescription or NoData follows.
    if (const StatementPtr statement = table_.find(request->name)) statement->parameter_types = std::move(*types);
    return true;
  }
  if (message.type == 'n' && (request->kind == Kind::describe_statement || request->kind == Kind::describe_portal)) {
    pop_head();
    return true;
  }
  return false;
}

bool SessionParser::row_description(const Message& message) {
  Request* request = head();
  if (!request) return false;
  const auto read = [&](const ResultShapePtr& previous) {
    return read_row_description(message, params_.columns, previous);
  };
  if (request->kind == Kind::describe_statement) {
    const StatementPtr statement = table_.find(request->name);
    std::optional<RowDescription> rows = read(statement ? statement->shape : nullptr);
    if (!rows) return false;
    if (statement) statement->shape = rows->shape;
    pop_head();
    return true;
  }
  if (request->kind == Kind::describe_portal) {
    Portal* portal = table_.portal(request->name);
    std::optional<RowDescription> rows = read(portal ? portal->shape : nullptr);
    if (!rows) return false;
    if (portal) {
      portal->shape = rows->shape;
      portal->binding.result_formats = std::move(rows->formats);
      // The next Bind of the statement gives the same columns.
      if (portal->statement) portal->statement->shape = portal->shape;
    }
    pop_head();
    return true;
  }
  if (request->kind != Kind::simple_query) return false;
  Execution& execution = current(message.first_byte);
  std::optional<RowDescription> rows = read(nullptr);
  if (!rows) return false;
  execution.event.shape = std::move(rows->shape);
  execution.formats = std::move(rows->formats);
  execution.recording = execution.event.shape->recorded_columns > 0;
  return true;
}

bool SessionParser::data_row(const Message& message) {
  if (!head_executes()) return false;
  Execution& execution = current(message.first_byte);
  ++execution.event.rows;
  if (execution.recording) record_row(execution, message);
  return true;
}

bool SessionParser::completed(const Message& message, bool empty) {
  if (!head_executes()) return false;
  Execution& execution = current(message.first_byte);
  if (empty) {
    finish_current(message.last_byte);
    return true;
  }
  Cursor cursor(message.body);
  const std::string_view tag = cursor.string();
  if (cursor.failed()) return false;
  if (execution.event.rows == 0) execution.event.rows = rows_of_tag(tag);
  const Request& request = *head();
  if (request.kind == Kind::simple_query) {
    const std::string_view sql = request.results < request.pieces.size() ? request.pieces[request.results]
                                                                         : std::string_view(request.text->bytes);
    apply_prepared_command(tag, sql, request.text);
  } else if (execution.event.text) {
    apply_prepared_command(tag, execution.event.text->bytes, execution.event.text);
  }
  finish_current(message.last_byte);
  return true;
}

bool SessionParser::suspended() {
  Request* request = head();
  if (!request || request->kind != Kind::execute) return false;
  Execution execution = std::move(current(now_));
  current_.reset();
  Portal* portal = table_.portal(request->name);
  pop_head();
  execution.served += now_ - execution.fetch_start;
  execution.event.complete = execution.event.start + execution.served;
  execution.event.bytes_received += std::exchange(received_, 0);
  last_completion_ = now_;
  if (!execution.batch_known) {
    execution.batch_known = true;
    if (run_size_ < 2) execution.event.pipeline_batch = 0;
  }
  if (!portal) return false;
  portal->suspended = std::move(execution);
  return true;
}

bool SessionParser::copy_response(const Message& message) {
  if (!head_executes()) return false;
  if (message.type == 'W') {
    lose(Untracked::Why::replication, "the session streams replication data");
    return true;
  }
  current(message.first_byte).event.protocol = trace::Protocol::copy;
  if (message.type == 'H') return true;
  // The server is now inside the COPY and reads over each Sync until CopyDone or CopyFail, also those already sent.
  copy_in_ = true;
  while (queue_.size() > 1) {
    const Kind next = queue_[1].kind;
    if (next != Kind::sync && next != Kind::copy_end) break;
    queue_.erase(queue_.begin() + 1);
    if (next == Kind::copy_end) {
      copy_in_ = false;
      break;
    }
  }
  return true;
}

bool SessionParser::error_response(const Message& message) {
  const std::optional<ServerError> error = read_error(message);
  if (!error) return false;
  const std::string code(error->sqlstate.data(), error->sqlstate.size());
  if (error->severity == "FATAL" || error->severity == "PANIC") fatal_ = error->severity + " " + code;
  copy_in_ = false;
  Request* request = head();
  if (!request || request->kind == Kind::startup) {
    received_ = 0;
    if (fatal_.empty()) fatal_ = error->severity + " " + code;
    return true;  // the server ends the session by itself, or refuses it
  }
  switch (request->kind) {
    case Kind::startup:
    case Kind::copy_end:
      return false;
    case Kind::simple_query:
      fail_simple(*request, message, *error);
      return true;
    case Kind::function_call:
      request->failed = true;
      fail_execution(message, *error);
      return true;
    case Kind::execute:
    case Kind::parse:
    case Kind::bind:
    case Kind::describe_statement:
    case Kind::describe_portal:
    case Kind::close_statement:
    case Kind::close_portal:
      fail_batch(message, *error);
      return true;
    case Kind::sync:
      fail_commit(*error);
      return true;
  }
  return false;
}

void SessionParser::fail_execution(const Message& message, const ServerError& error) {
  Execution& execution = current(message.first_byte);
  execution.event.sqlstate = error.sqlstate;
  finish_current(message.last_byte);
}

void SessionParser::fail_simple(Request& request, const Message& message, const ServerError& error) {
  if (request.failed || (!current_ && request.results > 0 && request.results >= request.pieces.size())) {
    request.failed = true;
    fail_commit(error);
    return;
  }
  // A syntax error anywhere: the server ran nothing and does not say which statement it was.
  constexpr std::array<char, 5> kSyntaxError = {'4', '2', '6', '0', '1'};
  if (request.results == 0 && error.sqlstate == kSyntaxError) request.pieces.clear();
  request.failed = true;
  fail_execution(message, error);
}

/// The end of an implicit transaction failed after its last statement was complete: a deferred constraint, a
/// serialization failure.
void SessionParser::fail_commit(const ServerError& error) {
  received_ = 0;
  if (!waiting_.empty() && !waiting_.back().event.sqlstate[0]) waiting_.back().event.sqlstate = error.sqlstate;
}

void SessionParser::fail_batch(const Message& message, const ServerError& error) {
  if (head()->kind == Kind::execute) {
    fail_execution(message, error);
  } else {
    Request culprit = std::move(*head());
    pop_head();
    Execution execution;
    Executed& event = execution.event;
    event.start = std::max(culprit.sent, last_completion_);
    event.first_byte = message.first_byte;
    event.complete = last_completion_ = message.last_byte;
    event.sqlstate = error.sqlstate;
    event.protocol = trace::Protocol::extended;
    event.bytes_received = std::exchange(received_, 0);
    if (culprit.kind == Kind::parse) {
      event.text = culprit.text;
      event.statement_name = culprit.name;
      if (culprit.name.empty()) table_.drop("");  // the server has dropped the old one already
    } else if (culprit.kind == Kind::describe_portal) {
      if (const Portal* portal = table_.portal(culprit.name)) take_portal(execution, *portal);
    } else {
      const StatementPtr statement = table_.find(culprit.kind == Kind::bind ? culprit.statement : culprit.name);
      if (statement) event.text = statement->text;
    }
    failed_ = std::move(execution);
    skip(culprit, trace::query_flag::kSkippedAfterError);
  }
  // The server discards everything up to the next Sync, whatever it is.
  skipping_ = true;
  while (!queue_.empty() && queue_.front().kind != Kind::sync) {
    Request request = std::move(queue_.front());
    pop_head();
    skip(request, trace::query_flag::kSkippedAfterError);
  }
  if (!queue_.empty()) end_skipping();
}

void SessionParser::skip(Request& request, std::uint16_t flag) {
  const auto statement_of = [&](const std::string& name) {
    const auto found = skipped_.statements.find(name);
    return found == skipped_.statements.end() ? table_.find(name) : found->second;
  };
  if (request.kind == Kind::parse) {
    auto statement = std::make_shared<Statement>();
    statement->name = request.name;
    statement->text = request.text;
    statement->parameter_types = std::move(request.types);
    skipped_.statements[request.name] = std::move(statement);
  } else if (request.kind == Kind::bind) {
    Portal portal;
    portal.statement = statement_of(request.statement);
    portal.binding = std::move(request.binding);
    skipped_.portals[request.name] = std::move(portal);
  } else if (request.kind == Kind::execute || request.kind == Kind::simple_query ||
             request.kind == Kind::function_call) {
    Execution execution;
    execution.event.start = request.sent;
    execution.event.bytes_sent = request.bytes;
    execution.event.pipeline_batch = request.batch;
    if (request.kind == Kind::execute) {
      execution.event.protocol = trace::Protocol::extended;
      execution.event.portal_name = request.name;
      const auto found = skipped_.portals.find(request.name);
      const Portal* portal = found != skipped_.portals.end() ? &found->second : table_.portal(request.name);
      if (portal) take_portal(execution, *portal);
    } else {
      execution.event.text = recordable(request.text);
      if (request.kind == Kind::function_call) execution.event.protocol = trace::Protocol::fastpath;
    }
    if (failed_ && failed_->event.text == execution.event.text) {
      // This is the execution whose Parse, Bind or Describe failed.
      execution.event.start = failed_->event.start;
      execution.event.first_byte = failed_->event.first_byte;
      execution.event.complete = failed_->event.complete;
      execution.event.sqlstate = failed_->event.sqlstate;
      execution.event.bytes_received = failed_->event.bytes_received;
      failed_.reset();
    } else {
      execution.event.flags |= flag;
    }
    wait_for_ready(std::move(execution));
  }
}

void SessionParser::end_skipping() {
  skipping_ = false;
  if (failed_) wait_for_ready(*std::exchange(failed_, std::nullopt));
  skipped_ = {};
}

bool SessionParser::ready_for_query(const Message& message) {
  Request* request = head();
  if (!request || message.body.size() != 1) return false;
  switch (message.body.front()) {
    case 'I':
      transaction_ = trace::TransactionState::idle;
      break;
    case 'T':
      transaction_ = trace::TransactionState::in_transaction;
      break;
    case 'E':
      transaction_ = trace::TransactionState::failed;
      break;
    default:
      return false;
  }
  switch (request->kind) {
    case Kind::startup:
      identity_.time = now_;
      events_.emplace_back(identity_);
      announced_ = true;
      pop_head();
      received_ = 0;
      if (replication_) lose(Untracked::Why::replication, "the client asked for a replication session");
      return true;
    case Kind::simple_query:
      if (request->results == 0 && !request->failed) return false;
      for (std::size_t i = request->results; request->failed && i < request->pieces.size(); ++i) {
        Execution skipped = begin_simple(*request);
        skipped.event.flags |= trace::query_flag::kSkippedAfterError;
        ++request->results;
        wait_for_ready(std::move(skipped));
      }
      if (request->pieces.size() > 1 && request->results != request->pieces.size()) {
        // A rule, or a body that holds semicolons: the cut is not where the server made it.
        const SqlTextPtr whole = recordable(request->text);
        for (Execution& execution : waiting_) execution.event.text = whole;
      }
      break;
    case Kind::function_call:
    case Kind::sync:
      break;
    case Kind::parse:
    case Kind::bind:
    case Kind::describe_statement:
    case Kind::describe_portal:
    case Kind::execute:
    case Kind::close_statement:
    case Kind::close_portal:
    case Kind::copy_end:
      return false;
  }
  if (request->kind == Kind::function_call && !request->failed && request->results == 0) return false;
  pop_head();
  received_ = 0;
  release_waiting(message.last_byte);
  if (transaction_ == trace::TransactionState::idle) {
    table_.close_portals();
    emit_ended_portals();
  }
  return true;
}

}  // namespace quell::proxy

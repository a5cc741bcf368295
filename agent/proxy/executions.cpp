// SessionParser: executions, from their first reply to the event they become.
#include <algorithm>
#include <utility>

#include "agent/proxy/session_parser.hpp"
#include "agent/proxy/sql_scan.hpp"

namespace quell::proxy {
namespace {

/// Values of one result kept beyond this over all waiting executions are let go early.
constexpr std::size_t kWaitingValues = std::size_t{1} << 16;

std::vector<trace::Value> columns_first(const std::vector<trace::Value>& rows, std::size_t columns) {
  std::vector<trace::Value> out;
  out.reserve(rows.size());
  for (std::size_t column = 0; column < columns; ++column) {
    for (std::size_t at = column; at < rows.size(); at += columns) out.push_back(rows[at]);
  }
  return out;
}

/// A command that can only start with these letters may change prepared statements.
bool may_be_prepared_command(std::string_view sql) {
  const std::size_t at = sql.find_first_not_of(" \t\r\n");
  return at != std::string_view::npos && std::string_view("pPeEdD/-").find(sql[at]) != std::string_view::npos;
}

}  // namespace

SessionParser::Request* SessionParser::head() {
  // CopyDone or CopyFail outside a COPY: the server reads over it.
  while (!queue_.empty() && queue_.front().kind == Kind::copy_end) queue_.pop_front();
  return queue_.empty() ? nullptr : &queue_.front();
}

void SessionParser::pop_head() {
  const Kind kind = queue_.front().kind;
  if (kind == Kind::execute || kind == Kind::simple_query || kind == Kind::function_call) --executions_in_queue_;
  queue_.pop_front();
}

bool SessionParser::head_executes() {
  const Request* request = head();
  return request && (request->kind == Kind::execute || (request->kind == Kind::simple_query && !request->failed));
}

Execution& SessionParser::current(trace::Time first_byte) {
  if (current_) return *current_;
  Request& request = *head();
  current_ = request.kind == Kind::execute ? begin_portal(request) : begin_simple(request);
  current_->fetch_start = std::max(request.sent, last_completion_);
  if (current_->event.fetches == 0) {
    current_->event.start = current_->fetch_start;
    current_->event.first_byte = first_byte;
    current_->event.pipeline_batch = request.batch;
  }
  if (current_->event.fetches == 0 || request.kind == Kind::execute) current_->event.bytes_sent += request.bytes;
  if (request.kind == Kind::simple_query) request.bytes = 0;  // counted with the first of its statements
  ++current_->event.fetches;
  return *current_;
}

Execution SessionParser::begin_portal(Request& request) {
  Execution execution;
  execution.event.protocol = trace::Protocol::extended;
  execution.event.portal_name = request.name;
  Portal* portal = table_.portal(request.name);
  if (!portal) return execution;
  if (portal->suspended) return *std::exchange(portal->suspended, std::nullopt);
  take_portal(execution, *portal);
  execution.event.shape = portal->shape;
  execution.formats = portal->binding.result_formats;
  execution.recording = portal->shape && portal->shape->recorded_columns > 0 && execution.formats.known;
  return execution;
}

void SessionParser::take_portal(Execution& execution, const Portal& portal) {
  Executed& event = execution.event;
  event.parameter_bytes = portal.binding.parameter_bytes;
  event.parameters = portal.binding.parameters;
  if (portal.binding.cut) event.flags |= trace::query_flag::kParametersCut;
  if (!portal.statement) return;
  const Statement& statement = *portal.statement;
  event.text = statement.text;
  event.statement_name = statement.name;
  if (!statement.name.empty()) event.flags |= trace::query_flag::kPrepared;
  for (std::size_t i = 0; i < event.parameters.size() && i < statement.parameter_types.size(); ++i) {
    event.parameters[i].type_oid = statement.parameter_types[i];
  }
  resolve_execute(execution, statement.text->bytes, !canonicalizer_.redacts());
}

Execution SessionParser::begin_simple(Request& request) {
  Execution execution;
  Executed& event = execution.event;
  event.start = std::max(request.sent, last_completion_);
  event.pipeline_batch = request.batch;
  if (request.kind == Kind::function_call) {
    event.protocol = trace::Protocol::fastpath;
    event.text = request.text;
    return execution;
  }
  if (request.pieces.size() < 2 || request.results >= request.pieces.size()) {
    event.text = recordable(request.text);
  } else {
    auto text = std::make_shared<SqlText>();
    text->bytes = request.pieces[request.results];
    text->full_size = text->bytes.size();
    // Where the query was cut, its last piece is.
    if (request.results + 1 == request.pieces.size())
      text->full_size += request.text->full_size - request.text->bytes.size();
    event.text = recordable(text);
  }
  const std::string_view sql =
      request.results < request.pieces.size() ? request.pieces[request.results] : std::string_view(request.text->bytes);
  resolve_execute(execution, sql, true);
  return execution;
}

void SessionParser::resolve_execute(Execution& execution, std::string_view sql, bool arguments_readable) {
  if (!may_be_prepared_command(sql)) return;
  PreparedCommand command = read_prepared_command(sql);
  if (command.kind != PreparedCommand::Kind::execute) return;
  const StatementPtr statement = table_.find(command.name);
  if (!statement) return;
  Executed& event = execution.event;
  event.text = statement->text;
  event.statement_name = statement->name;
  event.flags |= trace::query_flag::kPrepared;
  event.parameters.clear();
  event.parameter_bytes.clear();
  if (!command.arguments_known || !arguments_readable) {
    event.flags |= trace::query_flag::kParametersCut;
    return;
  }
  for (const std::optional<std::string>& argument : command.arguments) {
    RecordedParameter& parameter = event.parameters.emplace_back();
    if (!argument) continue;
    parameter.form = trace::ParameterForm::text;
    parameter.offset = static_cast<std::uint32_t>(event.parameter_bytes.size());
    parameter.full_size = argument->size();
    parameter.size = static_cast<std::uint32_t>(std::min(argument->size(), params_.parameter_bytes));
    if (parameter.size < parameter.full_size) event.flags |= trace::query_flag::kParametersCut;
    event.parameter_bytes += argument->substr(0, parameter.size);
  }
}

void SessionParser::apply_prepared_command(std::string_view tag, std::string_view sql, const SqlTextPtr& text) {
  if (tag != "PREPARE" && !tag.starts_with("DEALLOCATE") && tag != "DISCARD ALL") return;
  PreparedCommand command = read_prepared_command(sql);
  switch (command.kind) {
    case PreparedCommand::Kind::prepare: {
      auto body = std::make_shared<SqlText>();
      body->bytes = command.body;
      body->full_size = body->bytes.size() + (text->full_size - text->bytes.size());
      auto statement = std::make_shared<Statement>();
      statement->name = command.name;
      statement->text = recordable(body);
      table_.define(std::move(statement));
      return;
    }
    case PreparedCommand::Kind::deallocate:
      table_.drop(command.name);
      return;
    case PreparedCommand::Kind::deallocate_all:
    case PreparedCommand::Kind::discard_all:
      table_.drop_all();
      return;
    case PreparedCommand::Kind::none:
    case PreparedCommand::Kind::execute:
      return;
  }
}

void SessionParser::finish_current(trace::Time now) {
  Execution execution = *std::exchange(current_, std::nullopt);
  Executed& event = execution.event;
  event.complete = event.start + execution.served + (now - execution.fetch_start);
  event.bytes_received += std::exchange(received_, 0);
  if (event.protocol == trace::Protocol::copy) event.bytes_sent += copy_sent_;
  copy_sent_ = 0;
  copy_in_ = false;
  last_completion_ = now;
  Request& request = *head();
  ++request.results;
  if (request.kind == Kind::execute) pop_head();
  wait_for_ready(std::move(execution));
}

void SessionParser::wait_for_ready(Execution execution) {
  waiting_values_ += execution.event.values.size();
  waiting_.push_back(std::move(execution));
  while (waiting_.size() > params_.waiting || (waiting_values_ > kWaitingValues && waiting_.size() > 1)) {
    waiting_values_ -= waiting_.front().event.values.size();
    emit(std::move(waiting_.front()), 0);
    waiting_.pop_front();
  }
}

void SessionParser::release_waiting(trace::Time ready) {
  while (!waiting_.empty()) {
    emit(std::move(waiting_.front()), ready);
    waiting_.pop_front();
  }
  waiting_values_ = 0;
}

void SessionParser::emit(Execution execution, trace::Time ready) {
  Executed& event = execution.event;
  event.ready = ready;
  event.transaction_state = ready == 0 ? trace::TransactionState::unknown : transaction_;
  if (!execution.batch_known && event.pipeline_batch == run_ && run_size_ < 2) event.pipeline_batch = 0;
  if (event.protocol == trace::Protocol::extended && event.pipeline_batch != 0) {
    event.protocol = trace::Protocol::pipelined;
  }
  if (event.text && event.text->cut()) event.flags |= trace::query_flag::kTextCut;
  if (event.recorded_rows > 0) {
    event.values = columns_first(event.values, event.shape->recorded_columns);
  } else {
    event.shape = nullptr;
  }
  if (canonicalizer_.redacts()) {
    for (RecordedParameter& parameter : event.parameters) {
      if (parameter.form == trace::ParameterForm::null) continue;
      const std::string_view bytes(event.parameter_bytes.data() + parameter.offset, parameter.size);
      const bool binary = parameter.form == trace::ParameterForm::binary;
      parameter.value =
          canonicalizer_.from_wire(parameter.type_oid, binary ? trace::Format::binary : trace::Format::text, bytes);
      parameter.form = trace::ParameterForm::canonical;
    }
    event.parameter_bytes.clear();
  }
  events_.emplace_back(std::move(event));
}

void SessionParser::record_row(Execution& execution, const Message& message) {
  Executed& event = execution.event;
  const ResultShape& shape = *event.shape;
  const std::size_t before = event.values.size();
  Cursor cursor(message.body);
  const std::uint16_t count = cursor.u16();
  if (count == shape.columns.size()) {
    for (std::uint32_t i = 0; i < shape.last_recorded && !cursor.failed(); ++i) {
      const std::int32_t size = cursor.i32();
      const std::string_view bytes = size < 0 ? std::string_view() : cursor.bytes(static_cast<std::size_t>(size));
      if (cursor.failed() || !shape.columns[i].recorded) continue;
      event.values.push_back(size < 0
                                 ? trace::Value::null()
                                 : canonicalizer_.from_wire(shape.columns[i].type_oid, execution.formats.of(i), bytes));
    }
  }
  if (event.values.size() - before != shape.recorded_columns) {
    // Another result than was described, or a row longer than what is kept: what is recorded stays whole rows.
    event.values.resize(before);
    execution.recording = false;
    return;
  }
  ++event.recorded_rows;
  execution.recording = event.recorded_rows < params_.rows;
}

void SessionParser::emit_ended_portals() {
  for (Execution& execution : table_.take_ended()) emit(std::move(execution), now_);
}

void SessionParser::abandon_outstanding() {
  if (failed_) wait_for_ready(*std::exchange(failed_, std::nullopt));
  bool answered = current_.has_value();
  if (current_) {
    Execution execution = *std::exchange(current_, std::nullopt);
    execution.event.complete = 0;
    execution.event.flags |= trace::query_flag::kNoEndSeen;
    wait_for_ready(std::move(execution));
  }
  while (Request* request = head()) {
    answered = answered || (request->kind == Kind::simple_query && request->results > 0);
    Request left = std::move(*request);
    pop_head();
    if (!std::exchange(answered, false)) skip(left, trace::query_flag::kNoEndSeen);
  }
  release_waiting(0);
  table_.close_portals();
  for (Execution& execution : table_.take_ended()) emit(std::move(execution), 0);
}

}  // namespace quell::proxy

#include "agent/proxy/session_parser.hpp"

#include <optional>
#include <string>
#include <utility>

#include <quell/trace/sql_scanner.hpp>

#include "agent/proxy/sql_scan.hpp"
#include "agent/proxy/wire.hpp"

namespace quell::proxy {

SessionParser::SessionParser(const trace::Canonicalizer& canonicalizer, ParserParams params)
    : canonicalizer_(canonicalizer), params_(params), table_(params.statements, params.statement_text_bytes) {}

void SessionParser::client_bytes(std::string_view bytes, trace::Time now) {
  now_ = now;
  while (phase_ == Phase::startup && !bytes.empty()) bytes = startup_bytes(bytes, now);
  if (bytes.empty()) return;
  if (phase_ == Phase::negotiating) {
    lost("the client went on before its request for encryption was answered");
  } else if (phase_ == Phase::session) {
    const bool ok = client_.feed(
        bytes, now, [this](char type) { return keep_of_client(type); },
        [this](const Message& message) { return client_message(message); });
    if (!ok) lost("the client sent a message that the protocol does not know");
  }
}

void SessionParser::server_bytes(std::string_view bytes, trace::Time now) {
  now_ = now;
  if (phase_ == Phase::negotiating && !bytes.empty()) {
    const char answer = bytes.front();
    bytes.remove_prefix(1);
    if (answer == 'S' || answer == 'G') {
      lose(Untracked::Why::encrypted, "the session is encrypted end to end");
    } else if (answer == 'N') {
      phase_ = Phase::startup;
    } else {
      lost("the request for encryption got no answer that the protocol knows");
    }
  }
  if (phase_ == Phase::startup && !bytes.empty()) lost("the server spoke before the client");
  if (phase_ != Phase::session || bytes.empty()) return;
  const bool ok = server_.feed(
      bytes, now, [this](char type) { return keep_of_server(type, now_); },
      [this](const Message& message) { return server_message(message); });
  if (!ok) lost("the server sent a message that answers nothing or that the protocol does not know");
}

void SessionParser::closed(trace::Time now, std::string_view reason) {
  now_ = now;
  if (!named_) return;
  abandon_outstanding();
  if (!announced_) {
    identity_.time = now;
    events_.emplace_back(identity_);
    announced_ = true;
  }
  std::string why = fatal_;
  if (why.empty() && !terminated_) why = reason;
  events_.emplace_back(Disconnected{now, std::move(why)});
  named_ = false;
  phase_ = Phase::untracked;
}

bool SessionParser::lose(Untracked::Why why, std::string reason) {
  if (phase_ == Phase::untracked) return true;
  abandon_outstanding();
  phase_ = Phase::untracked;
  events_.emplace_back(Untracked{now_, why, std::move(reason)});
  table_ = StatementTable(0, 0);
  return true;
}

std::string_view SessionParser::startup_bytes(std::string_view bytes, trace::Time now) {
  // Direct TLS begins with a handshake record where a length would be.
  if (packet_.empty() && bytes.front() == 0x16) {
    lose(Untracked::Why::encrypted, "the session is encrypted end to end");
    return {};
  }
  const auto take = [&](std::size_t size) {
    const std::size_t taken = std::min(size - packet_.size(), bytes.size());
    packet_ += bytes.substr(0, taken);
    bytes.remove_prefix(taken);
    return packet_.size() == size;
  };
  if (packet_.size() < 4 && !take(4)) return bytes;
  const std::uint32_t length = Cursor(packet_).u32();
  if (length < 8 || length > kMaxStartupBytes) {
    lost("the first packet is not a startup packet of PostgreSQL");
    return {};
  }
  if (!take(length)) return bytes;
  const std::string packet = std::exchange(packet_, {});
  startup_packet(std::string_view(packet).substr(4), now);
  return bytes;
}

void SessionParser::startup_packet(std::string_view packet, trace::Time now) {
  Cursor cursor(packet);
  const std::uint32_t code = cursor.u32();
  if (code == kSslRequest || code == kGssEncRequest) {
    phase_ = Phase::negotiating;
    return;
  }
  if (code == kCancelRequest) {
    phase_ = Phase::cancel;
    return;
  }
  // Every minor version of 3 has the same messages; the server negotiates the rest.
  const std::optional<StartupMessage> startup = read_startup(cursor.rest());
  if (code >> 16 != 3 || !startup) {
    lost("the startup packet is not of protocol 3");
    return;
  }
  named_ = true;
  identity_.user = startup->user;
  identity_.database = startup->database;
  identity_.application_name = startup->application_name;
  replication_ = startup->replication;
  phase_ = Phase::session;
  push({Kind::startup, now});
}

std::size_t SessionParser::keep_of_client(char type) const {
  switch (type) {
    case 'Q':
      return params_.text_bytes;
    case 'P':
      return params_.text_bytes + 64;  // a name is an identifier: at most 63 bytes matter
    case 'B':
      return params_.bind_bytes;
    case 'D':
    case 'E':
    case 'C':
      return 8'192;
    case 'F':
      return 4;
    case 'p':  // passwords
    case 'd':
    case 'c':
    case 'f':
    case 'S':
    case 'H':
    case 'X':
      return 0;
    default:
      return MessageStream::kUnknownType;
  }
}

bool SessionParser::client_message(const Message& message) {
  if (phase_ != Phase::session) return true;
  switch (message.type) {
    case 'Q':
      return query_message(message);
    case 'P':
      return parse_message(message);
    case 'B':
      return bind_message(message);
    case 'E':
      return execute_message(message);
    case 'D':
      sent_ += message.wire_bytes();
      return target_message(message, Kind::describe_statement, Kind::describe_portal);
    case 'C':
      return target_message(message, Kind::close_statement, Kind::close_portal);
    case 'F': {
      Cursor cursor(message.body);
      auto text = std::make_shared<SqlText>();
      text->bytes = "fastpath " + std::to_string(cursor.u32());
      text->full_size = text->bytes.size();
      Request request(Kind::function_call, message.last_byte);
      request.bytes = message.wire_bytes();
      request.text = std::move(text);
      push_execution(std::move(request), 1);
      return !cursor.failed();
    }
    case 'S':
      sync_message(message);
      return true;
    case 'd':
    case 'c':
    case 'f':
      copy_message(message);
      return true;
    case 'X':
      terminated_ = true;
      return true;
    case 'H':  // Flush has no answer of its own
    case 'p':  // all authentication answers
      return true;
    default:
      return false;
  }
}

bool SessionParser::query_message(const Message& message) {
  const std::optional<SqlTextPtr> text = read_query(message);
  if (!text) return false;
  Request request(Kind::simple_query, message.last_byte);
  request.bytes = message.wire_bytes();
  request.text = *text;
  request.pieces = split_statements((*text)->bytes);
  const std::size_t executions = std::max<std::size_t>(1, request.pieces.size());
  sent_ = 0;
  push_execution(std::move(request), executions);
  return true;
}

bool SessionParser::parse_message(const Message& message) {
  std::optional<ParseMessage> parse = read_parse(message);
  if (!parse) return false;
  sent_ += message.wire_bytes();
  Request request(Kind::parse, message.last_byte);
  request.name = std::move(parse->name);
  request.text = recordable(parse->text);
  request.types = std::move(parse->types);
  push(std::move(request));
  return true;
}

bool SessionParser::bind_message(const Message& message) {
  std::optional<BindMessage> bind = read_bind(message, params_.parameter_bytes);
  if (!bind) return false;
  sent_ += message.wire_bytes();
  Request request(Kind::bind, message.last_byte);
  request.name = std::move(bind->portal);
  request.statement = std::move(bind->statement);
  request.binding = std::move(bind->binding);
  push(std::move(request));
  return true;
}

bool SessionParser::execute_message(const Message& message) {
  std::optional<std::string> portal = read_execute(message);
  if (!portal) return false;
  Request request(Kind::execute, message.last_byte);
  request.bytes = std::exchange(sent_, 0) + message.wire_bytes();
  request.name = std::move(*portal);
  push_execution(std::move(request), 1);
  return true;
}

bool SessionParser::target_message(const Message& message, Kind statement, Kind portal) {
  std::optional<TargetMessage> target = read_target(message);
  if (!target) return false;
  Request request(target->target == 'S' ? statement : portal, message.last_byte);
  request.name = std::move(target->name);
  push(std::move(request));
  return true;
}

void SessionParser::sync_message(const Message& message) {
  if (copy_in_) return;  // the server reads over it: no ReadyForQuery comes
  sent_ = 0;
  if (skipping_) end_skipping();
  push({Kind::sync, message.last_byte});
}

void SessionParser::copy_message(const Message& message) {
  copy_sent_ += message.wire_bytes();
  if (message.type == 'd') return;
  if (copy_in_) {
    copy_in_ = false;
  } else if (!skipping_) {
    push({Kind::copy_end, message.last_byte});
  }
}

void SessionParser::push(Request request) {
  if (skipping_) {
    skip(request, trace::query_flag::kSkippedAfterError);
    return;
  }
  if (queue_.size() >= params_.outstanding) {
    lost("the client sent more requests without reading an answer than are followed");
    return;
  }
  queue_.push_back(std::move(request));
}

void SessionParser::push_execution(Request request, std::size_t executions) {
  if (executions_in_queue_ == 0 && waiting_.empty()) {
    ++run_;
    run_size_ = 0;
  }
  run_size_ += executions;
  request.batch = run_;
  if (!skipping_) ++executions_in_queue_;
  push(std::move(request));
}

SqlTextPtr SessionParser::recordable(const SqlTextPtr& text) const {
  std::optional<std::string> bytes = trace::hide_values(text->bytes, canonicalizer_.redacts());
  if (!bytes) return text;
  auto hidden = std::make_shared<SqlText>();
  hidden->bytes = *std::move(bytes);
  // A cut text stays cut: what is missing is still missing.
  hidden->full_size = hidden->bytes.size() + (text->full_size - text->bytes.size());
  return hidden;
}

}  // namespace quell::proxy

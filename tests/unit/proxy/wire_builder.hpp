#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/proxy/session_parser.hpp"

/// Messages of protocol 3, put together by hand from the PostgreSQL documentation, "Message Formats".
namespace quell::proxy::wire {

inline std::string number(std::uint64_t value, int bytes) {
  std::string out;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xFF);
  return out;
}
inline std::string i16(int value) {
  return number(static_cast<std::uint16_t>(value), 2);
}
inline std::string i32(std::int64_t value) {
  return number(static_cast<std::uint32_t>(value), 4);
}
inline std::string cstring(std::string_view text) {
  return std::string(text) + '\0';
}
inline std::string message(char type, std::string_view body = {}) {
  return std::string(1, type) + i32(static_cast<std::int64_t>(body.size()) + 4) + std::string(body);
}

// Client.
inline std::string packet(std::uint32_t code, std::string_view body = {}) {
  return i32(static_cast<std::int64_t>(body.size()) + 8) + i32(code) + std::string(body);
}
inline std::string startup(int minor = 0, std::string_view more = {}) {
  return packet(3U << 16 | static_cast<unsigned>(minor),
                cstring("user") + cstring("ada") + cstring("database") + cstring("shop") + std::string(more) + '\0');
}
inline std::string query(std::string_view sql) {
  return message('Q', cstring(sql));
}
inline std::string parse(std::string_view name, std::string_view sql, std::initializer_list<int> types = {}) {
  std::string body = cstring(name) + cstring(sql) + i16(static_cast<int>(types.size()));
  for (const int type : types) body += i32(type);
  return message('P', body);
}
using Parameters = std::vector<std::optional<std::string>>;
inline std::string bind(std::string_view portal, std::string_view statement, const Parameters& parameters = {},
                        std::initializer_list<int> formats = {}, std::initializer_list<int> result_formats = {}) {
  std::string body = cstring(portal) + cstring(statement) + i16(static_cast<int>(formats.size()));
  for (const int format : formats) body += i16(format);
  body += i16(static_cast<int>(parameters.size()));
  for (const auto& parameter : parameters) {
    body += parameter ? i32(static_cast<std::int64_t>(parameter->size())) + *parameter : i32(-1);
  }
  body += i16(static_cast<int>(result_formats.size()));
  for (const int format : result_formats) body += i16(format);
  return message('B', body);
}
inline std::string describe(char target, std::string_view name) {
  return message('D', target + cstring(name));
}
inline std::string close(char target, std::string_view name) {
  return message('C', target + cstring(name));
}
inline std::string execute(std::string_view portal = "", int limit = 0) {
  return message('E', cstring(portal) + i32(limit));
}
inline std::string sync() {
  return message('S');
}
inline std::string flush() {
  return message('H');
}

// Server.
struct Field {
  std::string name;
  int type = 23;
  int table = 0;
  int attribute = 0;
  int format = 0;
};
inline std::string row_description(const std::vector<Field>& fields) {
  std::string body = i16(static_cast<int>(fields.size()));
  for (const Field& field : fields) {
    body += cstring(field.name) + i32(field.table) + i16(field.attribute) + i32(field.type) + i16(4) + i32(-1) +
            i16(field.format);
  }
  return message('T', body);
}
inline std::string row(const Parameters& values) {
  std::string body = i16(static_cast<int>(values.size()));
  for (const auto& value : values) {
    body += value ? i32(static_cast<std::int64_t>(value->size())) + *value : i32(-1);
  }
  return message('D', body);
}
inline std::string complete(std::string_view tag) {
  return message('C', cstring(tag));
}
inline std::string error(std::string_view code, std::string_view severity = "ERROR") {
  return message('E', "S" + cstring(severity) + "V" + cstring(severity) + "C" + cstring(code) + "M" +
                          cstring("no such thing") + '\0');
}
inline std::string ready(char state = 'I') {
  return message('Z', std::string(1, state));
}
inline std::string parsed() {
  return message('1');
}
inline std::string bound() {
  return message('2');
}
inline std::string closed() {
  return message('3');
}
inline std::string no_data() {
  return message('n');
}
inline std::string authentication_ok() {
  return message('R', i32(0));
}
inline std::string parameter_status(std::string_view name, std::string_view value) {
  return message('S', cstring(name) + cstring(value));
}
inline std::string backend_key(int pid, std::string_view key = "KEY!") {
  return message('K', i32(pid) + std::string(key));
}
inline std::string welcome() {
  return authentication_ok() + parameter_status("server_version", "15.4") + backend_key(4711) + ready();
}

/// Drives a parser, handing each byte string over in fragments of one size (0: in one piece).
class Wire {
 public:
  explicit Wire(std::size_t fragment, ParserParams params = {}, bool redact = false)
      : canonicalizer(trace::HashKey{}, redact), parser(canonicalizer, params), fragment_(fragment) {}

  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  void log_in() {
    client(startup());
    server(welcome());
    parser.events().clear();
  }
  void client(std::string_view bytes, trace::Time at = 1) {
    pieces(bytes, [&](std::string_view piece) { parser.client_bytes(piece, at); });
  }
  void server(std::string_view bytes, trace::Time at = 1) {
    pieces(bytes, [&](std::string_view piece) { parser.server_bytes(piece, at); });
  }

  template <class Event>
  [[nodiscard]] std::vector<Event> all() {
    std::vector<Event> out;
    for (const SessionEvent& event : parser.events()) {
      if (const auto* wanted = std::get_if<Event>(&event)) out.push_back(*wanted);
    }
    return out;
  }
  [[nodiscard]] std::vector<Executed> executed() { return all<Executed>(); }
  /// The texts of the executions, for a glance at order and count.
  [[nodiscard]] std::vector<std::string> texts() {
    std::vector<std::string> out;
    for (const Executed& event : executed()) out.push_back(event.text ? event.text->bytes : "(none)");
    return out;
  }

  trace::Canonicalizer canonicalizer;
  SessionParser parser;

 private:
  template <class Take>
  void pieces(std::string_view bytes, Take&& take) {
    const std::size_t size = fragment_ == 0 ? bytes.size() : fragment_;
    for (std::size_t at = 0; at < bytes.size(); at += size) take(bytes.substr(at, size));
  }
  std::size_t fragment_;
};

inline std::string code(const Executed& event) {
  return event.failed() ? std::string(event.sqlstate.data(), 5) : std::string();
}
inline std::string text_of(const Executed& event, std::size_t parameter) {
  const RecordedParameter& wanted = event.parameters.at(parameter);
  return event.parameter_bytes.substr(wanted.offset, wanted.size);
}

/// Every test of the parser runs in one piece, byte by byte, and at a size that cuts headers and bodies.
class SessionParserTest : public testing::TestWithParam<std::size_t> {
 protected:
  Wire wire{GetParam()};
};

}  // namespace quell::proxy::wire

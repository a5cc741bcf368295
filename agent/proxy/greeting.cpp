#include "agent/proxy/greeting.hpp"

#include <utility>

#include "agent/proxy/wire.hpp"

namespace quell::proxy {
namespace {

constexpr char kTlsHandshake = 0x16;
constexpr std::uint32_t kAuthenticationSasl = 10;

void append_number(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xFF);
}

/// The same AuthenticationSASL without the PLUS mechanism; empty where there is none.
std::string without_plus(std::string_view body) {
  Cursor cursor(body);
  std::string kept;
  append_number(kept, cursor.u32());
  bool stripped = false;
  while (!cursor.failed() && !cursor.at_end()) {
    const std::string_view mechanism = cursor.string();
    if (mechanism == "SCRAM-SHA-256-PLUS") {
      stripped = true;
    } else {
      kept.append(mechanism).append(1, '\0');
    }
  }
  if (!stripped || cursor.failed()) return {};
  std::string message = "R";
  append_number(message, static_cast<std::uint32_t>(kept.size() + 4));
  return message + kept;
}

}  // namespace

Greeting read_greeting(std::string_view bytes) {
  if (!bytes.empty() && bytes.front() == kTlsHandshake) return Greeting::direct_tls;
  if (bytes.size() < 4) return Greeting::incomplete;
  Cursor cursor(bytes);
  const std::uint32_t length = cursor.u32();
  if (length < 8 || length > kMaxStartupBytes) return Greeting::bad_length;
  if (bytes.size() < length) return Greeting::incomplete;
  const std::uint32_t code = cursor.u32();
  if (code == kCancelRequest) return Greeting::cancel;
  if (code != kSslRequest && code != kGssEncRequest) return Greeting::startup;
  if (bytes.size() > length) return Greeting::stuffed;
  return code == kSslRequest ? Greeting::ssl_request : Greeting::gss_request;
}

std::string fatal_error(std::string_view sqlstate, std::string_view text) {
  std::string body;
  const auto field = [&](char type, std::string_view value) {
    body += type;
    body.append(value).append(1, '\0');
  };
  field('S', "FATAL");
  field('V', "FATAL");
  field('C', sqlstate);
  field('M', text);
  body += '\0';
  std::string message = "E";
  append_number(message, static_cast<std::uint32_t>(body.size() + 4));
  return message + body;
}

void ScramPlusFilter::pass(std::string_view bytes, std::string& out) {
  if (done_) {
    out += bytes;
    return;
  }
  held_ += bytes;
  while (!done_ && held_.size() >= 5) {
    Cursor cursor(std::string_view(held_).substr(1));
    const std::uint32_t length = cursor.u32();
    if (length < 4 || length > kMaxStartupBytes) break;  // not what we look for: pass all of it
    if (held_.size() < std::size_t{length} + 1) return;
    const std::string_view message = std::string_view(held_).substr(0, std::size_t{length} + 1);
    if (message.front() == 'R') {
      done_ = true;
      const std::string_view body = message.substr(5);
      if (Cursor(body).u32() == kAuthenticationSasl) {
        const std::string changed = without_plus(body);
        if (!changed.empty()) {
          stripped_ = true;
          out += changed;
          held_.erase(0, message.size());
          break;
        }
      }
    }
    out += message;
    held_.erase(0, message.size());
  }
  if (held_.size() < 5 && !done_) return;
  done_ = true;
  out += std::exchange(held_, {});
}

}  // namespace quell::proxy

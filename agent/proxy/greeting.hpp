#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace quell::proxy {

/// What a client's first bytes ask for.
enum class Greeting : std::uint8_t {
  incomplete,   ///< more bytes are needed
  ssl_request,  ///< to be answered S or N
  gss_request,  ///< to be answered N
  cancel,       ///< to be passed on over a connection of its own
  startup,      ///< a session begins
  direct_tls,   ///< a TLS handshake without a request for it (PostgreSQL 17)
  bad_length,   ///< no startup packet of PostgreSQL
  stuffed,      ///< plaintext behind a request for encryption: refused, as by the server (CVE-2021-23214)
};

/// Reads the beginning of a connection. Never wants more than kMaxStartupBytes. `bytes`: everything received so far
/// that was not answered yet.
Greeting read_greeting(std::string_view bytes);

/// An ErrorResponse of severity FATAL, as the server would send it before closing.
std::string fatal_error(std::string_view sqlstate, std::string_view text);

/// Takes SCRAM-SHA-256-PLUS out of the server's list of mechanisms, for a client that reached us without TLS: it would
/// refuse the offer, which was made for our own connection to the server. Everything else passes unchanged, and after
/// the first authentication message all of it does.
class ScramPlusFilter {
 public:
  /// Appends what may be passed on to `out`.
  void pass(std::string_view bytes, std::string& out);
  [[nodiscard]] bool done() const { return done_; }
  /// The list was changed.
  [[nodiscard]] bool stripped() const { return stripped_; }

 private:
  std::string held_;
  bool done_ = false;
  bool stripped_ = false;
};

}  // namespace quell::proxy

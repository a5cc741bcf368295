#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "agent/proxy/descriptor.hpp"

struct ssl_st;
struct ssl_ctx_st;

namespace quell::proxy {

/// Frees an OpenSSL connection or context.
struct TlsDeleter {
  void operator()(ssl_st* connection) const;
  void operator()(ssl_ctx_st* context) const;
};
using TlsContext = std::shared_ptr<ssl_ctx_st>;

/// How the proxy speaks TLS to its clients.
struct ClientTlsParams {
  std::string certificate;  ///< PEM file with its chain; empty: TLS is refused (answer N)
  std::string key;          ///< PEM file; empty: the certificate's file
};
/// Null where no certificate is given. Throws ProxyError naming the file and what is wrong with it.
TlsContext make_server_context(const ClientTlsParams& params);

/// How the proxy speaks TLS to the server, as libpq's sslmode.
enum class UpstreamTls : std::uint8_t { disable, prefer, require, verify_ca, verify_full };
struct UpstreamTlsParams {
  UpstreamTls mode = UpstreamTls::disable;
  std::string root;  ///< PEM file of the authorities; empty: the system's
};
/// Null for `disable`. Throws ProxyError as above.
TlsContext make_client_context(const UpstreamTlsParams& params);

enum class IoState : std::uint8_t {
  done,    ///< `bytes` were moved, or the handshake is over
  again,   ///< nothing now: wait for readability (or what `wants_write` says)
  end,     ///< the peer has closed its side in order
  failed,  ///< the connection is broken
};
struct IoResult {
  IoState state = IoState::again;
  std::size_t bytes = 0;
};

/// One non-blocking leg of a session, in plaintext or in TLS. Not thread-safe.
class Channel {
 public:
  Channel() = default;
  explicit Channel(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}

  [[nodiscard]] int descriptor() const { return descriptor_.get(); }
  [[nodiscard]] bool valid() const { return descriptor_.valid(); }
  [[nodiscard]] bool encrypted() const { return tls_ != nullptr; }

  /// Begin TLS; then call handshake() until it is done.
  bool accept_tls(ssl_ctx_st* context);
  /// `host`: sent as SNI, and verified where the mode says so.
  bool connect_tls(ssl_ctx_st* context, const std::string& host, bool verify_host);
  IoState handshake();
  /// The application protocol that was negotiated, empty for none.
  [[nodiscard]] std::string_view alpn() const;
  /// Why TLS failed, in OpenSSL's words.
  [[nodiscard]] std::string tls_error() const { return tls_error_; }

  IoResult read(char* buffer, std::size_t size);
  IoResult write(const char* bytes, std::size_t size);
  /// The next byte without taking it; plaintext only.
  IoResult peek(char& byte);
  /// TLS waits for the socket to be writable before it can read.
  [[nodiscard]] bool wants_write() const { return wants_write_; }
  /// No more bytes will be written.
  void shut_writes();
  void close() {
    tls_.reset();
    descriptor_.reset();
  }

 private:
  IoResult tls_result(int result);

  Descriptor descriptor_;
  std::unique_ptr<ssl_st, TlsDeleter> tls_;
  bool wants_write_ = false;
  std::string tls_error_;
};

}  // namespace quell::proxy

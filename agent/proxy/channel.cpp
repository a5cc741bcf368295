#include "agent/proxy/channel.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include <fmt/format.h>

#include "agent/proxy/address.hpp"

namespace quell::proxy {
namespace {

/// The name PostgreSQL has at IANA, with its length in front.
constexpr unsigned char kAlpn[] = "\x0apostgresql";
constexpr unsigned int kAlpnSize = sizeof kAlpn - 1;

std::string openssl_error() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = code ? ERR_reason_error_string(code) : nullptr;
  return reason ? reason : "no reason given";
}

TlsContext new_context(const SSL_METHOD* method) {
  ERR_clear_error();
  TlsContext context(SSL_CTX_new(method), TlsDeleter{});
  if (!context) throw ProxyError("OpenSSL cannot be initialised: " + openssl_error());
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  // A peer that closes without close_notify has closed: libpq and the server do so.
  SSL_CTX_set_options(context.get(), SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_RENEGOTIATION);
  return context;
}

int select_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in, unsigned int in_size,
                void*) {
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, kAlpn, kAlpnSize, in, in_size) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

void TlsDeleter::operator()(ssl_st* connection) const {
  SSL_free(connection);
}
void TlsDeleter::operator()(ssl_ctx_st* context) const {
  SSL_CTX_free(context);
}

TlsContext make_server_context(const ClientTlsParams& params) {
  if (params.certificate.empty()) return nullptr;
  TlsContext context = new_context(TLS_server_method());
  if (SSL_CTX_use_certificate_chain_file(context.get(), params.certificate.c_str()) != 1) {
    throw ProxyError(fmt::format("cannot use the certificate '{}': {}", params.certificate, openssl_error()));
  }
  const std::string& key = params.key.empty() ? params.certificate : params.key;
  if (SSL_CTX_use_PrivateKey_file(context.get(), key.c_str(), SSL_FILETYPE_PEM) != 1) {
    throw ProxyError(fmt::format("cannot use the key '{}': {}", key, openssl_error()));
  }
  SSL_CTX_set_alpn_select_cb(context.get(), select_alpn, nullptr);
  return context;
}

TlsContext make_client_context(const UpstreamTlsParams& params) {
  if (params.mode == UpstreamTls::disable) return nullptr;
  TlsContext context = new_context(TLS_client_method());
  SSL_CTX_set_alpn_protos(context.get(), kAlpn, kAlpnSize);
  if (params.mode != UpstreamTls::verify_ca && params.mode != UpstreamTls::verify_full) return context;
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  const bool loaded = params.root.empty()
                          ? SSL_CTX_set_default_verify_paths(context.get()) == 1
                          : SSL_CTX_load_verify_locations(context.get(), params.root.c_str(), nullptr) == 1;
  if (!loaded) {
    throw ProxyError(fmt::format("cannot use the root certificates '{}': {}", params.root, openssl_error()));
  }
  return context;
}

bool Channel::accept_tls(ssl_ctx_st* context) {
  tls_.reset(SSL_new(context));
  if (!tls_ || SSL_set_fd(tls_.get(), descriptor_.get()) != 1) return false;
  SSL_set_accept_state(tls_.get());
  return true;
}

bool Channel::connect_tls(ssl_ctx_st* context, const std::string& host, bool verify_host) {
  tls_.reset(SSL_new(context));
  if (!tls_ || SSL_set_fd(tls_.get(), descriptor_.get()) != 1) return false;
  // Server name indication is for names only (RFC 6066); routers in front of servers need it, verified or not.
  const std::unique_ptr<ASN1_OCTET_STRING, decltype(&ASN1_OCTET_STRING_free)> number(a2i_IPADDRESS(host.c_str()),
                                                                                     ASN1_OCTET_STRING_free);
  if (!number && !host.empty()) SSL_set_tlsext_host_name(tls_.get(), host.c_str());
  ERR_clear_error();
  if (verify_host) {
    X509_VERIFY_PARAM* verify = SSL_get0_param(tls_.get());
    if (number ? X509_VERIFY_PARAM_set1_ip_asc(verify, host.c_str()) != 1
               : SSL_set1_host(tls_.get(), host.c_str()) != 1) {
      return false;
    }
  }
  SSL_set_connect_state(tls_.get());
  return true;
}

IoState Channel::handshake() {
  ERR_clear_error();
  const IoResult result = tls_result(SSL_do_handshake(tls_.get()));
  if (result.state == IoState::failed || result.state == IoState::end) {
    const long verify = SSL_get_verify_result(tls_.get());
    tls_error_ = verify != X509_V_OK ? X509_verify_cert_error_string(verify) : openssl_error();
    return IoState::failed;
  }
  return result.state;
}

std::string_view Channel::alpn() const {
  const unsigned char* name = nullptr;
  unsigned int size = 0;
  if (tls_) SSL_get0_alpn_selected(tls_.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

IoResult Channel::tls_result(int result) {
  wants_write_ = false;
  if (result > 0) return {IoState::done, static_cast<std::size_t>(result)};
  switch (SSL_get_error(tls_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return {IoState::again};
    case SSL_ERROR_WANT_WRITE:
      wants_write_ = true;
      return {IoState::again};
    case SSL_ERROR_ZERO_RETURN:
      return {IoState::end};
    default:
      return {IoState::failed};
  }
}

IoResult Channel::read(char* buffer, std::size_t size) {
  if (tls_) {
    ERR_clear_error();
    return tls_result(SSL_read(tls_.get(), buffer, static_cast<int>(std::min<std::size_t>(size, INT_MAX))));
  }
  while (true) {
    const ssize_t got = recv(descriptor_.get(), buffer, size, 0);
    if (got > 0) return {IoState::done, static_cast<std::size_t>(got)};
    if (got == 0) return {IoState::end};
    if (errno == EINTR) continue;
    return {errno == EAGAIN || errno == EWOULDBLOCK ? IoState::again : IoState::failed};
  }
}

IoResult Channel::write(const char* bytes, std::size_t size) {
  if (tls_) {
    ERR_clear_error();
    const IoResult result =
        tls_result(SSL_write(tls_.get(), bytes, static_cast<int>(std::min<std::size_t>(size, INT_MAX))));
    wants_write_ = false;
    return result;
  }
  while (true) {
    const ssize_t put = send(descriptor_.get(), bytes, size, MSG_NOSIGNAL);
    if (put >= 0) return {IoState::done, static_cast<std::size_t>(put)};
    if (errno == EINTR) continue;
    return {errno == EAGAIN || errno == EWOULDBLOCK ? IoState::again : IoState::failed};
  }
}

IoResult Channel::peek(char& byte) {
  const ssize_t got = recv(descriptor_.get(), &byte, 1, MSG_PEEK);
  if (got == 1) return {IoState::done, 1};
  if (got == 0) return {IoState::end};
  return {errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? IoState::again : IoState::failed};
}

void Channel::shut_writes() {
  if (tls_) {
    ERR_clear_error();
    SSL_shutdown(tls_.get());
  }
  shutdown(descriptor_.get(), SHUT_WR);
}

}  // namespace quell::proxy

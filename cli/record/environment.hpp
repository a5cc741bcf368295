#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "agent/proxy/address.hpp"
#include "agent/proxy/channel.hpp"

/// Where a program's environment says its PostgreSQL is, and the same environment with the proxy in that place.
namespace quell::cli {

using Environment = std::map<std::string, std::string>;

/// This process's environment.
[[nodiscard]] Environment current_environment();

struct Upstream {
  proxy::Address address;
  proxy::UpstreamTlsParams tls;
  std::string found_in;  ///< the variable that names it, "--upstream", or "the default of libpq"
};

/// In this order: PGHOSTADDR or PGHOST with PGPORT; the first variable that holds a PostgreSQL URL; libpq's own default
/// (`default_socket_folder` where it holds a server's socket, else localhost). TLS as PGSSLMODE or the URL's sslmode
/// asks. Throws UsageError for a port or sslmode that is none.
[[nodiscard]] Upstream find_upstream(const Environment& environment,
                                     const std::string& default_socket_folder = "/var/run/postgresql");

/// `environment` with every libpq variable, and every PostgreSQL URL that names `upstream`, leading to 127.0.0.1:`port`
/// in plaintext.
[[nodiscard]] Environment redirected(Environment environment, const proxy::Address& upstream, std::uint16_t port);

}  // namespace quell::cli

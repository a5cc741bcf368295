#include "cli/record/environment.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "cli/errors.hpp"

namespace quell::cli {
namespace {

/// A URL as PostgreSQL drivers write it: postgres://, postgresql+driver://, jdbc:postgresql://. Cut, not decoded.
struct Url {
  std::string scheme;  ///< with "://"
  std::string user;    ///< with "@", or empty
  std::string host;    ///< of the first server
  std::string port;    ///< empty: none is written
  std::string path;    ///< with "/", or empty
  std::vector<std::pair<std::string, std::string>> query;
};

std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto digit = [&](std::size_t at) {
      const std::size_t value = std::string_view("0123456789abcdef").find(static_cast<char>(text[at] | 0x20));
      return value == std::string_view::npos ? 16U : value;
    };
    if (text[i] == '%' && i + 2 < text.size() && digit(i + 1) < 16 && digit(i + 2) < 16) {
      out += static_cast<char>(digit(i + 1) * 16 + digit(i + 2));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::optional<Url> read_url(std::string_view text) {
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view scheme = text.substr(0, colon);
  if (scheme.starts_with("jdbc:")) scheme.remove_prefix(5);
  scheme = scheme.substr(0, scheme.find('+'));
  if (scheme != "postgres" && scheme != "postgresql" && scheme != "postgis") return std::nullopt;
  Url url;
  url.scheme = text.substr(0, colon + 3);
  std::string_view rest = text.substr(colon + 3);
  const std::size_t authority_end = std::min(rest.find_first_of("/?"), rest.size());
  std::string_view authority = rest.substr(0, authority_end);
  rest.remove_prefix(authority_end);
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    url.user = authority.substr(0, at + 1);
    authority.remove_prefix(at + 1);
  }
  authority = authority.substr(0, authority.find(','));
  const std::size_t port = authority.find(':', authority.starts_with('[') ? authority.find(']') : 0);
  url.host = decoded(authority.substr(0, port));
  if (url.host.starts_with('[')) url.host = url.host.substr(1, url.host.find(']') - 1);
  if (port != std::string_view::npos) url.port = authority.substr(port + 1);
  const std::size_t question = std::min(rest.find('?'), rest.size());
  url.path = rest.substr(0, question);
  rest.remove_prefix(std::min(question + 1, rest.size()));
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const std::string key(pair.substr(0, equals));
    const std::string value = decoded(pair.substr(std::min(equals + 1, pair.size())));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    // libpq: parameters override the authority.
    if (key == "host") {
      url.host = value;
    } else if (key == "port") {
      url.port = value;
    } else {
      url.query.emplace_back(key, pair.substr(std::min(equals + 1, pair.size())));
    }
  }
  return url;
}

std::string write_url(const Url& url) {
  std::string out = fmt::format("{}{}{}:{}{}", url.scheme, url.user, url.host, url.port, url.path);
  char separator = '?';
  for (const auto& [key, value] : url.query) {
    out += fmt::format("{}{}={}", separator, key, value);
    separator = '&';
  }
  return out;
}

std::uint16_t port_of(const std::string& text, std::string_view where) {
  if (text.empty()) return 5432;
  const bool number = text.size() <= 5 && text.find_first_not_of("0123456789") == std::string::npos;
  const int port = number ? std::stoi(text) : 0;
  if (port < 1 || port > 65'535) {
    throw UsageError(
        fmt::format("{} names the port '{}', which is none; give the server with --upstream", where, text));
  }
  return static_cast<std::uint16_t>(port);
}

proxy::Address address_of(const std::string& host, std::uint16_t port) {
  proxy::Address address;
  address.port = port;
  if (host.starts_with('/')) {
    address.path = fmt::format("{}/.s.PGSQL.{}", host, port);
  } else {
    address.host = host.empty() ? "localhost" : host;
  }
  return address;
}

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "127.0.0.1" || host == "::1";
}

bool same(const proxy::Address& a, const proxy::Address& b) {
  if (a.is_unix() || b.is_unix()) return a.path == b.path;
  return a.port == b.port && (a.host == b.host || (is_loopback(a.host) && is_loopback(b.host)));
}

std::string value_of(const Environment& environment, const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

proxy::UpstreamTls tls_mode(const std::string& sslmode, std::string_view where) {
  if (sslmode == "disable") return proxy::UpstreamTls::disable;
  if (sslmode.empty() || sslmode == "allow" || sslmode == "prefer") return proxy::UpstreamTls::prefer;
  if (sslmode == "require" || sslmode == "no-verify") return proxy::UpstreamTls::require;
  if (sslmode == "verify-ca") return proxy::UpstreamTls::verify_ca;
  if (sslmode == "verify-full") return proxy::UpstreamTls::verify_full;
  throw UsageError(fmt::format("{} names the sslmode '{}', which is none", where, sslmode));
}

std::string parameter(const Url& url, std::string_view key) {
  for (const auto& [name, value] : url.query) {
    if (name == key) return decoded(value);
  }
  return {};
}

}  // namespace

Environment current_environment() {
  Environment environment;
  for (char** entry = environ; *entry; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (equals != std::string_view::npos) environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return environment;
}

Upstream find_upstream(const Environment& environment, const std::string& default_socket_folder) {
  Upstream upstream;
  upstream.tls.root = value_of(environment, "PGSSLROOTCERT");
  std::string host = value_of(environment, "PGHOSTADDR");
  if (host.empty()) host = value_of(environment, "PGHOST");
  host = host.substr(0, host.find(','));
  std::string port = value_of(environment, "PGPORT");
  port = port.substr(0, port.find(','));
  if (host.empty()) {
    for (const auto& [name, value] : environment) {
      const std::optional<Url> url = read_url(value);
      if (!url) continue;
      upstream.address = address_of(url->host, port_of(url->port, name));
      upstream.tls.mode = tls_mode(parameter(*url, "sslmode"), name);
      if (const std::string root = parameter(*url, "sslrootcert"); !root.empty()) upstream.tls.root = root;
      upstream.found_in = name;
      return upstream;
    }
    upstream.found_in = port.empty() ? "the default of libpq" : "PGPORT";
    const proxy::Address socket = address_of(default_socket_folder, port_of(port, "PGPORT"));
    std::error_code ignored;
    if (std::filesystem::exists(socket.path, ignored)) host = default_socket_folder;
  } else {
    upstream.found_in = value_of(environment, "PGHOSTADDR").empty() ? "PGHOST" : "PGHOSTADDR";
  }
  upstream.address = address_of(host, port_of(port, "PGPORT"));
  upstream.tls.mode = tls_mode(value_of(environment, "PGSSLMODE"), "PGSSLMODE");
  return upstream;
}

Environment redirected(Environment environment, const proxy::Address& upstream, std::uint16_t port) {
  for (auto& [name, value] : environment) {
    std::optional<Url> url = read_url(value);
    if (!url || !same(address_of(url->host, port_of(url->port, name)), upstream)) continue;
    url->host = "127.0.0.1";
    url->port = std::to_string(port);
    for (auto& [key, setting] : url->query) {
      if (key == "sslmode") setting = "disable";
      if (key == "ssl" && setting != "false") setting = "false";
      if (key == "channel_binding") setting = "disable";
    }
    value = write_url(*url);
  }
  environment["PGHOST"] = "127.0.0.1";
  environment["PGPORT"] = std::to_string(port);
  environment.erase("PGHOSTADDR");
  // The proxy is on this machine and speaks TLS to the server itself.
  environment["PGSSLMODE"] = "disable";
  environment["PGGSSENCMODE"] = "disable";
  environment.erase("PGCHANNELBINDING");
  return environment;
}

}  // namespace quell::cli

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace quell::db::core {

/// One place to try, in the order libpq tries them.
struct HostEntry {
  std::string host;     ///< a name, an address or a folder of a unix socket; kept for the check of TLS certificates
  std::string address;  ///< where it is known; then `host` is not looked up
  std::string port;
};

/// libpq's comma-separated host, hostaddr and port. Several entries of one of them, and not as many of another, are
/// left for libpq to refuse: then there are no entries.
[[nodiscard]] std::vector<HostEntry> parse_hosts(std::string_view host, std::string_view address,
                                                 std::string_view port);

/// A name that libpq would look up, blocking: no unix socket, no address.
[[nodiscard]] bool needs_lookup(const HostEntry& entry);

/// The same place under each of its addresses.
[[nodiscard]] std::vector<HostEntry> with_addresses(const HostEntry& entry, const std::vector<std::string>& addresses);

struct HostOptions {
  std::string host, address, port;  ///< as libpq takes them
};
[[nodiscard]] HostOptions join_hosts(const std::vector<HostEntry>& entries);

}  // namespace quell::db::core

#include "agent/db/src/core/host_list.hpp"

#include <arpa/inet.h>

#include <algorithm>

namespace quell::db::core {
namespace {

std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> parts;
  if (list.empty()) return parts;
  for (;;) {
    const std::size_t comma = list.find(',');
    parts.emplace_back(list.substr(0, comma));
    if (comma == std::string_view::npos) return parts;
    list.remove_prefix(comma + 1);
  }
}

bool is_address(const std::string& text) {
  unsigned char bytes[sizeof(in6_addr)];
  return inet_pton(AF_INET, text.c_str(), bytes) == 1 || inet_pton(AF_INET6, text.c_str(), bytes) == 1;
}

}  // namespace

std::vector<HostEntry> parse_hosts(std::string_view host, std::string_view address, std::string_view port) {
  const auto hosts = split(host);
  const auto addresses = split(address);
  const auto ports = split(port);
  const std::size_t count = std::max(hosts.size(), addresses.size());
  if (!hosts.empty() && !addresses.empty() && hosts.size() != addresses.size()) return {};
  if (ports.size() > 1 && ports.size() != count) return {};
  std::vector<HostEntry> entries(count);
  for (std::size_t i = 0; i < count; ++i) {
    if (!hosts.empty()) entries[i].host = hosts[i];
    if (!addresses.empty()) entries[i].address = addresses[i];
    if (!ports.empty()) entries[i].port = ports.size() == 1 ? ports[0] : ports[i];
  }
  return entries;
}

bool needs_lookup(const HostEntry& entry) {
  return entry.address.empty() && !entry.host.empty() && entry.host[0] != '/' && entry.host[0] != '@' &&
         !is_address(entry.host);
}

std::vector<HostEntry> with_addresses(const HostEntry& entry, const std::vector<std::string>& addresses) {
  std::vector<HostEntry> entries;
  for (const std::string& address : addresses) entries.push_back({entry.host, address, entry.port});
  return entries;
}

HostOptions join_hosts(const std::vector<HostEntry>& entries) {
  HostOptions joined;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const char* comma = i == 0 ? "" : ",";
    joined.host.append(comma).append(entries[i].host);
    joined.address.append(comma).append(entries[i].address);
    joined.port.append(comma).append(entries[i].port);
  }
  return joined;
}

}  // namespace quell::db::core

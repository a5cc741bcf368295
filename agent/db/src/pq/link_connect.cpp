// From host names to a connection that is ready.

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <libpq-fe.h>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include "agent/db/src/pq/link.hpp"

namespace quell::db::detail {
namespace {

namespace asio = boost::asio;
using Descriptor = asio::posix::stream_descriptor;

/// What a lookup found; shared with its handler, which may come after the coroutine that waited has gone.
struct Lookup {
  bool done = false;
  boost::system::error_code error;
  std::vector<std::string> addresses;
};

}  // namespace

void Link::assign_socket() {
  if (socket_.is_open()) socket_.release();
  socket_.assign(PQsocket(connection_));
}

Awaitable<void> Link::connect(Deadline limit) {
  const auto start = now();
  const Running running(*this);
  const Deadline own =
      params_.connect_timeout.count() > 0 ? Deadline::after(params_.connect_timeout) : Deadline::none();
  watch(own.earlier(limit));
  auto hosts = hosts_of(params_.dsn);
  if (std::any_of(hosts.begin(), hosts.end(), core::needs_lookup)) {
    hosts = co_await resolve(std::move(hosts));
    check_connecting(own, limit);
  } else {
    hosts.clear();  // libpq takes them from the string itself
  }
  connection_ = start_connect(params_.dsn, params_.statement_timeout.count(), hosts);
  const auto refuse = [this](std::string reason) {
    close(reason);
    throw ConnectError(reason);
  };
  if (PQstatus(connection_) == CONNECTION_BAD) refuse(connection_message(connection_));
  for (PostgresPollingStatusType state = PGRES_POLLING_WRITING; state != PGRES_POLLING_OK;
       state = PQconnectPoll(connection_)) {
    if (state == PGRES_POLLING_FAILED) refuse(connection_message(connection_));
    assign_socket();  // each attempt and each address may be another socket under the same number
    boost::system::error_code error;
    if (!deadline_hit_)
      co_await socket_.async_wait(state == PGRES_POLLING_READING ? Descriptor::wait_read : Descriptor::wait_write,
                                  asio::redirect_error(asio::use_awaitable, error));
    check_connecting(own, limit);
    if (error) {
      close("connecting was cancelled");
      throw boost::system::system_error(error);
    }
  }
  assign_socket();
  PQsetnonblocking(connection_, 1);
  if (observed()) announce(now() - start);
}

void Link::announce(trace::Duration connect_duration) {
  const tracer::Observer& observer = *params_.observer;
  if (observer.connection_opened == nullptr) return;
  const auto text = [](const char* value) { return std::string_view(value != nullptr ? value : ""); };
  tracer::ConnectionOpened opened;
  opened.database = text(PQdb(connection_));
  opened.user = text(PQuser(connection_));
  opened.application_name = text(PQparameterStatus(connection_, "application_name"));
  opened.server_version = text(PQparameterStatus(connection_, "server_version"));
  const std::string peer = fmt::format("{}:{}", text(PQhost(connection_)), text(PQport(connection_)));
  opened.peer = peer;
  opened.backend_pid = backend_pid();
  opened.connect_duration = connect_duration;
  trace_id_ = observer.connection_opened(observer.context, opened);
}

void Link::check_connecting(Deadline own, Deadline limit) {
  if (!deadline_hit_) return;
  close("connecting took too long");
  if (limit < own) throw DeadlineExceeded("the deadline passed before the server accepted the connection");
  throw ConnectError(
      fmt::format("the server did not accept the connection within {} ms", params_.connect_timeout.count()));
}

Awaitable<std::vector<core::HostEntry>> Link::resolve(std::vector<core::HostEntry> hosts) {
  std::vector<core::HostEntry> resolved;
  std::string failure;
  for (const core::HostEntry& entry : hosts) {
    if (!core::needs_lookup(entry)) {
      resolved.push_back(entry);
      continue;
    }
    // Not awaited itself: getaddrinfo cannot be interrupted, a deadline can.
    const auto lookup = std::make_shared<Lookup>();
    const auto resolver = std::make_shared<asio::ip::tcp::resolver>(socket_.get_executor());
    resolver->async_resolve(entry.host, "",
                            [weak = weak_from_this(), lookup, resolver](
                                boost::system::error_code error, const asio::ip::tcp::resolver::results_type& found) {
                              lookup->done = true;
                              lookup->error = error;
                              for (const auto& one : found)
                                lookup->addresses.push_back(one.endpoint().address().to_string());
                              if (const auto link = weak.lock()) link->pause_.cancel();
                            });
    while (!lookup->done) {
      pause_.expires_at(Deadline::Clock::time_point::max());
      boost::system::error_code error;
      co_await pause_.async_wait(asio::redirect_error(asio::use_awaitable, error));
      if (deadline_hit_) co_return resolved;
      if (error && !lookup->done) throw boost::system::system_error(error);
    }
    if (lookup->error) {
      failure.append(failure.empty() ? "" : "; ")
          .append(fmt::format("the host name '{}' cannot be looked up: {}", entry.host, lookup->error.message()));
      continue;
    }
    for (auto& place : core::with_addresses(entry, lookup->addresses)) resolved.push_back(std::move(place));
  }
  if (resolved.empty()) throw ConnectError(failure);
  co_return resolved;
}

}  // namespace quell::db::detail

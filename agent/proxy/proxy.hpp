#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <quell/trace/writer.hpp>

#include "agent/proxy/address.hpp"
#include "agent/proxy/channel.hpp"
#include "agent/proxy/event_loop.hpp"
#include "agent/proxy/recorder.hpp"
#include "agent/proxy/session.hpp"

namespace quell::proxy {

struct ProxyParams {
  /// Where clients connect; port 0 takes a free one.
  std::vector<Address> listen;
  Address upstream;
  ClientTlsParams client_tls;
  UpstreamTlsParams upstream_tls;
  /// Event loops; 0: one for each processor.
  unsigned loops = 0;
  /// A client must have said what it wants, and the server must have been reached, in this time: as PostgreSQL's own
  /// authentication_timeout.
  std::int64_t handshake_nanoseconds = 60'000'000'000;
  /// A named pipe to make for call-site hooks; empty: none.
  std::string hook_pipe;
  ParserParams parser;
  RecorderParams recorder;
};

struct ProxyStats {
  std::uint64_t accepted = 0;
  std::uint64_t open = 0;
  std::uint64_t refused = 0;
  std::uint64_t upstream_failed = 0;
  std::uint64_t stripped_offers = 0;
  RecorderStats recorder;
};

/// A recording proxy in front of PostgreSQL: relays each session unchanged to a connection of its own and writes what
/// it sees into a trace.
class Proxy {
 public:
  /// Listens, but does not accept yet: so that a trace is only created where the proxy can run. Throws ProxyError with
  /// the next step in it.
  explicit Proxy(ProxyParams params);
  /// Listens and runs.
  Proxy(ProxyParams params, std::unique_ptr<trace::Writer> writer);
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;
  /// As stop().
  ~Proxy();

  /// Accepts connections from now on. `writer` null: relay only. Once.
  void start(std::unique_ptr<trace::Writer> writer);

  /// Where it really listens, in the order of `params.listen`.
  [[nodiscard]] const std::vector<Endpoint>& listening() const { return listening_; }
  /// The server's addresses.
  [[nodiscard]] const std::vector<Endpoint>& upstreams() const { return context_.upstreams; }

  /// Ends every session, writes what was recorded and closes the trace. Idempotent.
  void stop();

  [[nodiscard]] ProxyStats stats() const;

 private:
  ProxyParams params_;
  SessionContext context_;
  std::vector<Descriptor> listeners_;
  std::vector<Endpoint> listening_;
  std::unique_ptr<Recorder> recorder_;
  std::vector<std::unique_ptr<EventLoop>> loops_;
};

}  // namespace quell::proxy

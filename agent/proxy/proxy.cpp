#include "agent/proxy/proxy.hpp"

#include <algorithm>
#include <thread>
#include <utility>

namespace quell::proxy {

Proxy::Proxy(ProxyParams params) : params_(std::move(params)) {
  // TLS over a unix socket is not a thing PostgreSQL does.
  if (params_.upstream.is_unix()) params_.upstream_tls.mode = UpstreamTls::disable;
  context_.upstreams = resolve(params_.upstream);
  for (const Endpoint& endpoint : context_.upstreams) {
    context_.upstream_names.push_back(std::make_shared<const std::string>(endpoint.text));
  }
  context_.upstream_host = params_.upstream.host;
  context_.client_tls = make_server_context(params_.client_tls);
  context_.upstream_tls = make_client_context(params_.upstream_tls);
  context_.upstream_mode = params_.upstream_tls.mode;
  context_.handshake_nanoseconds = params_.handshake_nanoseconds;
  context_.parser = params_.parser;
  for (const Address& address : params_.listen) {
    for (const Endpoint& endpoint : resolve(address)) {
      const Descriptor& listener = listeners_.emplace_back(listen_on(endpoint));
      listening_.push_back(bound_endpoint(listener.get()));
      if (address.port == 0) break;  // two families would get two ports
    }
  }
}

Proxy::Proxy(ProxyParams params, std::unique_ptr<trace::Writer> writer) : Proxy(std::move(params)) {
  start(std::move(writer));
}

void Proxy::start(std::unique_ptr<trace::Writer> writer) {
  if (writer) {
    context_.canonicalizer.emplace(writer->header().key, writer->header().redacted);
    recorder_ = std::make_unique<Recorder>(
        std::move(writer), params_.recorder,
        params_.hook_pipe.empty() ? nullptr : std::make_unique<HookChannel>(params_.hook_pipe));
  }
  const unsigned loops = params_.loops ? params_.loops : std::max(1U, std::thread::hardware_concurrency());
  std::vector<EventLoop*> all;
  for (unsigned i = 0; i < loops; ++i) {
    Recorder::Lane* lane = recorder_ ? &recorder_->add_lane() : nullptr;
    all.push_back(loops_.emplace_back(std::make_unique<EventLoop>(context_, lane)).get());
  }
  std::vector<int> descriptors;
  for (const Descriptor& listener : listeners_) descriptors.push_back(listener.get());
  loops_.front()->accept_for(descriptors, all);
  if (recorder_) recorder_->start();
  for (const auto& loop : loops_) loop->start();
}

Proxy::~Proxy() {
  stop();
}

void Proxy::stop() {
  for (const auto& loop : loops_) loop->stop();
  if (recorder_) recorder_->stop();
  for (const Endpoint& endpoint : listening_) {
    if (endpoint.family() == AF_UNIX) unlink(endpoint.text.c_str());
  }
  listening_.clear();
  listeners_.clear();
}

ProxyStats Proxy::stats() const {
  ProxyStats stats;
  const ProxyCounters& counters = context_.counters;
  stats.accepted = counters.accepted;
  stats.open = counters.open;
  stats.refused = counters.refused;
  stats.upstream_failed = counters.upstream_failed;
  stats.stripped_offers = counters.stripped;
  if (recorder_) stats.recorder = recorder_->stats();
  return stats;
}

}  // namespace quell::proxy

#include <quell/db/notify.hpp>

#include <algorithm>
#include <utility>

#include <libpq-fe.h>

#include "agent/db/src/pq/link.hpp"

namespace quell::db {
namespace detail {

bool Link::add_listener(const std::string& channel) {
  std::erase(unlisten_, channel);
  return ++listeners_[channel] == 1;
}

void Link::remove_listener(const std::string& channel) {
  if (is_broken() || --listeners_[channel] > 0) return;
  listeners_.erase(channel);
  unlisten_.push_back(channel);
  std::erase_if(notifications_, [&](const Notification& kept) { return kept.channel == channel; });
}

std::optional<Notification> Link::take_notification(const std::string& channel) {
  while (PGnotify* arrived = PQnotifies(connection_)) {
    const std::unique_ptr<PGnotify, decltype(&PQfreemem)> owner(arrived, PQfreemem);
    if (!listeners_.contains(arrived->relname)) continue;
    notifications_.push_back({arrived->relname, arrived->extra, static_cast<std::uint32_t>(arrived->be_pid)});
  }
  const auto first = std::find_if(notifications_.begin(), notifications_.end(),
                                  [&](const Notification& kept) { return kept.channel == channel; });
  if (first == notifications_.end()) return std::nullopt;
  Notification taken = std::move(*first);
  notifications_.erase(first);
  return taken;
}

Awaitable<std::optional<Notification>> Link::next_notification(const std::string& channel, Deadline limit) {
  Execution waiting(Call(Statement("")), nullptr);
  check(waiting);
  if (needs_recovery()) co_await recover(limit.earlier(deadline));
  const Running running(*this);
  watch(limit.earlier(deadline));
  for (;;) {
    if (auto arrived = take_notification(channel)) co_return arrived;
    if (deadline_hit_ || watched_.passed()) co_return std::nullopt;
    try {
      co_await receive(waiting);
    } catch (const DeadlineExceeded&) {
      co_return std::nullopt;
    }
    if (PQstatus(connection_) == CONNECTION_BAD) lost();
  }
}

}  // namespace detail

Listener::Listener(std::shared_ptr<detail::Link> link, std::string channel)
    : link_(std::move(link)), channel_(std::move(channel)) {}
Listener::Listener(Listener&& other) noexcept = default;
Listener::~Listener() {
  if (link_) link_->remove_listener(channel_);
}

Awaitable<std::optional<Notification>> Listener::next(Deadline deadline) {
  return link_->next_notification(channel_, deadline);
}

Awaitable<Listener> Connection::listen(std::string channel, CallSite site) {
  // Made first: if LISTEN is left early, its destructor sees to it that the server forgets it.
  const bool first = link_->add_listener(channel);
  Listener listener(link_, std::move(channel));
  const UnsafeStatement statement("listen " + quote_identifier(listener.channel()));
  if (first) co_await link_->run_script(Call(statement, site));
  co_return listener;
}

}  // namespace quell::db

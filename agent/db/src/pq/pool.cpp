#include <quell/db/pool.hpp>

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include "agent/db/src/core/pool_policy.hpp"
#include "agent/db/src/pq/link.hpp"

namespace quell::db {
namespace detail {

namespace asio = boost::asio;
using core::PoolPolicy;
using Clock = Deadline::Clock;

/// Carries out what the policy decides. Kept alive by the pool, by leases and by callers that wait.
class PoolState : public std::enable_shared_from_this<PoolState> {
 public:
  PoolState(asio::any_io_executor executor, PoolParams params)
      : executor_(std::move(executor)), params_(std::move(params)), policy_(policy_params(params_)) {}

  Awaitable<Lease> acquire(AcquireOptions options, CallSite site);
  void give_back(std::uint64_t slot, Connection connection, bool usable) noexcept;
  void detach(std::uint64_t slot);
  void invalidate_all() { policy_.invalidate_all(Clock::now()); }
  void dispose();
  [[nodiscard]] PoolStatus status() const;

 private:
  /// A caller in the queue; leaves it on destruction, and returns what it was granted but did not take.
  class Caller {
   public:
    Caller(PoolState& pool, std::uint64_t number) : pool_(pool), number_(number), wake_(pool.executor_) {
      wake_.expires_at(Clock::time_point::max());
      pool_.callers_.emplace(number_, this);
      pool_.policy_.enqueue(number_);
    }
    Caller(const Caller&) = delete;
    Caller& operator=(const Caller&) = delete;
    ~Caller();

    [[nodiscard]] std::uint64_t number() const { return number_; }
    asio::steady_timer& wake() { return wake_; }
    std::optional<PoolPolicy::Grant> grant;

   private:
    PoolState& pool_;
    std::uint64_t number_;
    asio::steady_timer wake_;
  };

  /// Keeps a slot that is out and has no lease yet (or no longer) from being lost with its coroutine.
  class SlotGuard {
   public:
    SlotGuard(PoolState& pool, std::uint64_t slot) : pool_(&pool), slot_(slot) {}
    SlotGuard(const SlotGuard&) = delete;
    SlotGuard& operator=(const SlotGuard&) = delete;
    ~SlotGuard() {
      if (pool_ != nullptr) pool_->abandon(slot_);
    }
    void release() { pool_ = nullptr; }

   private:
    PoolState* pool_;
    std::uint64_t slot_;
  };

  struct Holder {
    CallSite site;
    Clock::time_point since;
    trace::ScopeId scope = 0;
  };

  static PoolPolicy::Params policy_params(const PoolParams& params);
  void pump();
  /// A slot that was granted and is not taken.
  void abandon(std::uint64_t slot);
  void finish_return(std::uint64_t slot, std::shared_ptr<Link> link, bool usable);
  Awaitable<void> reset(std::uint64_t slot, std::shared_ptr<Link> link);
  Awaitable<std::shared_ptr<Link>> ready_link(const PoolPolicy::Grant& grant, Deadline deadline, trace::ScopeId scope);
  [[nodiscard]] std::string exhausted(Clock::duration waited) const;
  void tell(trace::PoolAction action, trace::ConnectionId connection, trace::ScopeId scope,
            Clock::duration duration) const;

  asio::any_io_executor executor_;
  PoolParams params_;
  PoolPolicy policy_;
  std::unordered_map<std::uint64_t, std::shared_ptr<Link>> idle_;
  std::unordered_map<std::uint64_t, Holder> holders_;
  std::unordered_map<std::uint64_t, Caller*> callers_;
  std::uint64_t next_caller_ = 1;
  bool disposed_ = false;
};

PoolState::Caller::~Caller() {
  pool_.callers_.erase(number_);
  if (grant) {
    pool_.abandon(grant->slot);
  } else {
    pool_.policy_.leave(number_);
  }
}

void PoolState::abandon(std::uint64_t slot) {
  if (auto link = idle_.extract(slot)) {
    finish_return(slot, std::move(link.mapped()), /*usable=*/true);
    return;
  }
  policy_.remove(slot);
  pump();
}

PoolPolicy::Params PoolState::policy_params(const PoolParams& params) {
  PoolPolicy::Params policy;
  policy.pool_size = params.pool_size;
  policy.max_overflow = params.max_overflow;
  policy.recycle = params.recycle;
  policy.pre_ping = params.pre_ping;
  policy.ping_after_idle = params.ping_after_idle;
  policy.use_lifo = params.use_lifo;
  return policy;
}

void PoolState::pump() {
  while (const auto grant = policy_.next(Clock::now())) {
    Caller& caller = *callers_.at(grant->waiter);
    caller.grant = grant;
    caller.wake().cancel();
  }
}

Awaitable<Lease> PoolState::acquire(AcquireOptions options, CallSite site) {
  const auto self = shared_from_this();
  const auto start = Clock::now();
  if (disposed_) throw UsageError(fmt::format("pool '{}' was disposed of", params_.name));
  const Deadline limit = options.deadline.earlier(Deadline(start + params_.timeout));

  PoolPolicy::Grant grant{};
  {
    Caller caller(*this, next_caller_++);
    pump();
    if (!caller.grant) {
      if (policy_.waiting() > params_.max_waiting)
        throw PoolTimeout(fmt::format("{} callers wait already: {}", params_.max_waiting, exhausted({})));
      caller.wake().expires_at(limit.at());
      boost::system::error_code error;
      co_await caller.wake().async_wait(asio::redirect_error(asio::use_awaitable, error));
      if (disposed_ && !caller.grant) throw UsageError(fmt::format("pool '{}' was disposed of", params_.name));
      if (!caller.grant && error) throw boost::system::system_error(error);  // the coroutine was cancelled
      if (!caller.grant) {
        tell(trace::PoolAction::timeout, 0, options.scope, Clock::now() - start);
        const std::string sentence = exhausted(Clock::now() - start);
        if (options.deadline.passed()) throw DeadlineExceeded("the deadline passed while waiting: " + sentence);
        throw PoolTimeout(sentence);
      }
    }
    grant = *caller.grant;
    caller.grant.reset();
  }

  SlotGuard guard(*this, grant.slot);
  std::shared_ptr<Link> link = co_await ready_link(grant, options.deadline, options.scope);
  guard.release();
  link->deadline = options.deadline;
  link->scope = options.scope;
  holders_[grant.slot] = {site, Clock::now(), options.scope};
  tell(trace::PoolAction::checkout, link->trace_id(), options.scope, Clock::now() - start);
  co_return Lease(self, grant.slot, Connection(std::move(link)));
}

Awaitable<std::shared_ptr<Link>> PoolState::ready_link(const PoolPolicy::Grant& grant, Deadline deadline,
                                                       trace::ScopeId scope) {
  std::shared_ptr<Link> link;
  if (const auto found = idle_.find(grant.slot); found != idle_.end()) {
    link = std::move(found->second);
    idle_.erase(found);
  }
  const auto start = Clock::now();
  bool must_connect = grant.need == PoolPolicy::Need::connect;
  if (grant.need == PoolPolicy::Need::ping) {
    try {
      link->deadline = Deadline::none();
      co_await link->ping(deadline.earlier(Deadline::after(params_.reset_timeout)));
      tell(trace::PoolAction::ping, link->trace_id(), scope, Clock::now() - start);
    } catch (const Error&) {
      if (deadline.passed()) throw;
      tell(trace::PoolAction::invalidate, link->trace_id(), scope, Clock::now() - start);
      policy_.ping_failed(grant.slot, Clock::now());
      must_connect = true;
    }
  }
  if (!must_connect) co_return link;
  if (link) link->close("replaced by the pool");
  link = std::make_shared<Link>(executor_, params_.connect);
  const auto connecting = Clock::now();
  co_await link->connect(deadline);
  policy_.connected(grant.slot, Clock::now());
  tell(trace::PoolAction::connect, link->trace_id(), scope, Clock::now() - connecting);
  co_return link;
}

void PoolState::give_back(std::uint64_t slot, Connection connection, bool usable) noexcept {
  auto link = std::move(connection.link_);
  const auto holder = holders_.find(slot);
  if (holder != holders_.end()) {
    tell(trace::PoolAction::checkin, link->trace_id(), holder->second.scope, Clock::now() - holder->second.since);
    holders_.erase(holder);
  }
  link->deadline = Deadline::none();
  if (link->is_broken() && usable) policy_.invalidate_all(Clock::now());  // the others have most likely died with it
  const bool dirty =
      link->needs_recovery() || (params_.reset_on_return != ResetOnReturn::none && link->in_transaction());
  if (!usable || disposed_ || link->is_broken() || !dirty) {
    finish_return(slot, std::move(link), usable);
    return;
  }
  // In the background, out of reach of the cancellation that may have brought us here.
  asio::co_spawn(
      executor_,
      [](std::shared_ptr<PoolState> self, std::uint64_t number, std::shared_ptr<Link> dirty_link) -> Awaitable<void> {
        co_await self->reset(number, std::move(dirty_link));
      }(shared_from_this(), slot, std::move(link)),
      asio::detached);
}

Awaitable<void> PoolState::reset(std::uint64_t slot, std::shared_ptr<Link> link) {
  SlotGuard guard(*this, slot);
  bool usable = true;
  try {
    co_await link->reset(params_.reset_on_return == ResetOnReturn::commit, Deadline::after(params_.reset_timeout));
  } catch (const std::exception&) {
    usable = false;
  }
  guard.release();
  finish_return(slot, std::move(link), usable);
}

void PoolState::finish_return(std::uint64_t slot, std::shared_ptr<Link> link, bool usable) {
  usable = usable && !disposed_ && !link->is_broken();
  link->scope = 0;
  if (policy_.give_back(slot, usable, Clock::now()) == PoolPolicy::Fate::keep) {
    link->stop_watching();
    idle_[slot] = std::move(link);
  } else {
    link->close(usable ? "beyond the pool's size" : "invalidated");
  }
  pump();
}

void PoolState::detach(std::uint64_t slot) {
  holders_.erase(slot);
  policy_.remove(slot);
  pump();
}

void PoolState::dispose() {
  disposed_ = true;
  for (const std::uint64_t slot : policy_.take_idle()) {
    idle_.at(slot)->close("the pool was disposed of");
    idle_.erase(slot);
  }
  for (const auto& [number, caller] : callers_) caller->wake().cancel();
}

PoolStatus PoolState::status() const {
  PoolStatus status;
  status.size = params_.pool_size;
  status.checked_in = policy_.idle();
  status.checked_out = policy_.out();
  status.overflow = policy_.overflow();
  status.waiting = policy_.waiting();
  return status;
}

std::string PoolState::exhausted(Clock::duration waited) const {
  constexpr std::size_t kShown = 3;
  std::string sentence =
      fmt::format("no connection became free in {:.1f} s: pool '{}' has size {} and overflow {}, all in use",
                  std::chrono::duration<double>(waited).count(), params_.name, params_.pool_size, params_.max_overflow);
  std::vector<const Holder*> longest;
  for (const auto& [slot, holder] : holders_) longest.push_back(&holder);
  std::sort(longest.begin(), longest.end(), [](const Holder* a, const Holder* b) { return a->since < b->since; });
  if (longest.size() > kShown) longest.resize(kShown);
  for (std::size_t i = 0; i < longest.size(); ++i) {
    const Holder& holder = *longest[i];
    sentence += fmt::format("{} {:.1f} s by {}:{} ({})", i == 0 ? "; longest held:" : ",",
                            std::chrono::duration<double>(Clock::now() - holder.since).count(), holder.site.file_name(),
                            holder.site.line(), holder.site.function_name());
  }
  return sentence;
}

void PoolState::tell(trace::PoolAction action, trace::ConnectionId connection, trace::ScopeId scope,
                     Clock::duration duration) const {
  const tracer::Observer* observer = params_.connect.observer;
  if (observer == nullptr || observer->pool_event == nullptr) return;
  if (observer->active != nullptr && !observer->active(observer->context)) return;
  tracer::PoolEvent event;
  event.action = action;
  event.pool = params_.name;
  event.connection = connection;
  event.scope = scope;
  event.duration = std::chrono::duration_cast<std::chrono::nanoseconds>(duration).count();
  observer->pool_event(observer->context, event);
}

}  // namespace detail

std::string PoolStatus::to_string() const {
  return fmt::format("pool size {}, checked in {}, overflow {}, checked out {}, waiting {}", size, checked_in, overflow,
                     checked_out, waiting);
}

Lease::Lease(std::shared_ptr<detail::PoolState> pool, std::uint64_t slot, Connection connection)
    : pool_(std::move(pool)), slot_(slot), connection_(std::move(connection)) {}
Lease::Lease(Lease&& other) noexcept = default;
Lease& Lease::operator=(Lease&& other) noexcept {
  std::swap(pool_, other.pool_);
  std::swap(slot_, other.slot_);
  std::swap(usable_, other.usable_);
  connection_ = std::move(other.connection_);
  return *this;
}
Lease::~Lease() {
  if (pool_) pool_->give_back(slot_, std::move(connection_), usable_);
}
void Lease::invalidate() {
  usable_ = false;
}
Connection Lease::detach() && {
  pool_->detach(slot_);
  pool_.reset();
  return std::move(connection_);
}

Pool::Pool(boost::asio::any_io_executor executor, PoolParams params)
    : state_(std::make_shared<detail::PoolState>(std::move(executor), std::move(params))) {}
Pool::~Pool() {
  dispose();
}

Awaitable<Lease> Pool::acquire(AcquireOptions options, CallSite site) {
  return state_->acquire(options, site);
}
PoolStatus Pool::status() const {
  return state_->status();
}
void Pool::invalidate_all() {
  state_->invalidate_all();
}
void Pool::dispose() {
  state_->dispose();
}

}  // namespace quell::db

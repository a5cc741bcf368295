#include <quell/db/pool.hpp>

#include <optional>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include "agent/db/src/core/holders.hpp"
#include "agent/db/src/core/pool_policy.hpp"
#include "agent/db/src/pq/link.hpp"

namespace quell::db {
namespace detail {

namespace asio = boost::asio;
using core::Holders;
using core::PoolPolicy;
using Kind = PoolNotice::Kind;
using Clock = Deadline::Clock;

/// Carries out what the policy decides. Kept alive by the pool, by leases and by callers that wait.
class PoolState : public std::enable_shared_from_this<PoolState> {
 public:
  PoolState(asio::any_io_executor executor, PoolParams params)
      : executor_(std::move(executor)),
        params_(with_limits_of_kind(std::move(params))),
        policy_(policy_params(params_)),
        holders_(params_.leak_after),
        retry_(executor_),
        leak_watch_(executor_) {}

  Awaitable<Lease> acquire(AcquireOptions options, CallSite site);
  void give_back(std::uint64_t slot, Connection connection, bool keep) noexcept;
  void invalidate(Link& link, bool now);
  void detach(std::uint64_t slot, const Link& link);
  void invalidate_all() { policy_.invalidate_all(Clock::now()); }
  enum class Goodbye : std::uint8_t { say, forget };
  void dispose(Goodbye goodbye) noexcept;
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

  /// For whom something happens.
  struct Who {
    trace::ScopeId scope = 0;
    CallSite site{};
  };

  static PoolParams with_limits_of_kind(PoolParams params);
  static PoolPolicy::Params policy_params(const PoolParams& params);
  /// Hands out what can be handed out.
  void pump();
  /// A slot that was granted and is not taken.
  void abandon(std::uint64_t slot);
  void finish_return(std::uint64_t slot, std::shared_ptr<Link> link, bool keep);
  void close(Link& link, std::string_view reason);
  Awaitable<PoolPolicy::Grant> wait_in_line(Deadline deadline, Who who);
  Awaitable<std::shared_ptr<Link>> ready_link(const PoolPolicy::Grant& grant, Deadline deadline, Who who);
  /// False where the link does not answer and has to be replaced.
  Awaitable<bool> answers(const PoolPolicy::Grant& grant, Link& link, Deadline deadline, Who who);
  Awaitable<std::shared_ptr<Link>> new_link(const PoolPolicy::Grant& grant, Deadline deadline, Who who);
  Awaitable<void> reset(std::uint64_t slot, std::shared_ptr<Link> link);
  void watch_leaks();
  void report_leaks();
  /// "no connection …: pool 'x' has size 5 and overflow 10, …; longest held: …"
  [[nodiscard]] std::string exhausted(std::string beginning) const;
  void note(Kind kind, const Link* link, Who who, Clock::duration time = {}, std::string_view text = {}) const;
  /// To the tracer.
  void trace_event(trace::PoolAction action, const Link* link, Who who, Clock::duration time) const;

  asio::any_io_executor executor_;
  PoolParams params_;
  PoolPolicy policy_;
  Holders holders_;
  std::unordered_map<std::uint64_t, std::shared_ptr<Link>> idle_;
  std::unordered_map<std::uint64_t, Caller*> callers_;
  std::uint64_t next_caller_ = 1;
  asio::steady_timer retry_;       ///< the end of a pause after a failed connect
  asio::steady_timer leak_watch_;  ///< runs only while there is a lease to watch
  std::string connect_failure_;    ///< the last one's
  bool connected_before_ = false;
  bool disposed_ = false;
};

PoolState::Caller::~Caller() {
  pool_.callers_.erase(number_);
  if (grant) {
    pool_.abandon(grant->slot);
  } else {
    pool_.policy_.leave(number_);
    if (!pool_.policy_.retry_at()) pool_.retry_.cancel();
  }
}

void PoolState::abandon(std::uint64_t slot) {
  if (auto link = idle_.extract(slot)) {
    finish_return(slot, std::move(link.mapped()), /*keep=*/true);
    return;
  }
  policy_.remove(slot);
  pump();
}

PoolParams PoolState::with_limits_of_kind(PoolParams params) {
  switch (params.kind) {
    case PoolKind::queue:
      break;
    case PoolKind::null:
      params.pool_size = 0;
      params.max_overflow = -1;
      break;
    case PoolKind::single:
      params.pool_size = 1;
      params.max_overflow = 0;
      params.recycle = std::chrono::milliseconds(0);
      break;
  }
  return params;
}

PoolPolicy::Params PoolState::policy_params(const PoolParams& params) {
  PoolPolicy::Params policy;
  policy.keep = params.kind != PoolKind::null;
  policy.pool_size = params.pool_size;
  policy.max_overflow = params.max_overflow;
  policy.recycle = params.recycle;
  policy.pre_ping = params.pre_ping;
  policy.ping_after_idle = params.ping_after_idle;
  policy.use_lifo = params.use_lifo;
  policy.backoff = params.connect_backoff;
  policy.backoff_max = params.connect_backoff_max;
  return policy;
}

void PoolState::pump() {
  while (const auto grant = policy_.next(Clock::now())) {
    Caller& caller = *callers_.at(grant->waiter);
    caller.grant = grant;
    caller.wake().cancel();
  }
  const auto retry = policy_.retry_at();
  if (!retry) return;
  retry_.expires_at(*retry);
  retry_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
    if (error) return;
    if (const auto self = weak.lock()) self->pump();
  });
}

// --- taking --------------------------------------------------------------------------------------------------------

Awaitable<Lease> PoolState::acquire(AcquireOptions options, CallSite site) {
  const auto self = shared_from_this();
  const auto start = Clock::now();
  const Who who{options.scope, site};
  if (disposed_) throw UsageError(fmt::format("pool '{}' was disposed of", params_.name));
  const PoolPolicy::Grant grant = co_await wait_in_line(options.deadline, who);
  SlotGuard guard(*this, grant.slot);
  std::shared_ptr<Link> link = co_await ready_link(grant, options.deadline, who);
  guard.release();
  link->deadline = options.deadline;
  link->scope = options.scope;
  const auto now = Clock::now();
  holders_.add(grant.slot, {site, now, options.scope});
  watch_leaks();
  trace_event(trace::PoolAction::checkout, link.get(), who, now - start);
  note(Kind::checkout, link.get(), who, now - start);
  co_return Lease(self, grant.slot, Connection(std::move(link)));
}

Awaitable<PoolPolicy::Grant> PoolState::wait_in_line(Deadline deadline, Who who) {
  const auto start = Clock::now();
  Caller caller(*this, next_caller_++);
  pump();
  if (!caller.grant) {
    if (policy_.waiting() > params_.max_waiting)
      throw PoolTimeout(exhausted(
          fmt::format("no connection is free and {} callers wait already, as many as may", params_.max_waiting)));
    caller.wake().expires_at(deadline.earlier(Deadline(start + params_.timeout)).at());
    boost::system::error_code error;
    co_await caller.wake().async_wait(asio::redirect_error(asio::use_awaitable, error));
    if (!caller.grant && disposed_) throw UsageError(fmt::format("pool '{}' was disposed of", params_.name));
    if (!caller.grant && error) throw boost::system::system_error(error);  // the coroutine was cancelled
    if (!caller.grant) {
      const auto waited = Clock::now() - start;
      trace_event(trace::PoolAction::timeout, nullptr, who, waited);
      note(Kind::timeout, nullptr, who, waited);
      const std::string sentence = exhausted(
          fmt::format("no connection became free in {:.1f} s", std::chrono::duration<double>(waited).count()));
      if (deadline.passed()) throw DeadlineExceeded("the deadline passed while waiting: " + sentence);
      throw PoolTimeout(sentence);
    }
  }
  const PoolPolicy::Grant grant = *caller.grant;
  caller.grant.reset();
  co_return grant;
}

Awaitable<std::shared_ptr<Link>> PoolState::ready_link(const PoolPolicy::Grant& grant, Deadline deadline, Who who) {
  std::shared_ptr<Link> link;
  if (auto node = idle_.extract(grant.slot)) link = std::move(node.mapped());
  if (grant.need == PoolPolicy::Need::nothing) co_return link;
  if (grant.need == PoolPolicy::Need::ping && co_await answers(grant, *link, deadline, who)) co_return link;
  if (link) close(*link, "replaced by the pool");
  link = co_await new_link(grant, deadline, who);
  co_return link;
}

Awaitable<bool> PoolState::answers(const PoolPolicy::Grant& grant, Link& link, Deadline deadline, Who who) {
  const auto start = Clock::now();
  std::string reason;
  try {
    link.deadline = Deadline::none();
    co_await link.ping(deadline.earlier(Deadline::after(params_.reset_timeout)));
    trace_event(trace::PoolAction::ping, &link, who, Clock::now() - start);
    note(Kind::ping, &link, who, Clock::now() - start);
    co_return true;
  } catch (const Error& error) {
    if (deadline.passed()) throw;
    reason = error.what();
  }
  trace_event(trace::PoolAction::invalidate, &link, who, Clock::now() - start);
  note(Kind::invalidate, &link, who, Clock::now() - start, reason);
  policy_.ping_failed(grant.slot, Clock::now());
  co_return false;
}

Awaitable<std::shared_ptr<Link>> PoolState::new_link(const PoolPolicy::Grant& grant, Deadline deadline, Who who) {
  auto link = std::make_shared<Link>(executor_, params_.connect);
  const auto start = Clock::now();
  try {
    co_await link->connect(deadline);
    if (!std::exchange(connected_before_, true)) note(Kind::first_connect, link.get(), who);
    if (params_.on_connect) {
      link->deadline = deadline;
      Connection connection(link);  // closes where the function throws
      co_await params_.on_connect(connection);
      connection.link_.reset();
    }
  } catch (const ConnectError& error) {
    connect_failure_ = error.what();
    note(Kind::connect_failed, nullptr, who, Clock::now() - start, connect_failure_);
    policy_.connect_failed(grant.slot, Clock::now());
    throw;
  }
  policy_.connected(grant.slot, Clock::now());
  pump();  // others may connect now
  trace_event(trace::PoolAction::connect, link.get(), who, Clock::now() - start);
  note(Kind::connect, link.get(), who, Clock::now() - start);
  co_return link;
}

// --- giving back ---------------------------------------------------------------------------------------------------

void PoolState::give_back(std::uint64_t slot, Connection connection, bool keep) noexcept {
  auto link = std::move(connection.link_);
  if (const auto holder = holders_.remove(slot)) {
    const Who who{holder->scope, holder->site};
    const auto held = Clock::now() - holder->since;
    trace_event(trace::PoolAction::checkin, link.get(), who, held);
    if (holder->reported) note(Kind::leak_returned, link.get(), who, held);
    note(Kind::checkin, link.get(), who, held);
    if (!holders_.next_overdue()) leak_watch_.cancel();
  }
  link->deadline = Deadline::none();
  if (link->is_broken() && keep) {  // the others have most likely died with it
    note(Kind::invalidate, nullptr, {}, {}, "a connection was lost");
    policy_.invalidate_all(Clock::now());
  }
  const bool dirty =
      link->needs_recovery() || (params_.reset_on_return != ResetOnReturn::none && link->in_transaction());
  if (!keep || disposed_ || link->is_broken() || !dirty) {
    finish_return(slot, std::move(link), keep);
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
  bool keep = true;
  try {
    co_await link->reset(params_.reset_on_return == ResetOnReturn::commit, Deadline::after(params_.reset_timeout));
    note(Kind::reset, link.get(), {});
  } catch (const std::exception& error) {
    note(Kind::invalidate, link.get(), {}, {}, error.what());
    keep = false;
  }
  guard.release();
  finish_return(slot, std::move(link), keep);
}

void PoolState::finish_return(std::uint64_t slot, std::shared_ptr<Link> link, bool keep) {
  keep = keep && !disposed_ && !link->is_broken();
  link->scope = 0;
  if (policy_.give_back(slot, keep, Clock::now()) == PoolPolicy::Fate::keep) {
    link->stop_watching();
    idle_[slot] = std::move(link);
  } else {
    close(*link, keep ? "not to be kept" : "invalidated");
  }
  pump();
}

void PoolState::close(Link& link, std::string_view reason) {
  note(Kind::close, &link, {}, {}, reason);
  link.close(reason);
}

void PoolState::invalidate(Link& link, bool now) {
  trace_event(trace::PoolAction::invalidate, &link, {link.scope}, {});
  note(now ? Kind::invalidate : Kind::soft_invalidate, &link, {}, {}, "by its holder");
  if (now) link.close("invalidated by its holder");
}

void PoolState::detach(std::uint64_t slot, const Link& link) {
  if (const auto holder = holders_.remove(slot)) note(Kind::detach, &link, {holder->scope, holder->site});
  if (!holders_.next_overdue()) leak_watch_.cancel();
  policy_.remove(slot);
  pump();
}

void PoolState::dispose(Goodbye goodbye) noexcept {
  disposed_ = true;
  for (const std::uint64_t slot : policy_.take_idle()) {
    const auto link = std::move(idle_.extract(slot).mapped());
    if (goodbye == Goodbye::forget)
      link->forget();
    else
      close(*link, "the pool was disposed of");
  }
  retry_.cancel();
  for (const auto& [number, caller] : callers_) caller->wake().cancel();
}

// --- telling -------------------------------------------------------------------------------------------------------

PoolStatus PoolState::status() const {
  PoolStatus status;
  status.size = params_.pool_size;
  status.checked_in = policy_.idle();
  status.checked_out = policy_.out();
  status.overflow = policy_.overflow();
  status.waiting = policy_.waiting();
  return status;
}

void PoolState::watch_leaks() {
  const auto next = holders_.next_overdue();
  if (!next || leak_watch_.expiry() == *next) return;
  leak_watch_.expires_at(*next);
  leak_watch_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
    if (error) return;
    if (const auto self = weak.lock()) self->report_leaks();
  });
}

void PoolState::report_leaks() {
  const auto now = Clock::now();
  for (const Holders::Holder& holder : holders_.take_overdue(now))
    note(Kind::leak, nullptr, {holder.scope, holder.site}, now - holder.since);
  watch_leaks();
}

std::string PoolState::exhausted(std::string beginning) const {
  std::string sentence = fmt::format("{}: pool '{}' has size {} and overflow {}, {} in use", std::move(beginning),
                                     params_.name, params_.pool_size, params_.max_overflow, policy_.out());
  if (policy_.failing()) sentence += "; the last attempt to connect failed: " + connect_failure_;
  const std::string longest = holders_.longest(Clock::now());
  if (!longest.empty()) sentence += "; longest held: " + longest;
  return sentence;
}

void PoolState::note(Kind kind, const Link* link, Who who, Clock::duration time, std::string_view text) const {
  if (!params_.on_notice) return;
  PoolNotice notice;
  notice.kind = kind;
  notice.pool = params_.name;
  notice.backend_pid = link != nullptr ? link->backend_pid() : 0;
  notice.site = who.site;
  notice.time = time;
  notice.text = text;
  params_.on_notice(notice);
}

void PoolState::trace_event(trace::PoolAction action, const Link* link, Who who, Clock::duration time) const {
  const tracer::Observer* observer = params_.connect.observer;
  if (observer == nullptr || observer->pool_event == nullptr) return;
  if (observer->active != nullptr && !observer->active(observer->context)) return;
  tracer::PoolEvent event;
  event.action = action;
  event.pool = params_.name;
  event.connection = link != nullptr ? link->trace_id() : 0;
  event.scope = who.scope;
  event.duration = std::chrono::duration_cast<std::chrono::nanoseconds>(time).count();
  observer->pool_event(observer->context, event);
}

}  // namespace detail

Lease::Lease(std::shared_ptr<detail::PoolState> pool, std::uint64_t slot, Connection connection)
    : pool_(std::move(pool)), slot_(slot), connection_(std::move(connection)) {}
Lease::Lease(Lease&& other) noexcept = default;
Lease& Lease::operator=(Lease&& other) noexcept {
  std::swap(pool_, other.pool_);
  std::swap(slot_, other.slot_);
  std::swap(keep_, other.keep_);
  connection_ = std::move(other.connection_);
  return *this;
}
Lease::~Lease() {
  if (pool_) pool_->give_back(slot_, std::move(connection_), keep_);
}
void Lease::invalidate() {
  keep_ = false;
  pool_->invalidate(*connection_.link_, /*now=*/true);
}
void Lease::invalidate_softly() {
  keep_ = false;
  pool_->invalidate(*connection_.link_, /*now=*/false);
}
Connection Lease::detach() && {
  pool_->detach(slot_, *connection_.link_);
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
  state_->dispose(detail::PoolState::Goodbye::say);
}
void Pool::forget_after_fork() {
  state_->dispose(detail::PoolState::Goodbye::forget);
}

}  // namespace quell::db

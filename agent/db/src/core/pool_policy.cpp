#include "agent/db/src/core/pool_policy.hpp"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <utility>

namespace quell::db::core {

bool PoolPolicy::leave(Waiter waiter) {
  const auto at = std::find(waiters_.begin(), waiters_.end(), waiter);
  if (at == waiters_.end()) return false;
  waiters_.erase(at);
  return true;
}

bool PoolPolicy::may_open() const {
  if (!params_.keep || params_.pool_size == 0 || params_.max_overflow < 0) return true;
  return slots_.size() < params_.pool_size + static_cast<std::size_t>(params_.max_overflow);
}

bool PoolPolicy::is_stale(const State& state, Time now) const {
  return state.invalid || state.born <= stale_until_ ||
         (params_.recycle > Duration::zero() && now - state.born > params_.recycle);
}

PoolPolicy::Need PoolPolicy::need_of(const State& state, Time now) const {
  if (is_stale(state, now)) return Need::connect;
  return params_.pre_ping && now - state.returned >= params_.ping_after_idle ? Need::ping : Need::nothing;
}

std::deque<PoolPolicy::Slot>::iterator PoolPolicy::pick_idle(Time now) {
  const auto usable = [&](Slot slot) { return may_connect(now) || need_of(slots_.at(slot), now) != Need::connect; };
  if (!params_.use_lifo) return std::find_if(idle_.begin(), idle_.end(), usable);
  const auto last = std::find_if(idle_.rbegin(), idle_.rend(), usable);
  return last == idle_.rend() ? idle_.end() : std::prev(last.base());
}

std::optional<PoolPolicy::Grant> PoolPolicy::next(Time now) {
  if (waiters_.empty()) return std::nullopt;
  Grant grant{waiters_.front(), 0, Need::connect};
  if (const auto idle = pick_idle(now); idle != idle_.end()) {
    grant.slot = *idle;
    idle_.erase(idle);
    State& state = slots_.at(grant.slot);
    state.out = true;
    grant.need = need_of(state, now);
  } else if (idle_.empty() && may_open() && may_connect(now)) {
    grant.slot = next_slot_++;
    slots_.emplace(grant.slot, State{});
  } else {
    return std::nullopt;
  }
  if (grant.need == Need::connect) start_connecting(slots_.at(grant.slot));
  waiters_.pop_front();
  return grant;
}

void PoolPolicy::start_connecting(State& state) {
  state.connected = false;
  state.connecting = true;
  ++connecting_;
}

void PoolPolicy::end_connecting(State& state) {
  if (std::exchange(state.connecting, false)) --connecting_;
}

void PoolPolicy::connected(Slot slot, Time now) {
  State& state = slots_.at(slot);
  assert(state.out);
  end_connecting(state);
  state.born = now;
  state.connected = true;
  state.invalid = false;
  failures_ = 0;
}

void PoolPolicy::connect_failed(Slot slot, Time now) {
  end_connecting(slots_.at(slot));
  if (params_.backoff <= Duration::zero()) return;
  constexpr std::uint32_t kMostDoublings = 20;
  const Duration pause = params_.backoff * (std::int64_t{1} << std::min(failures_, kMostDoublings));
  connect_after_ = now + std::min(pause, std::max(params_.backoff, params_.backoff_max));
  ++failures_;
}

std::optional<PoolPolicy::Time> PoolPolicy::retry_at() const {
  if (waiters_.empty() || !failing() || connecting_ > 0 || (idle_.empty() && !may_open())) return std::nullopt;
  return connect_after_;
}

void PoolPolicy::ping_failed(Slot slot, Time now) {
  start_connecting(slots_.at(slot));
  invalidate_all(now);
}

PoolPolicy::Fate PoolPolicy::give_back(Slot slot, bool usable, Time now) {
  State& state = slots_.at(slot);
  assert(state.out);
  // One that somebody waits for is kept even where it is beyond pool_size: it goes straight on.
  const bool surplus =
      !params_.keep || (params_.pool_size != 0 && waiters_.empty() && idle_.size() >= params_.pool_size);
  if (!usable || !state.connected || is_stale(state, now) || surplus) {
    slots_.erase(slot);
    return Fate::close;
  }
  state.out = false;
  state.returned = now;
  idle_.push_back(slot);
  return Fate::keep;
}

void PoolPolicy::remove(Slot slot) {
  assert(is_out(slot));
  end_connecting(slots_.at(slot));
  slots_.erase(slot);
}

void PoolPolicy::invalidate(Slot slot) {
  slots_.at(slot).invalid = true;
}

std::vector<PoolPolicy::Slot> PoolPolicy::take_idle() {
  std::vector<Slot> taken(idle_.begin(), idle_.end());
  idle_.clear();
  for (const Slot slot : taken) slots_.erase(slot);
  return taken;
}

bool PoolPolicy::is_out(Slot slot) const {
  const auto at = slots_.find(slot);
  return at != slots_.end() && at->second.out;
}

}  // namespace quell::db::core

#include "agent/db/src/core/pool_policy.hpp"

#include <algorithm>
#include <cassert>

namespace quell::db::core {

bool PoolPolicy::leave(Waiter waiter) {
  const auto at = std::find(waiters_.begin(), waiters_.end(), waiter);
  if (at == waiters_.end()) return false;
  waiters_.erase(at);
  return true;
}

bool PoolPolicy::may_open() const {
  if (params_.pool_size == 0 || params_.max_overflow < 0) return true;
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

std::optional<PoolPolicy::Grant> PoolPolicy::next(Time now) {
  if (waiters_.empty() || (idle_.empty() && !may_open())) return std::nullopt;
  Grant grant{waiters_.front(), 0, Need::connect};
  if (idle_.empty()) {
    grant.slot = next_slot_++;
    slots_.emplace(grant.slot, State{});
  } else {
    grant.slot = params_.use_lifo ? idle_.back() : idle_.front();
    params_.use_lifo ? idle_.pop_back() : idle_.pop_front();
    State& state = slots_.at(grant.slot);
    state.out = true;
    grant.need = need_of(state, now);
  }
  waiters_.pop_front();
  return grant;
}

void PoolPolicy::connected(Slot slot, Time now) {
  State& state = slots_.at(slot);
  assert(state.out);
  state.born = now;
  state.connected = true;
  state.invalid = false;
}

void PoolPolicy::ping_failed(Slot slot, Time now) {
  slots_.at(slot).connected = false;
  invalidate_all(now);
}

PoolPolicy::Fate PoolPolicy::give_back(Slot slot, bool usable, Time now) {
  State& state = slots_.at(slot);
  assert(state.out);
  // One that somebody waits for is kept even where it is beyond pool_size: it goes straight on.
  const bool surplus = params_.pool_size != 0 && waiters_.empty() && idle_.size() >= params_.pool_size;
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

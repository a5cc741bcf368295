#include "agent/db/src/core/pool_policy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <set>

namespace quell::db::core {
namespace {

using namespace std::chrono_literals;
using Fate = PoolPolicy::Fate;
using Need = PoolPolicy::Need;

/// A clock of its own and the shortest way to say what happens.
class PoolPolicyTest : public testing::Test {
 protected:
  static PoolPolicy::Params params(std::size_t size, int overflow) {
    PoolPolicy::Params params;
    params.pool_size = size;
    params.max_overflow = overflow;
    return params;
  }
  /// Checks out one connection, opening it where needed.
  PoolPolicy::Grant checkout(PoolPolicy& policy) {
    policy.enqueue(++waiter_);
    const auto grant = policy.next(now_);
    EXPECT_TRUE(grant);
    if (!grant) return {};
    EXPECT_EQ(grant->waiter, waiter_);
    if (grant->need == Need::connect) policy.connected(grant->slot, now_);
    return *grant;
  }
  void pass(std::chrono::milliseconds time) { now_ += time; }

  PoolPolicy::Time now_{1h};
  PoolPolicy::Waiter waiter_ = 0;
};

TEST_F(PoolPolicyTest, OpensUpToSizePlusOverflowThenWaits) {
  PoolPolicy policy(params(2, 1));
  EXPECT_EQ(policy.open(), 0U);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(checkout(policy).need, Need::connect);
  EXPECT_EQ(policy.overflow(), 1U);
  policy.enqueue(99);
  EXPECT_FALSE(policy.next(now_));
  EXPECT_EQ(policy.waiting(), 1U);
}

TEST_F(PoolPolicyTest, ReturnedConnectionGoesToTheFirstInTheQueue) {
  PoolPolicy policy(params(1, 0));
  const auto held = checkout(policy);
  policy.enqueue(50);
  policy.enqueue(51);
  EXPECT_FALSE(policy.next(now_));
  EXPECT_EQ(policy.give_back(held.slot, true, now_), Fate::keep);
  const auto grant = policy.next(now_);
  ASSERT_TRUE(grant);
  EXPECT_EQ(grant->waiter, 50U);
  EXPECT_EQ(grant->slot, held.slot);
  EXPECT_EQ(grant->need, Need::nothing);
  EXPECT_FALSE(policy.next(now_));
}

TEST_F(PoolPolicyTest, OverflowIsClosedOnReturnUnlessSomebodyWaits) {
  PoolPolicy policy(params(1, 1));
  const auto a = checkout(policy);
  const auto b = checkout(policy);
  EXPECT_EQ(policy.give_back(a.slot, true, now_), Fate::keep);
  EXPECT_EQ(policy.give_back(b.slot, true, now_), Fate::close);
  EXPECT_EQ(policy.open(), 1U);

  PoolPolicy busy(params(1, 1));
  const auto c = checkout(busy);
  const auto d = checkout(busy);
  busy.enqueue(70);
  EXPECT_EQ(busy.give_back(d.slot, true, now_), Fate::keep);
  EXPECT_EQ(busy.next(now_)->slot, d.slot);
  EXPECT_EQ(busy.give_back(c.slot, true, now_), Fate::keep);
  EXPECT_EQ(busy.give_back(d.slot, true, now_), Fate::close);
}

TEST_F(PoolPolicyTest, SizeZeroAndOverflowMinusOneHaveNoLimit) {
  PoolPolicy unlimited(params(0, 0));
  std::vector<PoolPolicy::Slot> slots;
  for (int i = 0; i < 50; ++i) slots.push_back(checkout(unlimited).slot);
  for (const auto slot : slots) EXPECT_EQ(unlimited.give_back(slot, true, now_), Fate::keep);
  EXPECT_EQ(unlimited.idle(), 50U);

  PoolPolicy overflowing(params(1, -1));
  slots.clear();
  for (int i = 0; i < 50; ++i) slots.push_back(checkout(overflowing).slot);
  for (const auto slot : slots) (void)overflowing.give_back(slot, true, now_);
  EXPECT_EQ(overflowing.idle(), 1U);
}

TEST_F(PoolPolicyTest, FirstInFirstOutOrLastInFirstOut) {
  for (const bool lifo : {false, true}) {
    auto wanted = params(2, 0);
    wanted.use_lifo = lifo;
    PoolPolicy policy(wanted);
    const auto a = checkout(policy);
    const auto b = checkout(policy);
    (void)policy.give_back(a.slot, true, now_);
    (void)policy.give_back(b.slot, true, now_);
    EXPECT_EQ(checkout(policy).slot, lifo ? b.slot : a.slot);
  }
}

TEST_F(PoolPolicyTest, FailedConnectFreesTheSlotForTheNextInTheQueue) {
  PoolPolicy policy(params(1, 0));
  policy.enqueue(1);
  policy.enqueue(2);
  const auto first = policy.next(now_);
  EXPECT_FALSE(policy.next(now_));
  policy.remove(first->slot);
  const auto second = policy.next(now_);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->waiter, 2U);
  EXPECT_EQ(second->need, Need::connect);
}

TEST_F(PoolPolicyTest, RecycleReplacesAtCheckoutByAgeSinceConnecting) {
  auto wanted = params(1, 0);
  wanted.recycle = 1000ms;
  PoolPolicy policy(wanted);
  auto held = checkout(policy);
  (void)policy.give_back(held.slot, true, now_);
  pass(1000ms);
  held = checkout(policy);
  EXPECT_EQ(held.need, Need::nothing) << "exactly as old as allowed";
  pass(1ms);
  EXPECT_EQ(policy.give_back(held.slot, true, now_), Fate::close);
  EXPECT_EQ(checkout(policy).need, Need::connect);
}

TEST_F(PoolPolicyTest, PingIsSkippedWhenFreshAndAFailedOneDistrustsAllOlder) {
  auto wanted = params(3, 0);
  wanted.pre_ping = true;
  wanted.ping_after_idle = 500ms;
  PoolPolicy policy(wanted);
  const auto a = checkout(policy);
  const auto b = checkout(policy);
  for (const auto& held : {a, b}) EXPECT_EQ(held.need, Need::connect) << "no ping for a new one";
  for (const auto& held : {a, b}) (void)policy.give_back(held.slot, true, now_);
  pass(499ms);
  const auto fresh = checkout(policy);
  EXPECT_EQ(fresh.need, Need::nothing);
  (void)policy.give_back(fresh.slot, true, now_);
  pass(500ms);
  const auto pinged = checkout(policy);
  EXPECT_EQ(pinged.need, Need::ping);
  policy.ping_failed(pinged.slot, now_);
  pass(1ms);
  policy.connected(pinged.slot, now_);
  EXPECT_EQ(checkout(policy).need, Need::connect) << "as old as the one that failed";
  EXPECT_EQ(policy.give_back(pinged.slot, true, now_), Fate::keep);
}

TEST_F(PoolPolicyTest, InvalidationSoftAndPoolWide) {
  PoolPolicy policy(params(2, 0));
  const auto a = checkout(policy);
  const auto b = checkout(policy);
  (void)policy.give_back(a.slot, true, now_);
  policy.invalidate(a.slot);
  EXPECT_EQ(checkout(policy).need, Need::connect) << "soft: replaced at the next checkout";
  policy.invalidate_all(now_);
  EXPECT_EQ(policy.give_back(b.slot, true, now_), Fate::close) << "pool-wide: closed on return";
  pass(1ms);
  const auto c = checkout(policy);
  EXPECT_EQ(policy.give_back(c.slot, true, now_), Fate::keep) << "opened after it";
}

TEST_F(PoolPolicyTest, LeavingTheQueueTwiceIsHarmless) {
  PoolPolicy policy(params(1, 0));
  const auto held = checkout(policy);
  policy.enqueue(5);
  EXPECT_TRUE(policy.leave(5));
  EXPECT_FALSE(policy.leave(5));
  (void)policy.give_back(held.slot, true, now_);
  EXPECT_FALSE(policy.next(now_));
}

TEST_F(PoolPolicyTest, TakeIdleForgetsThem) {
  PoolPolicy policy(params(2, 0));
  const auto a = checkout(policy);
  const auto b = checkout(policy);
  (void)policy.give_back(a.slot, true, now_);
  EXPECT_THAT(policy.take_idle(), testing::ElementsAre(a.slot));
  EXPECT_EQ(policy.open(), 1U);
  EXPECT_TRUE(policy.is_out(b.slot));
}

TEST_F(PoolPolicyTest, NotKeepingClosesEveryConnectionAndHasNoLimit) {
  auto none = params(1, 0);
  none.keep = false;
  PoolPolicy policy(none);
  const auto a = checkout(policy);
  const auto b = checkout(policy);
  EXPECT_EQ(policy.overflow(), 0U);
  for (const auto& held : {a, b}) EXPECT_EQ(policy.give_back(held.slot, true, now_), Fate::close);
  EXPECT_EQ(policy.open(), 0U);
}

TEST_F(PoolPolicyTest, AfterAFailedConnectOneAtATimeTriesAgainAfterADoublingPause) {
  auto wanted = params(3, 0);
  wanted.backoff = 100ms;
  wanted.backoff_max = 300ms;
  PoolPolicy policy(wanted);
  for (PoolPolicy::Waiter waiter = 1; waiter <= 6; ++waiter) policy.enqueue(waiter);
  const auto fail = [&](const std::optional<PoolPolicy::Grant>& grant) {
    policy.connect_failed(grant->slot, now_);
    policy.remove(grant->slot);
  };
  const auto first = policy.next(now_);
  const auto second = policy.next(now_);
  ASSERT_TRUE(first && second) << "all may connect before anything failed";
  fail(first);
  EXPECT_FALSE(policy.next(now_)) << "no other attempt while one is on its way";
  EXPECT_FALSE(policy.retry_at());
  fail(second);
  EXPECT_EQ(policy.retry_at(), now_ + 200ms) << "the second failure in a row";
  pass(199ms);
  EXPECT_FALSE(policy.next(now_));
  pass(1ms);
  const auto third = policy.next(now_);
  ASSERT_TRUE(third);
  EXPECT_EQ(third->waiter, 3U);
  EXPECT_FALSE(policy.next(now_));
  fail(third);
  EXPECT_EQ(policy.retry_at(), now_ + 300ms) << "not 400";
  pass(300ms);
  const auto fourth = policy.next(now_);
  ASSERT_TRUE(fourth);
  policy.connected(fourth->slot, now_);
  EXPECT_FALSE(policy.failing());
  EXPECT_TRUE(policy.next(now_)) << "all may connect again";
  EXPECT_TRUE(policy.next(now_));
}

TEST_F(PoolPolicyTest, WhileConnectingFailsIdleConnectionsStillServe) {
  auto wanted = params(3, 0);
  wanted.backoff = 100ms;
  PoolPolicy policy(wanted);
  const auto stale = checkout(policy);
  const auto good = checkout(policy);
  for (const auto& held : {stale, good}) (void)policy.give_back(held.slot, true, now_);
  policy.invalidate(stale.slot);
  policy.enqueue(10);
  const auto failing = policy.next(now_);
  EXPECT_EQ(failing->slot, stale.slot);
  policy.connect_failed(failing->slot, now_);
  policy.remove(failing->slot);
  EXPECT_EQ(checkout(policy).slot, good.slot);
}

TEST_F(PoolPolicyTest, CancelledAttemptLetsTheNextTry) {
  auto wanted = params(2, 0);
  wanted.backoff = 100ms;
  PoolPolicy policy(wanted);
  for (PoolPolicy::Waiter waiter = 1; waiter <= 3; ++waiter) policy.enqueue(waiter);
  const auto first = policy.next(now_);
  const auto second = policy.next(now_);
  policy.connect_failed(first->slot, now_);
  policy.remove(first->slot);
  pass(100ms);
  EXPECT_FALSE(policy.next(now_)) << "the second is still at it";
  policy.remove(second->slot);
  EXPECT_TRUE(policy.next(now_));
}

/// Four callers of a pool of two, every one of whose steps can go wrong: `fault` is the number of the step that does.
/// Returns how many steps there were.
int run_with_fault(int fault) {
  PoolPolicy::Params params;
  params.pool_size = 2;
  params.max_overflow = 0;
  params.pre_ping = true;
  params.backoff = 10ms;
  PoolPolicy policy(params);
  PoolPolicy::Time now{1h};
  int step = 0;
  const auto goes_wrong = [&] { return step++ == fault; };
  PoolPolicy::Waiter served = 0;
  for (int round = 0; round < 3; ++round) {
    for (PoolPolicy::Waiter waiter = 1; waiter <= 4; ++waiter) {
      policy.enqueue(waiter);
      if (goes_wrong()) policy.leave(waiter);  // cancelled in the queue
    }
    for (;;) {
      std::vector<PoolPolicy::Slot> held;
      while (const auto grant = policy.next(now)) {
        bool connects = grant->need == Need::connect;
        if (grant->need == Need::ping && goes_wrong()) {
          policy.ping_failed(grant->slot, now);
          connects = true;
        }
        if (connects && goes_wrong()) {
          policy.connect_failed(grant->slot, now);
          policy.remove(grant->slot);
          continue;
        }
        if (goes_wrong()) {  // cancelled meanwhile
          policy.remove(grant->slot);
          continue;
        }
        if (connects) policy.connected(grant->slot, now);
        held.push_back(grant->slot);
        ++served;
      }
      for (const auto slot : held) {
        if (goes_wrong()) policy.invalidate_all(now);
        (void)policy.give_back(slot, !goes_wrong(), now);
      }
      now += 20ms;  // past any pause
      if (policy.waiting() == 0) break;
      EXPECT_LE(policy.open(), 2U);
    }
    EXPECT_EQ(policy.out(), 0U) << "a slot was lost at step " << fault;
  }
  // One caller at most was not served: the one whose step went wrong.
  EXPECT_GE(served, 11U) << "step " << fault;
  EXPECT_LE(served, 12U) << "step " << fault;
  return step;
}

TEST(PoolPolicyFaults, AnErrorAtAnyStepLosesNoSlotAndNobodyElse) {
  const int steps = run_with_fault(-1);
  EXPECT_GT(steps, 40);
  for (int fault = 0; fault < steps; ++fault) run_with_fault(fault);
}

/// Random interleavings of everything that can happen, against a model that only counts.

struct Simulation {
  explicit Simulation(unsigned seed) : random(seed) {
    params.pool_size = pick(4);
    params.max_overflow = static_cast<int>(pick(4)) - 1;
    params.recycle = pick(2) == 0 ? 0ms : 20ms;
    params.pre_ping = pick(2) == 0;
    params.ping_after_idle = 3ms;
    params.use_lifo = pick(2) == 0;
    params.keep = pick(8) != 0;
    params.backoff = pick(2) == 0 ? 0ms : 2ms;
    params.backoff_max = 5ms;
    policy.emplace(params);
  }

  std::size_t pick(std::size_t below) { return std::uniform_int_distribution<std::size_t>(0, below - 1)(random); }

  void step() {
    now += std::chrono::milliseconds(pick(3));
    switch (pick(8)) {
      case 0:
      case 1:
      case 2:
        waiting.insert(++last_waiter), policy->enqueue(last_waiter);
        break;
      case 3:
        leave();
        break;
      case 4:
        finish_granted();
        break;
      case 5:
      case 6:
        give_back();
        break;
      case 7:
        rare();
        break;
      default:
        break;
    }
    drain();
    check();
  }

  void leave() {
    if (waiting.empty()) return;
    auto at = waiting.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(pick(waiting.size())));
    ASSERT_TRUE(policy->leave(*at));
    waiting.erase(at);
  }

  /// A slot on its way: connected, failed, or its coroutine is cancelled.
  void finish_granted() {
    if (granted.empty()) return;
    const auto at = granted.begin();
    const auto [slot, need] = *at;
    granted.erase(at);
    const bool ping_failed = need == Need::ping && pick(3) == 0;
    if (ping_failed) policy->ping_failed(slot, now);
    const bool connects = need == Need::connect || ping_failed;
    const std::size_t outcome = pick(5);
    if (outcome == 0 || (connects && outcome == 1)) {
      if (outcome == 1) policy->connect_failed(slot, now);
      policy->remove(slot);
      return;
    }
    if (connects) policy->connected(slot, now);
    held.push_back(slot);
  }

  void give_back() {
    if (held.empty()) return;
    const std::size_t at = pick(held.size());
    const auto slot = held[at];
    held.erase(held.begin() + static_cast<std::ptrdiff_t>(at));
    if (policy->give_back(slot, pick(4) != 0, now) == Fate::keep) idle.insert(slot);
  }

  void rare() {
    switch (pick(3)) {
      case 0:
        policy->invalidate_all(now);
        break;
      case 1:
        if (!idle.empty()) policy->invalidate(*idle.begin());
        break;
      case 2: {
        const auto taken = policy->take_idle();
        ASSERT_EQ(std::set<PoolPolicy::Slot>(taken.begin(), taken.end()), idle);
        idle.clear();
        break;
      }
      default:
        break;
    }
  }

  void drain() {
    while (const auto grant = policy->next(now)) {
      ASSERT_EQ(grant->waiter, *waiting.begin()) << "out of turn";
      waiting.erase(waiting.begin());
      ASSERT_FALSE(granted.contains(grant->slot)) << "given out twice";
      ASSERT_EQ(std::count(held.begin(), held.end(), grant->slot), 0) << "given out twice";
      const bool was_idle = idle.erase(grant->slot) > 0;
      ASSERT_TRUE(was_idle || grant->need == Need::connect) << "a slot without a connection";
      granted.emplace(grant->slot, grant->need);
    }
  }

  void check() {
    ASSERT_EQ(policy->idle(), idle.size());
    ASSERT_EQ(policy->out(), held.size() + granted.size());
    ASSERT_EQ(policy->waiting(), waiting.size());
    const bool limited = params.keep && params.pool_size > 0 && params.max_overflow >= 0;
    const std::size_t limit = limited ? params.pool_size + static_cast<std::size_t>(params.max_overflow) : SIZE_MAX;
    ASSERT_LE(policy->open(), limit);
    if (params.pool_size > 0 || !params.keep) {
      ASSERT_LE(idle.size(), params.keep ? limit : 0);
    }
    if (waiting.empty() || policy->open() == limit) return;
    ASSERT_TRUE(policy->failing()) << "somebody waits although there is room";
    const auto retry = policy->retry_at();
    ASSERT_TRUE(retry || !granted.empty()) << "somebody waits for nothing";
    if (retry) {
      ASSERT_GT(*retry, now);
      ASSERT_LE(*retry - now, params.backoff_max);
    }
  }

  std::mt19937 random;
  PoolPolicy::Params params;
  std::optional<PoolPolicy> policy;
  PoolPolicy::Time now{1h};
  PoolPolicy::Waiter last_waiter = 0;
  std::set<PoolPolicy::Waiter> waiting;
  std::map<PoolPolicy::Slot, Need> granted;
  std::vector<PoolPolicy::Slot> held;
  std::set<PoolPolicy::Slot> idle;
};

TEST(PoolPolicyInterleavings, TenThousandNeverLoseOrDuplicateASlot) {
  for (unsigned seed = 0; seed < 10'000; ++seed) {
    Simulation simulation(seed);
    for (int i = 0; i < 60; ++i) {
      simulation.step();
      ASSERT_FALSE(testing::Test::HasFatalFailure()) << "seed " << seed << ", step " << i;
    }
  }
}

}  // namespace
}  // namespace quell::db::core

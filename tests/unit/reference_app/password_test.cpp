#include "reference_app/auth/password.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <exception>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace quell::reference::auth {
namespace {

namespace asio = boost::asio;
using testing::StartsWith;

/// libsodium's least cost: these tests are about everything else.
PasswordHasherParams cheap(std::size_t max_pending = 8) {
  return {max_pending, 1, 8192};
}

TEST(Password, IsStoredAsArgon2idWithItsParametersAndANewSalt) {
  const auto first = hash_password("correct horse");
  // OWASP's minimum: 19 MiB are 19456 KiB, two passes, one lane.
  EXPECT_THAT(first, StartsWith("$argon2id$v=19$m=19456,t=2,p=1$"));
  EXPECT_NE(first, hash_password("correct horse"));
}

TEST(Password, TheRightOneFitsAndNoOtherDoes) {
  asio::io_context context;
  PasswordHasher hasher(cheap());
  const auto check = [&]() -> asio::awaitable<void> {
    const std::string stored = co_await hasher.hash("correct horse");
    EXPECT_TRUE(co_await hasher.verify(stored, "correct horse"));
    EXPECT_FALSE(co_await hasher.verify(stored, "correct horsf"));
    EXPECT_FALSE(co_await hasher.verify(stored, ""));
    EXPECT_FALSE(co_await hasher.verify("not a hash", "correct horse"));
    EXPECT_FALSE(co_await hasher.verify("", "correct horse"));
  };
  std::exception_ptr failure;
  asio::co_spawn(context, check(), [&](std::exception_ptr error) { failure = error; });
  context.run();
  EXPECT_EQ(failure, nullptr);
}

// The event loop turns on while a password is hashed, and resumption is on it.
TEST(Password, IsHashedOffTheEventLoop) {
  asio::io_context context;
  PasswordHasher hasher({8, 2, 64 * 1024 * 1024});
  bool hashed = false;
  int turns = 0;
  const auto hash = [&]() -> asio::awaitable<void> {
    const auto loop = std::this_thread::get_id();
    (void)co_await hasher.hash("correct horse");
    EXPECT_EQ(std::this_thread::get_id(), loop);
    hashed = true;
  };
  const auto turn = [&]() -> asio::awaitable<void> {
    asio::steady_timer timer(context);
    while (!hashed) {
      ++turns;
      timer.expires_after(std::chrono::milliseconds(1));
      co_await timer.async_wait(asio::use_awaitable);
    }
  };
  asio::co_spawn(context, hash(), asio::detached);
  asio::co_spawn(context, turn(), asio::detached);
  context.run();
  EXPECT_TRUE(hashed);
  EXPECT_GT(turns, 3);
}

TEST(Password, TooManyAtOnceAreRefusedAndTheOthersServed) {
  asio::io_context context;
  PasswordHasher hasher(cheap(2));
  int hashed = 0;
  int refused = 0;
  const auto hash = [&]() -> asio::awaitable<void> {
    try {
      (void)co_await hasher.hash("correct horse");
      ++hashed;
    } catch (const HasherBusy&) {
      ++refused;
    }
  };
  for (int i = 0; i < 5; ++i) asio::co_spawn(context, hash(), asio::detached);
  context.run();
  EXPECT_EQ(hashed, 2);
  EXPECT_EQ(refused, 3);
  asio::co_spawn(context, hash(), asio::detached);
  context.restart();
  context.run();
  EXPECT_EQ(hashed, 3);
}

}  // namespace
}  // namespace quell::reference::auth

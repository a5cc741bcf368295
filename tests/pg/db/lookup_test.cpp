// Looking up host names. This program has a getaddrinfo of its own, which also the C library's users in it call.

#include <dlfcn.h>
#include <netdb.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string_view>
#include <thread>

#include "tests/pg/db/support.hpp"
#include "tests/pg/support/cluster.hpp"

/// "slow.invalid" is this machine after half a second, "two.invalid" an address where nobody listens and then this
/// machine; other names of .invalid do not exist.
extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** found) {
  using Function = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  static const auto real = reinterpret_cast<Function>(dlsym(RTLD_NEXT, "getaddrinfo"));
  const std::string_view name = node != nullptr ? node : "";
  if (name == "slow.invalid") {
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    return real("127.0.0.1", service, hints, found);
  }
  if (name == "two.invalid") {
    addrinfo* second = nullptr;
    const int failed = real("127.0.0.2", service, hints, found);
    if (failed != 0 || real("127.0.0.1", service, hints, &second) != 0) return EAI_FAIL;
    addrinfo* last = *found;
    while (last->ai_next != nullptr) last = last->ai_next;
    last->ai_next = second;
    return 0;
  }
  if (name.ends_with(".invalid")) return EAI_NONAME;
  return real(node, service, hints, found);
}

namespace quell::db {
namespace {

using namespace std::chrono_literals;
using test::error_of;
using test::run;

class LookupTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    demo::ClusterParams params;
    params.tcp = true;
    cluster_.emplace(demo::PrivateCluster::start(params));
  }
  static void TearDownTestSuite() { cluster_.reset(); }
  static std::string dsn(const std::string& hosts) {
    return "host=" + hosts + " port=" + std::to_string(cluster_->port()) + " user=quell dbname=postgres";
  }
  static inline std::optional<demo::PrivateCluster> cluster_;
};

TEST_F(LookupTest, EventLoopGoesOnDuringASlowLookup) {
  run([&]() -> Awaitable<void> {
    int ticks = 0;
    boost::asio::co_spawn(
        co_await boost::asio::this_coro::executor,
        [](int& count) -> Awaitable<void> {
          for (; count < 20; ++count) co_await test::sleep_for(10ms);
        }(ticks),
        [](std::exception_ptr error) { EXPECT_FALSE(error); });
    Connection connection = co_await test::connect(dsn("slow.invalid"));
    EXPECT_GE(ticks, 5);
    EXPECT_EQ(co_await connection.fetch_one<int>("select 1"), 1);
  });
}

TEST_F(LookupTest, DeadlineDuringASlowLookup) {
  run([&]() -> Awaitable<void> {
    const auto start = std::chrono::steady_clock::now();
    ConnectParams params(dsn("slow.invalid"));
    EXPECT_TRUE(co_await error_of<DeadlineExceeded>(Connection::open(std::move(params), Deadline::after(50ms))));
    EXPECT_LT(std::chrono::steady_clock::now() - start, 450ms);
    ConnectParams impatient(dsn("slow.invalid"));
    impatient.connect_timeout = 50ms;
    EXPECT_TRUE(co_await error_of<ConnectError>(Connection::open(std::move(impatient))));
  });
}

TEST_F(LookupTest, UnknownNameIsNamed) {
  run([&]() -> Awaitable<void> {
    const auto unknown = co_await error_of<ConnectError>(test::connect(dsn("nobody.invalid")));
    EXPECT_TRUE(unknown);
    EXPECT_THAT(unknown->what(), testing::HasSubstr("'nobody.invalid'"));
  });
}

TEST_F(LookupTest, EveryHostAndEveryAddressIsTriedInOrder) {
  run([&]() -> Awaitable<void> {
    Connection second_host = co_await test::connect(dsn("nobody.invalid,slow.invalid"));
    EXPECT_EQ(co_await second_host.fetch_one<int>("select 1"), 1);
    Connection second_address = co_await test::connect(dsn("two.invalid"));
    EXPECT_EQ(co_await second_address.fetch_one<std::string>("select host(inet_server_addr())"), "127.0.0.1");
  });
}

}  // namespace
}  // namespace quell::db

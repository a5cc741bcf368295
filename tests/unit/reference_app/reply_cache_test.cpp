#include "reference_app/http/reply_cache.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace quell::reference::http {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

class Caching : public testing::Test {
 protected:
  /// One request at the same time for each key; the bodies they got, in the order of their ends.
  std::vector<std::string> get(const std::vector<std::string>& keys) {
    std::vector<std::string> bodies;
    const auto request = [&](const std::string& key) -> asio::awaitable<void> {
      try {
        bodies.push_back(*co_await cache_.get(key, writes_, make_));
      } catch (const std::runtime_error& error) {
        bodies.emplace_back(error.what());
      }
    };
    for (const std::string& key : keys) asio::co_spawn(context_, request(key), asio::detached);
    context_.restart();
    context_.run();
    return bodies;
  }

  asio::io_context context_;
  ReplyCache::Clock::time_point now_{};
  WriteCount writes_{0};
  int made_ = 0;
  int failures_ = 0;  ///< how many of the next replies fail
  std::function<void()> meanwhile_ = [] {};
  ReplyCache::Make make_ = [this]() -> asio::awaitable<std::string> {
    co_await asio::post(context_, asio::use_awaitable);
    meanwhile_();
    if (failures_ > 0) {
      --failures_;
      throw std::runtime_error("failed");
    }
    co_return "made " + std::to_string(++made_);
  };
  ReplyCache cache_{{.max_entries = 2, .lifetime = 10s}, [this] { return now_; }};
};

using Bodies = std::vector<std::string>;

TEST_F(Caching, MakesAReplyOnceWhileItIsFresh) {
  EXPECT_EQ(get({"a"}), Bodies{"made 1"});
  now_ += 9999ms;
  EXPECT_EQ(get({"a"}), Bodies{"made 1"});
  now_ += 1ms;
  EXPECT_EQ(get({"a"}), Bodies{"made 2"});
}

TEST_F(Caching, AWriteMakesRepliesStale) {
  EXPECT_EQ(get({"a"}), Bodies{"made 1"});
  ++writes_;
  EXPECT_EQ(get({"a"}), Bodies{"made 2"});
}

TEST_F(Caching, AWriteWhileAReplyIsMadeMakesItStaleToo) {
  meanwhile_ = [this] { ++writes_; };
  EXPECT_EQ(get({"a"}), Bodies{"made 1"});
  meanwhile_ = [] {};
  EXPECT_EQ(get({"a"}), Bodies{"made 2"});
}

TEST_F(Caching, RequestsAtTheSameTimeShareOneMaking) {
  EXPECT_EQ(get({"a", "a", "a"}), (Bodies{"made 1", "made 1", "made 1"}));
}

TEST_F(Caching, AFailureIsNotKeptAndThoseWhoWaitedTryThemselves) {
  failures_ = 1;
  EXPECT_EQ(get({"a", "a", "a"}), (Bodies{"failed", "made 1", "made 1"}));
}

TEST_F(Caching, DropsWhatWasNotUsedForLongest) {
  EXPECT_EQ(get({"a"}), Bodies{"made 1"});
  EXPECT_EQ(get({"b"}), Bodies{"made 2"});
  EXPECT_EQ(get({"a"}), Bodies{"made 1"});
  EXPECT_EQ(get({"c"}), Bodies{"made 3"});
  EXPECT_EQ(cache_.size(), 2U);
  EXPECT_EQ(get({"a"}), Bodies{"made 1"});
  EXPECT_EQ(get({"b"}), Bodies{"made 4"});
}

}  // namespace
}  // namespace quell::reference::http

#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include <boost/asio/awaitable.hpp>

namespace quell::reference::http {

/// Counts the writes to a group of resources; a cached reply made before the last write is stale. Shared by all
/// workers.
using WriteCount = std::atomic<std::uint64_t>;

struct ReplyCacheParams {
  /// Replies kept; the one not used for longest is dropped first.
  std::size_t max_entries = 1000;
  /// Longest time a reply is kept. Writes of this process are seen at once, those of others after this time.
  std::chrono::milliseconds lifetime{10'000};
};

/// Bodies of replies that all clients share. Requests for one that is just being made wait for it instead of making it
/// again. One for each event loop, used on that loop's thread only.
class ReplyCache {
 public:
  using Clock = std::chrono::steady_clock;
  using Body = std::shared_ptr<const std::string>;
  using Make = std::function<boost::asio::awaitable<std::string>()>;

  explicit ReplyCache(ReplyCacheParams params = {}, std::function<Clock::time_point()> now = &Clock::now);
  ReplyCache(const ReplyCache&) = delete;
  ReplyCache& operator=(const ReplyCache&) = delete;
  ~ReplyCache();

  /// The body under `key`, from `make` where there is none that is fresh. What `make` throws passes through, and a
  /// request that waited for it tries by itself.
  [[nodiscard]] boost::asio::awaitable<Body> get(std::string key, const WriteCount& writes, const Make& make);

  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::string key;
    Body body;
    std::uint64_t written = 0;  ///< the WriteCount when making it began
    Clock::time_point expires;
  };
  class Making;

  [[nodiscard]] Body find(const std::string& key, std::uint64_t written);
  void store(const std::string& key, Body body, std::uint64_t written);

  ReplyCacheParams params_;
  std::function<Clock::time_point()> now_;
  std::list<Entry> entries_;                                                 ///< last used first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_key_;  ///< keys are those in entries_
  std::unordered_map<std::string, std::shared_ptr<Making>> making_;
};

}  // namespace quell::reference::http

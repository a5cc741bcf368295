#include "reference_app/http/reply_cache.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace quell::reference::http {

namespace asio = boost::asio;

/// A reply being made. Its timer never expires: those who wait are woken by cancelling it.
class ReplyCache::Making {
 public:
  explicit Making(const asio::any_io_executor& executor) : done_(executor, Clock::time_point::max()) {}

  asio::awaitable<void> wait() { co_await done_.async_wait(asio::as_tuple(asio::use_awaitable)); }
  void finish() { done_.cancel(); }

 private:
  asio::steady_timer done_;
};

ReplyCache::ReplyCache(ReplyCacheParams params, std::function<Clock::time_point()> now)
    : params_(params), now_(std::move(now)) {}

ReplyCache::~ReplyCache() = default;

asio::awaitable<ReplyCache::Body> ReplyCache::get(std::string key, const WriteCount& writes, const Make& make) {
  for (;;) {
    if (Body body = find(key, writes.load())) co_return body;
    const auto running = making_.find(key);
    if (running == making_.end()) break;
    const std::shared_ptr<Making> other = running->second;
    co_await other->wait();
  }

  const auto mine = std::make_shared<Making>(co_await asio::this_coro::executor);
  making_[key] = mine;
  struct Finish {
    ReplyCache& cache;
    const std::string& key;
    Making& making;
    ~Finish() {
      cache.making_.erase(key);
      making.finish();
    }
  };
  const Finish finish{*this, key, *mine};
  const std::uint64_t written = writes.load();
  std::string made = co_await make();
  auto body = std::make_shared<const std::string>(std::move(made));
  store(key, body, written);
  co_return body;
}

ReplyCache::Body ReplyCache::find(const std::string& key, std::uint64_t written) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  const auto entry = found->second;
  if (entry->written != written || entry->expires <= now_()) {
    by_key_.erase(found);
    entries_.erase(entry);
    return nullptr;
  }
  entries_.splice(entries_.begin(), entries_, entry);
  return entry->body;
}

void ReplyCache::store(const std::string& key, Body body, std::uint64_t written) {
  entries_.push_front({key, std::move(body), written, now_() + params_.lifetime});
  by_key_[entries_.front().key] = entries_.begin();
  if (entries_.size() <= params_.max_entries) return;
  by_key_.erase(entries_.back().key);
  entries_.pop_back();
}

}  // namespace quell::reference::http

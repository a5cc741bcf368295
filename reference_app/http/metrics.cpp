#include "reference_app/http/metrics.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

namespace quell::reference::http {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

}  // namespace

void RequestMetrics::record(int status, std::chrono::nanoseconds duration) {
  by_status_[static_cast<std::size_t>(std::clamp(status, 0, kStatuses - 1))].fetch_add(1, kRelaxed);
  const double seconds = std::chrono::duration<double>(duration).count();
  const auto bucket = std::ranges::lower_bound(kBuckets, seconds) - kBuckets.begin();
  by_duration_[static_cast<std::size_t>(bucket)].fetch_add(1, kRelaxed);
  nanoseconds_.fetch_add(static_cast<std::uint64_t>(duration.count()), kRelaxed);
}

std::uint64_t RequestMetrics::count(int status) const {
  return by_status_[static_cast<std::size_t>(status)].load(kRelaxed);
}

void RequestMetrics::write_counts(std::string& out, std::string_view method, std::string_view route) const {
  for (int status = 0; status < kStatuses; ++status) {
    const auto requests = count(status);
    if (requests == 0) continue;
    fmt::format_to(std::back_inserter(out), "http_requests_total{{method=\"{}\",route=\"{}\",status=\"{}\"}} {}\n",
                   method, route, status, requests);
  }
}

void RequestMetrics::write_durations(std::string& out, std::string_view method, std::string_view route) const {
  std::array<std::uint64_t, kBuckets.size() + 1> cumulative{};
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < cumulative.size(); ++i) cumulative[i] = total += by_duration_[i].load(kRelaxed);
  if (total == 0) return;
  const auto line = [&](std::string_view suffix, std::string_view more_labels, auto value) {
    fmt::format_to(std::back_inserter(out), "http_request_duration_seconds{}{{method=\"{}\",route=\"{}\"{}}} {}\n",
                   suffix, method, route, more_labels, value);
  };
  for (std::size_t i = 0; i < kBuckets.size(); ++i) {
    line("_bucket", fmt::format(",le=\"{}\"", kBuckets[i]), cumulative[i]);
  }
  line("_bucket", ",le=\"+Inf\"", total);
  line("_sum", "", static_cast<double>(nanoseconds_.load(kRelaxed)) / 1e9);
  line("_count", "", total);
}

void PoolMetrics::record(std::size_t worker, const db::PoolStatus& status) {
  Gauge& gauge = workers_[worker];
  gauge.idle.store(status.checked_in, kRelaxed);
  gauge.in_use.store(status.checked_out, kRelaxed);
  gauge.waiting.store(status.waiting, kRelaxed);
  gauge.known.store(true, kRelaxed);
}

void PoolMetrics::write(std::string& out) const {
  out +=
      "# HELP db_pool_connections Connections of each worker's pool, as of its last request.\n"
      "# TYPE db_pool_connections gauge\n";
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    if (!workers_[i].known.load(kRelaxed)) continue;
    const auto line = [&](std::string_view state, std::size_t value) {
      fmt::format_to(std::back_inserter(out), "db_pool_connections{{worker=\"{}\",state=\"{}\"}} {}\n", i, state,
                     value);
    };
    line("idle", workers_[i].idle.load(kRelaxed));
    line("in_use", workers_[i].in_use.load(kRelaxed));
  }
  out +=
      "# HELP db_pool_waiting Requests that wait for a connection, as of the worker's last request.\n"
      "# TYPE db_pool_waiting gauge\n";
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    if (!workers_[i].known.load(kRelaxed)) continue;
    fmt::format_to(std::back_inserter(out), "db_pool_waiting{{worker=\"{}\"}} {}\n", i,
                   workers_[i].waiting.load(kRelaxed));
  }
}

}  // namespace quell::reference::http

#include "reference_app/http/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference_app/http/access_log.hpp"

namespace quell::reference::http {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(RequestMetrics, CountsByStatus) {
  RequestMetrics metrics;
  metrics.record(200, 1ms);
  metrics.record(200, 1ms);
  metrics.record(404, 1ms);
  std::string out;
  metrics.write_counts(out, "GET", "/posts/{id}");
  EXPECT_EQ(out,
            "http_requests_total{method=\"GET\",route=\"/posts/{id}\",status=\"200\"} 2\n"
            "http_requests_total{method=\"GET\",route=\"/posts/{id}\",status=\"404\"} 1\n");
}

// Buckets are cumulative and their bounds inclusive (Prometheus' text format).
TEST(RequestMetrics, BucketsAreCumulativeAndIncludeTheirBound) {
  RequestMetrics metrics;
  metrics.record(200, 1ms);
  metrics.record(200, 2ms);
  metrics.record(200, 20s);
  std::string out;
  metrics.write_durations(out, "GET", "/x");
  EXPECT_THAT(out, HasSubstr("http_request_duration_seconds_bucket{method=\"GET\",route=\"/x\",le=\"0.001\"} 1\n"));
  EXPECT_THAT(out, HasSubstr("_bucket{method=\"GET\",route=\"/x\",le=\"0.0025\"} 2\n"));
  EXPECT_THAT(out, HasSubstr("_bucket{method=\"GET\",route=\"/x\",le=\"10\"} 2\n"));
  EXPECT_THAT(out, HasSubstr("_bucket{method=\"GET\",route=\"/x\",le=\"+Inf\"} 3\n"));
  EXPECT_THAT(out, HasSubstr("_sum{method=\"GET\",route=\"/x\"} 20.003\n"));
  EXPECT_THAT(out, HasSubstr("_count{method=\"GET\",route=\"/x\"} 3\n"));
}

TEST(RequestMetrics, ARouteNobodyAskedForHasNoLines) {
  std::string out;
  RequestMetrics().write_counts(out, "GET", "/x");
  RequestMetrics().write_durations(out, "GET", "/x");
  EXPECT_EQ(out, "");
}

TEST(PoolMetrics, ShowsWorkersThatReported) {
  PoolMetrics metrics;
  db::PoolStatus status;
  status.checked_in = 2;
  status.checked_out = 3;
  status.waiting = 4;
  metrics.record(1, status);
  std::string out;
  metrics.write(out);
  EXPECT_THAT(out, HasSubstr("db_pool_connections{worker=\"1\",state=\"idle\"} 2\n"));
  EXPECT_THAT(out, HasSubstr("db_pool_connections{worker=\"1\",state=\"in_use\"} 3\n"));
  EXPECT_THAT(out, HasSubstr("db_pool_waiting{worker=\"1\"} 4\n"));
  EXPECT_THAT(out, testing::Not(HasSubstr("worker=\"0\"")));
}

TEST(AccessLog, IsOneLineOfJson) {
  AccessRecord record;
  record.method = Method::post;
  record.route = "/posts";
  record.status = 201;
  record.bytes = 10;
  record.duration = 1500us;
  record.request_id = "r\"1";
  record.traceparent = "00-x";
  record.peer = "127.0.0.1";
  EXPECT_EQ(to_json_line(record, std::chrono::sys_days(std::chrono::year(2024) / 3 / 1) + 9h),
            R"({"time":"2024-03-01T09:00:00Z","method":"POST","route":"/posts","status":201,"bytes":10,"ms":1.500,)"
            R"("request_id":"r\"1","traceparent":"00-x","peer":"127.0.0.1"})");
}

TEST(AccessLog, AFileThatCannotBeOpenedIsSaid) {
  EXPECT_THROW((void)open_access_log("/dev/null/access.log"), std::runtime_error);
}

}  // namespace
}  // namespace quell::reference::http

#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include <boost/json/parse.hpp>

#include "tests/pg/reference_app/running_service.hpp"
#include "tests/pg/support/cluster.hpp"

namespace quell::test {
namespace {

using testing::HasSubstr;

TEST(Operations, HealthIsOkWhileTheDatabaseAnswers) {
  EXPECT_EQ(running_service().get("/health/live").body, R"({"status":"ok"})");
  EXPECT_EQ(running_service().get("/health/ready").body, R"({"status":"ok"})");
}

TEST(Operations, WithoutADatabaseTheServiceLivesButIsNotReady) {
  reference::ServiceParams params;
  params.dsn = "host=/nonexistent dbname=x";
  reference::Service service(params);
  EXPECT_EQ(call(service.port(), "GET", "/health/live").status, 200);
  const auto ready = call(service.port(), "GET", "/health/ready");
  EXPECT_EQ(ready.status, 503);
  EXPECT_EQ(ready.header_value("Retry-After"), "1");
  EXPECT_EQ(call(service.port(), "GET", "/posts").status, 503);
}

TEST(Operations, MetricsCountRequestsByRouteTemplate) {
  reference::ServiceParams params;
  params.dsn = running_service().dsn();
  reference::Service service(params);
  call(service.port(), "GET", "/users/1");
  call(service.port(), "GET", "/users/2");
  call(service.port(), "GET", "/users/0");
  call(service.port(), "GET", "/nowhere");
  const auto reply = call(service.port(), "GET", "/metrics");
  EXPECT_EQ(reply.header_value("Content-Type"), "text/plain; version=0.0.4");
  EXPECT_THAT(reply.body, HasSubstr("http_requests_total{method=\"GET\",route=\"/users/{id}\",status=\"200\"} 2\n"));
  EXPECT_THAT(reply.body, HasSubstr("http_requests_total{method=\"GET\",route=\"/users/{id}\",status=\"422\"} 1\n"));
  EXPECT_THAT(reply.body, HasSubstr("http_requests_total{method=\"\",route=\"\",status=\"404\"} 1\n"));
  EXPECT_THAT(reply.body, HasSubstr("http_request_duration_seconds_count{method=\"GET\",route=\"/users/{id}\"} 3\n"));
  EXPECT_THAT(reply.body, HasSubstr("db_pool_connections{worker=\"0\",state=\"in_use\"} 0\n"));
}

TEST(Operations, AccessLogHasRouteTemplatesAndNoQueries) {
  const std::string path = testing::TempDir() + "quell_reference_access.log";
  ::unlink(path.c_str());
  {
    reference::ServiceParams params;
    params.dsn = running_service().dsn();
    params.access_log = path;
    reference::Service service(params);
    call(service.port(), "GET", "/posts/1?loading=joined", "", "X-Request-Id: seen\r\n");
  }
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  ::unlink(path.c_str());
  const auto line = boost::json::parse(text.str());
  EXPECT_EQ(line.at("route").as_string(), "/posts/{id}");
  EXPECT_EQ(line.at("status").as_int64(), 200);
  EXPECT_EQ(line.at("request_id").as_string(), "seen");
  EXPECT_EQ(line.at("peer").as_string(), "127.0.0.1");
  EXPECT_THAT(text.str(), testing::Not(HasSubstr("joined")));
}

// The document is a promise to clients: a change of it must be seen in a review.
TEST(Operations, OpenapiDocumentIsTheOneInTheRepository) {
  std::ifstream file(QUELL_OPENAPI_GOLDEN);
  std::ostringstream golden;
  golden << file.rdbuf();
  EXPECT_TRUE(running_service().get("/openapi.json").json() == boost::json::parse(golden.str()))
      << "if the change is meant: curl http://HOST:PORT/openapi.json | python3 -m json.tool > docs/openapi.json";
}

TEST(Operations, OpenapiNamesEveryOperationOnce) {
  std::set<std::string> ids;
  std::size_t operations = 0;
  const auto document = running_service().get("/openapi.json").json();
  for (const auto& path : document.at("paths").as_object()) {
    for (const auto& operation : path.value().as_object()) {
      ids.emplace(operation.value().at("operationId").as_string());
      ++operations;
    }
  }
  EXPECT_EQ(ids.size(), operations);
  EXPECT_TRUE(ids.contains("list_posts"));
}

TEST(Operations, RepliesFitTheOpenapiDocumentForAnIndependentValidator) {
  reference::Service service(unlimited_service(running_service().dsn()));
  const std::string command = "python3 " QUELL_CHECK_OPENAPI " http://127.0.0.1:" + std::to_string(service.port()) +
                              " admin@example.org \"an admin's password\"";
  const int status = std::system(command.c_str());
  if (WIFEXITED(status) && (WEXITSTATUS(status) == 77 || WEXITSTATUS(status) == 127)) {
    GTEST_SKIP() << "needs python3-jsonschema";
  }
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace quell::test

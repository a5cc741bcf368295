// The page at /docs in a real browser without a window. Skipped where there is none: it is no small package.
#include <sys/wait.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include <fmt/format.h>

#include "tests/pg/reference_app/running_service.hpp"

namespace quell::test {
namespace {

using testing::HasSubstr;
using testing::Not;

bool has_browser() {
  return std::system("command -v chromium >/dev/null 2>&1") == 0;
}

/// The document after its scripts ran. `profile` is a folder of the browser's own.
std::string rendered(std::uint16_t port, const std::string& fragment) {
  const std::string profile = testing::TempDir() + "quell_docs_profile";
  const std::string command = fmt::format(
      "timeout 120 chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir={} "
      "--virtual-time-budget=10000 --dump-dom 'http://127.0.0.1:{}/docs{}' 2>/dev/null",
      profile, port, fragment);
  std::string text;
  FILE* const pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("cannot start chromium");
  std::array<char, 4096> bytes{};
  while (const std::size_t count = std::fread(bytes.data(), 1, bytes.size(), pipe)) text.append(bytes.data(), count);
  ::pclose(pipe);
  std::error_code ignored;
  std::filesystem::remove_all(profile, ignored);
  return text;
}

class DocsPage : public testing::Test {
 protected:
  void SetUp() override {
    if (!has_browser()) GTEST_SKIP() << "needs a browser: apt install chromium";
    service_ = std::make_unique<reference::Service>(unlimited_service(running_service().dsn()));
  }
  std::unique_ptr<reference::Service> service_;
};

TEST_F(DocsPage, ListsEveryOperationAndSchemaOfTheDocument) {
  const auto page = rendered(service_->port(), "");
  const auto document = running_service().get("/openapi.json").json();
  std::size_t operations = 0;
  for (const auto& path : document.at("paths").as_object()) {
    for (const auto& operation : path.value().as_object()) {
      const std::string id(operation.value().at("operationId").as_string());
      EXPECT_THAT(page, HasSubstr(fmt::format("<details id=\"{}\" class=\"operation\">", id)));
      ++operations;
    }
  }
  EXPECT_GT(operations, 20U);
  for (const auto& schema : document.at("components").at("schemas").as_object()) {
    EXPECT_THAT(page, HasSubstr(fmt::format("<details id=\"schema/{}\" class=\"schema\">", std::string(schema.key()))));
  }
}

TEST_F(DocsPage, TriesAnOperationAndShowsTheReply) {
  const auto page = rendered(service_->port(), "#try/get_user");
  EXPECT_THAT(page, HasSubstr("<div class=\"status\">200 OK</div>"));
  const auto user = running_service().get("/users/1").json();
  EXPECT_THAT(page, HasSubstr(std::string(user.at("email").as_string())));
}

TEST_F(DocsPage, ShowsAProblemAsItIs) {
  // The example's title is fine, but there is no token.
  EXPECT_THAT(rendered(service_->port(), "#try/create_post"), HasSubstr("urn:quell-reference:problem:unauthenticated"));
}

TEST(DocsPageText, NamesNothingOutsideOfTheService) {
  const auto reply = running_service().get("/docs");
  EXPECT_EQ(reply.header_value("Content-Type"), "text/html; charset=utf-8");
  EXPECT_THAT(reply.header_value("Content-Security-Policy"), HasSubstr("default-src 'none'"));
  EXPECT_THAT(reply.body, Not(HasSubstr("://")));
  EXPECT_THAT(reply.body, Not(HasSubstr("src=")));
}

}  // namespace
}  // namespace quell::test

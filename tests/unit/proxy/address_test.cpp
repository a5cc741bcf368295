#include "agent/proxy/address.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quell::proxy {
namespace {

TEST(Address, ReadsEveryFormItPromises) {
  const auto tcp = [](const char* text) {
    const Address address = Address::parse(text);
    return address.host + " " + std::to_string(address.port);
  };
  EXPECT_EQ(tcp("db.example.org:6543"), "db.example.org 6543");
  EXPECT_EQ(tcp("db.example.org"), "db.example.org 5432");
  EXPECT_EQ(tcp("6543"), "127.0.0.1 6543");
  EXPECT_EQ(tcp(":6543"), "127.0.0.1 6543");
  EXPECT_EQ(tcp("[::1]:6543"), "::1 6543");
  EXPECT_EQ(tcp("[::1]"), "::1 5432");
  EXPECT_EQ(Address::parse("/run/postgresql").path, "/run/postgresql/.s.PGSQL.5432");
  EXPECT_EQ(Address::parse("/run/postgresql:6543").path, "/run/postgresql/.s.PGSQL.6543");
  EXPECT_EQ(Address::parse("unix:/tmp/a.sock").path, "/tmp/a.sock");
}

TEST(Address, SaysWhatItUnderstandsWhereItDoesNot) {
  for (const char* text : {"host:", "host:70000", "host:port", "::1", "[::1", "[::1]x", "unix:relative", "/folder:x"}) {
    try {
      (void)Address::parse(text);
      FAIL() << text;
    } catch (const ProxyError& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr("HOST:PORT")) << text;
    }
  }
}

TEST(Address, TextIsWhatCanBeParsedAgain) {
  for (const char* text : {"db:6543", "[::1]:6543", "127.0.0.1:1"}) EXPECT_EQ(Address::parse(text).text(), text);
}

TEST(Resolve, NamesAHostThatDoesNotExist) {
  try {
    (void)resolve(Address::parse("no-such-host.invalid:5432"));
    FAIL();
  } catch (const ProxyError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("cannot find the host 'no-such-host.invalid'"));
  }
}

TEST(Resolve, RefusesASocketPathThatTheKernelCannotHold) {
  EXPECT_THROW((void)resolve(Address::parse("unix:/" + std::string(200, 'x'))), ProxyError);
}

}  // namespace
}  // namespace quell::proxy

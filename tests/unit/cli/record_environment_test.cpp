#include "cli/record/environment.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include <unistd.h>

#include "cli/errors.hpp"

namespace quell::cli {
namespace {

using proxy::UpstreamTls;
using testing::HasSubstr;

std::string upstream_of(const Environment& environment) {
  return find_upstream(environment, "/nonexistent").address.text();
}

TEST(FindUpstream, TakesLibpqsVariablesFirst) {
  EXPECT_EQ(upstream_of({{"PGHOST", "db"}, {"PGPORT", "6543"}, {"DATABASE_URL", "postgres://other/x"}}), "db:6543");
  EXPECT_EQ(upstream_of({{"PGHOST", "db"}}), "db:5432");
  EXPECT_EQ(upstream_of({{"PGHOST", "one,two"}, {"PGPORT", "1,2"}}), "one:1");
  EXPECT_EQ(upstream_of({{"PGHOST", "db"}, {"PGHOSTADDR", "10.0.0.7"}}), "10.0.0.7:5432");
  EXPECT_EQ(upstream_of({{"PGHOST", "/run/postgresql"}, {"PGPORT", "6543"}}), "/run/postgresql/.s.PGSQL.6543");
}

TEST(FindUpstream, TakesTheAddressOfAnyPostgresqlUrl) {
  EXPECT_EQ(upstream_of({{"DATABASE_URL", "postgres://ada:pw%40x@db.example.org:6543/shop?x=1"}}),
            "db.example.org:6543");
  EXPECT_EQ(upstream_of({{"APP_DB", "postgresql+asyncpg://ada@db/shop"}}), "db:5432");
  EXPECT_EQ(upstream_of({{"JDBC", "jdbc:postgresql://db:1/shop"}}), "db:1");
  EXPECT_EQ(upstream_of({{"U", "postgres://[::1]:7/shop"}}), "[::1]:7");
  EXPECT_EQ(upstream_of({{"U", "postgres:///shop?host=/run/postgresql&port=7"}}), "/run/postgresql/.s.PGSQL.7");
  EXPECT_EQ(upstream_of({{"U", "postgres://%2Frun%2Fpostgresql/shop"}}), "/run/postgresql/.s.PGSQL.5432");
  EXPECT_EQ(upstream_of({{"U", "mysql://db:3306/shop"}, {"V", "https://postgres://x"}}), "localhost:5432");
}

TEST(FindUpstream, FallsBackToLibpqsDefault) {
  EXPECT_EQ(upstream_of({}), "localhost:5432");
  EXPECT_EQ(upstream_of({{"PGPORT", "6543"}}), "localhost:6543");
  const std::string folder = testing::TempDir() + "quell_socket_" + std::to_string(getpid());
  std::filesystem::create_directory(folder);
  std::ofstream(folder + "/.s.PGSQL.5432") << "";
  EXPECT_EQ(find_upstream({}, folder).address.path, folder + "/.s.PGSQL.5432");
  std::filesystem::remove_all(folder);
}

TEST(FindUpstream, SpeaksTlsAsTheEnvironmentAsks) {
  const auto mode = [](const Environment& environment) { return find_upstream(environment, "/nonexistent").tls.mode; };
  EXPECT_EQ(mode({}), UpstreamTls::prefer);
  EXPECT_EQ(mode({{"PGHOST", "db"}, {"PGSSLMODE", "verify-full"}}), UpstreamTls::verify_full);
  EXPECT_EQ(mode({{"U", "postgres://db/x?sslmode=require"}}), UpstreamTls::require);
  EXPECT_EQ(find_upstream({{"PGHOST", "db"}, {"PGSSLROOTCERT", "/ca.crt"}}, "").tls.root, "/ca.crt");
}

TEST(FindUpstream, NamesTheVariableThatIsWrong) {
  const auto complaint = [](const Environment& environment) -> std::string {
    try {
      (void)find_upstream(environment, "/nonexistent");
    } catch (const UsageError& error) {
      return error.what();
    }
    return "none";
  };
  EXPECT_THAT(complaint({{"PGHOST", "db"}, {"PGPORT", "port"}}), HasSubstr("PGPORT names the port 'port'"));
  EXPECT_THAT(complaint({{"PGHOST", "db"}, {"PGPORT", "99999"}}), HasSubstr("99999"));
  EXPECT_THAT(complaint({{"U", "postgres://db/x?sslmode=often"}}), HasSubstr("U names the sslmode 'often'"));
}

TEST(Redirected, LeadsLibpqToTheProxyInPlaintext) {
  const Environment after = redirected({{"PGHOST", "db"},
                                        {"PGHOSTADDR", "10.0.0.7"},
                                        {"PGSSLMODE", "require"},
                                        {"PGCHANNELBINDING", "require"},
                                        {"PGUSER", "ada"}},
                                       proxy::Address::parse("db"), 777);
  const Environment expected = {{"PGHOST", "127.0.0.1"},
                                {"PGPORT", "777"},
                                {"PGSSLMODE", "disable"},
                                {"PGGSSENCMODE", "disable"},
                                {"PGUSER", "ada"}};
  EXPECT_EQ(after, expected);
}

std::string url_after(const std::string& url, const std::string& upstream) {
  return redirected({{"U", url}}, proxy::Address::parse(upstream), 777).at("U");
}

TEST(Redirected, RewritesUrlsOfTheUpstreamAndKeepsTheRestOfThem) {
  EXPECT_EQ(url_after("postgres://ada:p%40w@db:6543/shop?application_name=a%20b&sslmode=require", "db:6543"),
            "postgres://ada:p%40w@127.0.0.1:777/shop?application_name=a%20b&sslmode=disable");
  EXPECT_EQ(url_after("postgresql+psycopg2://ada@db", "db"), "postgresql+psycopg2://ada@127.0.0.1:777");
  EXPECT_EQ(url_after("jdbc:postgresql://db/shop?user=ada&ssl=true", "db"),
            "jdbc:postgresql://127.0.0.1:777/shop?user=ada&ssl=false");
  EXPECT_EQ(url_after("postgres:///shop?host=/run/postgresql&x=1", "/run/postgresql"),
            "postgres://127.0.0.1:777/shop?x=1");
  EXPECT_EQ(url_after("postgres://localhost/shop", "127.0.0.1:5432"), "postgres://127.0.0.1:777/shop");
}

TEST(Redirected, LeavesOtherServersAndOtherUrlsAlone) {
  for (const char* url : {"postgres://other/shop", "postgres://db:9999/shop", "mysql://db/shop", "db:5432", ""}) {
    EXPECT_EQ(url_after(url, "db"), url);
  }
}

}  // namespace
}  // namespace quell::cli

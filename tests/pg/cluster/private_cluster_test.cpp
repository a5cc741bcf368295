#include "cli/demo/private_cluster.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <signal.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

namespace quell::demo {
namespace {

TEST(PrivateCluster, StartsAnswersAndLeavesNothingBehind) {
  std::string directory;
  pid_t pid = 0;
  {
    PrivateCluster cluster = PrivateCluster::start();
    directory = cluster.directory();
    pid = cluster.pid();
    cluster.create_database("shop");
    cluster.execute("shop", "create table t (id int); insert into t values (1)");
    PGconn* connection = PQconnectdb(cluster.dsn("shop").c_str());
    ASSERT_EQ(PQstatus(connection), CONNECTION_OK) << PQerrorMessage(connection);
    PGresult* result = PQexec(connection, "select id from t");
    EXPECT_STREQ(PQgetvalue(result, 0, 0), "1");
    PQclear(result);
    PQfinish(connection);
  }
  EXPECT_FALSE(std::filesystem::exists(directory));
  EXPECT_EQ(kill(pid, 0), -1) << "the server still runs";
}

TEST(PrivateCluster, KeepsItsDataOverACrash) {
  PrivateCluster cluster = PrivateCluster::start();
  cluster.execute("postgres", "create table t as select 7 as id");
  cluster.restart(/*immediate=*/true);
  EXPECT_NO_THROW(cluster.execute("postgres", "select 1 / (select count(*) from t)"));
}

TEST(PrivateCluster, NamesTheNextStepWhereNoServerIsInstalled) {
  ClusterParams params;
  params.bin_directory = "/nonexistent";
  try {
    PrivateCluster::start(params);
    FAIL();
  } catch (const ClusterError& error) {
    EXPECT_STREQ(error.what(), "no initdb and postgres in '/nonexistent'");
  }
}

TEST(PrivateCluster, NamesTheFolderItCannotWrite) {
  ClusterParams params;
  params.parent_directory = "/proc/nowhere";
  try {
    PrivateCluster::start(params);
    FAIL();
  } catch (const ClusterError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("/proc/nowhere"));
  }
}

TEST(PrivateCluster, DoesNotFallBackToAnotherFolderWhereTheTemporaryOneIsMissing) {
  const char* before = std::getenv("TMPDIR");
  const std::string kept = before != nullptr ? before : "";
  ::setenv("TMPDIR", "/nonexistent", 1);
  EXPECT_THROW(PrivateCluster::start(), ClusterError);
  before != nullptr ? ::setenv("TMPDIR", kept.c_str(), 1) : ::unsetenv("TMPDIR");
}

TEST(PrivateCluster, ShowsTheServersOwnWordsWhenASettingIsWrong) {
  ClusterParams params;
  params.settings = {"no_such_setting=1"};
  try {
    PrivateCluster::start(params);
    FAIL();
  } catch (const ClusterError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("no_such_setting"));
  }
}

}  // namespace
}  // namespace quell::demo

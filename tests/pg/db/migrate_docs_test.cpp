// The C++ examples of docs/migrations.md, compiled and run: each stands in this file word for word. tests/e2e runs the
// page's commands.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>

#include <boost/describe/class.hpp>

#include <quell/db/migrate.hpp>
#include <quell/db/schema_of.hpp>
#include <quell/db/sync_connection.hpp>

#include "tests/pg/support/cluster.hpp"

namespace {

struct Reader {
  std::int64_t id = 0;
  std::string name;
};
BOOST_DESCRIBE_STRUCT(Reader, (), (id, name))

}  // namespace

template <>
struct quell::db::Model<Reader> {
  static constexpr std::string_view kTable = "readers";
  static constexpr auto kKey = &Reader::id;
  static constexpr auto kTypes = std::tuple(column_type(&Reader::name, "varchar(80)"));
  static constexpr auto kIndexes = std::tuple(unique_index("readers_name_key", &Reader::name));
};

namespace quell::db {
namespace {

class MigrateDocsTest : public testing::Test {
 protected:
  MigrateDocsTest() {
    char pattern[] = "/tmp/quell-docs-XXXXXX";
    folder = mkdtemp(pattern);
    std::cout.rdbuf(printed.rdbuf());
  }
  ~MigrateDocsTest() override {
    std::cout.rdbuf(terminal);
    std::filesystem::remove_all(folder);
  }

  std::filesystem::path folder;
  std::string dsn = quell::test::fresh_database();
  std::streambuf* terminal = std::cout.rdbuf();
  std::ostringstream printed;
};

TEST_F(MigrateDocsTest, ModelsAreFollowed) {
  {
    MigrationParams params;
    params.progress = [](std::string_view step) { std::cout << step << "\n"; };
    params.models = schema_of<Reader>();
    Migrator migrator(dsn, load_revisions(folder), params);
    migrator.upgrade();  // to the head; or "+1", "0002", an unambiguous prefix
    for (const MigrationProblem& problem : migrator.check()) std::cout << problem.sentence << "\n";

    const SchemaChanges changes = migrator.autogenerate();
    RevisionDraft draft;
    draft.message = "follow the models";
    draft.parents = migrator.heads();
    draft.up_sql = changes.up_sql;
    draft.down_sql = changes.down_sql;
    write_revision(folder, draft);
  }
  EXPECT_EQ(printed.str(),
            "the database needs: create table readers\n"
            "the database needs: create index readers_name_key\n");
  Migrator(dsn, load_revisions(folder)).upgrade();
  EXPECT_EQ(SyncConnection::open(dsn).query("insert into readers (name) values ('Ada') returning id").value(0, 0), "1");
}

TEST_F(MigrateDocsTest, CodeMovesData) {
  std::vector<Revision> revisions;
  revisions.push_back(
      make_revision("0001", "create_notes", "create table notes (id int, body text);", "drop table notes;", ""));
  revisions.push_back(make_revision("0002", "fill_notes", "", "delete from notes;", "0001"));
  revisions.back().up_code = [](SyncConnection& connection) {
    for (const char* body : {"one", "two"})
      connection.query("insert into notes values (1, $1)", {{0, trace::Format::text, body}});
  };
  Migrator migrator(dsn, revisions);
  const auto count = [&] {
    return std::string(SyncConnection::open(dsn).query("select count(*) from notes").value(0, 0));
  };
  migrator.upgrade();
  EXPECT_EQ(count(), "2");
  migrator.downgrade("-1");  // or "base", or the id to go down to
  EXPECT_EQ(count(), "0");
}

/// Without white space, so that line breaks do not count.
std::string bare(std::string text) {
  std::erase_if(text, [](unsigned char c) { return std::isspace(c) != 0; });
  return text;
}

std::string contents(const std::filesystem::path& path) {
  std::ifstream in(path);
  EXPECT_TRUE(in) << path;
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(MigrateDocs, EveryExampleStandsInThisTest) {
  const std::filesystem::path here = QUELL_SOURCE_DIR;
  std::string tests = bare(contents(here / "tests/pg/db/migrate_docs_test.cpp"));
  const std::string page = contents(here / "docs/migrations.md");
  const std::string open = "```cpp\n";
  int examples = 0;
  for (std::size_t at = page.find(open); at != std::string::npos; at = page.find(open, at + 1)) {
    std::istringstream lines(page.substr(at + open.size(), page.find("```", at + open.size()) - at - open.size()));
    for (std::string line; std::getline(lines, line);) EXPECT_THAT(tests, testing::HasSubstr(bare(line)));
    ++examples;
  }
  EXPECT_EQ(examples, 3);
}

}  // namespace
}  // namespace quell::db

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include <boost/describe/class.hpp>

#include <quell/db/migrate.hpp>
#include <quell/db/schema_of.hpp>
#include <quell/db/sync_connection.hpp>

#include "tests/pg/db/blog.hpp"
#include "tests/pg/db/shop.hpp"
#include "tests/pg/support/cluster.hpp"

// One service at several times of its life.

namespace first {
struct Author {
  std::int64_t id = 0;
  std::string name;
  std::optional<std::int32_t> born;
};
BOOST_DESCRIBE_STRUCT(Author, (), (id, name, born))
}  // namespace first

namespace later {
/// `born` gone, `email` new and `name` may be missing.
struct Author {
  std::int64_t id = 0;
  std::optional<std::string> name;
  std::optional<std::string> email;
};
BOOST_DESCRIBE_STRUCT(Author, (), (id, name, email))

struct Label {
  std::int32_t id = 0;
  std::string word;
};
BOOST_DESCRIBE_STRUCT(Label, (), (id, word))

struct Book {
  std::int64_t id = 0;
  std::int64_t author_id = 0;
  std::string title;
  quell::db::One<Author> author;
  quell::db::Many<Label> labels;
};
BOOST_DESCRIBE_STRUCT(Book, (), (id, author_id, title))
}  // namespace later

template <>
struct quell::db::Model<first::Author> {
  static constexpr std::string_view kTable = "authors";
  static constexpr auto kKey = &first::Author::id;
};
template <>
struct quell::db::Model<later::Author> {
  static constexpr std::string_view kTable = "authors";
  static constexpr auto kKey = &later::Author::id;
  static constexpr auto kTypes = std::tuple(column_type(&later::Author::email, "varchar(200)"));
  static constexpr auto kIndexes = std::tuple(unique_index("authors_email_key", &later::Author::email));
};
template <>
struct quell::db::Model<later::Label> {
  static constexpr std::string_view kTable = "labels";
  static constexpr auto kKey = &later::Label::id;
};
template <>
struct quell::db::Model<later::Book> {
  using Book = later::Book;
  static constexpr std::string_view kTable = "books";
  static constexpr auto kKey = &Book::id;
  static constexpr auto kRelations =
      std::tuple(many_to_one("author", &Book::author, &Book::author_id),
                 many_to_many("labels", &Book::labels, "book_labels", "book_id", "label_id"));
};

namespace quell::db {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class AutogenerateTest : public testing::Test {
 protected:
  AutogenerateTest() {
    char pattern[] = "/tmp/quell-autogenerate-XXXXXX";
    folder_ = mkdtemp(pattern);
  }
  ~AutogenerateTest() override { std::filesystem::remove_all(folder_); }

  Migrator migrator(const Schema& models) {
    MigrationParams params;
    params.models = models;
    return {dsn_, load_revisions(folder_), params};
  }

  /// Writes what is missing for `models` as the next revision and applies it.
  std::vector<std::string> follow(const Schema& models) {
    Migrator before = migrator(models);
    const SchemaChanges changes = before.autogenerate();
    RevisionDraft draft;
    draft.message = "Follow the models";
    draft.parents = before.heads();
    draft.up_sql = changes.up_sql;
    draft.down_sql = changes.down_sql;
    write_revision(folder_, draft);
    migrator(models).upgrade();
    return changes.summary;
  }

  std::vector<std::string> drift(const Schema& models) {
    std::vector<std::string> found;
    for (const auto& problem : migrator(models).check()) {
      EXPECT_EQ(problem.kind, MigrationProblem::Kind::drift) << problem.sentence;
      found.push_back(problem.sentence);
    }
    return found;
  }

  SyncResult query(const std::string& sql) { return SyncConnection::open(dsn_).query(sql); }

  std::filesystem::path folder_;
  std::string dsn_ = quell::test::fresh_database();
  const Schema first_models = schema_of<first::Author>();
  const Schema later_models = schema_of<later::Author, later::Label, later::Book>();
};

TEST_F(AutogenerateTest, EmptyDatabaseGetsTheTables) {
  EXPECT_THAT(drift(first_models), ElementsAre("the database needs: create table authors"));
  EXPECT_THAT(follow(first_models), ElementsAre("create table authors"));
  EXPECT_THAT(drift(first_models), IsEmpty());
  EXPECT_TRUE(migrator(first_models).autogenerate().empty());
  EXPECT_EQ(query("insert into authors (name) values ('Ada') returning id").value(0, 0), "1") << "an identity";
}

TEST_F(AutogenerateTest, ChangedModelsChangeTheTables) {
  follow(first_models);
  EXPECT_THAT(
      follow(later_models),
      ElementsAre("drop column authors.born", "create table labels", "create table books", "create table book_labels",
                  "add column authors.email", "make authors.name nullable", "create index authors_email_key",
                  "add foreign key books.books_author_id_fkey", "add foreign key book_labels.book_labels_book_id_fkey",
                  "add foreign key book_labels.book_labels_label_id_fkey"));
  EXPECT_THAT(drift(later_models), IsEmpty());
  EXPECT_EQ(query("select string_agg(column_name || ' ' || data_type || ' ' || is_nullable, ', ' order by column_name) "
                  "from information_schema.columns where table_name = 'authors'")
                .value(0, 0),
            "email character varying YES, id bigint NO, name text YES");
  EXPECT_THROW(query("insert into books (author_id, title) values (99, 'x')"), ForeignKeyViolation);
}

TEST_F(AutogenerateTest, EveryWrittenRevisionGoesUpDownUp) {
  follow(first_models);
  follow(later_models);
  follow(first_models);
  for (const auto& fault : verify_migrations(dsn_, load_revisions(folder_))) ADD_FAILURE() << fault.sentence;
}

TEST_F(AutogenerateTest, ChangesByHandAreDrift) {
  follow(later_models);
  query("alter table books alter column title drop not null");
  query("alter table authors add column note text");
  EXPECT_THAT(drift(later_models),
              ElementsAre(HasSubstr("drop column authors.note"), HasSubstr("make books.title not null")));
}

TEST_F(AutogenerateTest, RestoresWhatTheServerKnowsOfADroppedTable) {
  query(
      "create table old (id bigint generated by default as identity primary key, name text not null default 'x', "
      "mother bigint references old on delete cascade, unique (name)); ");
  query("create index old_mother on old (mother desc)");
  follow(first_models);
  EXPECT_EQ(query("select to_regclass('old')").is_null(0, 0), true);
  migrator(first_models).downgrade("base");
  EXPECT_EQ(query("select pg_get_constraintdef(oid) from pg_constraint where conname = 'old_mother_fkey'").value(0, 0),
            "FOREIGN KEY (mother) REFERENCES old(id) ON DELETE CASCADE");
  EXPECT_EQ(query("select indexdef from pg_indexes where indexname = 'old_mother'").value(0, 0),
            "CREATE INDEX old_mother ON public.old USING btree (mother DESC)");
  EXPECT_EQ(query("insert into old default values returning name").value(0, 0), "x");
}

TEST_F(AutogenerateTest, ModelsOfTablesMadeByHandHaveNoDrift) {
  SyncConnection::open(dsn_).execute(std::string(test::kBlogSchema) + test::kShopSchema);
  using namespace test;
  const Schema models = schema_of<User, Post, Comment, Tag, Product, Article, Employee, Line, Parcel, Label>();
  const SchemaChanges changes = migrator(models).autogenerate();
  EXPECT_THAT(changes.summary, IsEmpty()) << changes.up_sql;
}

TEST_F(AutogenerateTest, PendingRevisionsMustRunFirst) {
  RevisionDraft draft;
  draft.message = "by hand";
  draft.up_sql = "select 1;";
  write_revision(folder_, draft);
  try {
    (void)migrator(first_models).autogenerate();
    FAIL();
  } catch (const MigrationError& error) {
    EXPECT_THAT(error.what(), HasSubstr("'0001' (by_hand) is not applied: upgrade first"));
  }
}

TEST_F(AutogenerateTest, WrittenFilesAreNumberedAndNamed) {
  RevisionDraft draft;
  draft.message = "Add e-mail, please!";
  EXPECT_EQ(write_revision(folder_, draft).filename(), "0001_add_e_mail_please.up.sql");
  draft.parents = {"0001"};
  EXPECT_EQ(write_revision(folder_, draft).filename(), "0002_add_e_mail_please.up.sql");
  draft.id = "0002";
  EXPECT_THROW(write_revision(folder_, draft), MigrationError);
  draft.id = "../x";
  EXPECT_THROW(write_revision(folder_, draft), MigrationError);
  draft.id.clear();
  draft.message = "?!";
  EXPECT_THROW(write_revision(folder_, draft), MigrationError);
  const auto revisions = load_revisions(folder_);
  ASSERT_EQ(revisions.size(), 2U);
  EXPECT_THAT(revisions[1].parents, ElementsAre("0001"));
}

}  // namespace
}  // namespace quell::db

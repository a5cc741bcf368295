#include <quell/db/schema_of.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include <boost/describe/class.hpp>

namespace {

struct Author {
  std::int64_t id = 0;
  std::string name;
  std::optional<std::string> email;
  std::vector<std::int32_t> marks;
  quell::db::Timestamp joined;
};
BOOST_DESCRIBE_STRUCT(Author, (), (id, name, email, marks, joined))

struct Label {
  std::int32_t id = 0;
};
BOOST_DESCRIBE_STRUCT(Label, (), (id))

struct Book {
  std::int64_t id = 0;
  std::int64_t author_id = 0;
  std::string title;
  quell::db::One<Author> author;
  quell::db::Many<Label> labels;
};
BOOST_DESCRIBE_STRUCT(Book, (), (id, author_id, title))

}  // namespace

template <>
struct quell::db::Model<Author> {
  static constexpr std::string_view kTable = "authors";
  static constexpr auto kKey = &Author::id;
  static constexpr auto kTypes = std::tuple(column_type(&Author::name, "varchar(80)"));
  static constexpr auto kIndexes = std::tuple(unique_index("authors_email_key", &Author::email),
                                              index("authors_name_idx", &Author::name, &Author::id));
};
template <>
struct quell::db::Model<Label> {
  static constexpr std::string_view kTable = "labels";
  static constexpr auto kKey = &Label::id;
};
template <>
struct quell::db::Model<Book> {
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

TableSchema table(std::string name, std::vector<ColumnSchema> columns) {
  TableSchema made;
  made.name = std::move(name);
  made.columns = std::move(columns);
  made.primary_key = {"id"};
  return made;
}
ColumnSchema column(std::string name, std::string type, bool nullable = false) {
  ColumnSchema made;
  made.name = std::move(name);
  made.type = std::move(type);
  made.nullable = nullable;
  return made;
}
SchemaChanges compare(std::vector<TableSchema> from, std::vector<TableSchema> to) {
  return compare_schemas({std::move(from)}, {std::move(to)}, {"quell_migrations"});
}

TEST(SchemaOf, ModelsBecomeTables) {
  const Schema schema = schema_of<Author, Label, Book>();
  ASSERT_EQ(schema.tables.size(), 4U);
  const TableSchema& authors = schema.tables[0];
  EXPECT_EQ(authors.name, "authors");
  EXPECT_THAT(authors.primary_key, ElementsAre("id"));
  std::vector<std::string> columns;
  for (const auto& c : authors.columns) columns.push_back(c.name + " " + c.type + (c.nullable ? " null" : ""));
  EXPECT_THAT(columns, ElementsAre("id bigint", "name character varying(80)", "email text null", "marks integer[]",
                                   "joined timestamp with time zone"));
  EXPECT_TRUE(authors.columns[0].identity);
  EXPECT_TRUE(authors.columns[1].exact_type);
  EXPECT_FALSE(authors.columns[2].exact_type) << "text, varchar, an enum: a string reads them all";
  ASSERT_EQ(authors.indexes.size(), 2U);
  EXPECT_TRUE(authors.indexes[0].unique);
  EXPECT_THAT(authors.indexes[1].columns, ElementsAre("name", "id"));
}

TEST(SchemaOf, RelationsBecomeForeignKeysAndJoinTables) {
  const Schema schema = schema_of<Author, Label, Book>();
  const TableSchema& books = schema.tables[2];
  ASSERT_EQ(books.foreign_keys.size(), 1U);
  EXPECT_EQ(books.foreign_keys[0].name, "books_author_id_fkey");
  EXPECT_EQ(books.foreign_keys[0].table, "authors");
  EXPECT_THAT(books.foreign_keys[0].target_columns, ElementsAre("id"));
  const TableSchema& join = schema.tables[3];
  EXPECT_EQ(join.name, "book_labels");
  EXPECT_THAT(join.primary_key, ElementsAre("book_id", "label_id"));
  EXPECT_EQ(join.columns[0].type, "bigint");
  EXPECT_EQ(join.columns[1].type, "integer");
  EXPECT_EQ(join.foreign_keys.size(), 2U);
}

TEST(SchemaOf, TableOfAnotherSchemaIsRefused) {
  EXPECT_EQ(detail::table_name("public.books"), "books");
  EXPECT_THROW((void)detail::table_name("archive.books"), UsageError);
}

TEST(CanonicalType, SpellingsAreTheServers) {
  EXPECT_EQ(detail::canonical_type("INT"), "integer");
  EXPECT_EQ(detail::canonical_type("varchar (80)"), "character varying(80)");
  EXPECT_EQ(detail::canonical_type("decimal(10, 2)"), "numeric(10,2)");
  EXPECT_EQ(detail::canonical_type("timestamptz(3)"), "timestamp(3) with time zone");
  EXPECT_EQ(detail::canonical_type("int8[]"), "bigint[]");
  EXPECT_EQ(detail::canonical_type("mood"), "mood");
}

TEST(CompareSchemas, EqualSchemasNeedNothing) {
  const TableSchema users = table("users", {column("id", "bigint"), column("name", "text")});
  EXPECT_TRUE(compare({users}, {users}).empty());
  EXPECT_TRUE(compare({users, table("quell_migrations", {})}, {users}).empty()) << "kept";
}

TEST(CompareSchemas, AddedColumnIsDroppedOnTheWayBack) {
  const auto changes = compare({table("users", {column("id", "bigint")})},
                               {table("users", {column("id", "bigint"), column("order", "text", true)})});
  EXPECT_THAT(changes.summary, ElementsAre("add column users.order"));
  EXPECT_EQ(changes.up_sql, "alter table users add column \"order\" text;\n");
  EXPECT_EQ(changes.down_sql, "alter table users drop column \"order\";\n");
}

TEST(CompareSchemas, RequiredColumnCarriesAWarning) {
  const auto changes = compare({table("users", {column("id", "bigint")})},
                               {table("users", {column("id", "bigint"), column("name", "text")})});
  EXPECT_THAT(changes.up_sql, HasSubstr("-- Fails where the table has rows"));
}

TEST(CompareSchemas, RenamedColumnIsADropAndAnAdditionWithAHint) {
  const auto changes = compare({table("users", {column("id", "bigint"), column("name", "text")})},
                               {table("users", {column("id", "bigint"), column("full_name", "text", true)})});
  EXPECT_THAT(changes.summary, ElementsAre("drop column users.name", "add column users.full_name"));
  EXPECT_EQ(changes.up_sql,
            "-- Loses the values of users.name. If it was renamed: alter table users rename column name to full_name\n"
            "alter table users drop column name;\nalter table users add column full_name text;\n");
  EXPECT_EQ(changes.down_sql,
            "alter table users drop column full_name;\nalter table users add column name text not null;\n");
}

TEST(CompareSchemas, TypeAndNullabilityChangeBothWays) {
  const auto changes =
      compare({table("t", {column("a", "integer", true)})}, {table("t", {column("a", "bigint", false)})});
  EXPECT_EQ(changes.up_sql,
            "alter table t alter column a type bigint using a::bigint;\nalter table t alter column a set not null;\n");
  EXPECT_EQ(changes.down_sql,
            "alter table t alter column a drop not null;\nalter table t alter column a type integer using "
            "a::integer;\n");
}

TEST(CompareSchemas, TypeOfAStringIsAnythingAStringReads) {
  ColumnSchema wanted = column("a", "text");
  wanted.exact_type = false;
  EXPECT_TRUE(compare({table("t", {column("a", "character varying(10)")})}, {table("t", {wanted})}).empty());
}

TEST(CompareSchemas, ForeignKeyIntoADroppedTableGoesFirst) {
  TableSchema posts = table("posts", {column("id", "bigint"), column("user_id", "bigint")});
  posts.of_model = true;
  TableSchema linked = posts;
  linked.foreign_keys = {
      {"posts_user_id_fkey", {"user_id"}, "users", {"id"}, "FOREIGN KEY (user_id) REFERENCES users(id)"}};
  const auto changes = compare({linked, table("users", {column("id", "bigint")})}, {posts});
  EXPECT_THAT(changes.summary, ElementsAre("drop foreign key posts.posts_user_id_fkey", "drop table users"));
  EXPECT_EQ(changes.down_sql,
            "create table users (\n  id bigint not null,\n  primary key (id)\n);\n"
            "alter table posts add constraint posts_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id);\n");
}

TEST(CompareSchemas, UndeclaredForeignKeysAndIndexesAreLeftAlone) {
  TableSchema live = table("posts", {column("id", "bigint"), column("user_id", "bigint")});
  live.foreign_keys = {{"f", {"user_id"}, "posts", {"id"}, ""}};
  live.indexes = {{"i", {"user_id"}, false, false, ""}};
  TableSchema model = table("posts", live.columns);
  model.of_model = true;
  model.all_indexes = false;
  EXPECT_TRUE(compare({live}, {model}).empty());
  model.of_model = false;
  model.all_indexes = true;
  EXPECT_THAT(compare({live}, {model}).summary, ElementsAre("drop foreign key posts.f", "drop index i"));
}

TEST(CompareSchemas, IndexOfADroppedColumnComesBackWithIt) {
  TableSchema live = table("t", {column("id", "bigint"), column("a", "text", true)});
  live.indexes = {{"i", {"a"}, false, false, ""}};
  TableSchema model = table("t", {column("id", "bigint")});
  model.all_indexes = false;
  const auto changes = compare({live}, {model});
  EXPECT_THAT(changes.summary, ElementsAre("drop index i", "drop column t.a"));
  EXPECT_EQ(changes.down_sql, "alter table t add column a text;\ncreate index i on t (a);\n");
}

TEST(CompareSchemas, ChangedIndexIsMadeAnew) {
  TableSchema live = table("t", {column("a", "text"), column("b", "text")});
  live.indexes = {{"i", {"a"}, false, false, "CREATE INDEX i ON public.t USING btree (a)"}};
  TableSchema model = table("t", live.columns);
  model.indexes = {{"i", {"a", "b"}, true, false, ""}};
  const auto changes = compare({live}, {model});
  EXPECT_EQ(changes.up_sql, "drop index i;\ncreate unique index i on t (a, b);\n");
  EXPECT_EQ(changes.down_sql, "drop index i;\nCREATE INDEX i ON public.t USING btree (a);\n");
}

TEST(CompareSchemas, GeneratedColumnThatAModelDoesNotNameIsLeftAlone) {
  TableSchema live = table("t", {column("id", "bigint"), column("twice", "bigint", true)});
  live.columns[1].generated = true;
  live.columns[1].default_sql = "id * 2";
  TableSchema model = table("t", {column("id", "bigint")});
  model.of_model = true;
  EXPECT_TRUE(compare({live}, {model}).empty());
  model.of_model = false;
  EXPECT_EQ(compare({live}, {model}).down_sql,
            "alter table t add column twice bigint generated always as (id * 2) stored;\n");
}

TEST(CompareSchemas, PrimaryKeyIsLeftToAPerson) {
  TableSchema live = table("t", {column("id", "bigint")});
  live.primary_key = {};
  const auto changes = compare({live}, {table("t", {column("id", "bigint")})});
  EXPECT_THAT(changes.summary, ElementsAre("primary key of t"));
  EXPECT_THAT(changes.up_sql, testing::StartsWith("-- The primary key of t is (), the models want (id)"));
}

}  // namespace
}  // namespace quell::db

#include "agent/proxy/sql_scan.hpp"

#include <gtest/gtest.h>

namespace quell::proxy {
namespace {

using Pieces = std::vector<std::string_view>;

struct SplitCase {
  std::string_view sql;
  Pieces pieces;
};

TEST(SplitStatements, CutsOnlyWhereTheServerDoes) {
  const SplitCase cases[] = {
      {"select 1", {"select 1"}},
      {" select 1 ;\n select 2; ", {"select 1", "select 2"}},
      {"", {}},
      {";;  ;", {}},
      {"-- only a comment", {}},
      {"select ';'; select 2", {"select ';'", "select 2"}},
      {"select 'it''s; ok'; select 2", {"select 'it''s; ok'", "select 2"}},
      {R"(select E'\'; still'; select 2)", {R"(select E'\'; still')", "select 2"}},
      {R"(select '\'; select 2)", {R"(select '\')", "select 2"}},
      {R"(select "a;b"; select 2)", {R"(select "a;b")", "select 2"}},
      {"select $$a;b$$; select 2", {"select $$a;b$$", "select 2"}},
      {"select $t$ $$;$$ $t$; select 2", {"select $t$ $$;$$ $t$", "select 2"}},
      {"select $1;select $2", {"select $1", "select $2"}},
      {"select a$b;c", {"select a$b", "c"}},
      {"select /* ; /* ; */ ; */ 1; select 2", {"select /* ; /* ; */ ; */ 1", "select 2"}},
      {"select 1 -- ;\n; select 2", {"select 1 -- ;", "select 2"}},
      {"select 'open; select 2", {"select 'open; select 2"}},
      {"select U&'d\\0061;' ; select 2", {"select U&'d\\0061;'", "select 2"}},
  };
  for (const SplitCase& one : cases) EXPECT_EQ(split_statements(one.sql), one.pieces) << one.sql;
}

TEST(SplitStatements, LeavesTagsAfterTheLastSemicolonWithTheLastStatement) {
  EXPECT_EQ(split_statements("select 1; select 2; /*route='/posts'*/"),
            (Pieces{"select 1", "select 2; /*route='/posts'*/"}));
  EXPECT_EQ(split_statements("/*a*/ select 1; /*b*/ select 2"), (Pieces{"/*a*/ select 1", "/*b*/ select 2"}));
}

TEST(PreparedCommand, ReadsPrepareWithAndWithoutTypes) {
  PreparedCommand command = read_prepared_command("PREPARE Find (int, numeric(5,2)) AS select $1;");
  EXPECT_EQ(command.kind, PreparedCommand::Kind::prepare);
  EXPECT_EQ(command.name, "find");
  EXPECT_EQ(command.body, "select $1");
  command = read_prepared_command("/* hi */ prepare \"My \"\"Plan\" as select 2");
  EXPECT_EQ(command.name, "My \"Plan");
  EXPECT_EQ(command.body, "select 2");
}

TEST(PreparedCommand, DoesNotTakePrepareTransactionForOne) {
  EXPECT_EQ(read_prepared_command("prepare transaction 'x as y'").kind, PreparedCommand::Kind::none);
  EXPECT_EQ(read_prepared_command("select execute from t").kind, PreparedCommand::Kind::none);
}

TEST(PreparedCommand, ReadsPlainLiteralArguments) {
  const PreparedCommand command = read_prepared_command("execute find(42, -1.5, 'it''s', null, true);");
  EXPECT_EQ(command.kind, PreparedCommand::Kind::execute);
  EXPECT_EQ(command.name, "find");
  ASSERT_TRUE(command.arguments_known);
  EXPECT_EQ(command.arguments, (std::vector<std::optional<std::string>>{"42", "-1.5", "it's", std::nullopt, "t"}));
}

TEST(PreparedCommand, SaysWhenAnArgumentIsAnExpression) {
  EXPECT_FALSE(read_prepared_command("execute find(1 + 1)").arguments_known);
  EXPECT_FALSE(read_prepared_command("execute find(now())").arguments_known);
  EXPECT_TRUE(read_prepared_command("execute find").arguments_known);
}

TEST(PreparedCommand, ReadsDeallocateAndDiscard) {
  EXPECT_EQ(read_prepared_command("DEALLOCATE PREPARE S1").name, "s1");
  EXPECT_EQ(read_prepared_command("deallocate \"S1\"").name, "S1");
  EXPECT_EQ(read_prepared_command("deallocate all").kind, PreparedCommand::Kind::deallocate_all);
  EXPECT_EQ(read_prepared_command("DISCARD ALL").kind, PreparedCommand::Kind::discard_all);
  EXPECT_EQ(read_prepared_command("discard plans").kind, PreparedCommand::Kind::none);
}

}  // namespace
}  // namespace quell::proxy

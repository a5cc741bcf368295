#include <gtest/gtest.h>

#include <optional>
#include <string>

#include <quell/trace/sql_scanner.hpp>

namespace quell::trace {
namespace {

constexpr bool kRedact = true;
constexpr bool kInClear = false;

TEST(HideValues, RedactedTextKeepsTheStatementAndNoData) {
  EXPECT_EQ(hide_values("select * from t1 where a = 'secret' and b=$1 and c in (12, 3.5e-7) -- 'x'", kRedact),
            "select * from t1 where a = '?' and b=$1 and c in (0, 0) -- 'x'");
  EXPECT_EQ(hide_values("select E'a\\'b', $q$secret$q$, U&'d', \"col 1\"", kRedact), "select '?', '?', '?', \"col 1\"");
}

TEST(HideValues, TextInClearLosesOnlyTheStringAfterPassword) {
  EXPECT_EQ(hide_values("alter role ada valid until 'tomorrow'", kInClear), std::nullopt) << "nothing to hide: no copy";
  EXPECT_EQ(hide_values("alter role ada with encrypted PassWord 'hush' valid until '2030-01-01'", kInClear),
            "alter role ada with encrypted PassWord '?' valid until '2030-01-01'");
  EXPECT_EQ(hide_values("create user mapping for ada server s options (user 'ada', password 'hush')", kInClear),
            "create user mapping for ada server s options (user 'ada', password '?')");
  EXPECT_EQ(hide_values("select password, 'x' from t", kInClear), "select password, 'x' from t");
}

TEST(HideValues, PasswordInsideAConnectionStringIsHiddenWithIt) {
  EXPECT_EQ(hide_values("select dblink_connect('host=db Password=hush'), 'password reset'", kInClear),
            "select dblink_connect('?'), 'password reset'");
}

TEST(HideValues, UnterminatedLiteralIsHiddenToTheEnd) {
  EXPECT_EQ(hide_values("alter role ada password 'hush", kInClear), "alter role ada password '?'");
  EXPECT_EQ(hide_values("select $a$ hush", kRedact), "select '?'");
}

}  // namespace
}  // namespace quell::trace

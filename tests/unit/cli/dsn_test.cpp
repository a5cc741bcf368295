#include "cli/dsn.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/errors.hpp"

namespace quell::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Dsn, AcceptsWhatLibpqAccepts) {
  EXPECT_NO_THROW(check_dsn("host=localhost dbname=shop"));
  EXPECT_NO_THROW(check_dsn("postgresql://ann:sesame@localhost:5433/shop?sslmode=disable"));
}

TEST(Dsn, RefusesTheRestWithoutRepeatingIt) {
  for (const char* dsn : {"", "sesame", "host=localhost password='sesame", "postgresql://ann:sesame%zz@localhost/x"}) {
    try {
      check_dsn(dsn);
      FAIL() << dsn;
    } catch (const UsageError& error) {
      EXPECT_THAT(error.what(), HasSubstr("write"));
      EXPECT_THAT(error.what(), Not(HasSubstr("sesame")));
    }
  }
}

TEST(HidePassword, CoversEveryPlaceItStandsAt) {
  const std::string dsn = "host=localhost user=ann password=sesame";
  EXPECT_EQ(hide_password("cannot use 'password=sesame': sesame is wrong", dsn),
            "cannot use 'password=***': *** is wrong");
  EXPECT_EQ(hide_password("user ann", dsn), "user ann");
}

TEST(HidePassword, KnowsTheDecodedOneOfAUri) {
  EXPECT_EQ(hide_password("tried p@ss", "postgresql://ann:p%40ss@localhost/shop"), "tried ***");
}

TEST(HidePassword, LeavesASentenceAloneWhereThereIsNone) {
  EXPECT_EQ(hide_password("no such host", "host=nowhere"), "no such host");
}

TEST(WithHiddenPassword, KeepsTheKindOfAnError) {
  const std::string dsn = "password=sesame";
  EXPECT_THROW(with_hidden_password(dsn, [] { throw UsageError("sesame"); }), UsageError);
  EXPECT_THROW(with_hidden_password(dsn, [] { throw Interrupted(); }), Interrupted);
  try {
    with_hidden_password(dsn, [] { throw Error("server said sesame"); });
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "server said ***");
  }
}

}  // namespace
}  // namespace quell::cli

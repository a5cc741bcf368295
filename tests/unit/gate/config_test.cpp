#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/gate/config.hpp"
#include "analyzer/gate/file_error.hpp"

namespace quell::gate {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

Config parse(const std::string& text) {
  return parse_config("version = 1\n" + text, "quell.toml", "/repo");
}

std::string error_of(const std::string& text) {
  try {
    (void)parse_config(text, "quell.toml", "/repo");
  } catch (const FileError& error) {
    return error.what();
  }
  return "no error";
}

Limits limits_for(const Config& config, const std::string& unit, const std::string& suite = "api") {
  return limits_of(config.units, config.defaults, suite, unit);
}

TEST(Config, WithoutSettingsAllowsNothingMoreThanTheBaseline) {
  const Config config = parse("");
  const Limits limits = limits_for(config, "GET /");
  EXPECT_FALSE(limits.max_queries);
  EXPECT_FALSE(limits.max_repeat);
  EXPECT_TRUE(limits.max_findings.empty());
  EXPECT_EQ(limits.growth->value.allowed(10), 0U);
  EXPECT_EQ(limits.on_changed_statement->value, Reaction::fail);
  EXPECT_EQ(limits.on_new_finding->value, Reaction::fail);
  EXPECT_EQ(limits.on_new_unit->value, Reaction::warn);
  EXPECT_EQ(config.baseline, "/repo/quell-baseline");
  EXPECT_THAT(config.count.ignore, ElementsAre("transaction_control", "session", "catalog"));
}

TEST(Config, FirstMatchingUnitIsTakenAndTheRestComesFromDefaults) {
  const Config config = parse(R"([defaults]
max_queries = 40
max_repeat = 5
[[unit]]
match = "GET /orders*"
max_queries = 12
owner = "@shop-team"
[[unit]]
match = "GET *"
max_queries = 20
max_repeat = 1
)");
  const Limits orders = limits_for(config, "GET /orders/{id}");
  EXPECT_EQ(orders.max_queries->value, 12U);
  EXPECT_EQ(orders.max_queries->origin.line, 7U);
  EXPECT_EQ(orders.max_repeat->value, 5U);
  EXPECT_EQ(orders.max_repeat->origin.line, 4U);
  EXPECT_EQ(orders.owner->value, "@shop-team");
  EXPECT_EQ(limits_for(config, "GET /users").max_queries->value, 20U);
  EXPECT_EQ(limits_for(config, "POST /users").max_queries->value, 40U);
}

TEST(Config, UnitRulesCanBeForOneSuite) {
  const Config config = parse("[[unit]]\nmatch = \"*\"\nsuite = \"work*\"\nmax_queries = 9\n");
  EXPECT_TRUE(limits_for(config, "job:digest", "worker").max_queries);
  EXPECT_FALSE(limits_for(config, "job:digest", "api").max_queries);
}

TEST(Config, GrowthIsANumberAShareOrAny) {
  EXPECT_EQ(parse("[defaults]\ngrowth = \"+3\"\n").defaults.growth->value.allowed(100), 3U);
  EXPECT_EQ(parse("[defaults]\ngrowth = \"+10%\"\n").defaults.growth->value.allowed(19), 1U);
  EXPECT_GT(parse("[defaults]\ngrowth = \"any\"\n").defaults.growth->value.allowed(0), 1'000'000U);
  for (const char* wrong : {"3", "+", "-3", "+3 %", "+x", "%", "+99999999999999999999"})
    EXPECT_THAT(error_of(std::string("version = 1\n[defaults]\ngrowth = \"") + wrong + "\"\n"),
                HasSubstr("quell.toml:3:10: 'growth' is \"+N\", \"+N%\" or \"any\""))
        << wrong;
}

TEST(Config, UnknownKeysAreErrorsWithPlaceAndSuggestion) {
  EXPECT_THAT(error_of("version = 1\n[defaults]\nmax_querys = 3\n"),
              StartsWith("quell.toml:3:1: unknown key 'max_querys'; did you mean 'max_queries'?"));
  EXPECT_THAT(error_of("version = 1\n[[unit]]\nmatch = \"*\"\n  max_repeats = 3\n"),
              StartsWith("quell.toml:4:3: unknown key 'max_repeats'; did you mean 'max_repeat'?"));
  EXPECT_THAT(error_of("version = 1\n[defaults]\nmax_findings = { n_plus_on = 0 }\n"),
              HasSubstr("did you mean 'n_plus_one'?"));
  EXPECT_THAT(error_of("version = 1\nqqqqq = 3\n"),
              HasSubstr("quell.toml:2:1: unknown key 'qqqqq'; here may stand version"));
  EXPECT_THAT(error_of("version = 1\n[count]\nignore = [\"catalogue\"]\n"), HasSubstr("did you mean 'catalog'?"));
}

TEST(Config, WrongValuesAreErrorsWithPlace) {
  EXPECT_THAT(error_of("version = 1\n[defaults]\nmax_queries = \"3\"\n"),
              StartsWith("quell.toml:3:15: 'max_queries' is a whole number"));
  EXPECT_THAT(error_of("version = 1\n[defaults]\nmax_queries = -1\n"), HasSubstr("0 or more"));
  EXPECT_THAT(error_of("version = 1\n[defaults]\non_new_unit = \"maybe\"\n"),
              HasSubstr("'on_new_unit' is \"ignore\", \"warn\" or \"fail\""));
  EXPECT_THAT(error_of("version = 1\nunit = 3\n"), HasSubstr("'unit' is a list of tables: [[unit]]"));
  EXPECT_THAT(error_of("version = 1\ndefaults = 3\n"), HasSubstr("'defaults' is a table"));
  EXPECT_THAT(error_of("version = 2\n"), HasSubstr("quell.toml:1:11: this version is not known"));
  EXPECT_THAT(error_of("[defaults]\n"), HasSubstr("the first line must be version = 1"));
  EXPECT_THAT(error_of("version = 1\n[defaults\n"), StartsWith("quell.toml:2:"));
  EXPECT_THAT(error_of("version = 1\n[[unit]]\nmax_queries = 3\n"), HasSubstr("a [[unit]] needs match"));
}

TEST(Config, AllowancesNeedAReasonAndAnEnd) {
  const Config config = parse(
      "[[allow]]\nfingerprint = \"a1b2c3d4e5f60718\"\nmatch = \"GET /admin/*\"\nreason = \"legacy export\"\n"
      "expires = 2027-03-01\n");
  ASSERT_EQ(config.allow.size(), 1U);
  EXPECT_EQ(config.allow[0].fingerprint, 0xa1b2c3d4e5f60718U);
  EXPECT_EQ(config.allow[0].expires, std::chrono::year(2027) / 3 / 1);
  EXPECT_EQ(config.allow[0].origin.line, 2U);
  const std::string begin = "version = 1\n[[allow]]\nmatch = \"*\"\n";
  EXPECT_THAT(error_of(begin + "expires = 2027-03-01\n"), HasSubstr("needs a reason"));
  EXPECT_THAT(error_of(begin + "reason = \"x\"\n"), HasSubstr("needs an end"));
  EXPECT_THAT(error_of(begin + "reason = \"x\"\nexpires = \"soon\"\n"), HasSubstr("a day without quotes"));
  EXPECT_THAT(error_of(begin + "reason = \"x\"\nexpires = 2027-02-30\n"), HasSubstr("quell.toml:5:"));
  EXPECT_THAT(error_of("version = 1\n[[allow]]\nreason = \"x\"\nexpires = 2027-03-01\n"),
              HasSubstr("needs 'match', 'fingerprint' or 'finding'"));
  EXPECT_THAT(error_of(begin + "reason = \"x\"\nexpires = 2027-03-01\nfingerprint = \"A1\"\n"),
              HasSubstr("16 hexadecimal digits"));
}

TEST(Config, ExplainSaysWhichLineGaveWhichLimit) {
  const Config config = parse("[defaults]\nmax_queries = 40\n");
  const auto lines = explain(limits_for(config, "GET /"));
  EXPECT_THAT(lines[0], ::testing::AllOf(StartsWith("max_queries = 40"), ::testing::EndsWith("quell.toml:3")));
  EXPECT_EQ(lines[1], "max_duplicates: no limit");
  EXPECT_THAT(lines, ::testing::Contains(::testing::AllOf(StartsWith("growth = \"+0\""), HasSubstr("built in"))));
}

/// A folder tree that is gone afterwards.
class Tree {
 public:
  Tree() : root_(fs::temp_directory_path() / ("quell_config_" + std::to_string(getpid()))) {
    fs::create_directories(root_);
  }
  ~Tree() { fs::remove_all(root_); }
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;

  void write(const std::string& file, const std::string& text) const {
    fs::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text;
  }
  [[nodiscard]] std::string path(const std::string& name) const { return (root_ / name).string(); }

 private:
  fs::path root_;
};

TEST(NestedConfig, NearestFileSaysMostAndInheritsTheRest) {
  const Tree tree;
  tree.write("quell.toml",
             "version = 1\nroot = true\nbaseline = \"ci/baseline\"\n[defaults]\nmax_queries = 40\nmax_repeat = 5\n"
             "[count]\nignore_tables = [\"cache\"]\n[[unit]]\nmatch = \"GET *\"\nmax_queries = 30\n");
  tree.write("services/shop/quell.toml",
             "version = 1\n[defaults]\nmax_repeat = 2\n[[unit]]\nmatch = \"GET /a\"\nmax_queries = 1\n");
  fs::create_directories(tree.path("services/shop/src"));
  const Config config = find_config(tree.path("services/shop/src"));
  EXPECT_EQ(config.files.size(), 2U);
  EXPECT_EQ(config.folder, tree.path("services/shop"));
  EXPECT_EQ(config.baseline, tree.path("ci/baseline"));
  EXPECT_THAT(config.count.ignore_tables, ElementsAre("cache"));
  EXPECT_EQ(limits_for(config, "GET /a").max_queries->value, 1U);
  EXPECT_EQ(limits_for(config, "GET /b").max_queries->value, 30U);
  EXPECT_EQ(limits_for(config, "POST /b").max_queries->value, 40U);
  EXPECT_EQ(limits_for(config, "POST /b").max_repeat->value, 2U);
}

TEST(NestedConfig, RootEndsTheSearch) {
  const Tree tree;
  tree.write("quell.toml", "version = 1\nroot = true\n[defaults]\nmax_queries = 40\n");
  tree.write("shop/quell.toml", "version = 1\nroot = true\n");
  const Config config = find_config(tree.path("shop"));
  EXPECT_FALSE(config.defaults.max_queries);
  EXPECT_EQ(config.baseline, tree.path("shop/quell-baseline"));
}

TEST(NestedConfig, AnErrorAboveIsToldWithItsFile) {
  const Tree tree;
  tree.write("quell.toml", "version = 1\nroot = true\nsuit = \"api\"\n");
  tree.write("shop/quell.toml", "version = 1\n");
  try {
    (void)find_config(tree.path("shop"));
    FAIL();
  } catch (const FileError& error) {
    EXPECT_THAT(error.what(), HasSubstr("quell.toml:3:1: unknown key 'suit'; did you mean 'suite'?"));
  }
}

}  // namespace
}  // namespace quell::gate

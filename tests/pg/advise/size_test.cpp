// The size estimate against indexes that are really built.
#include <gmock/gmock.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "analyzer/advise/candidate.hpp"
#include "tests/pg/advise/advisor_fixture.hpp"

namespace quell::advise {
namespace {

constexpr const char* kSchema = R"(
  CREATE TABLE facts (id int, big bigint, few int, many int, name text, at timestamptz, flag boolean, gap int, code uuid);
  INSERT INTO facts SELECT n, n, n % 10, n % 20000, 'name of ' || n, '2026-01-01'::timestamptz + n * interval '1 second',
                           n % 2 = 0, CASE WHEN n % 4 = 0 THEN n END, md5(n::text)::uuid
                    FROM generate_series(1, 100000) n;
  ANALYZE facts;
)";

TEST(EstimatedSizeOnServer, MedianErrorOverBuiltIndexesIsAtMost15Percent) {
  const std::string dsn = test::fresh_database();
  auto connection = db::SyncConnection::open(dsn);
  connection.execute(kSchema);
  const TableLookup lookup = look_up_table(connection, "", "facts");
  ASSERT_TRUE(lookup.table) << lookup.reason;
  const std::vector<std::vector<KeyColumn>> indexes{{{"id"}},
                                                    {{"big"}},
                                                    {{"few"}},
                                                    {{"many"}},
                                                    {{"name"}},
                                                    {{"at"}},
                                                    {{"flag"}},
                                                    {{"gap"}},
                                                    {{"code"}},
                                                    {{"few"}, {"id"}},
                                                    {{"many"}, {"at"}},
                                                    {{"name"}, {"few"}},
                                                    {{"flag"}, {"few"}},
                                                    {{"at", true, true}, {"id"}}};
  std::vector<double> errors;
  for (const std::vector<KeyColumn>& keys : indexes) {
    connection.execute(create_index_sql(*lookup.table, keys, "built", false));
    const auto result = connection.query("SELECT pg_relation_size('built')");
    double real = 0;
    const std::string_view text = result.value(0, 0);
    std::from_chars(text.data(), text.data() + text.size(), real);
    connection.execute("DROP INDEX built");
    const auto estimate = static_cast<double>(estimated_size(*lookup.table, keys, connection.server_version()));
    errors.push_back(std::abs(estimate - real) / real);
    fmt::print("{}: estimated {:.0f}, real {:.0f}\n", index_name(*lookup.table, keys), estimate, real);
  }
  std::sort(errors.begin(), errors.end());
  EXPECT_LE(errors[errors.size() / 2], 0.15);
  EXPECT_LE(errors.back(), 0.5);
}

}  // namespace
}  // namespace quell::advise

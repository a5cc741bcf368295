#include "agent/db/src/core/host_list.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quell::db::core {
namespace {

TEST(HostList, OnePortCountsForEveryHost) {
  const auto entries = parse_hosts("a,b", "", "5433");
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[1].host, "b");
  EXPECT_EQ(entries[1].port, "5433");
}

TEST(HostList, ListsOfDifferentLengthsAreLeftToLibpq) {
  EXPECT_TRUE(parse_hosts("a,b", "1.2.3.4", "").empty());
  EXPECT_TRUE(parse_hosts("a,b", "", "1,2,3").empty());
  EXPECT_TRUE(parse_hosts("", "", "").empty());
}

TEST(HostList, OnlyNamesWithoutAddressAreLookedUp) {
  EXPECT_TRUE(needs_lookup({"db.example", "", ""}));
  EXPECT_FALSE(needs_lookup({"db.example", "192.0.2.1", ""}));
  EXPECT_FALSE(needs_lookup({"192.0.2.1", "", ""}));
  EXPECT_FALSE(needs_lookup({"2001:db8::1", "", ""}));
  EXPECT_FALSE(needs_lookup({"/var/run/postgresql", "", ""}));
  EXPECT_FALSE(needs_lookup({"@abstract", "", ""}));
  EXPECT_FALSE(needs_lookup({"", "", ""}));
}

TEST(HostList, OrderIsKeptWhereANameHasSeveralAddresses) {
  const auto entries = parse_hosts("/tmp,db.example,last", ",,192.0.2.9", "1,2,3");
  std::vector<HostEntry> all{entries[0]};
  for (auto& entry : with_addresses(entries[1], {"192.0.2.1", "2001:db8::1"})) all.push_back(entry);
  all.push_back(entries[2]);
  const HostOptions joined = join_hosts(all);
  EXPECT_EQ(joined.host, "/tmp,db.example,db.example,last");
  EXPECT_EQ(joined.address, ",192.0.2.1,2001:db8::1,192.0.2.9");
  EXPECT_EQ(joined.port, "1,2,2,3");
}

}  // namespace
}  // namespace quell::db::core

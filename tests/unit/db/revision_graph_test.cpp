#include "agent/db/src/core/revision_graph.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quell::db::core {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Revision revision(std::string id, std::vector<std::string> parents) {
  Revision made;
  made.id = std::move(id);
  made.parents = std::move(parents);
  made.down_sql = "";
  return made;
}

/// a1 - b1 - c1 - e1 (merge of c1 and d1)
///       \ d1 /
RevisionGraph diamond() {
  return RevisionGraph({revision("e1", {"c1", "d1"}), revision("a1", {}), revision("b1", {"a1"}),
                        revision("c1", {"b1"}), revision("d1", {"b1"})});
}

std::vector<std::string> ids(const RevisionGraph& graph, const std::vector<std::size_t>& plan) {
  std::vector<std::string> out;
  for (const std::size_t index : plan) out.push_back(graph.revisions()[index].id);
  return out;
}

template <class Function>
std::string error_of(Function function) {
  try {
    function();
  } catch (const MigrationError& error) {
    return error.what();
  }
  return "no error";
}

TEST(RevisionGraph, ParentsComeBeforeChildren) {
  const RevisionGraph graph = diamond();
  EXPECT_THAT(ids(graph, graph.upgrade_plan({}, "head")), ElementsAre("a1", "b1", "c1", "d1", "e1"));
  EXPECT_THAT(graph.heads(), ElementsAre("e1"));
}

TEST(RevisionGraph, UpgradeTakesOnlyWhatIsMissing) {
  const RevisionGraph graph = diamond();
  EXPECT_THAT(ids(graph, graph.upgrade_plan({"a1", "b1"}, "head")), ElementsAre("c1", "d1", "e1"));
  EXPECT_THAT(ids(graph, graph.upgrade_plan({"a1"}, "d1")), ElementsAre("b1", "d1"));
  EXPECT_THAT(ids(graph, graph.upgrade_plan({"a1"}, "d")), ElementsAre("b1", "d1")) << "a prefix";
  EXPECT_THAT(ids(graph, graph.upgrade_plan({}, "+2")), ElementsAre("a1", "b1"));
  EXPECT_THAT(graph.upgrade_plan({"a1", "b1", "c1", "d1", "e1"}, "head"), IsEmpty());
}

TEST(RevisionGraph, DowngradeGoesBackwards) {
  const RevisionGraph graph = diamond();
  const RevisionGraph::Applied all{"a1", "b1", "c1", "d1", "e1"};
  EXPECT_THAT(ids(graph, graph.downgrade_plan(all, "base")), ElementsAre("e1", "d1", "c1", "b1", "a1"));
  EXPECT_THAT(ids(graph, graph.downgrade_plan(all, "-1")), ElementsAre("e1"));
  EXPECT_THAT(ids(graph, graph.downgrade_plan(all, "b1")), ElementsAre("e1", "d1", "c1"));
  EXPECT_THAT(ids(graph, graph.downgrade_plan(all, "c1")), ElementsAre("e1")) << "d1 does not follow c1";
  EXPECT_THAT(graph.downgrade_plan({}, "base"), IsEmpty());
}

TEST(RevisionGraph, CurrentIsTheNewestOfEachBranch) {
  const RevisionGraph graph = diamond();
  EXPECT_THAT(graph.current({"a1", "b1", "c1", "d1"}), ElementsAre("c1", "d1"));
  EXPECT_THAT(graph.current({}), IsEmpty());
}

TEST(RevisionGraph, SeveralHeadsMustBeNamed) {
  const RevisionGraph graph({revision("a", {}), revision("b", {"a"}), revision("c", {"a"})});
  EXPECT_THAT(error_of([&] { (void)graph.upgrade_plan({}, "head"); }), HasSubstr("2 heads (b, c)"));
  EXPECT_THAT(ids(graph, graph.upgrade_plan({}, "heads")), ElementsAre("a", "b", "c"));
}

TEST(RevisionGraph, RevisionsAreFoundRelativeToOthers) {
  const RevisionGraph graph = diamond();
  EXPECT_THAT(ids(graph, graph.find("head")), ElementsAre("e1"));
  EXPECT_THAT(ids(graph, graph.find("a1+1")), ElementsAre("b1"));
  EXPECT_THAT(ids(graph, graph.find("c-2")), ElementsAre("a1"));
  EXPECT_THAT(graph.find("base"), IsEmpty());
  EXPECT_THAT(error_of([&] { (void)graph.find("a1+2"); }), HasSubstr("from 'b1' there are several ways (c1, d1)"));
  EXPECT_THAT(error_of([&] { (void)graph.find("head-1"); }), HasSubstr("from 'e1' there are several ways (c1, d1)"));
  EXPECT_THAT(error_of([&] { (void)graph.find("b1-2"); }), HasSubstr("only 1 revisions before 'b1'"));
  EXPECT_THAT(error_of([&] { (void)graph.find("-1"); }), HasSubstr("no revision '-1'"));
}

TEST(RevisionGraph, RangesHaveBothEnds) {
  const RevisionGraph graph = diamond();
  EXPECT_THAT(ids(graph, graph.range("b1:c1")), ElementsAre("b1", "c1"));
  EXPECT_THAT(ids(graph, graph.range(":d1")), ElementsAre("a1", "b1", "d1"));
  EXPECT_THAT(ids(graph, graph.range("c1:")), ElementsAre("c1", "d1", "e1")) << "d1 is an ancestor of e1 alone";
  EXPECT_THAT(error_of([&] { (void)graph.range("c1:d1"); }), HasSubstr("'c1' is no ancestor of 'd1'"));
  EXPECT_THAT(error_of([&] { (void)graph.range("a1"); }), HasSubstr("'a1' is no range"));
}

TEST(RevisionGraph, StepsDownStopWhereTheWayForks) {
  const RevisionGraph graph = diamond();
  const RevisionGraph::Applied all{"a1", "b1", "c1", "d1", "e1"};
  EXPECT_THAT(error_of([&] { (void)graph.downgrade_plan(all, "-2"); }), HasSubstr("2 branches are applied (c1, d1)"));
  EXPECT_THAT(ids(graph, graph.downgrade_plan({"a1", "b1", "c1"}, "-2")), ElementsAre("c1", "b1"));
}

TEST(RevisionGraph, FaultsAreNamed) {
  EXPECT_THAT(error_of([] {
                RevisionGraph({revision("a", {}), revision("a", {})});
              }),
              HasSubstr("two revisions have the id 'a'"));
  EXPECT_THAT(error_of([] { RevisionGraph({revision("a", {"z"})}); }), HasSubstr("'a' follows 'z'"));
  EXPECT_THAT(error_of([] {
                RevisionGraph({revision("a", {"b"}), revision("b", {"a"})});
              }),
              HasSubstr("its own ancestor: 'a' follows 'b' follows 'a'"));
  EXPECT_THAT(error_of([] { RevisionGraph({revision("a", {"a"})}); }), HasSubstr("'a' follows 'a'"));
  EXPECT_THAT(error_of([] {
                RevisionGraph({revision("after", {"b"}), revision("root", {}), revision("b", {"root", "c"}),
                               revision("c", {"b"})});
              }),
              HasSubstr(": 'b' follows 'c' follows 'b'"))
      << "what only comes after the circle is not named";
  const RevisionGraph graph({revision("ab1", {}), revision("ab2", {"ab1"})});
  EXPECT_THAT(error_of([&] { (void)graph.upgrade_plan({}, "ab"); }), HasSubstr("'ab' may be any of ab1, ab2"));
  EXPECT_THAT(error_of([&] { (void)graph.upgrade_plan({}, "x"); }), HasSubstr("no revision 'x'"));
  EXPECT_THAT(error_of([&] { (void)graph.upgrade_plan({}, ""); }), HasSubstr("no revision ''"));
  EXPECT_THAT(error_of([&] { (void)graph.upgrade_plan({}, "+3"); }), HasSubstr("3 more steps"));
  EXPECT_THAT(error_of([&] { (void)graph.downgrade_plan({"ab1"}, "-2"); }), HasSubstr("2 steps down"));
  EXPECT_THAT(error_of([&] { (void)graph.downgrade_plan({"ab1"}, "ab2"); }), HasSubstr("'ab2' is not applied"));
}

}  // namespace
}  // namespace quell::db::core

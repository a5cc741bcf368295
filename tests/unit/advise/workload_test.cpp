#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/advise/index_advice.hpp"
#include "analyzer/advise/statement_sample.hpp"
#include "tests/unit/advise/traced.hpp"

namespace quell::advise {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

constexpr std::uint32_t kInt8 = 20;
constexpr std::uint32_t kText = 25;

TEST(SampleStatement, FrequentUsualAndRareValuesWithTheirWeights) {
  Traced traced;
  const std::string sql = "SELECT * FROM items WHERE state = $1";
  for (int i = 0; i < 6; ++i) traced.query(sql, {{kText, "done"}});
  for (int i = 0; i < 3; ++i) traced.query(sql, {{kText, "open"}});
  traced.query(sql, {{kText, "lost"}});
  const model::Workload workload = traced.finish();
  const SampledStatement sample = sample_statement(workload, 0);
  EXPECT_EQ(sample.executions, 10U);
  ASSERT_THAT(sample.samples, SizeIs(3));
  EXPECT_EQ(sample.samples[0].request.parameters.at(0).bytes, "done");
  EXPECT_DOUBLE_EQ(sample.samples[0].weight, 6);
  EXPECT_EQ(sample.samples[1].request.parameters.at(0).bytes, "open");
  EXPECT_EQ(sample.samples[2].request.parameters.at(0).bytes, "lost");
  EXPECT_DOUBLE_EQ(sample.samples[1].weight + sample.samples[2].weight, 4);
}

TEST(SampleStatement, FailedExecutionsAreUsedOnlyWhereThereAreNoOthers) {
  Traced traced;
  traced.query("SELECT * FROM items WHERE id = $1", {{kInt8, "1"}}, "57014");
  traced.query("SELECT * FROM items WHERE id = $1", {{kInt8, "2"}});
  traced.query("SELECT * FROM gone WHERE id = $1", {{kInt8, "3"}}, "42P01");
  const model::Workload workload = traced.finish();
  ASSERT_THAT(sample_statement(workload, 0).samples, SizeIs(1));
  EXPECT_EQ(sample_statement(workload, 0).samples[0].request.parameters.at(0).bytes, "2");
  EXPECT_THAT(sample_statement(workload, 1).samples, SizeIs(1));
}

TEST(SampleStatement, InlinedLiteralsAreNoParameters) {
  const model::Workload workload = Traced().query("SELECT * FROM items WHERE id = 17").finish();
  const SampledStatement sample = sample_statement(workload, 0);
  ASSERT_THAT(sample.samples, SizeIs(1));
  EXPECT_EQ(sample.samples[0].request.sql, "SELECT * FROM items WHERE id = 17");
  EXPECT_THAT(sample.samples[0].request.parameters, IsEmpty());
}

TEST(RunRequest, WritesAreMarked) {
  const model::Workload workload = Traced().query("DELETE FROM items WHERE id = $1", {{kInt8, "1"}}).finish();
  EXPECT_TRUE(run_request(workload, 0).writes);
  EXPECT_EQ(run_request(workload, 0).parameters.at(0).type_oid, kInt8);
}

TEST(AdviseLoading, ProxyTracesAreNotToldToCallOurLayer) {
  const model::Workload workload = Traced("quell-proxy 0.1.0").query("SELECT name FROM users WHERE id = 5").finish();
  detect::Finding finding;
  finding.kind = detect::Kind::n_plus_one;
  finding.child = workload.statement_of(0);
  finding.executions = 4;
  finding.edge.emplace();
  finding.edge->from_table = "posts";
  finding.edge->from_column = "author_id";
  finding.edge->to_parameter = "$1";
  finding.edge->to_table = "users";
  finding.edge->to_column = "id";
  std::vector<detect::Finding> findings{finding};
  advise_loading(workload, findings);
  for (const detect::Advice& advice : findings[0].advice) EXPECT_EQ(advice.code.find("selectin"), std::string::npos);
  EXPECT_EQ(findings[0].advice.at(1).code, "SELECT id, name FROM users WHERE id = ANY($1)");
}

TEST(AdviseLoading, ChildStatementIsRewrittenWithTheTypesOfItsBinds) {
  const model::Workload workload =
      Traced()
          .query("SELECT id FROM posts")
          .query("SELECT id FROM comments WHERE post_id = $1 ORDER BY id LIMIT 3", {{kInt8, "5"}})
          .finish();
  detect::Finding finding;
  finding.kind = detect::Kind::n_plus_one;
  finding.child = workload.statement_of(1);
  finding.executions = 4;
  detect::ValueEdge edge;
  edge.from_table = "posts";
  edge.from_column = "id";
  edge.to_parameter = "$1";
  edge.to_table = "comments";
  edge.to_column = "post_id";
  finding.edge = edge;
  std::vector<detect::Finding> findings{finding, detect::Finding{}};
  advise_loading(workload, findings);
  ASSERT_THAT(findings[0].advice, SizeIs(2));
  EXPECT_EQ(findings[0].advice[0].code, "select<Post>().with(selectin(&Post::comments))");
  EXPECT_EQ(findings[0].advice[1].code,
            "SELECT batch.key, found.* FROM unnest($1::bigint[]) AS batch (key) CROSS JOIN LATERAL (SELECT id FROM "
            "comments WHERE post_id = batch.key ORDER BY id LIMIT $2) AS found");
  EXPECT_THAT(findings[1].advice, IsEmpty());  // no child statement
}

}  // namespace
}  // namespace quell::advise

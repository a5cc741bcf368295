#include "analyzer/model/comment_tags.hpp"

#include <gtest/gtest.h>

namespace quell::model {
namespace {

// The example of the W3C recommendation.
constexpr trace::TraceContext kW3c = {0x0a, 0xf7, 0x65, 0x19, 0x16, 0xcd, 0x43, 0xdd,
                                      0x84, 0x48, 0xeb, 0x21, 0x1c, 0x80, 0x31, 0x9c};

CommentTags tags(std::string_view sql) {
  const auto found = comment_tags(sql);
  EXPECT_TRUE(found.has_value()) << sql;
  return found.value_or(CommentTags{});
}

TEST(CommentTags, TrailingSqlcommenterIsRead) {
  // As the specification of sqlcommenter shows it.
  const CommentTags t = tags(
      "SELECT * FROM FOO /*action='%2Fparam*d',controller='index',framework='spring',"
      "traceparent='00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',"
      "tracestate='congo%3Dt61rcWkgMzE%2Crojo%3D00f067aa0ba902b7'*/");
  EXPECT_EQ(t.trace_context, kW3c);
  EXPECT_EQ(t.name, "index#/param*d");
  EXPECT_TRUE(t.exact());
}

TEST(CommentTags, RouteIsTheNameAndIsDecoded) {
  EXPECT_EQ(tags("SELECT 1 /*controller='posts',route='%2Fposts%2F%3Aid'*/;").name, "/posts/:id");
}

TEST(CommentTags, LeadingSeveralAndLineCommentsAreRead) {
  const CommentTags t = tags(
      "/* a note */ /*route='/a'*/ -- request_id='r-1'\nSELECT x FROM t /*application='shop'*/ ; /*db_driver='pg'*/");
  EXPECT_EQ(t.name, "/a");
  EXPECT_EQ(t.request_id, "r-1");
}

TEST(CommentTags, RailsWroteColons) {
  const CommentTags t = tags(
      "SELECT 1 /*application:Shop,controller:posts,action:index,"
      "source_location:app/models/post.rb:12:in `comments'*/");
  EXPECT_EQ(t.name, "posts#index");
  EXPECT_EQ(t.file, "app/models/post.rb");
  EXPECT_EQ(t.line, 12U);
  EXPECT_FALSE(t.exact());
}

TEST(CommentTags, JobIsAJob) {
  const CommentTags t = tags("SELECT 1 /*application='Shop',job='MailJob'*/");
  EXPECT_EQ(t.name, "MailJob");
  EXPECT_EQ(t.kind, trace::ScopeKind::job);
}

TEST(CommentTags, QuotesMayBeEscaped) {
  EXPECT_EQ(tags(R"(SELECT 1 /*route='/o\'clock,x'*/)").name, "/o'clock,x");
}

TEST(CommentTags, OtherCommentsAreNone) {
  for (const std::string_view sql :
       {"SELECT 1", "SELECT 1 /* route='/a' and more */", "/*+ SeqScan(t) */ SELECT 1", "SELECT '/*route=''/a''*/'",
        "SELECT /*route='/a'*/ 1", "SELECT 1 /*route='/a'", "SELECT 1 /*route=*/", "SELECT 1 -- see: the manual",
        "SELECT 1 /*note:the route is unknown*/", "/**/", "--"}) {
    EXPECT_FALSE(comment_tags(sql).has_value()) << sql;
  }
}

TEST(CommentTags, TraceIdOfZerosIsNone) {
  EXPECT_FALSE(read_trace_id("00-00000000000000000000000000000000-b7ad6b7169203331-01"));
  EXPECT_FALSE(read_trace_id("00-0af7651916cd43dd8448eb211c80319-b7ad6b71692033311-01"));
  EXPECT_EQ(read_trace_id("0AF7651916CD43DD8448EB211C80319C"), kW3c);
}

}  // namespace
}  // namespace quell::model

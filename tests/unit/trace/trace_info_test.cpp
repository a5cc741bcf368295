#include "cli/trace_info.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include <quell/trace/error.hpp>
#include <quell/trace/writer.hpp>

#include "tests/unit/trace/scratch.hpp"

namespace quell::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using trace::testing::Scratch;

trace::Header header() {
  trace::Header made;
  made.created_unix_ns = 1'000'000'000'500'000'000;  // 2001-09-09 01:46:40 UTC and a half
  made.program = "bookshop";
  made.agent = "quell-tracer 0.1.0";
  return made;
}

std::string two_queries_and_a_loss(const Scratch& scratch) {
  const std::string path = scratch.file("t.qtr");
  const auto writer = trace::Writer::create(path, header());
  writer->write(trace::Query{.start = 1'000'000'000, .ready = 1'200'000'000, .id = 1});
  writer->write(trace::Query{.start = 2'000'000'000, .ready = 2'500'000'000, .id = 2});
  writer->write(trace::ResultValues{
      .query = 2, .rows = 3, .columns = 1, .total_rows = 3, .values = std::array<trace::Value, 3>{}});
  writer->write(trace::Loss{.time = 2'500'000'000, .kind = trace::EventKind::pool, .count = 7});
  return path;
}

TEST(TraceInfo, TextTellsHeaderCountsSpanAndLoss) {
  const Scratch scratch;
  const std::string text = trace_info(two_queries_and_a_loss(scratch), false);
  EXPECT_THAT(text, HasSubstr("Program    bookshop, recorded by quell-tracer 0.1.0\n"));
  EXPECT_THAT(text, HasSubstr("Begun      2001-09-09T01:46:40Z\n"));
  EXPECT_THAT(text, HasSubstr("Span       1.500 s\n"));
  EXPECT_THAT(text, HasSubstr("Values     in clear\n"));
  EXPECT_THAT(text, HasSubstr("Complete   no: the recorder lost events\n"));
  EXPECT_THAT(text, HasSubstr("  query                     2\n"));
  EXPECT_THAT(text, HasSubstr("  single values             3\n"));
  EXPECT_THAT(text, HasSubstr("  pool                      0  and 7 lost\n"));
  EXPECT_THAT(text, Not(HasSubstr("consumption"))) << "kinds that do not occur are left out";
  EXPECT_THAT(text, Not(HasSubstr("Damage")));
}

TEST(TraceInfo, JsonHoldsTheSameAndEveryKind) {
  const Scratch scratch;
  const std::string path = two_queries_and_a_loss(scratch);
  const boost::json::value json = boost::json::parse(trace_info(path, true));
  EXPECT_EQ(json.at("file").as_string(), path);
  EXPECT_EQ(json.at("format_version").to_number<int>(), 1);
  EXPECT_EQ(json.at("span_ns").to_number<std::int64_t>(), 1'500'000'000);
  EXPECT_FALSE(json.at("complete").as_bool());
  EXPECT_TRUE(json.at("closed").as_bool());
  EXPECT_EQ(json.at("events").as_object().size(), 12U);
  EXPECT_EQ(json.at("events").at("query").to_number<int>(), 2);
  EXPECT_EQ(json.at("events").at("result_values").to_number<int>(), 1);
  EXPECT_EQ(json.at("lost").at("pool").to_number<int>(), 7);
  EXPECT_EQ(json.at("result_values").to_number<int>(), 3);
  EXPECT_TRUE(json.at("damage").as_array().empty());
}

TEST(TraceInfo, TornTraceIsIncompleteAndSaysWhere) {
  const Scratch scratch;
  const std::string path = two_queries_and_a_loss(scratch);
  const std::string bytes = trace::testing::read_file(path);
  trace::testing::write_file(path, bytes.substr(0, bytes.size() - 1));
  const std::string text = trace_info(path, false);
  EXPECT_THAT(text, HasSubstr("its writer did not end it"));
  EXPECT_THAT(text, HasSubstr("Damage\n  the trace ends inside a block at "));
  const boost::json::value json = boost::json::parse(trace_info(path, true));
  EXPECT_EQ(json.at("damage").at(0).at("kind").as_string(), "torn_tail");
  EXPECT_EQ(json.at("damage").at(0).at("length").to_number<int>(), 23) << "the end block has 24 bytes";
}

TEST(TraceInfo, OrderlyTraceIsComplete) {
  const Scratch scratch;
  trace::Header redacted = header();
  redacted.redacted = true;
  trace::Writer::create(scratch.file("t.qtr"), redacted);
  const std::string text = trace_info(scratch.file("t.qtr"), false);
  EXPECT_THAT(text, HasSubstr("Complete   yes\n"));
  EXPECT_THAT(text, HasSubstr("Values     only as keyed hashes\n"));
  EXPECT_THAT(text, HasSubstr("Span       0.000 s\n"));
}

TEST(TraceInfo, WhatIsNoTraceIsAnError) {
  EXPECT_THROW(static_cast<void>(trace_info("/dev/null", false)), trace::TraceError);
}

}  // namespace
}  // namespace quell::cli

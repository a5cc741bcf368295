#include "agent/proxy/hook_marks.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <quell/trace/reader.hpp>
#include <quell/trace/writer.hpp>

#include "agent/proxy/address.hpp"
#include "agent/proxy/hook_channel.hpp"

namespace quell::proxy {
namespace {

namespace fs = std::filesystem;

/// Marks that write into a trace, which is read back.
class HookMarksTest : public testing::Test {
 protected:
  HookMarksTest() {
    path_ = (fs::temp_directory_path() / ("hook-marks-" + std::to_string(getpid()) +
                                          testing::UnitTest::GetInstance()->current_test_info()->name() + ".qtr"))
                .string();
    writer_ = trace::Writer::create(path_, {});
  }
  ~HookMarksTest() override {
    writer_.reset();
    fs::remove(path_);
  }

  void take(std::string_view line) { marks_.take(line, *writer_); }
  /// Stack and scope of an execution.
  std::pair<trace::StackId, trace::ScopeId> of(trace::ConnectionId connection, trace::Time start) {
    const auto site = marks_.of(connection, start);
    return {site.stack, site.scope};
  }

  /// Scopes and stacks of the trace, a line each.
  std::string written() {
    marks_.finish(*writer_);
    writer_.reset();
    struct Sink : trace::EventSink {
      using trace::EventSink::on;
      void on(const trace::Text& text, trace::Source) override { texts[text.id] = std::string(text.bytes); }
      void on(const trace::Stack& stack, trace::Source source) override {
        shown += "stack";
        for (const auto& frame : stack.frames) {
          shown += " " + texts[frame.function] + "@" + texts[frame.file] + ":" + std::to_string(frame.line);
        }
        shown += source == trace::Source::hook ? "\n" : " of another source\n";
      }
      void on(const trace::ScopeBegin& begin, trace::Source) override {
        shown += "begin " + std::to_string(begin.id) + " in " + std::to_string(begin.parent) + " kind " +
                 std::to_string(static_cast<int>(begin.kind)) + " rule " +
                 std::to_string(static_cast<int>(begin.rule)) + " at " + std::to_string(begin.time) + " " +
                 texts[begin.name] + "\n";
        trace_contexts.push_back(begin.trace_context);
      }
      void on(const trace::ScopeEnd& end, trace::Source) override {
        shown += "end " + std::to_string(end.id) + " at " + std::to_string(end.time) + " " +
                 std::to_string(end.outcome) + "\n";
      }
      std::map<trace::TextId, std::string> texts;
      std::vector<trace::TraceContext> trace_contexts;
      std::string shown;
    } sink;
    trace::Reader::open(path_)->read_all(sink);
    contexts_ = sink.trace_contexts;
    return sink.shown;
  }

  std::string path_;
  std::unique_ptr<trace::Writer> writer_;
  HookMarks marks_;
  std::vector<trace::TraceContext> contexts_;
};

TEST_F(HookMarksTest, ExecutionBelongsToTheLastCallBeforeIt) {
  take("s\tP\t1\tlist\tapp.py\t10");
  take("s\tP\t2\tshow\tapp.py\t20\tmain\tmain.py\t3");
  marks_.connected(7, {"p4000"}, 100);
  take("c\tp4000\t200\tP\t1\t0\tr");
  take("c\tp4000\t300\tP\t2\t0\tr");
  EXPECT_EQ(of(7, 150).first, 0U) << "before the first call";
  const auto first = of(7, 200).first;
  EXPECT_EQ(of(7, 299).first, first) << "BEGIN and the statement of one call";
  const auto second = of(7, 300).first;
  EXPECT_NE(first, 0U);
  EXPECT_NE(second, first);
  EXPECT_EQ(of(8, 300).first, 0U) << "another connection";
  EXPECT_EQ(written(), "stack list@app.py:10\nstack show@app.py:20 main@main.py:3\n");
}

TEST_F(HookMarksTest, CallsMayComeBeforeTheirConnectionIsKnown) {
  take("s\tP\t1\tf\ta.py\t1");
  take("c\tp4000\t200\tP\t1\t0\tr");
  marks_.connected(7, {"p4000", "b99"}, 150);
  EXPECT_NE(of(7, 210).first, 0U);
}

TEST_F(HookMarksTest, PortIsReusedByTheNextConnection) {
  take("s\tP\t1\tf\ta.py\t1");
  marks_.connected(7, {"p4000"}, 100);
  take("c\tp4000\t200\tP\t1\t0\tr");
  marks_.connected(8, {"p4000"}, 300);  // the end of 7 comes late, from another loop
  marks_.disconnected(7);
  EXPECT_EQ(of(8, 400).first, 0U);
  take("c\tp4000\t500\tP\t1\t0\tr");
  EXPECT_NE(of(8, 510).first, 0U);
}

TEST_F(HookMarksTest, PipelinedCallsAreTakenInTurn) {
  take("s\tP\t1\tf\ta.js\t1");
  take("s\tP\t2\tf\ta.js\t2");
  take("s\tP\t3\tf\ta.js\t3");
  marks_.connected(7, {"p1", "b99"}, 0);
  take("c\tb99\t100\tP\t1\t0\tf");
  take("c\tb99\t101\tP\t2\t0\ts");
  take("c\tb99\t102\tP\t3\t0\ts");
  const auto a = of(7, 110).first;  // all three were sent before the first was answered
  const auto b = of(7, 120).first;
  const auto c = of(7, 130).first;
  EXPECT_EQ(std::set({a, b, c}).size(), 3U);
  EXPECT_EQ(of(7, 131).first, c) << "more statements in one call";
}

TEST_F(HookMarksTest, CallThatWasNeverExecutedTakesNothingAfterThePipelineRanDry) {
  take("s\tP\t1\tf\ta.js\t1");
  take("s\tP\t2\tf\ta.js\t2");
  marks_.connected(7, {"b99"}, 0);
  take("c\tb99\t100\tP\t1\t0\tf");
  take("c\tb99\t101\tP\t1\t0\ts");  // is never executed
  take("c\tb99\t200\tP\t2\t0\tf");
  const auto first = of(7, 110).first;
  const auto second = of(7, 210).first;
  EXPECT_NE(second, first);
  EXPECT_NE(second, 0U);
}

TEST_F(HookMarksTest, ScopeIsWrittenWithTheNameItHasAtItsEnd) {
  marks_.connected(7, {"p1"}, 0);
  take("b\tP\t5\t100\tt\t0\t-");
  take("b\tP\t6\t110\tr\t5\t00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  take("c\tp1\t120\tP\t0\t6\tr");
  const auto scope = of(7, 121).second;
  take("e\tP\t6\t130\t404\tGET /a/{id}");
  EXPECT_EQ(of(7, 129).second, scope);
  EXPECT_EQ(of(7, 140).second, 0U) << "a pool's clean-up after the request";
  take("b\tQ\t6\t150\tj\t0\t-");  // another process
  take("c\tp1\t160\tQ\t0\t6\tr");
  EXPECT_NE(of(7, 161).second, scope);
  EXPECT_EQ(scope, 2U);
  EXPECT_EQ(written(),
            "begin 2 in 1 kind 0 rule 2 at 110 GET /a/{id}\nend 2 at 130 404\n"
            "begin 1 in 0 kind 2 rule 2 at 100 (not finished)\nbegin 3 in 0 kind 1 rule 2 at 150 (not finished)\n");
  EXPECT_EQ(contexts_[0][0], 0x0a);
  EXPECT_EQ(contexts_[0][15], 0x9c);
}

TEST_F(HookMarksTest, NonsenseIsPassedOver) {
  marks_.connected(7, {"p1"}, 0);
  for (const std::string_view line :
       {"", "\t", "c", "c\tp1", "c\tp1\tx\tP\t1\t0\tr", "c\tp1\t10\tP\t1", "s", "s\tP\t1", "s\tP\t1\tf\ta.py\tten",
        "b\tP\t1", "b\tP\t1\t-\tr\t0\t-", "e\tP\t9\t1\t200\tname", "e", "l\tmany", "zzz\t1\t2",
        "c\tp1\t99999999999999999999\tP\t1\t0\tr"}) {
    take(line);
  }
  EXPECT_EQ(of(7, 1000), std::pair(0U, trace::ScopeId{0}));
  take("l\t12");
  EXPECT_EQ(marks_.lost(), 12U);
  EXPECT_EQ(written(), "");
}

TEST(HookChannel, GivesWholeLinesAndKeepsTheRest) {
  const std::string path = (fs::temp_directory_path() / ("hook-channel-" + std::to_string(getpid()))).string();
  {
    HookChannel channel(path);
    EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_read | fs::perms::owner_write);
    EXPECT_TRUE(channel.read().empty());
    const int writer = open(path.c_str(), O_WRONLY | O_NONBLOCK);
    ASSERT_GE(writer, 0);
    const auto put = [&](std::string_view bytes) {
      ASSERT_EQ(write(writer, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    };
    put("one\ntwo\nthr");
    EXPECT_EQ(channel.read(), (std::vector<std::string_view>{"one", "two"}));
    put("ee\n");
    close(writer);  // the last writer goes, the next one comes
    EXPECT_EQ(channel.read(), (std::vector<std::string_view>{"three"}));
    EXPECT_TRUE(channel.read().empty());
  }
  EXPECT_FALSE(fs::exists(path));
}

TEST(HookChannel, LineWithoutEndIsNotKeptForEver) {
  const std::string path = (fs::temp_directory_path() / ("hook-channel-long-" + std::to_string(getpid()))).string();
  HookChannel channel(path);
  const int writer = open(path.c_str(), O_WRONLY | O_NONBLOCK);
  const std::string bytes(5'000, 'x');
  ASSERT_EQ(write(writer, bytes.data(), bytes.size()), 5'000);
  EXPECT_TRUE(channel.read().empty());
  ASSERT_EQ(write(writer, "\nnext\n", 6), 6);
  EXPECT_EQ(channel.read(), (std::vector<std::string_view>{"", "next"}));
  close(writer);
}

TEST(HookChannel, PathThatCannotBeMadeIsNamed) {
  try {
    HookChannel("/nonexistent/hooks");
    FAIL();
  } catch (const ProxyError& error) {
    EXPECT_NE(std::string(error.what()).find("/nonexistent/hooks"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace quell::proxy

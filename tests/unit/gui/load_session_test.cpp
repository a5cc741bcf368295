#include "gui/app/load_session.hpp"

#include <gtest/gtest.h>

#include <QTemporaryDir>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include <quell/trace/error.hpp>
#include <quell/trace/writer.hpp>

#include "gui/model/lanes.hpp"

namespace quell::gui {
namespace {

constexpr trace::Time kMillisecond = 1'000'000;
constexpr std::uint32_t kInt8 = 20;

/// One request that lists three shelves and then counts the books of each: an N+1 with int8 keys 11, 12, 13.
void write_library_trace(const std::string& path) {
  auto writer = trace::Writer::create(path, {});
  const auto shelves = writer->text("SELECT id, room FROM shelves");
  const auto books = writer->text("SELECT title FROM books WHERE shelf_id = $1");
  const trace::Frame frame{writer->text("show_shelf"), writer->text("library/shelf.cpp"), 23};
  const auto stack = writer->stack(std::span(&frame, 1));
  const trace::Column column{writer->text("id"), 5'001, 1, kInt8, true};
  const auto shape = writer->shape(std::span(&column, 1));

  trace::ScopeBegin begin;
  begin.time = kMillisecond;
  begin.id = 1;
  begin.name = writer->text("GET /shelves");
  writer->write(begin);
  trace::Query query;
  query.id = 1;
  query.connection = 4;
  query.scope = 1;
  query.text = shelves;
  query.start = 2 * kMillisecond;
  query.first_byte = query.complete = query.ready = 3 * kMillisecond;
  query.rows = 3;
  writer->write(query);
  const std::vector<trace::Value> ids{trace::Value::integer(11), trace::Value::integer(12), trace::Value::integer(13)};
  writer->write(trace::ResultValues{1, shape, 3, 1, 3, ids});
  for (std::uint64_t i = 0; i < 3; ++i) {
    const auto text = std::to_string(11 + i);
    trace::Parameter parameter;
    parameter.type_oid = kInt8;
    parameter.form = trace::ParameterForm::text;
    parameter.bytes = text;
    parameter.full_size = text.size();
    query.id = 2 + i;
    query.text = books;
    query.stack = stack;
    query.start = static_cast<trace::Time>(4 + i) * kMillisecond;
    query.first_byte = query.complete = query.ready = query.start + kMillisecond / 2;
    query.parameters = std::span(&parameter, 1);
    writer->write(query);
  }
  writer->write(trace::ScopeEnd{8 * kMillisecond, 1, 200});
}

class LoadSession : public testing::Test {
 protected:
  [[nodiscard]] std::string path(const std::string& name) const {
    return folder_.filePath(QString::fromStdString(name)).toStdString();
  }
  QTemporaryDir folder_;
};

TEST_F(LoadSession, TheColumnsHoldWhatTheTraceSays) {
  write_library_trace(path("library.qtr"));
  const auto session = load_session(path("library.qtr"), "", {});
  ASSERT_EQ(session->queries.size(), 4U);
  EXPECT_EQ(session->begin, kMillisecond);
  EXPECT_EQ(session->end, 8 * kMillisecond);
  EXPECT_EQ(session->queries.start[0], 2 * kMillisecond);
  EXPECT_EQ(session->queries.duration[0], 1e6F);
  EXPECT_EQ(session->queries.duration[3], 5e5F);
  EXPECT_EQ(session->queries.rows[0], 3U);
  EXPECT_EQ(session->queries.connection[0], 4U);
  EXPECT_EQ(session->scope_names, std::vector<std::string>{"GET /shelves"});
  EXPECT_EQ(session->class_of(0), QueryClass::read);
}

TEST_F(LoadSession, TheFindingIsProvedAndItsExecutionsAreMarked) {
  write_library_trace(path("library.qtr"));
  const auto session = load_session(path("library.qtr"), "", {});
  ASSERT_EQ(session->report.findings.size(), 1U);
  EXPECT_EQ(session->report.findings[0].kind, detect::Kind::n_plus_one);
  EXPECT_EQ(session->report.findings[0].confidence, detect::Confidence::proved);
  EXPECT_FALSE(session->queries.marks[0] & mark::kInFinding);
  for (std::uint32_t query = 1; query < 4; ++query) EXPECT_TRUE(session->queries.marks[query] & mark::kInFinding);
}

TEST_F(LoadSession, AnExecutionHasItsBindsAndItsCallStack) {
  write_library_trace(path("library.qtr"));
  const auto session = load_session(path("library.qtr"), "", {});
  const auto detail = session->detail(2);
  EXPECT_EQ(detail.text, "SELECT title FROM books WHERE shelf_id = $1");
  ASSERT_EQ(detail.binds.size(), 1U);
  EXPECT_EQ(detail.binds[0].type, "int8");
  EXPECT_NE(detail.binds[0].value.find("12"), std::string::npos);
  ASSERT_EQ(detail.stack.size(), 1U);
  EXPECT_EQ(detail.stack[0].file, "library/shelf.cpp");
  EXPECT_EQ(detail.stack[0].line, 23U);
}

TEST_F(LoadSession, LanesAreReadyForTheTimeline) {
  write_library_trace(path("library.qtr"));
  const auto session = load_session(path("library.qtr"), "", {});
  ASSERT_NE(session->lanes, nullptr);
  ASSERT_EQ(session->lanes->groups.size(), 1U);
  EXPECT_EQ(session->lanes->groups[0].label, "GET /shelves");
}

TEST_F(LoadSession, ADatabaseThatCannotBeAskedCostsOnlyThePlans) {
  write_library_trace(path("library.qtr"));
  const auto session = load_session(path("library.qtr"), "host=" + path("nowhere") + " dbname=library", {});
  EXPECT_EQ(session->report.findings.size(), 1U);
  EXPECT_TRUE(session->report.plans.empty());
  EXPECT_EQ(session->dsn_hint.rfind("No plans: ", 0), 0U) << session->dsn_hint;
}

TEST_F(LoadSession, WithoutADatabaseItSaysHowToGetPlans) {
  write_library_trace(path("library.qtr"));
  EXPECT_NE(load_session(path("library.qtr"), "", {})->dsn_hint.find("--dsn"), std::string::npos);
}

TEST_F(LoadSession, WhatIsNotATraceIsRefused) {
  QFile file(folder_.filePath(QStringLiteral("notes.txt")));
  ASSERT_TRUE(file.open(QIODevice::WriteOnly));
  file.write("these are not the events you are looking for");
  file.close();
  EXPECT_THROW((void)load_session(path("notes.txt"), "", {}), trace::TraceError);
}

TEST_F(LoadSession, CancelStopsTheAnalysis) {
  write_library_trace(path("library.qtr"));
  LoadObserver observer;
  observer.step = [](const std::string&) { throw std::runtime_error("cancelled"); };
  EXPECT_THROW((void)load_session(path("library.qtr"), "", observer), std::runtime_error);
}

TEST_F(LoadSession, AnEmptyTraceHasAnEmptyWindow) {
  trace::Writer::create(path("empty.qtr"), {});
  const auto session = load_session(path("empty.qtr"), "", {});
  EXPECT_EQ(session->queries.size(), 0U);
  EXPECT_EQ(session->begin, session->end);
}

}  // namespace
}  // namespace quell::gui

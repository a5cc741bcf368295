#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <fstream>
#include <thread>

#include <quell/trace/error.hpp>
#include <quell/trace/reader.hpp>
#include <quell/trace/writer.hpp>

#include "tests/unit/trace/recorded_events.hpp"
#include "tests/unit/trace/scratch.hpp"

namespace quell::trace::testing {
namespace {

std::size_t index(EventKind kind) {
  return static_cast<std::size_t>(kind);
}

TEST(Follow, ReaderBehindAWriterSeesEveryEventOnceAndInOrder) {
  constexpr std::uint64_t kEvents = 100'000;
  const Scratch scratch;
  const std::string path = scratch.file("live.qtr");
  auto writer = Writer::create(path, {}, {.block_bytes = 500});
  const auto reader = Reader::open(path);
  std::thread writing([&writer] {
    for (std::uint64_t i = 0; i < kEvents; ++i) {
      writer->write(ScopeEnd{.time = 1, .id = i, .outcome = 0});
      if (i % 20'000 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    writer.reset();
  });
  Recorder read;
  while (reader->poll(read) != PollResult::closed) {
  }
  writing.join();
  ASSERT_EQ(read.events.size(), kEvents);
  for (std::uint64_t i = 0; i < kEvents; ++i) ASSERT_EQ(read.events[i].numbers[1], i);
  EXPECT_TRUE(reader->summary().complete());
}

TEST(Follow, FileThatGrowsByteByByteYieldsEachEventOnceAndNoDamage) {
  const Scratch scratch;
  {
    const auto writer = Writer::create(scratch.file("whole.qtr"), {});
    for (std::uint64_t i = 0; i < 30; ++i) {
      writer->write(ScopeEnd{.time = 1, .id = i, .outcome = 0});
      if (i % 5 == 4) writer->flush();
    }
  }
  const std::string bytes = read_file(scratch.file("whole.qtr"));
  const std::string path = scratch.file("growing.qtr");
  constexpr std::size_t kHead = 60;  // no program, no agent
  write_file(path, bytes.substr(0, kHead));
  const auto reader = Reader::open(path);
  std::ofstream out(path, std::ios::binary | std::ios::app);
  Recorder read;
  std::size_t with_events = 0;
  for (std::size_t at = kHead; at < bytes.size(); ++at) {
    out.put(bytes[at]).flush();
    // Half of the looks are those of a reader that reads to the end: a tear it saw is no longer one when the file
    // grows.
    if (at % 2 == 0) reader->read_all(read);
    if (reader->poll(read) == PollResult::events) ++with_events;
  }
  EXPECT_LE(with_events, 6U);
  ASSERT_EQ(read.events.size(), 30U);
  for (std::uint64_t i = 0; i < 30; ++i) EXPECT_EQ(read.events[i].numbers[1], i);
  EXPECT_TRUE(reader->summary().complete());
  EXPECT_EQ(reader->poll(read), PollResult::closed);
  EXPECT_EQ(reader->offset(), bytes.size());
}

TEST(Tick, ClosesTheBlockWhenItsFirstEventIsOldEnough) {
  const Scratch scratch;
  const auto writer = Writer::create(scratch.file("t.qtr"), {}, {.block_nanoseconds = 100});
  const auto reader = Reader::open(scratch.file("t.qtr"));
  Recorder read;
  writer->write(ScopeEnd{.time = 1000, .id = 1, .outcome = 0});
  writer->write(ScopeEnd{.time = 1050, .id = 2, .outcome = 0});
  writer->tick(1099);
  EXPECT_EQ(reader->poll(read), PollResult::idle);
  writer->tick(1100);
  EXPECT_EQ(reader->poll(read), PollResult::events);
  EXPECT_EQ(read.events.size(), 2U);
}

TEST(Writer, SecondWriterOfOneFileIsRefused) {
  const Scratch scratch;
  const auto first = Writer::create(scratch.file("t.qtr"), {});
  try {
    Writer::create(scratch.file("t.qtr"), {});
    FAIL() << "two writers of one file";
  } catch (const TraceError& error) {
    EXPECT_NE(std::string(error.what()).find("another process is writing it"), std::string::npos) << error.what();
  }
}

TEST(Writer, FullDeviceAtCreationIsAnErrorWithItsReason) {
  try {
    Writer::create("/dev/full", {});
    FAIL() << "/dev/full took the header";
  } catch (const TraceError& error) {
    EXPECT_STREQ(error.what(), "cannot create the trace /dev/full: No space left on device");
  }
}

/// A disk that is full above `bytes`, as far as this process can see. SIGXFSZ keeps its deadly default.
class FullAbove {
 public:
  explicit FullAbove(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullAbove() { ::setrlimit(RLIMIT_FSIZE, &before_); }
  FullAbove(const FullAbove&) = delete;
  FullAbove& operator=(const FullAbove&) = delete;

 private:
  rlimit before_{};
};

TEST(FullDisk, LostEventsAreCountedNamesAreWrittenAgainAndLaterBlocksAreLedByTheLoss) {
  const Scratch scratch;
  const std::string path = scratch.file("full.qtr");
  auto writer = Writer::create(path, {});
  const TextId early = writer->text("written before");
  writer->write(Query{.start = 10, .id = 1, .text = early});
  ASSERT_TRUE(writer->flush());
  const std::size_t whole = read_file(path).size();

  TextId late = 0;
  StackId stack = 0;
  ShapeId shape = 0;
  {
    const FullAbove full(whole + 10);
    late = writer->text("first seen while the disk is full");
    stack = writer->stack(std::array{Frame{.function = late, .file = early, .line = 5}});
    shape = writer->shape(std::array{Column{.name = late, .type_oid = 23}});
    writer->write(Query{.start = 20, .id = 2, .text = late});
    writer->write(Loss{.time = 21, .reason = LossReason::ring_full, .kind = EventKind::pool, .count = 7});
    EXPECT_FALSE(writer->flush());
    EXPECT_EQ(writer->last_error(), "File too large");
    EXPECT_EQ(read_file(path).size(), whole) << "cut back to the last whole block";
    writer->write(Query{.start = 30, .id = 3, .text = late});
    writer->write(ScopeEnd{.time = 31, .id = 1, .outcome = 0});
    EXPECT_EQ(writer->lost()[index(EventKind::query)], 2U);
    EXPECT_EQ(writer->lost()[index(EventKind::scope_end)], 1U);
  }
  EXPECT_TRUE(writer->flush());
  writer->write(Query{.start = 40, .id = 4, .text = late, .stack = stack});
  writer.reset();

  const auto reader = Reader::open(path);
  Recorder read;
  reader->read_all(read);
  EXPECT_TRUE(reader->summary().closed);
  EXPECT_TRUE(reader->summary().damage.empty());
  EXPECT_EQ(reader->summary().lost[index(EventKind::query)], 2U);
  EXPECT_EQ(reader->summary().lost[index(EventKind::scope_end)], 1U);
  EXPECT_EQ(reader->summary().lost[index(EventKind::pool)], 7U) << "a loss told in the lost block is told again";
  std::vector<EventKind> kinds;
  for (const OwnedEvent& event : read.events) kinds.push_back(event.kind);
  EXPECT_EQ(kinds, (std::vector{EventKind::text, EventKind::query, EventKind::loss, EventKind::loss, EventKind::loss,
                                EventKind::text, EventKind::stack, EventKind::shape, EventKind::query}));
  EXPECT_EQ(read.events[5].numbers[0], late);
  EXPECT_EQ(read.events[5].bytes, "first seen while the disk is full");
  EXPECT_EQ(read.events[6].numbers[0], stack);
  EXPECT_EQ(read.events[7].numbers[0], shape);
  EXPECT_EQ(read.events[8].numbers[7], late);
}

TEST(FullDisk, TickTriesAgain) {
  const Scratch scratch;
  const auto writer = Writer::create(scratch.file("t.qtr"), {}, {.block_nanoseconds = 0});
  {
    const FullAbove full(10);
    writer->write(ScopeEnd{.time = 1, .id = 1, .outcome = 0});
    writer->tick(1);
    EXPECT_FALSE(writer->last_error().empty());
  }
  writer->tick(std::numeric_limits<Time>::max());
  writer->write(ScopeEnd{.time = 2, .id = 2, .outcome = 0});
  writer->flush();
  Recorder read;
  Reader::open(scratch.file("t.qtr"))->read_all(read);
  ASSERT_EQ(read.events.size(), 2U);
  EXPECT_EQ(read.events[0], own(Loss{1, LossReason::write_failed, EventKind::scope_end, 1}, Source::tracer));
  EXPECT_EQ(read.events[1].numbers[1], 2U);
}

TEST(FullDisk, ReaderThatFollowsSeesNoDamage) {
  const Scratch scratch;
  const std::string path = scratch.file("t.qtr");
  auto writer = Writer::create(path, {}, {.block_bytes = 300});
  const auto reader = Reader::open(path);
  Recorder read;
  for (std::uint64_t i = 0; i < 2000; ++i) {
    const FullAbove full(i % 3 == 0 ? read_file(path).size() + 40 : 1'000'000);
    writer->write(ScopeEnd{.time = 1, .id = i, .outcome = static_cast<std::int32_t>(i * 2654435761)});
    reader->poll(read);
  }
  writer.reset();
  EXPECT_EQ(reader->poll(read), PollResult::events);
  const Summary& summary = reader->summary();
  EXPECT_TRUE(summary.damage.empty()) << summary.damage[0].sentence;
  EXPECT_GT(summary.lost[index(EventKind::scope_end)], 0U);
  EXPECT_EQ(summary.events[index(EventKind::scope_end)] + summary.lost[index(EventKind::scope_end)], 2000U);
}

}  // namespace
}  // namespace quell::trace::testing

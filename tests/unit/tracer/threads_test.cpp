#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <limits>
#include <set>
#include <thread>

#include "agent/tracer/src/current.hpp"
#include "tests/unit/tracer/tracing.hpp"

namespace quell::tracer::testing {
namespace {

constexpr int kThreads = 8;

void run_threads(const std::function<void(int)>& work) {
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back(work, i);
  for (std::thread& thread : threads) thread.join();
}

/// Waits for what another thread does within its own time.
bool eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 2000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

TEST_F(TracerTest, EightThreadsEveryEventArrivesOnceAndInOrderOfItsThread) {
  constexpr std::uint64_t kQueries = 5000;
  start(params());
  run_threads([](int thread) {
    const std::string text = "SELECT " + std::to_string(thread);
    for (std::uint64_t i = 0; i < kQueries; ++i) {
      Scope scope(trace::ScopeKind::request, "GET /" + std::to_string(thread));
      // The connection tells the thread, rows the turn.
      QuerySpan(text, static_cast<trace::ConnectionId>(thread + 1), scope.id()).end(i);
      scope.end(200);
    }
  });
  EXPECT_EQ(stop().recorded_queries, kThreads * kQueries);

  const ReadTrace read(params().path);
  EXPECT_TRUE(read.summary().complete());
  std::map<std::uint64_t, std::uint64_t> next_turn;
  std::set<std::uint64_t> ids;
  for (const OwnedEvent& query : read.of(EventKind::query)) {
    const std::uint64_t connection = query.numbers[query_at::kConnection];
    EXPECT_EQ(query.numbers[query_at::kRows], next_turn[connection]++);
    EXPECT_EQ(read.texts.at(query.numbers[query_at::kText]), "SELECT " + std::to_string(connection - 1));
    EXPECT_TRUE(ids.insert(query.numbers[query_at::kId]).second) << "an id twice";
  }
  EXPECT_EQ(next_turn.size(), 8U);
  for (const auto& [connection, turns] : next_turn) EXPECT_EQ(turns, kQueries) << connection;
  EXPECT_EQ(read.of(EventKind::scope_begin).size(), kThreads * kQueries);
  EXPECT_EQ(read.of(EventKind::scope_end).size(), kThreads * kQueries);
}

TEST_F(TracerTest, OverflowOfATinyRingIsCountedExactlyForEachKind) {
  constexpr std::uint64_t kTurns = 3000;
  TracerParams tiny = params();
  tiny.ring_bytes = 4096;
  tiny.flush_interval = std::chrono::milliseconds(1);
  start(tiny);
  std::atomic<std::uint64_t> given_id{0};
  run_threads([&](int) {
    for (std::uint64_t i = 0; i < kTurns; ++i) {
      Scope scope(trace::ScopeKind::request, "GET /");
      if (QuerySpan("SELECT 1", 1, scope.id()).end() != 0) ++given_id;
      observer()->pool_event(nullptr, {.pool = "main"});
      scope.end(200);
    }
  });
  const TracerStatus status = stop();
  const ReadTrace read(tiny.path);
  std::uint64_t lost = 0;
  for (const EventKind kind : {EventKind::query, EventKind::scope_begin, EventKind::scope_end, EventKind::pool}) {
    EXPECT_EQ(read.of(kind).size() + read.summary().lost[index(kind)], kThreads * kTurns) << "kind " << int(kind);
    lost += read.summary().lost[index(kind)];
  }
  EXPECT_GT(read.summary().lost[index(EventKind::query)], 0U) << "the ring did not overflow: this tested nothing";
  EXPECT_EQ(read.of(EventKind::query).size(), given_id) << "an id is given to recorded queries only";
  EXPECT_EQ(status.recorded_queries, given_id);
  EXPECT_EQ(status.lost_events, lost);
  for (const OwnedEvent& loss : read.of(EventKind::loss)) {
    EXPECT_EQ(loss.numbers[1], static_cast<std::uint64_t>(trace::LossReason::ring_full));
  }
  EXPECT_FALSE(read.summary().complete());
}

TEST_F(TracerTest, StopWhileThreadsProduceKeepsEveryEventThatGotAnId) {
  std::atomic<bool> go_on{true};
  std::atomic<std::uint64_t> given_id{0};
  std::atomic<int> running{0};
  std::thread stopper([&] {
    for (int turn = 0; turn < 20; ++turn) {
      given_id = 0;
      start(params("turn.qtr"));
      EXPECT_TRUE(eventually([&] { return given_id > 100; }));
      static_cast<void>(stop());
      EXPECT_TRUE(eventually([&] { return running == 0; }));  // every id is counted
      EXPECT_EQ(ReadTrace(scratch.file("turn.qtr")).of(EventKind::query).size(), given_id) << "turn " << turn;
    }
    go_on = false;
  });
  run_threads([&](int) {
    while (go_on) {
      if (!enabled()) {
        std::this_thread::yield();
        continue;
      }
      ++running;
      if (QuerySpan("SELECT 1", 1, 0).end() != 0) ++given_id;
      --running;
    }
  });
  stopper.join();
}

TEST_F(TracerTest, RingsOfEndedThreadsAreEmptiedAndUsedAgain) {
  TracerParams quick = params();
  quick.flush_interval = std::chrono::milliseconds(1);
  start(quick);
  for (int i = 0; i < 200; ++i) {
    std::thread([] { QuerySpan("SELECT 1", 1, 0).end(); }).join();
  }
  EXPECT_EQ(stop().recorded_queries, 200U);
  EXPECT_EQ(ReadTrace(params().path).of(EventKind::query).size(), 200U);
}

TEST_F(TracerTest, DeadFlusherIsSaidAndTheProgramGoesOnAndTheLossIsInTheTrace) {
  start(params());
  QuerySpan("SELECT 'before'", 1, 0).end();
  ::testing::internal::CaptureStderr();
  Current::instance().recording->fail_flusher();
  ASSERT_TRUE(eventually([] { return !enabled(); }));
  EXPECT_EQ(QuerySpan("SELECT 'after'", 1, 0).end(), 0U);
  const TracerStatus status = stop();
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(said.find("stopped"), std::string::npos) << said;
  EXPECT_FALSE(status.error.empty());
  // The one query is in the file or counted: it may have been flushed before the failure.
  const ReadTrace read(params().path);
  EXPECT_EQ(read.of(EventKind::query).size() + read.summary().lost[index(EventKind::query)], 1U);
  start(params("again.qtr"));
  EXPECT_NE(QuerySpan("SELECT 'again'", 1, 0).end(), 0U) << "a new recording can start";
}

/// Sets the size limit of files for the time of a test.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
};

TEST_F(TracerTest, FullDiskIsSaidTheProgramGoesOnAndRecordedPlusLostIsProduced) {
  // Random parameters do not compress: 2 MB of them do not fit 200 kB.
  constexpr std::uint64_t kQueries = 20000;
  TracerParams quick = params();
  quick.flush_interval = std::chrono::milliseconds(1);
  TracerStatus status;
  ::testing::internal::CaptureStderr();
  {
    const FileSizeLimit limit(200'000);  // SIGXFSZ, were it not held back, would end this program
    start(quick);
    std::uint64_t random = 1;
    for (std::uint64_t i = 0; i < kQueries; ++i) {
      std::array<char, 100> bytes;
      for (char& c : bytes)
        c = static_cast<char>((random = random * 6364136223846793005U + 1442695040888963407U) >> 56);
      const std::array bound{
          BoundParameter{.type_oid = 17, .format = trace::Format::binary, .bytes = {bytes.data(), 100}}};
      QuerySpan("SELECT $1", 1, 0, bound).end();
      if (i % 1000 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  status = stop();  // with room again: the loss is written
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(said.find("File too large"), std::string::npos) << said;
  const ReadTrace read(quick.path);
  EXPECT_TRUE(read.summary().damage.empty()) << read.summary().damage[0].sentence;
  EXPECT_TRUE(read.summary().closed);
  const std::uint64_t recorded = read.of(EventKind::query).size();
  EXPECT_GT(recorded, 0U);
  EXPECT_LT(recorded, kQueries);
  EXPECT_EQ(recorded + read.summary().lost[index(EventKind::query)], kQueries);
  EXPECT_EQ(status.recorded_queries, recorded);
  for (const OwnedEvent& query : read.of(EventKind::query)) {
    ASSERT_EQ(read.texts.at(query.numbers[query_at::kText]), "SELECT $1");
  }
}

TEST_F(TracerTest, DiskThatStaysFullIsSaidByStop) {
  constexpr std::uint64_t kQueries = 5000;
  start(params());
  for (std::uint64_t i = 0; i < kQueries; ++i) QuerySpan("SELECT " + std::to_string(i), 1, 0).end();
  const FileSizeLimit limit(1000);  // more than what is said on stderr, less than the texts take
  ::testing::internal::CaptureStderr();
  const TracerStatus status = stop();
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(status.error.find("File too large"), std::string::npos) << status.error;
  const std::uint64_t recorded = ReadTrace(params().path).of(EventKind::query).size();
  EXPECT_EQ(status.recorded_queries, recorded);
  EXPECT_EQ(status.recorded_queries + status.lost_events, kQueries);
  EXPECT_NE(said.find(std::to_string(status.lost_events) + " events are not in the trace"), std::string::npos) << said;
}

TEST_F(TracerTest, ChildAfterForkRecordsNothingAndLeavesTheTraceAlone) {
  start(params());
  QuerySpan("SELECT 'parent'", 1, 0).end();
  const pid_t child = ::fork();
  if (child == 0) {
    const bool quiet = !enabled() && QuerySpan("SELECT 'child'", 1, 0).end() == 0 && stop().recorded_queries == 0;
    ::_exit(quiet ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  QuerySpan("SELECT 'parent again'", 1, 0).end();
  EXPECT_EQ(stop().recorded_queries, 2U);
  EXPECT_TRUE(ReadTrace(params().path).summary().complete());
}

TEST_F(TracerTest, KilledProgramLosesAtMostTheLast100Milliseconds) {
  // The kernel may hold a flusher back on a busy machine: the best of five kills shows what the recorder itself loses.
  auto* last_seen = static_cast<std::atomic<trace::Time>*>(
      ::mmap(nullptr, sizeof(std::atomic<trace::Time>), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(static_cast<void*>(last_seen), MAP_FAILED);
  trace::Duration least = std::numeric_limits<trace::Duration>::max();
  for (int turn = 0; turn < 5 && least > 100'000'000; ++turn) {
    last_seen->store(0);
    const trace::Time begin = now();
    const pid_t child = ::fork();
    if (child == 0) {
      start(params("killed.qtr"));
      while (true) {
        QuerySpan("SELECT 1", 1, 0).end();
        last_seen->store(now());
        ::usleep(500);
      }
    }
    ASSERT_TRUE(eventually([&] { return last_seen->load() > begin + 400'000'000; }));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    const ReadTrace read(scratch.file("killed.qtr"));
    EXPECT_FALSE(read.summary().closed);
    ASSERT_FALSE(read.of(EventKind::query).empty());
    least = std::min(least, last_seen->load() - read.summary().last);
  }
  EXPECT_LE(least, 100'000'000) << "nanoseconds";
  ::munmap(last_seen, sizeof(std::atomic<trace::Time>));
}

}  // namespace
}  // namespace quell::tracer::testing

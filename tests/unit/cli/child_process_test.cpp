#include "cli/demo/child_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include <quell/trace/error.hpp>

#include "cli/demo/interrupt.hpp"
#include "cli/errors.hpp"

namespace quell::demo {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;
using testing::HasSubstr;

class Child : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "quell-child-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  [[nodiscard]] ChildProcess shell(const std::string& script) const {
    return ChildProcess::start({{"/bin/sh", "-c", script}, {{"GREETING", "hello"}}, log()});
  }
  [[nodiscard]] std::string log() const { return (folder_ / "log").string(); }
  [[nodiscard]] std::string logged() const {
    std::ostringstream out;
    out << std::ifstream(log()).rdbuf();
    return out.str();
  }
  /// Waits until the script said so: a signal before its trap is set would prove nothing.
  void wait_for(const std::string& text) const {
    while (logged().find(text) == std::string::npos) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  static std::string failure_of(const std::function<void()>& work) {
    try {
      work();
    } catch (const Error& error) {
      return error.what();
    }
    return "(none)";
  }

  fs::path folder_;
};

TEST_F(Child, RunsWithItsEnvironmentAndALog) {
  shell("echo $GREETING; echo oops >&2").wait_for_success(seconds(10));
  EXPECT_EQ(logged(), "hello\noops\n");
}

TEST_F(Child, FailureHasTheExitCodeAndTheLastLines) {
  ChildProcess child = shell("echo one; echo two; exit 3");
  EXPECT_EQ(failure_of([&] { child.wait_for_success(seconds(10)); }), "sh failed with exit code 3\n  one\n  two");
}

TEST_F(Child, ThatIsNoProgramCouldNotBeRun) {
  ChildProcess child = ChildProcess::start({{"/nonexistent/program"}, {}, log()});
  EXPECT_EQ(failure_of([&] { child.wait_for_success(seconds(10)); }),
            "program could not be run (/nonexistent/program)");
}

TEST_F(Child, ThatTakesTooLongIsGivenUp) {
  ChildProcess child = shell("sleep 60");
  EXPECT_EQ(failure_of([&] { child.wait_for_success(seconds(0)); }), "sh did not end in 0 s");
}

TEST_F(Child, TerminateLetsItEndInOrder) {
  ChildProcess child = shell("trap 'echo drained; exit 0' TERM; echo ready; while :; do sleep 0.01; done");
  wait_for("ready");
  child.terminate(seconds(10));
  EXPECT_THAT(logged(), HasSubstr("drained"));
}

TEST_F(Child, IsEndedByTheDestructor) {
  pid_t pid = 0;
  {
    ChildProcess child = shell("echo $$; exec sleep 60");
    wait_for("\n");
    pid = std::stoi(logged());
    ASSERT_EQ(kill(pid, 0), 0);
  }
  EXPECT_EQ(kill(pid, 0), -1);
}

TEST_F(Child, WaitIsCutShortByCtrlC) {
  const InterruptGuard guard;
  ChildProcess child = shell("sleep 60");
  raise(SIGINT);
  EXPECT_THROW(child.wait_for_success(seconds(10)), cli::Interrupted);
}

TEST(InterruptGuard, GivesTheSignalsBack) {
  struct sigaction before {};
  sigaction(SIGINT, nullptr, &before);
  { const InterruptGuard guard; }
  struct sigaction after {};
  sigaction(SIGINT, nullptr, &after);
  EXPECT_EQ(before.sa_handler, after.sa_handler);
}

}  // namespace
}  // namespace quell::demo

#include "cli/output.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include <quell/trace/error.hpp>

namespace quell::cli {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class Output : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "quell-output-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  [[nodiscard]] std::string path(const std::string& name) const { return (folder_ / name).string(); }
  [[nodiscard]] std::string read(const std::string& name) const {
    std::ostringstream out;
    out << std::ifstream(path(name)).rdbuf();
    return out.str();
  }
  [[nodiscard]] std::size_t files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
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

TEST_F(Output, ReplacesAFileAndLeavesNothingBesideIt) {
  std::ofstream(path("report.json")) << "a longer old report";
  write_output("new", path("report.json"));
  EXPECT_EQ(read("report.json"), "new");
  EXPECT_EQ(files(), 1U);
}

TEST_F(Output, FollowsALinkInsteadOfReplacingIt) {
  std::ofstream(path("real")) << "old";
  fs::create_symlink(path("real"), path("link"));
  write_output("new", path("link"));
  EXPECT_TRUE(fs::is_symlink(path("link")));
  EXPECT_EQ(read("real"), "new");
}

TEST_F(Output, HasTheModeThatTheUmaskAllows) {
  const mode_t before = umask(027);
  write_output("x", path("report.json"));
  umask(before);
  EXPECT_EQ(static_cast<unsigned>(fs::status(path("report.json")).permissions()), 0640U);
}

TEST_F(Output, KeepsTheOldFileWhereItCannotBeReplaced) {
  fs::create_directory(path("folder"));
  EXPECT_THAT(failure_of([&] { write_output("new", path("missing/report.json")); }), HasSubstr("missing/report.json"));
  EXPECT_THAT(failure_of([&] { write_output("new", path("folder")); }), HasSubstr("cannot write"));
  EXPECT_EQ(files(), 1U);
}

TEST_F(Output, SaysThatADeviceIsFull) {
  EXPECT_EQ(failure_of([] { write_output("x", "/dev/full"); }), "cannot write '/dev/full': No space left on device");
}

TEST_F(Output, IsCheckedBeforeTheWork) {
  EXPECT_EQ(failure_of([&] { check_output(path("new.json")); }), "(none)");
  EXPECT_EQ(failure_of([&] { check_output(""); }), "(none)");
  EXPECT_EQ(failure_of([&] { check_output("/dev/null"); }), "(none)");
  EXPECT_EQ(failure_of([&] { check_output(folder_.string()); }),
            "--output '" + folder_.string() + "' is a folder; name a file in it");
  EXPECT_EQ(failure_of([&] { check_output(path("missing/report.json")); }),
            "the folder '" + path("missing") + "' of --output does not exist; make it first");
  EXPECT_EQ(files(), 0U);
}

}  // namespace
}  // namespace quell::cli

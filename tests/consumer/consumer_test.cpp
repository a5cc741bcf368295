#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/pg/support/cluster.hpp"

namespace quell {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

struct Outcome {
  int status = -1;
  std::string output;
};

Outcome run(const std::string& command) {
  Outcome outcome;
  std::FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return outcome;
  std::array<char, 4096> buffer{};
  while (const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), pipe))
    outcome.output.append(buffer.data(), size);
  const int status = pclose(pipe);
  outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return outcome;
}

/// The package, installed once into a folder of its own.
class ConsumerTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = fs::temp_directory_path() / ("quell-consumer-" + std::to_string(getpid()));
    fs::create_directories(folder_);
    const Outcome install = run(QUELL_CMAKE " --install '" QUELL_BUILD_DIR "' --component devel --prefix '" +
                                (folder_ / "prefix").string() + "'");
    ASSERT_EQ(install.status, 0) << install.output;
  }
  static void TearDownTestSuite() { fs::remove_all(folder_); }

  static Outcome configure(const fs::path& source, const std::string& build) {
    return run(QUELL_CMAKE
               " -G Ninja -DCMAKE_CXX_STANDARD=20 -DCMAKE_BUILD_TYPE=Release"
               " -DCMAKE_CXX_COMPILER='" QUELL_COMPILER "' -DCMAKE_CXX_COMPILER_LAUNCHER='" QUELL_LAUNCHER
               "' -DCMAKE_PREFIX_PATH='" +
               (folder_ / "prefix").string() + "' -S '" + source.string() + "' -B '" + (folder_ / build).string() +
               "'");
  }

  static inline fs::path folder_;
};

TEST_F(ConsumerTest, AServiceBuildsAgainstTheInstalledPackageAndIsRecorded) {
  const Outcome configured = configure(QUELL_SERVICE_DIR, "build");
  ASSERT_EQ(configured.status, 0) << configured.output;
  const Outcome built = run(QUELL_CMAKE " --build '" + (folder_ / "build").string() + "'");
  ASSERT_EQ(built.status, 0) << built.output;
  EXPECT_THAT(built.output, testing::Not(HasSubstr("warning")));
  const Outcome ran = run("'" + (folder_ / "build/service").string() + "' '" + test::fresh_database() + "' '" +
                          (folder_ / "service.qtrace").string() + "'");
  EXPECT_EQ(ran.status, 0) << ran.output;
  EXPECT_EQ(ran.output, "user 7 is Ada\n1 query recorded\n");
}

TEST_F(ConsumerTest, AnUnknownComponentIsRefused) {
  fs::create_directories(folder_ / "wrong");
  std::ofstream(folder_ / "wrong/CMakeLists.txt") << "cmake_minimum_required(VERSION 3.25)\nproject(wrong CXX)\n"
                                                     "find_package(quell REQUIRED COMPONENTS db nonsense)\n";
  const Outcome configured = configure(folder_ / "wrong", "wrong-build");
  EXPECT_NE(configured.status, 0);
  EXPECT_THAT(configured.output, HasSubstr("no component 'nonsense'"));
}

TEST_F(ConsumerTest, OnlyPublicHeadersAreInstalled) {
  int headers = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder_ / "prefix/include")) {
    if (!entry.is_regular_file()) continue;
    ++headers;
    const std::string name = entry.path().lexically_relative(folder_ / "prefix/include").string();
    EXPECT_THAT(name, testing::MatchesRegex("quell/(trace|tracer|db|db/detail)/[a-z_]+\\.hpp"));
    std::ifstream file(entry.path());
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    for (const char* inside : {"#include \"", "#include <libpq", "#include <fmt", "#include <agent"})
      EXPECT_THAT(text, testing::Not(HasSubstr(inside))) << name;
  }
  EXPECT_GT(headers, 20);
}

}  // namespace
}  // namespace quell

// auto_explain's entries in the logs of a real server: three destinations, four formats.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

#include <fmt/format.h>
#include <quell/db/sync_connection.hpp>

#include "analyzer/plan/plan.hpp"
#include "cli/demo/private_cluster.hpp"

namespace quell::plan {
namespace {

namespace fs = std::filesystem;
using testing::IsEmpty;

const std::string kQuery = "SELECT n AS \"quoted \"\"name\"\"\"\n  FROM generate_series(1, 3) n\n WHERE n <> 7";

/// The text format does not tell a line's end in the statement from a space.
std::string one_line(const std::string& text) {
  std::istringstream words(text);
  std::string out;
  for (std::string word; words >> word;) out += (out.empty() ? "" : " ") + word;
  return out;
}

/// The log files of one kind (".log", ".csv", ".json"), read until `complete` likes them.
template <typename Complete>
std::string read_log(const fs::path& folder, const std::string& extension, const Complete& complete) {
  std::string all;
  for (int attempt = 0; attempt < 100; ++attempt) {
    all.clear();
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().extension() != extension) continue;
      std::ostringstream text;
      text << std::ifstream(entry.path()).rdbuf();
      all += text.str();
    }
    if (complete(all)) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return all;
}

TEST(AutoExplainLog, EveryDestinationAndFormatGivesThePlans) {
  demo::ClusterParams params;
  params.settings = {"logging_collector=on",
                     "log_directory=log",
                     "log_destination=stderr,csvlog,jsonlog",
                     "log_min_messages=log",
                     "session_preload_libraries=auto_explain",
                     "auto_explain.log_min_duration=0",
                     "auto_explain.log_analyze=on",
                     "auto_explain.log_timing=on"};
  demo::PrivateCluster cluster = demo::PrivateCluster::start(params);
  {
    auto connection = db::SyncConnection::open(cluster.dsn());
    for (const char* format : {"text", "json", "yaml", "xml"}) {
      connection.execute(fmt::format("SET auto_explain.log_format = '{}'", format));
      connection.query(kQuery);
      connection.execute("DO $$ BEGIN RAISE LOG 'between: %', E'a line\\nand another'; END $$");
    }
  }
  const fs::path folder = fs::path(cluster.directory()) / "data" / "log";
  for (const char* extension : {".log", ".csv", ".json"}) {
    const std::string log = read_log(folder, extension, [](const std::string& text) {
      // The last entry is XML, and a message follows it.
      const std::size_t end = text.find("</explain>");
      return end != std::string::npos && text.find("between", end) != std::string::npos;
    });
    const ReadResult result = read_any(log);
    EXPECT_THAT(result.diagnostics, IsEmpty()) << extension;
    const auto ours = std::count_if(result.plans.begin(), result.plans.end(), [](const Plan& plan) {
      return plan.root.type == "Function Scan" && plan.root.actual_rows == 3 &&
             plan.root.detail("Filter") == "(n <> 7)";
    });
    EXPECT_EQ(ours, 4) << extension << "\n" << log;
    for (const Plan& plan : result.plans) {
      if (plan.root.type == "Function Scan") {
        EXPECT_EQ(one_line(plan.query_text), one_line(kQuery)) << extension;
      }
    }
  }
}

}  // namespace
}  // namespace quell::plan

#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "tests/unit/detect/scenario.hpp"

/// Runs the labelled request shapes of tests/corpus/nplus1/cases.txt (its head describes the syntax): each becomes the
/// statements, binds and results that a service with N rows would have sent.
namespace quell::test {

struct CorpusCase {
  std::string id;
  std::set<std::string> labels;    ///< must be found
  std::set<std::string> optional;  ///< right with and without
  std::vector<std::string> lines;
  bool grows = false;  ///< mentions N
  std::size_t line = 0;
};

/// One way to put a case on the wire.
struct Expansion {
  std::int64_t n = 20;
  bool literals = false;     ///< values inlined into the text
  bool neighbour = false;    ///< another request runs between the statements
  bool comments = false;     ///< every text led by a comment that differs
  bool interleaved = false;  ///< unrelated statements between
};

[[nodiscard]] std::vector<CorpusCase> read_corpus(const std::string& path);

/// What stands on the wire, for rules that see no more than that.
struct WireCall {
  std::string text;
  std::vector<Cell> binds;
  trace::Time start = 0;
  std::uint64_t scope = 0;
  std::uint32_t stack = 0;
  bool neighbour = false;
};

struct CorpusRun {
  model::Workload workload;
  std::vector<WireCall> wire;
};

/// Throws std::runtime_error naming the line for a case that is written wrongly.
[[nodiscard]] CorpusRun run_case(const CorpusCase& c, const Expansion& expansion);

inline constexpr const char* kNeighbourScope = "GET /neighbour";

}  // namespace quell::test

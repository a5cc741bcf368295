#include <iomanip>
#include <iostream>
#include <map>
#include <sstream>

#include <gtest/gtest.h>

#include "tests/unit/detect/corpus.hpp"
#include "tests/unit/detect/rival_rules.hpp"

namespace quell::test {
namespace {

using Labels = std::set<std::string>;

const std::vector<CorpusCase>& corpus() {
  static const std::vector<CorpusCase> cases = read_corpus(QUELL_CORPUS_DIR "/nplus1/cases.txt");
  return cases;
}

std::vector<Expansion> expansions() {
  std::vector<Expansion> out;
  for (const std::int64_t n : {2, 5, 20}) {
    for (const bool literals : {false, true}) {
      for (const bool neighbour : {false, true}) {
        for (const int change : {0, 1, 2}) out.push_back({n, literals, neighbour, change == 1, change == 2});
      }
    }
  }
  return out;
}

std::string describe(const Expansion& e) {
  return "N=" + std::to_string(e.n) + (e.literals ? " literals" : " binds") + (e.neighbour ? " neighbour" : "") +
         (e.comments ? " comments" : "") + (e.interleaved ? " interleaved" : "");
}

Labels labels_of(const detect::Detection& detection) {
  Labels labels;
  for (const detect::Finding& finding : detection.findings) {
    if (finding.severity == detect::Severity::info) {
      labels.insert("INFO");
      continue;
    }
    switch (finding.kind) {
      case detect::Kind::n_plus_one:
        labels.insert("N1");
        break;
      case detect::Kind::n_plus_one_write:
        labels.insert("N1W");
        break;
      case detect::Kind::duplicate_query:
        labels.insert("DUP");
        break;
      case detect::Kind::batch_plus_one:
        labels.insert("INFO");
        break;
      case detect::Kind::slow_query:
        break;
    }
  }
  return labels;
}

struct Expected {
  Labels required;
  Labels optional;
};

Expected expected(const CorpusCase& c, const Expansion& e) {
  Expected out{c.labels, c.optional};
  if (e.n == 2 && c.grows) {
    for (const char* loop : {"N1", "N1W"}) {
      if (out.required.erase(loop) != 0) out.optional.insert({loop, "INFO", "DUP"});
    }
  }
  return out;
}

struct Score {
  std::uint64_t hit = 0;
  std::uint64_t wrong = 0;
  std::uint64_t missed = 0;
  [[nodiscard]] double precision() const { return hit + wrong == 0 ? 1 : double(hit) / double(hit + wrong); }
  [[nodiscard]] double recall() const { return hit + missed == 0 ? 1 : double(hit) / double(hit + missed); }
};

using Scores = std::map<std::string, Score>;  // by label

void add(Scores& scores, const Expected& expected, const Labels& found) {
  for (const std::string label : {"N1", "N1W", "DUP"}) {
    const bool must = expected.required.contains(label);
    const bool is = found.contains(label);
    Score& score = scores[label];
    if (must && is) ++score.hit;
    if (must && !is) ++score.missed;
    if (!must && is && !expected.optional.contains(label)) ++score.wrong;
  }
}

std::string row(const std::string& name, const Scores& scores) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(3) << "| " << std::left << std::setw(38) << name << " |";
  for (const std::string label : {"N1", "N1W", "DUP"}) {
    out << " " << scores.at(label).precision() << " / " << scores.at(label).recall() << " |";
  }
  return out.str();
}

TEST(Corpus, EveryCaseGivesItsLabelsOnEveryWire) {
  std::size_t runs = 0;
  for (const CorpusCase& c : corpus()) {
    for (const Expansion& e : expansions()) {
      const CorpusRun run = run_case(c, e);
      const detect::Detection detection = detect::detect(run.workload);
      const Labels found = labels_of(detection);
      const Expected want = expected(c, e);
      for (const std::string& label : want.required) {
        EXPECT_TRUE(found.contains(label)) << c.id << " " << describe(e) << ": no " << label;
      }
      for (const std::string& label : found) {
        EXPECT_TRUE(want.required.contains(label) || want.optional.contains(label))
            << c.id << " " << describe(e) << ": " << label << " is wrong";
      }
      for (const detect::Finding& finding : detection.findings) {
        EXPECT_NE(finding.scope_name, kNeighbourScope) << c.id << " " << describe(e);
      }
      ++runs;
    }
  }
  EXPECT_GE(runs, 100U * 36U);
}

TEST(Corpus, ScoresBeatEveryRivalRule) {
  Scores ours;
  std::array<Scores, 5> theirs;
  for (const CorpusCase& c : corpus()) {
    for (const Expansion& e : expansions()) {
      const CorpusRun run = run_case(c, e);
      const Expected want = expected(c, e);
      add(ours, want, labels_of(detect::detect(run.workload)));
      for (std::size_t i = 0; i < theirs.size(); ++i) add(theirs[i], want, rivals()[i].labels(run.wire));
    }
  }
  std::cout << "| rule (precision / recall)              | N1            | N1W           | DUP           |\n"
            << row("Quell", ours) << "\n";
  for (std::size_t i = 0; i < theirs.size(); ++i) std::cout << row(rivals()[i].name, theirs[i]) << "\n";
  for (const std::string label : {"N1", "N1W", "DUP"}) {
    EXPECT_GE(ours[label].precision(), 0.98) << label;
    EXPECT_GE(ours[label].recall(), 0.97) << label;
    for (std::size_t i = 0; i < theirs.size(); ++i) {
      // A rule that never speaks of a label is perfectly precise about it; together they must be worse.
      EXPECT_GT(ours[label].precision() + ours[label].recall(),
                theirs[i][label].precision() + theirs[i][label].recall())
          << rivals()[i].name << " " << label;
    }
  }
}

// The same events in a file of another order, and twice the same: nothing of it may show.
TEST(Corpus, ResultsAreTheSameEachTime) {
  for (const CorpusCase& c : corpus()) {
    const Expansion e{20, false, true, false, false};
    const auto first = detect::detect(run_case(c, e).workload);
    const auto second = detect::detect(run_case(c, e).workload);
    ASSERT_EQ(first.findings.size(), second.findings.size());
    for (std::size_t i = 0; i < first.findings.size(); ++i) {
      EXPECT_EQ(first.findings[i].identity, second.findings[i].identity);
      EXPECT_EQ(first.findings[i].cost.total_milliseconds, second.findings[i].cost.total_milliseconds);
    }
  }
}

}  // namespace
}  // namespace quell::test

// Two branches change one baseline file and git merges them, as often as not by one person who never sees the other's
// change: what comes out must be right, or a conflict.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "analyzer/gate/baseline.hpp"
#include "analyzer/gate/file_error.hpp"

namespace quell::gate {
namespace {

namespace fs = std::filesystem;

class Merge {
 public:
  Merge() : folder_(fs::temp_directory_path() / ("quell_merge_" + std::to_string(getpid()))) {
    fs::create_directories(folder_);
  }
  ~Merge() { fs::remove_all(folder_); }
  Merge(const Merge&) = delete;
  Merge& operator=(const Merge&) = delete;

  struct Result {
    bool conflict = false;
    std::string text;
  };

  /// As `git merge` does it for one file; `options` for git merge-file.
  Result run(const Baseline& base, const Baseline& ours, const Baseline& theirs, const std::string& options = "") {
    write("base", base);
    write("ours", ours);
    write("theirs", theirs);
    const std::string command =
        fmt::format("cd '{}' && git merge-file -q -p {} ours base theirs > merged", folder_.string(), options);
    const int status = std::system(command.c_str());
    std::ostringstream text;
    text << std::ifstream(folder_ / "merged").rdbuf();
    return {status != 0, text.str()};
  }

 private:
  void write(const std::string& name, const Baseline& baseline) const {
    std::ofstream(folder_ / name) << render_baseline(baseline);
  }
  fs::path folder_;
};

class Branches {
 public:
  explicit Branches(unsigned seed) : random_(seed) {}

  /// 200 units with 1 to 6 statements.
  Baseline base() {
    Baseline out;
    while (out.units.size() < 200) {
      Baseline::Block& block = out.units[fmt::format("GET /{:04}", below(10'000))];
      for (std::uint64_t n = 1 + below(6); n > 0; --n) add_statement(block);
    }
    return out;
  }

  /// Changes four units and adds two; never touches `taken`, and adds what it touched to it.
  Baseline branch(const Baseline& base, std::vector<std::string>& taken) {
    Baseline out = base;
    std::vector<std::string> names;
    for (const auto& [name, block] : base.units) names.push_back(name);
    for (int changed = 0; changed < 4;) {
      const std::string& name = names[below(names.size())];
      if (std::find(taken.begin(), taken.end(), name) != taken.end()) continue;
      taken.push_back(name);
      change(out.units[name]);
      ++changed;
    }
    for (int added = 0; added < 2;) {
      const std::string name = fmt::format("GET /{:04}", below(10'000));
      if (out.units.contains(name) || std::find(taken.begin(), taken.end(), name) != taken.end()) continue;
      taken.push_back(name);
      add_statement(out.units[name]);
      ++added;
    }
    return out;
  }

  void add_statement(Baseline::Block& block) {
    const sql::Fingerprint fingerprint = random_();
    block[fingerprint] = {1 + below(3), fmt::format("select c from t{} where id = $1", below(1000))};
  }

  std::uint64_t below(std::uint64_t n) { return random_() % n; }

 private:
  void change(Baseline::Block& block) {
    switch (below(3)) {
      case 0:
        add_statement(block);
        break;
      case 1:
        block.begin()->second.count += 1;
        break;
      default:
        if (block.size() > 1) block.erase(block.begin());
        add_statement(block);
    }
  }

  std::mt19937_64 random_;
};

bool same_counts(const Baseline& a, const Baseline& b) {
  if (a.units.size() != b.units.size()) return false;
  for (const auto& [name, block] : a.units) {
    const Baseline::Block* other = b.unit(name);
    if (!other || other->size() != block.size()) return false;
    for (const auto& [fingerprint, line] : block) {
      if (!other->contains(fingerprint) || other->at(fingerprint).count != line.count) return false;
    }
  }
  return true;
}

bool has_git() {
  return std::system("git --version > /dev/null 2>&1") == 0;
}

constexpr int kMerges = 200;

TEST(MergedBaseline, OfUnrelatedChangesIsRightAndHardlyEverAConflict) {
  if (!has_git()) GTEST_SKIP() << "git is not installed";
  Merge merge;
  int conflicts = 0;
  for (int round = 0; round < kMerges; ++round) {
    Branches branches(static_cast<unsigned>(round));
    const Baseline base = branches.base();
    std::vector<std::string> taken;
    const Baseline ours = branches.branch(base, taken);
    const Baseline theirs = branches.branch(base, taken);
    Baseline right = ours;
    for (const auto& [name, block] : theirs.units) {
      const Baseline::Block* was = base.unit(name);
      const bool theirs_changed = !was || !same_counts({{{name, *was}}}, {{{name, block}}});
      if (theirs_changed) right.units[name] = block;
    }
    const Merge::Result merged = merge.run(base, ours, theirs);
    if (merged.conflict) {
      ++conflicts;
    } else {
      ASSERT_TRUE(same_counts(parse_baseline(merged.text, "merged"), right)) << "silently wrong in round " << round;
    }
  }
  RecordProperty("conflicts", conflicts);
  EXPECT_LE(conflicts, kMerges * 5 / 100);
}

TEST(MergedBaseline, OfTwoNewStatementsInOneUnitHasBothOrIsAConflictThatKeepingBothSidesResolves) {
  if (!has_git()) GTEST_SKIP() << "git is not installed";
  Merge merge;
  int conflicts = 0;
  for (int round = 0; round < kMerges; ++round) {
    Branches branches(static_cast<unsigned>(10'000 + round));
    const Baseline base = branches.base();
    auto unit = base.units.begin();
    std::advance(unit, static_cast<std::ptrdiff_t>(branches.below(base.units.size())));
    Baseline ours = base;
    Baseline theirs = base;
    branches.add_statement(ours.units[unit->first]);
    branches.add_statement(theirs.units[unit->first]);
    Baseline right = ours;
    right.units[unit->first].insert(theirs.units[unit->first].begin(), theirs.units[unit->first].end());
    Merge::Result merged = merge.run(base, ours, theirs);
    if (merged.conflict) {
      ++conflicts;
      EXPECT_THROW((void)parse_baseline(merged.text, "merged"), FileError) << "a conflict must not be read";
      merged = merge.run(base, ours, theirs, "--union");
    }
    ASSERT_TRUE(same_counts(parse_baseline(merged.text, "merged"), right)) << "silently wrong in round " << round;
  }
  RecordProperty("conflicts", conflicts);
}

}  // namespace
}  // namespace quell::gate

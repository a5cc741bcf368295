#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "analyzer/sql/lexer.hpp"
#include "analyzer/sql/statement_facts.hpp"

namespace quell::sql {
namespace {

struct Pair {
  std::size_t line = 0;
  bool equal = false;
  std::string left;
  std::string right;
};

std::string unescape(std::string text) {
  for (std::size_t at = text.find("\\n"); at != std::string::npos; at = text.find("\\n", at)) text.replace(at, 2, "\n");
  return text;
}

std::vector<Pair> read_pairs() {
  std::ifstream in(QUELL_CORPUS_DIR "/fingerprint/pairs.txt");
  std::vector<Pair> pairs;
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    const std::size_t bar = line.find(" ||| ");
    if (line.empty() || line[0] == '#' || bar == std::string::npos) continue;
    pairs.push_back({number, line[0] == '=', unescape(line.substr(2, bar - 2)), unescape(line.substr(bar + 5))});
  }
  return pairs;
}

TEST(FingerprintPairs, EveryPairIsAsWritten) {
  const std::vector<Pair> pairs = read_pairs();
  ASSERT_GE(pairs.size(), 300U);
  for (const Pair& pair : pairs) {
    const bool equal = analyze_statement(pair.left).fingerprint == analyze_statement(pair.right).fingerprint;
    EXPECT_EQ(equal, pair.equal) << "pairs.txt:" << pair.line << "\n  " << pair.left << "\n  " << pair.right;
  }
}

// The cache by template is right only if texts of one template have one fingerprint.
TEST(FingerprintPairs, TextsOfOneTemplateHaveOneFingerprint) {
  std::map<std::uint64_t, std::pair<Fingerprint, std::string>> known;
  Lexer lexer;
  for (const Pair& pair : read_pairs()) {
    for (const std::string& text : {pair.left, pair.right}) {
      const std::uint64_t key = lexer.lex(text).template_hash;
      const Fingerprint fingerprint = analyze_statement(text).fingerprint;
      const auto [entry, added] = known.try_emplace(key, fingerprint, text);
      EXPECT_EQ(entry->second.first, fingerprint) << entry->second.second << "\n" << text;
    }
  }
}

// A template is a statement too: normalizing changes nothing that the fingerprint sees.
TEST(FingerprintPairs, NormalizingTwiceChangesNothing) {
  for (const Pair& pair : read_pairs()) {
    for (const std::string& text : {pair.left, pair.right}) {
      const std::string once = analyze_statement(text).normalized;
      EXPECT_EQ(analyze_statement(once).normalized, once) << text;
    }
  }
}

}  // namespace
}  // namespace quell::sql

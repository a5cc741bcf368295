#include "analyzer/advise/naming.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace quell::advise {

namespace {

using Pair = std::pair<std::string_view, std::string_view>;

constexpr std::array kIrregular = std::to_array<Pair>({
    {"people", "person"},
    {"children", "child"},
    {"men", "man"},
    {"women", "woman"},
    {"mice", "mouse"},
    {"indices", "index"},
    {"matrices", "matrix"},
    {"vertices", "vertex"},
    {"criteria", "criterion"},
    {"leaves", "leaf"},
    {"shelves", "shelf"},
    {"halves", "half"},
    {"lives", "life"},
    {"wives", "wife"},
    {"knives", "knife"},
    {"thieves", "thief"},
    {"wolves", "wolf"},
    {"analyses", "analysis"},
    {"diagnoses", "diagnosis"},
    {"hypotheses", "hypothesis"},
    {"movies", "movie"},
    {"cookies", "cookie"},
    {"ties", "tie"},
    {"caches", "cache"},
    {"niches", "niche"},
    {"shoes", "shoe"},
    {"statuses", "status"},
    {"bonuses", "bonus"},
    {"campuses", "campus"},
    {"viruses", "virus"},
    {"buses", "bus"},
    {"aliases", "alias"},
    {"biases", "bias"},
    {"gases", "gas"},
    {"lenses", "lens"},
    {"quizzes", "quiz"},
    {"series", "series"},
    {"species", "species"},
    {"news", "news"},
    {"axes", "axis"},
});

bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
char to_lower(char c) {
  return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
}
char to_upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

std::string singular_word(std::string_view word) {
  std::string lower(word);
  std::transform(lower.begin(), lower.end(), lower.begin(), to_lower);
  for (const auto& [plural, one] : kIrregular) {
    if (lower == plural) return std::string(one);
  }
  const auto without = [&](std::size_t letters) { return lower.substr(0, lower.size() - letters); };
  const auto ends = [&](std::string_view suffix) { return lower.size() > suffix.size() && lower.ends_with(suffix); };
  if (lower.size() > 4 && ends("ies")) return without(3) + "y";
  for (const std::string_view suffix : {"sses", "shes", "ches", "xes", "oes"}) {
    if (ends(suffix)) return without(2);
  }
  if (!ends("s") || ends("ss") || ends("us") || ends("is")) return lower;
  return without(1);
}

/// Where the last word begins: after '_' or before the last capital that follows a small letter.
std::size_t last_word(std::string_view name) {
  for (std::size_t i = name.size(); i-- > 1;) {
    if (name[i - 1] == '_') return i;
    if (is_upper(name[i]) && !is_upper(name[i - 1])) return i;
  }
  return 0;
}

}  // namespace

std::string singular(std::string_view name) {
  const std::size_t at = last_word(name);
  std::string one = singular_word(name.substr(at));
  if (at < name.size() && is_upper(name[at])) one[0] = to_upper(one[0]);
  return std::string(name.substr(0, at)) + one;
}

std::string class_name(std::string_view table) {
  std::string out;
  bool begins = true;
  for (const char c : singular(table)) {
    const bool letter = to_lower(c) != to_upper(c) || (c >= '0' && c <= '9' && !out.empty());
    if (letter) out += begins ? to_upper(c) : c;
    begins = !letter;
  }
  return out;
}

std::string relation_of_foreign_key(std::string_view column) {
  constexpr std::array<std::string_view, 8> kSuffixes{"_id", "_uuid", "_guid", "_fk", "_key", "Id", "Uuid", "ID"};
  for (const std::string_view suffix : kSuffixes) {
    if (column.size() > suffix.size() && column.ends_with(suffix))
      return std::string(column.substr(0, column.size() - suffix.size()));
  }
  return {};
}

}  // namespace quell::advise

#include <algorithm>
#include <cctype>
#include <fstream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <quell/db/migrate.hpp>

namespace quell::db {
namespace {

namespace fs = std::filesystem;

std::string name_of(const std::string& message) {
  std::string name;
  for (const char c : message) {
    const bool word = std::isalnum(static_cast<unsigned char>(c)) != 0;
    if (word) name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (!word && !name.empty() && name.back() != '_') name += '_';
  }
  while (!name.empty() && name.back() == '_') name.pop_back();
  if (name.empty()) throw MigrationError(fmt::format("'{}' has no letter or digit to name a revision after", message));
  return name.substr(0, 60);
}

/// One more than the highest number, as wide.
std::string next_id(const std::vector<Revision>& revisions) {
  unsigned long highest = 0;
  std::size_t width = 4;
  for (const Revision& revision : revisions) {
    if (revision.id.size() > 9 || revision.id.find_first_not_of("0123456789") != std::string::npos) continue;
    highest = std::max(highest, std::stoul(revision.id));
    width = std::max(width, revision.id.size());
  }
  return fmt::format("{:0{}}", highest + 1, width);
}

void write_new(const fs::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) throw MigrationError(fmt::format("cannot write '{}'", path.string()));
}

}  // namespace

fs::path write_revision(const fs::path& folder, const RevisionDraft& draft) {
  const std::vector<Revision> known = load_revisions(folder);
  const std::string id = draft.id.empty() ? next_id(known) : draft.id;
  const auto is_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
  if (!std::all_of(id.begin(), id.end(), is_word))
    throw MigrationError(fmt::format("'{}' is no id for a revision: letters and digits only", id));
  if (std::any_of(known.begin(), known.end(), [&](const Revision& revision) { return revision.id == id; }))
    throw MigrationError(fmt::format("there is a revision '{}' already", id));
  const std::string stem = fmt::format("{}_{}", id, name_of(draft.message));
  std::string message = draft.message;
  std::replace(message.begin(), message.end(), '\n', ' ');
  const fs::path up = folder / (stem + ".up.sql");
  write_new(folder / (stem + ".down.sql"),
            draft.down_sql.empty() ? "-- The way back of the up file.\n" : draft.down_sql);
  write_new(up, fmt::format("-- {}\n-- quell: parents{}{}\n\n{}", message, draft.parents.empty() ? "" : " ",
                            fmt::join(draft.parents, " "), draft.up_sql));
  return up;
}

}  // namespace quell::db

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>

#include <fmt/format.h>

#include <quell/db/migrate.hpp>

namespace quell::db {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kUp = ".up.sql", kDown = ".down.sql", kDirective = "-- quell:";

struct FileName {
  std::string id;
  std::string name;
  bool up = false;
};

FileName parse_name(const std::string& file) {
  FileName parsed;
  parsed.up = file.ends_with(kUp);
  const std::string_view stem = std::string_view(file).substr(0, file.size() - (parsed.up ? kUp.size() : kDown.size()));
  const std::size_t underscore = stem.find('_');
  if ((!parsed.up && !file.ends_with(kDown)) || underscore == std::string_view::npos || underscore == 0 ||
      underscore + 1 == stem.size())
    throw MigrationError(
        fmt::format("'{}' is not named like 0001_create_users.up.sql or 0001_create_users.down.sql", file));
  parsed.id = stem.substr(0, underscore);
  parsed.name = stem.substr(underscore + 1);
  return parsed;
}

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw MigrationError(fmt::format("cannot read '{}'", path.string()));
  return {std::istreambuf_iterator<char>(in), {}};
}

struct Directives {
  bool irreversible = false;
  bool transactional = true;
  std::vector<std::string> parents;
  bool has_parents = false;
};

Directives parse_directives(const std::string& sql, const std::string& file) {
  Directives directives;
  std::istringstream lines(sql);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(kDirective)) continue;
    std::istringstream words(line.substr(kDirective.size()));
    std::string word;
    words >> word;
    if (word == "irreversible") {
      directives.irreversible = true;
    } else if (word == "no-transaction") {
      directives.transactional = false;
    } else if (word == "parents") {
      directives.has_parents = true;
      for (std::string parent; words >> parent;) directives.parents.push_back(parent);
    } else {
      throw MigrationError(
          fmt::format("'{}': unknown directive '{}'; known are irreversible, no-transaction and parents", file, word));
    }
  }
  return directives;
}

}  // namespace

std::vector<Revision> load_revisions(const fs::path& folder) {
  std::error_code failure;
  if (!fs::is_directory(folder, failure)) throw MigrationError(fmt::format("'{}' is not a folder", folder.string()));
  std::map<std::string, Revision> by_id;  // in the order of their ids
  std::map<std::string, Directives> directives;
  std::map<std::string, std::string> down_files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string file = entry.path().filename().string();
    if (!entry.is_regular_file() || entry.path().extension() != ".sql") continue;
    const FileName parsed = parse_name(file);
    Revision& revision = by_id[parsed.id];
    if (!revision.name.empty() && revision.name != parsed.name)
      throw MigrationError(fmt::format("the files of revision '{}' have different names: '{}' and '{}'", parsed.id,
                                       revision.name, parsed.name));
    revision.id = parsed.id;
    revision.name = parsed.name;
    const std::string sql = read_file(entry.path());
    if (parsed.up) {
      directives[parsed.id] = parse_directives(sql, file);
      revision.up_sql = sql;
    } else {
      revision.down_sql = sql;
    }
  }
  std::vector<Revision> revisions;
  for (auto& [id, revision] : by_id) {
    const auto said = directives.find(id);
    if (said == directives.end())
      throw MigrationError(fmt::format("revision '{}_{}' has a down file but no up file", id, revision.name));
    if (said->second.irreversible && revision.down_sql)
      throw MigrationError(
          fmt::format("revision '{}_{}' says it is irreversible but has a down file", id, revision.name));
    if (!said->second.irreversible && !revision.down_sql)
      throw MigrationError(
          fmt::format("revision '{0}_{1}' has no {0}_{1}.down.sql: write one, or say '-- quell: irreversible' "
                      "in the up file",
                      id, revision.name));
    revision.transactional = said->second.transactional;
    revision.parents = said->second.parents;
    if (!said->second.has_parents && !revisions.empty()) revision.parents = {revisions.back().id};
    revisions.push_back(std::move(revision));
  }
  return revisions;
}

}  // namespace quell::db

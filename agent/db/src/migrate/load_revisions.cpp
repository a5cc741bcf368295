#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>

#include <fmt/format.h>

#include <quell/db/migrate.hpp>
#include <quell/db/sql_script.hpp>

namespace quell::db {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr std::string_view kUp = ".up.sql", kDown = ".down.sql";

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

/// "250ms", "2s", "10min", "0".
std::optional<milliseconds> parse_duration(std::string_view text) {
  std::int64_t count = 0;
  const auto [unit, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || count < 0 || count > 1'000'000'000) return std::nullopt;
  const std::string_view name(unit, static_cast<std::size_t>(text.data() + text.size() - unit));
  if (name == "ms" || (name.empty() && count == 0)) return milliseconds(count);
  if (name == "s") return std::chrono::seconds(count);
  if (name == "min") return std::chrono::minutes(count);
  return std::nullopt;
}

struct Header {
  bool irreversible = false;
  std::optional<std::vector<std::string>> parents;
};

/// Reads the directives of the up file into `revision` and what it says about its surroundings.
Header read_header(Revision& revision) {
  Header header;
  for (const auto& directive : read_script(revision.up_sql).directives) {
    const auto fail = [&](const std::string& what) {
      throw MigrationError(fmt::format("line {}: {}", directive.line, what));
    };
    std::istringstream in{std::string(directive.text)};
    std::string word;
    in >> word;
    std::vector<std::string> rest{std::istream_iterator<std::string>(in), {}};
    if (word == "allow") continue;  // of quell migrate lint
    if (!directive.in_header) fail(fmt::format("'-- quell: {}' belongs before the first statement", word));
    if (word == "irreversible" || word == "no-transaction" || word == "code") {
      if (!rest.empty()) fail(fmt::format("'{}' takes no '{}'", word, rest.front()));
      if (word == "code") revision.needs_code = true;
      if (word == "irreversible") header.irreversible = true;
      if (word == "no-transaction") revision.transactional = false;
    } else if (word == "parents") {
      header.parents = std::move(rest);
    } else if (word == "lock_timeout" || word == "statement_timeout") {
      const auto time = rest.size() == 1 ? parse_duration(rest.front()) : std::nullopt;
      if (!time) fail(fmt::format("'{}' takes a time such as 250ms, 5s, 10min or 0", word));
      (word == "lock_timeout" ? revision.lock_timeout : revision.statement_timeout) = time;
    } else {
      fail(
          fmt::format("unknown directive '{}'; known are irreversible, no-transaction, code, parents, lock_timeout, "
                      "statement_timeout, allow, begin autocommit and end autocommit",
                      word));
    }
  }
  if (revision.down_sql) (void)read_script(*revision.down_sql);  // an open block is found before it is run
  return header;
}

}  // namespace

Revision make_revision(const std::string& id, const std::string& name, const std::string& up_sql,
                       const std::optional<std::string>& down_sql, const std::string& default_parent) {
  Revision revision;
  revision.id = id;
  revision.name = name;
  revision.up_sql = up_sql;
  revision.down_sql = down_sql;
  try {
    const Header header = read_header(revision);
    if (header.irreversible && down_sql) throw MigrationError("it says it is irreversible but has a down file");
    if (!header.irreversible && !down_sql)
      throw MigrationError(
          fmt::format("it has no {}_{}.down.sql: write one, or say '-- quell: irreversible' in the up file", id, name));
    if (header.parents) {
      revision.parents = *header.parents;
    } else if (!default_parent.empty()) {
      revision.parents = {default_parent};
    }
  } catch (const MigrationError& error) {
    throw MigrationError(fmt::format("revision '{}_{}': {}", id, name, error.what()));
  }
  return revision;
}

std::vector<Revision> load_revisions(const fs::path& folder) {
  std::error_code failure;
  if (!fs::is_directory(folder, failure)) throw MigrationError(fmt::format("'{}' is not a folder", folder.string()));
  struct Files {
    std::string name;
    std::optional<std::string> up, down;
  };
  std::map<std::string, Files> by_id;  // in the order of their ids
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (!entry.is_regular_file() || entry.path().extension() != ".sql") continue;
    const FileName parsed = parse_name(entry.path().filename().string());
    Files& files = by_id[parsed.id];
    if (!files.name.empty() && files.name != parsed.name)
      throw MigrationError(
          fmt::format("the files of revision '{}' have different names, '{}' and '{}': give one of them another id",
                      parsed.id, std::min(files.name, parsed.name), std::max(files.name, parsed.name)));
    files.name = parsed.name;
    (parsed.up ? files.up : files.down) = read_file(entry.path());
  }
  std::vector<Revision> revisions;
  for (const auto& [id, files] : by_id) {
    if (!files.up) throw MigrationError(fmt::format("revision '{}_{}' has a down file but no up file", id, files.name));
    revisions.push_back(
        make_revision(id, files.name, *files.up, files.down, revisions.empty() ? "" : revisions.back().id));
  }
  return revisions;
}

}  // namespace quell::db

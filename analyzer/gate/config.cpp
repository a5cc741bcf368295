#include "analyzer/gate/config.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <initializer_list>

#include <fmt/format.h>

#include "analyzer/gate/glob.hpp"
#include "analyzer/gate/suggestion.hpp"
#include "analyzer/gate/toml_file.hpp"

namespace quell::gate {
namespace {

namespace fs = std::filesystem;

/// One quell.toml: what it sets itself.
struct File {
  Config config;
  bool root = false;
  bool sets_baseline = false;
  bool sets_ignore = false;
  bool sets_ignore_tables = false;
  bool sets_warmup = false;
  bool sets_outside = false;
};

std::string listed(const std::vector<std::string_view>& words) {
  return fmt::format("{}", fmt::join(words, ", "));
}

/// Reads one table of the file; every key must be asked for by name.
class TableReader {
 public:
  TableReader(const toml::table& table, std::string file, std::vector<std::string_view> keys)
      : table_(table), file_(std::move(file)), keys_(std::move(keys)) {
    for (const auto& [key, node] : table_) {
      if (std::find(keys_.begin(), keys_.end(), key.str()) != keys_.end()) continue;
      const std::string_view meant = suggestion(key.str(), keys_);
      fail_at(file_, key.source(),
              meant.empty() ? fmt::format("unknown key '{}'; here may stand {}", key.str(), listed(keys_))
                            : fmt::format("unknown key '{}'; did you mean '{}'?", key.str(), meant));
    }
  }

  [[nodiscard]] const toml::node* get(std::string_view key) const { return table_.get(key); }
  [[nodiscard]] Origin origin(const toml::node& node) const { return {file_, node.source().begin.line}; }
  [[noreturn]] void fail(const toml::node& node, const std::string& sentence) const {
    fail_at(file_, node.source(), sentence);
  }
  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] const toml::table& table() const { return table_; }

  [[nodiscard]] std::optional<std::string> string(std::string_view key) const {
    const toml::node* node = get(key);
    if (!node) return std::nullopt;
    if (!node->is_string()) fail(*node, fmt::format("'{}' is a text in quotes", key));
    return node->as_string()->get();
  }
  [[nodiscard]] std::optional<bool> boolean(std::string_view key) const {
    const toml::node* node = get(key);
    if (!node) return std::nullopt;
    if (!node->is_boolean()) fail(*node, fmt::format("'{}' is true or false", key));
    return node->as_boolean()->get();
  }
  [[nodiscard]] std::optional<Setting<std::uint64_t>> number(std::string_view key) const {
    const toml::node* node = get(key);
    if (!node) return std::nullopt;
    if (!node->is_integer() || node->as_integer()->get() < 0)
      fail(*node, fmt::format("'{}' is a whole number, 0 or more", key));
    return Setting<std::uint64_t>{static_cast<std::uint64_t>(node->as_integer()->get()), origin(*node)};
  }
  [[nodiscard]] std::optional<std::vector<std::string>> strings(std::string_view key) const {
    const toml::node* node = get(key);
    if (!node) return std::nullopt;
    if (!node->is_array()) fail(*node, fmt::format("'{}' is a list of texts: [\"...\"]", key));
    std::vector<std::string> out;
    for (const toml::node& each : *node->as_array()) {
      if (!each.is_string()) fail(each, fmt::format("'{}' is a list of texts: [\"...\"]", key));
      out.push_back(each.as_string()->get());
    }
    return out;
  }
  [[nodiscard]] std::optional<Setting<Reaction>> reaction(std::string_view key) const {
    const auto word = string(key);
    if (!word) return std::nullopt;
    for (const Reaction reaction : {Reaction::ignore, Reaction::warn, Reaction::fail}) {
      if (*word == to_string(reaction)) return Setting<Reaction>{reaction, origin(*get(key))};
    }
    fail(*get(key), fmt::format("'{}' is \"ignore\", \"warn\" or \"fail\"", key));
  }

 private:
  const toml::table& table_;
  std::string file_;
  std::vector<std::string_view> keys_;
};

constexpr std::array<std::string_view, 11> kLimitKeys = {
    "max_queries",    "max_duplicates", "max_repeat",      "max_findings",     "growth", "on_changed_statement",
    "on_new_finding", "on_new_unit",    "on_missing_unit", "on_unstable_unit", "owner"};

std::vector<std::string_view> with_limit_keys(std::initializer_list<std::string_view> more) {
  std::vector<std::string_view> keys(more);
  keys.insert(keys.end(), kLimitKeys.begin(), kLimitKeys.end());
  return keys;
}

std::optional<Setting<Growth>> read_growth(const TableReader& reader) {
  const auto text = reader.string("growth");
  if (!text) return std::nullopt;
  Growth growth;
  growth.percent = text->ends_with('%');
  const char* const begin = text->data() + (text->starts_with('+') ? 1 : 0);
  const char* const end = text->data() + text->size() - (growth.percent ? 1 : 0);
  const auto [stopped, failure] = std::from_chars(begin, end, growth.amount);
  if (*text == "any") {
    growth.unlimited = true;
  } else if (!text->starts_with('+') || failure != std::errc() || stopped != end) {
    reader.fail(*reader.get("growth"), "'growth' is \"+N\", \"+N%\" or \"any\"");
  }
  return Setting<Growth>{growth, reader.origin(*reader.get("growth"))};
}

void read_max_findings(const TableReader& reader, Limits& limits) {
  const toml::node* node = reader.get("max_findings");
  if (!node) return;
  if (!node->is_table()) reader.fail(*node, "'max_findings' is a table: { n_plus_one = 0 }");
  std::vector<std::string_view> kinds;
  for (const detect::Kind kind : finding_kinds()) kinds.push_back(detect::to_string(kind));
  const TableReader inner(*node->as_table(), reader.file(), kinds);
  for (const detect::Kind kind : finding_kinds()) {
    if (const auto limit = inner.number(detect::to_string(kind))) limits.max_findings[kind] = *limit;
  }
}

Limits read_limits(const TableReader& reader) {
  Limits limits;
  limits.max_queries = reader.number("max_queries");
  limits.max_duplicates = reader.number("max_duplicates");
  limits.max_repeat = reader.number("max_repeat");
  read_max_findings(reader, limits);
  limits.growth = read_growth(reader);
  limits.on_changed_statement = reader.reaction("on_changed_statement");
  limits.on_new_finding = reader.reaction("on_new_finding");
  limits.on_new_unit = reader.reaction("on_new_unit");
  limits.on_missing_unit = reader.reaction("on_missing_unit");
  limits.on_unstable_unit = reader.reaction("on_unstable_unit");
  if (const auto owner = reader.string("owner"))
    limits.owner = Setting<std::string>{*owner, reader.origin(*reader.get("owner"))};
  return limits;
}

void read_count(const TableReader& reader, File& out) {
  CountParams& count = out.config.count;
  if (const auto ignore = reader.strings("ignore")) {
    std::vector<std::string_view> known(kind_names().begin(), kind_names().end());
    for (const toml::node& each : *reader.get("ignore")->as_array()) {
      const std::string& name = each.as_string()->get();
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      const std::string_view meant = suggestion(name, known);
      reader.fail(each, meant.empty()
                            ? fmt::format("no kind of statement is called '{}', only {}", name, listed(known))
                            : fmt::format("no kind of statement is called '{}'; did you mean '{}'?", name, meant));
    }
    count.ignore = *ignore;
    out.sets_ignore = true;
  }
  if (const auto tables = reader.strings("ignore_tables")) {
    count.ignore_tables = *tables;
    out.sets_ignore_tables = true;
  }
  if (const auto warmup = reader.number("warmup")) {
    count.warmup = warmup->value;
    out.sets_warmup = true;
  }
  if (const auto outside = reader.boolean("outside")) {
    count.outside = *outside;
    out.sets_outside = true;
  }
}

UnitRule read_unit(const toml::table& table, const std::string& file) {
  const TableReader reader(table, file, with_limit_keys({"match", "suite"}));
  UnitRule rule;
  rule.limits = read_limits(reader);
  rule.origin = reader.origin(table);
  const auto match = reader.string("match");
  if (!match) reader.fail(table, "a [[unit]] needs match = \"GET /orders*\"");
  rule.match = *match;
  rule.suite = reader.string("suite").value_or("*");
  return rule;
}

Allowance read_allowance(const toml::table& table, const std::string& file) {
  const TableReader reader(table, file, {"fingerprint", "finding", "match", "suite", "reason", "expires"});
  Allowance out;
  out.origin = reader.origin(table);
  if (const auto hex = reader.string("fingerprint")) {
    sql::Fingerprint value = 0;
    const auto [end, failure] = std::from_chars(hex->data(), hex->data() + hex->size(), value, 16);
    if (failure != std::errc() || end != hex->data() + hex->size() || *hex != sql::to_hex(value))
      reader.fail(*reader.get("fingerprint"), "'fingerprint' has 16 hexadecimal digits, as reports show it");
    out.fingerprint = value;
  }
  out.finding = reader.string("finding").value_or("");
  out.suite = reader.string("suite").value_or("*");
  const auto match = reader.string("match");
  if (!match && out.whole_unit()) reader.fail(table, "an [[allow]] needs 'match', 'fingerprint' or 'finding'");
  out.match = match.value_or("*");
  out.reason = reader.string("reason").value_or("");
  if (out.reason.empty()) reader.fail(table, "an [[allow]] needs a reason = \"...\"");
  const toml::node* expires = reader.get("expires");
  if (!expires) reader.fail(table, "an [[allow]] needs an end: expires = 2027-03-01");
  if (!expires->is_date()) reader.fail(*expires, "'expires' is a day without quotes: 2027-03-01");
  const toml::date day = expires->as_date()->get();
  out.expires = std::chrono::year(day.year) / day.month / day.day;
  return out;
}

/// Each table of an array of tables.
template <typename Read>
auto read_array(const TableReader& reader, std::string_view key, Read read) {
  std::vector<decltype(read(std::declval<const toml::table&>(), std::string()))> out;
  const toml::node* node = reader.get(key);
  if (!node) return out;
  if (!node->is_array_of_tables()) reader.fail(*node, fmt::format("'{}' is a list of tables: [[{}]]", key, key));
  for (const toml::node& each : *node->as_array()) out.push_back(read(*each.as_table(), reader.file()));
  return out;
}

File read_config(std::string_view text, const std::string& file, const std::string& folder) {
  const toml::table table = parse_toml(text, file);
  const TableReader reader(table, file,
                           {"version", "root", "baseline", "suite", "require", "count", "defaults", "unit", "allow"});
  const auto version = reader.number("version");
  if (!version) throw FileError(fmt::format("{}:1:1: the first line must be version = 1", file));
  if (version->value != 1) reader.fail(*reader.get("version"), "this version is not known: a newer Quell reads it");
  File out;
  Config& config = out.config;
  config.files = {file};
  config.folder = folder;
  out.root = reader.boolean("root").value_or(false);
  if (const auto baseline = reader.string("baseline")) {
    config.baseline = baseline->empty() ? "" : (fs::path(folder) / *baseline).lexically_normal().string();
    out.sets_baseline = true;
  }
  config.suite = reader.string("suite").value_or("");
  config.require = reader.strings("require").value_or(std::vector<std::string>{});
  const auto inner = [&](std::string_view key) -> const toml::table* {
    const toml::node* node = reader.get(key);
    if (node && !node->is_table()) reader.fail(*node, fmt::format("'{}' is a table: [{}]", key, key));
    return node ? node->as_table() : nullptr;
  };
  if (const toml::table* count = inner("count"))
    read_count(TableReader(*count, file, {"ignore", "ignore_tables", "warmup", "outside"}), out);
  if (const toml::table* defaults = inner("defaults"))
    config.defaults = read_limits(TableReader(*defaults, file, with_limit_keys({})));
  config.units = read_array(reader, "unit", read_unit);
  config.allow = read_array(reader, "allow", read_allowance);
  return out;
}

/// `below` with what it does not say itself taken from the file in a folder above.
void inherit(File& below, File&& above) {
  Config& config = below.config;
  config.files.insert(config.files.end(), above.config.files.begin(), above.config.files.end());
  if (!below.sets_baseline && above.sets_baseline) {
    config.baseline = above.config.baseline;
    below.sets_baseline = true;
  }
  if (config.suite.empty()) config.suite = above.config.suite;
  CountParams& count = config.count;
  const CountParams& their = above.config.count;
  if (!below.sets_ignore && above.sets_ignore) count.ignore = their.ignore;
  if (!below.sets_ignore_tables && above.sets_ignore_tables) count.ignore_tables = their.ignore_tables;
  if (!below.sets_warmup && above.sets_warmup) count.warmup = their.warmup;
  if (!below.sets_outside && above.sets_outside) count.outside = their.outside;
  below.sets_ignore |= above.sets_ignore;
  below.sets_ignore_tables |= above.sets_ignore_tables;
  below.sets_warmup |= above.sets_warmup;
  below.sets_outside |= above.sets_outside;
  config.defaults.fill_from(above.config.defaults);
  std::move(above.config.units.begin(), above.config.units.end(), std::back_inserter(config.units));
  std::move(above.config.allow.begin(), above.config.allow.end(), std::back_inserter(config.allow));
  below.root = above.root;
}

/// As a message shows it: relative to where the user is, if it is below or just above.
std::string shown(const fs::path& path) {
  const fs::path relative = path.lexically_proximate(fs::current_path());
  return relative.string().size() < path.string().size() ? relative.string() : path.string();
}

File read_file_of(const fs::path& path) {
  return read_config(read_file(path.string()), shown(path), path.parent_path().string());
}

Config load_chain(const fs::path& first) {
  File chain = read_file_of(first);
  for (fs::path folder = first.parent_path(); !chain.root && folder != folder.parent_path();) {
    folder = folder.parent_path();
    if (fs::exists(folder / kConfigName)) inherit(chain, read_file_of(folder / kConfigName));
  }
  if (!chain.sets_baseline) chain.config.baseline = (first.parent_path() / kBaselineFolder).string();
  return std::move(chain.config);
}

}  // namespace

bool applies(const Allowance& allowance, std::string_view suite, std::string_view unit) {
  return glob_matches(allowance.match, unit) && glob_matches(allowance.suite, suite);
}

Config parse_config(std::string_view text, const std::string& file, const std::string& folder) {
  File read = read_config(text, file, folder);
  if (!read.sets_baseline) read.config.baseline = (fs::path(folder) / kBaselineFolder).string();
  return std::move(read.config);
}

Config load_config(const std::string& file) {
  return load_chain(fs::absolute(file).lexically_normal());
}

Config find_config(const std::string& start) {
  const fs::path begin = fs::absolute(start).lexically_normal();
  for (fs::path folder = begin;; folder = folder.parent_path()) {
    if (fs::exists(folder / kConfigName)) return load_chain(folder / kConfigName);
    if (folder == folder.parent_path()) break;
  }
  Config config;
  config.folder = begin.string();
  config.baseline = (begin / kBaselineFolder).string();
  return config;
}

}  // namespace quell::gate

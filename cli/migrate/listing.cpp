#include "cli/migrate/listing.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <boost/json.hpp>

#include "analyzer/lint/rules.hpp"

namespace quell::cli::migrate {
namespace {

namespace json = boost::json;

std::string to_text(const json::value& value) {
  return json::serialize(value) + "\n";
}

json::array to_json(const std::vector<std::string>& words) {
  return json::array(words.begin(), words.end());
}

std::string plural(std::size_t count, std::string_view word) {
  return fmt::format("{} {}{}", count, word, count == 1 ? "" : "s");
}

std::vector<std::string> children_of(const db::Revision& revision, const std::vector<db::Revision>& all) {
  std::vector<std::string> children;
  for (const db::Revision& other : all)
    if (std::count(other.parents.begin(), other.parents.end(), revision.id) > 0) children.push_back(other.id);
  return children;
}

const db::AppliedRevision* find_applied(const std::vector<db::AppliedRevision>& applied, const std::string& id) {
  const auto found = std::find_if(applied.begin(), applied.end(), [&](const auto& one) { return one.id == id; });
  return found == applied.end() ? nullptr : &*found;
}

json::object to_json(const db::Revision& revision, const std::vector<db::Revision>& all) {
  return {{"id", revision.id},
          {"name", revision.name},
          {"parents", to_json(revision.parents)},
          {"children", to_json(children_of(revision, all))},
          {"reversible", revision.down_sql.has_value()}};
}

}  // namespace

std::string render_history(const std::vector<db::Revision>& shown, const db::Migrator& migrator,
                           const std::vector<db::AppliedRevision>& applied, Format format) {
  json::array array;
  std::string text;
  for (auto revision = shown.rbegin(); revision != shown.rend(); ++revision) {
    const db::AppliedRevision* record = find_applied(applied, revision->id);
    if (format == Format::json) {
      json::object object = to_json(*revision, migrator.history());
      if (record != nullptr) object["applied_at"] = record->applied_at;
      if (record != nullptr) object["interrupted"] = !record->finished;
      array.emplace_back(std::move(object));
      continue;
    }
    const auto children = children_of(*revision, migrator.history());
    std::vector<std::string> marks;
    if (revision->parents.empty()) marks.emplace_back("base");
    if (children.empty()) marks.emplace_back("head");
    if (children.size() > 1) marks.emplace_back("branches");
    if (revision->parents.size() > 1) marks.emplace_back("merge");
    if (!revision->down_sql) marks.emplace_back("irreversible");
    if (record != nullptr)
      marks.push_back(record->finished ? "applied " + record->applied_at : std::string("interrupted"));
    text += fmt::format("{} {}", revision->id, revision->name);
    if (!revision->parents.empty()) text += fmt::format(", follows {}", fmt::join(revision->parents, " and "));
    if (!marks.empty()) text += fmt::format(" ({})", fmt::join(marks, ", "));
    text += "\n";
  }
  return format == Format::json ? to_text(array) : text;
}

std::string render_branches(const db::Migrator& migrator, Format format) {
  json::array array;
  std::string text;
  for (const db::Revision& revision : migrator.history()) {
    const auto children = children_of(revision, migrator.history());
    if (children.size() < 2) continue;
    array.emplace_back(to_json(revision, migrator.history()));
    text += fmt::format("{} {} is followed by {}\n", revision.id, revision.name, fmt::join(children, " and "));
  }
  return format == Format::json ? to_text(array) : text;
}

std::string render_details(const std::vector<db::Revision>& shown, const db::Migrator& migrator, Format format) {
  json::array array;
  std::string text;
  for (const db::Revision& revision : shown) {
    json::object object = to_json(revision, migrator.history());
    object["up_sql"] = revision.up_sql;
    object["down_sql"] = revision.down_sql ? json::value(*revision.down_sql) : json::value(nullptr);
    array.emplace_back(std::move(object));
    const auto children = children_of(revision, migrator.history());
    text += fmt::format("{} {}\nfollows {}, is followed by {}\n\n-- up\n{}\n-- down\n{}\n", revision.id, revision.name,
                        revision.parents.empty() ? "nothing" : fmt::format("{}", fmt::join(revision.parents, " and ")),
                        children.empty() ? "nothing" : fmt::format("{}", fmt::join(children, " and ")), revision.up_sql,
                        revision.down_sql.value_or("-- irreversible\n"));
  }
  return format == Format::json ? to_text(array) : text;
}

std::string render_problems(const std::vector<db::MigrationProblem>& problems, Format format) {
  json::array array;
  std::string text;
  for (const auto& problem : problems) {
    array.emplace_back(json::object{{"kind", db::to_string(problem.kind)}, {"sentence", problem.sentence}});
    text += fmt::format("{}: {}\n", db::to_string(problem.kind), problem.sentence);
  }
  if (problems.empty()) text = "The database is what the revisions say.\n";
  return format == Format::json ? to_text(array) : text;
}

std::string render_faults(const std::vector<db::VerifyFault>& faults, std::size_t revisions, Format format) {
  json::array array;
  std::string text;
  for (const auto& fault : faults) {
    array.emplace_back(json::object{{"revision", fault.revision}, {"sentence", fault.sentence}});
    text += fault.sentence + "\n";
  }
  if (faults.empty()) text = fmt::format("{} went up, down and up again.\n", plural(revisions, "revision"));
  return format == Format::json ? to_text(array) : text;
}

std::string render_findings(const std::vector<lint::Finding>& findings, const std::string& folder,
                            std::size_t revisions, Format format) {
  json::array array;
  std::string text;
  for (const lint::Finding& finding : findings) {
    const lint::Rule& rule = *lint::find_rule(finding.rule);
    const std::string file = folder + "/" + finding.file;
    array.emplace_back(json::object{{"rule", finding.rule},
                                    {"revision", finding.revision},
                                    {"file", file},
                                    {"line", finding.line},
                                    {"subject", finding.subject},
                                    {"breaks", rule.breaks},
                                    {"instead", rule.instead}});
    text += fmt::format("{}:{}: {}: {}\n    {}\n    instead: {}\n", file, finding.line, finding.rule, finding.subject,
                        rule.breaks, rule.instead);
  }
  text += fmt::format("{} in {}\n", plural(findings.size(), "finding"), plural(revisions, "revision"));
  return format == Format::json ? to_text(array) : text;
}

std::string render_ids(const std::vector<std::string>& ids) {
  std::string text;
  for (const std::string& id : ids) text += id + "\n";
  return text;
}

}  // namespace quell::cli::migrate

#include "analyzer/model/table_names.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace quell::model {
namespace {

struct Clue {
  std::vector<std::uint32_t> oids;
  std::vector<std::string> names;
  friend auto operator<=>(const Clue&, const Clue&) = default;
};

std::string qualified(const sql::Table& table) {
  return table.schema.empty() ? table.name : table.schema + "." + table.name;
}

template <typename T>
void sort_unique(std::vector<T>& items) {
  std::sort(items.begin(), items.end());
  items.erase(std::unique(items.begin(), items.end()), items.end());
}

std::vector<Clue> clues(const WorkloadState& state) {
  std::set<std::pair<StatementIndex, trace::ShapeId>> seen;
  std::vector<Clue> out;
  for (const ResultEntry& result : state.results) {
    const StatementIndex statement = state.texts[state.contexts[state.context[result.query]].text].statement;
    if (!seen.emplace(statement, result.shape).second) continue;
    Clue clue;
    for (const ResultColumn& column : state.shapes[result.shape].columns) {
      if (column.table_oid != 0) clue.oids.push_back(column.table_oid);
    }
    for (const sql::Table& table : state.statements[statement].facts.tables) clue.names.push_back(qualified(table));
    sort_unique(clue.oids);
    sort_unique(clue.names);
    if (!clue.oids.empty() && !clue.names.empty()) out.push_back(std::move(clue));
  }
  std::sort(out.begin(), out.end());  // independent of the order of the file
  return out;
}

}  // namespace

void learn_table_names(WorkloadState& state) {
  std::vector<Clue> open = clues(state);
  std::set<std::string> taken;
  for (bool learned = true; learned;) {
    learned = false;
    for (Clue& clue : open) {
      std::erase_if(clue.oids, [&](std::uint32_t oid) { return state.table_names.contains(oid); });
      // With several candidates, a name that another OID has is out of question.
      if (clue.names.size() > 1)
        std::erase_if(clue.names, [&](const std::string& name) { return taken.contains(name); });
      if (clue.oids.size() != 1 || clue.names.size() != 1) continue;
      state.table_names.emplace(clue.oids.front(), clue.names.front());
      taken.insert(clue.names.front());
      learned = true;
    }
  }
}

}  // namespace quell::model

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "analyzer/detect/unit.hpp"

/// Where binds came from. Within one unit, the values an execution was given are looked up in the recorded results of
/// earlier statements. Pure; the evidence a link needs is described in docs/detection.md, "Value edges".
namespace quell::detect {

/// One column of one statement's results in a unit. A statement that ran several times has one column for all results.
struct ParentColumn {
  struct Occurrence {
    std::uint32_t step = 0;
    std::uint32_t recorded = 0;  ///< index among the recorded columns of that result
  };
  model::StatementIndex statement = 0;
  std::string_view name;
  std::uint32_t table_oid = 0;
  std::int16_t attribute_number = 0;
  bool truncated = false;  ///< some result has more rows than were recorded
  std::vector<Occurrence> occurrences;
};

/// The recorded results of a unit, by statement and column.
struct ValueIndex {
  std::vector<ParentColumn> columns;
};

[[nodiscard]] ValueIndex index_values(const Unit& unit);

/// A child's binds found in a parent's column.
struct EdgeMatch {
  std::size_t column = 0;      ///< in ValueIndex::columns
  std::uint32_t position = 0;  ///< bind of the child, from 0
  std::vector<bool> covers;    ///< by step of the child's executions
  std::uint64_t covered = 0;
  std::uint64_t parent_rows = 0;      ///< recorded, over all results of the parent before the last child
  std::uint64_t parent_distinct = 0;  ///< different values among them, NULL aside
  bool row_order = false;             ///< the executions' values, repeats removed, come in the order of the rows
  bool every_row = false;             ///< one execution a row, in row order, repeats and all
  bool proved = false;                ///< the evidence excludes chance
  std::uint32_t parent_step = 0;      ///< the last result before the first covered child
};

/// The best edge for the executions `steps` of one statement, whose binds at `positions` vary. A match may cover only
/// part of them. Columns of the child's own results are looked at only where `own_results`, and then no other.
[[nodiscard]] std::optional<EdgeMatch> find_edge(const Unit& unit, const ValueIndex& index,
                                                 std::span<const std::uint32_t> steps,
                                                 std::span<const std::uint32_t> positions, bool own_results);

/// True where one row of an earlier result holds all the different values that `steps` have at `position`, each in
/// another column: an object and its several references.
[[nodiscard]] bool one_row_holds_all(const Unit& unit, std::span<const std::uint32_t> steps, std::uint32_t position);

/// How well names fit a reference from `from` to `to`: negative where they speak against it (`posts.id` -> `users.id`),
/// 0 where they say nothing, up to 4 (`posts.id` -> `comments.post_id`).
[[nodiscard]] int name_affinity(std::string_view from_table, std::string_view from_column, std::string_view to_table,
                                std::string_view to_column);

/// The column that a bind of a statement (from 0) is compared with or written to; empty names where there is none.
struct TargetColumn {
  std::string_view table;
  std::string_view column;
};
[[nodiscard]] TargetColumn target_of(const sql::StatementFacts& facts, std::uint32_t position);

}  // namespace quell::detect

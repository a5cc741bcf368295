#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/advise/catalog.hpp"
#include "analyzer/sql/statement_facts.hpp"

/// Which indexes could serve a statement: from its predicates, joins and order, and the catalogue. Pure.
namespace quell::advise {

struct KeyColumn {
  std::string column;
  bool descending = false;
  bool nulls_first = false;  ///< as written out: the default is NULLS LAST ascending, NULLS FIRST descending
  bool pattern = false;      ///< text_pattern_ops, for LIKE 'x%' under a collation that does not order by bytes
  friend auto operator<=>(const KeyColumn&, const KeyColumn&) = default;
};

struct Candidate {
  std::size_t table = 0;  ///< in the list given
  std::vector<KeyColumn> keys;
  friend auto operator<=>(const Candidate&, const Candidate&) = default;
};

/// Wider indexes cost more to keep than the last column saves.
inline constexpr std::size_t kWidestIndex = 4;

/// The table each facts.tables entry stands for, as an index into `tables`; kNoTable: a CTE, a view, a function,
/// unknown.
inline constexpr std::size_t kNoTable = static_cast<std::size_t>(-1);

/// Candidates of one statement, sorted, without repetition. `table_of[i]` belongs to facts.tables[i].
/// Groups, after CockroachDB's index recommendations: E all equalities, R a range, J a join column, O the order:
/// each alone, E, E+R, E+O, E+J, J+E, J+R, E+J+R; for conditions under OR each column alone.
[[nodiscard]] std::vector<Candidate> candidates_for(const sql::StatementFacts& facts,
                                                    const std::vector<std::size_t>& table_of,
                                                    const std::vector<CatalogTable>& tables);

/// An existing index that begins with the candidate's keys: same columns, directions (or all of them reversed) and
/// operator classes, valid and not partial. Null: there is none.
[[nodiscard]] const CatalogIndex* serving_index(const CatalogTable& table, const std::vector<KeyColumn>& keys);

/// Bytes of the btree on disk after CREATE INDEX: 8 KiB pages filled to 90 %, tuples aligned to 8 bytes, equal keys
/// deduplicated into posting lists where the server does (PostgreSQL 13). 0 where the table was never analysed.
[[nodiscard]] std::uint64_t estimated_size(const CatalogTable& table, const std::vector<KeyColumn>& keys,
                                           int server_version);

/// "posts_author_id_created_at_idx", cut to PostgreSQL's 63 bytes at a character's end; `serial` > 0 is appended.
[[nodiscard]] std::string index_name(const CatalogTable& table, const std::vector<KeyColumn>& keys, int serial = 0);

/// One key as DDL writes it: "created_at DESC", "\"Order\"", "name text_pattern_ops".
[[nodiscard]] std::string key_sql(const KeyColumn& key);

/// CREATE INDEX [CONCURRENTLY] name ON schema.table (keys). CONCURRENTLY does not work on a partitioned table. Empty
/// name: the server chooses. Never UNIQUE: that is a statement about the data, not about speed.
[[nodiscard]] std::string create_index_sql(const CatalogTable& table, const std::vector<KeyColumn>& keys,
                                           const std::string& name, bool concurrently);

/// Quoted only where PostgreSQL needs it: reserved words and anything but a lower-case identifier.
[[nodiscard]] std::string quote_if_needed(const std::string& identifier);

}  // namespace quell::advise

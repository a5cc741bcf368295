#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quell::db {
class SyncConnection;
}

/// What the advisor knows of the user's schema: tables, columns with their statistics, indexes. Plain values.
namespace quell::advise {

struct CatalogColumn {
  std::string name;
  std::string type;         ///< as format_type writes it
  bool btree = false;       ///< its type has a default btree operator class
  bool textual = false;     ///< text, varchar, bpchar: LIKE applies
  bool plain_order = true;  ///< its collation orders by bytes, so LIKE 'x%' can use a plain btree
  double average_width = 4;
  std::size_t alignment = 4;         ///< of a fixed-width type; 1: variable
  std::optional<double> n_distinct;  ///< absolute; nothing: no statistics
  double null_fraction = 0;
};

struct IndexKey {
  std::string column;  ///< empty: an expression
  bool descending = false;
  bool nulls_first = false;
  bool default_operators = true;  ///< the operator class is its type's default one
};

struct CatalogIndex {
  std::string name;
  std::string method;  ///< "btree"
  bool unique = false;
  bool valid = true;
  bool partial = false;
  std::vector<IndexKey> keys;
};

struct CatalogTable {
  std::uint32_t oid = 0;
  std::string schema;
  std::string name;
  bool partitioned = false;
  double rows = 0;
  double pages = 0;
  bool analysed = true;  ///< false: the planner guesses its size
  std::vector<CatalogColumn> columns;
  std::vector<CatalogIndex> indexes;

  [[nodiscard]] const CatalogColumn* column(std::string_view name) const;
};

/// A table as a statement names it; nothing and `reason` where the advisor has nothing to say about it: not there, a
/// view, a foreign table, a system table. Throws db::Error.
struct TableLookup {
  std::optional<CatalogTable> table;
  std::string reason;
};

[[nodiscard]] TableLookup look_up_table(db::SyncConnection& connection, const std::string& schema,
                                        const std::string& name);

}  // namespace quell::advise

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/sql/statement_facts.hpp"

/// One statement for many values: the SQL rewrites that end a loop of statements. Pure.
namespace quell::advise {

/// `SELECT ... WHERE id = $1`, once for each value, becomes one statement whose $n is an array:
///  - WHERE id = ANY($1), with the key in the select list, where the parameter is compared with one column and every
///  row
///    belongs to one value;
///  - the same grouped by the key where only aggregates are selected;
///  - otherwise (LIMIT, DISTINCT, several uses) a LATERAL join of the whole statement with unnest($n).
/// Inlined literals count as parameters, numbered as in facts.normalized. `types[i]` is the SQL type of $(i+1). Empty
/// where the text does not hold the parameter.
[[nodiscard]] std::string batched_select(const sql::StatementFacts& facts, int parameter,
                                         const std::vector<std::string>& types);

/// INSERT ... VALUES ($1, $2) → INSERT ... SELECT * FROM unnest($1::bigint[], $2::text[]); UPDATE and DELETE join with
/// unnest. Every parameter becomes an array. Empty where the statement is not that simple.
[[nodiscard]] std::string batched_write(const sql::StatementFacts& facts, const std::vector<std::string>& types);

/// SQL name of a type, for array casts; "bigint" or "text" where the OID is not known to us.
[[nodiscard]] std::string sql_type(std::uint32_t oid, bool looks_like_integer);

}  // namespace quell::advise

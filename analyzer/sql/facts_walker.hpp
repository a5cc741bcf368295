#pragma once

#include <span>
#include <string_view>

#include <boost/json/fwd.hpp>

#include "analyzer/sql/lexer.hpp"
#include "analyzer/sql/statement_facts.hpp"

namespace quell::sql {

/// Fills everything a parse tree tells: kind, tables, predicates, order, written columns, flags. `text` and `literals`
/// are those the tree was made from.
void collect_facts(const boost::json::value& tree, std::string_view text, std::span<const LiteralSpan> literals,
                   StatementFacts& facts);

}  // namespace quell::sql

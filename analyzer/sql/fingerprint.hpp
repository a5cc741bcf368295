#pragma once

#include <boost/json/fwd.hpp>

#include "analyzer/sql/statement_facts.hpp"

namespace quell::sql {

/// The fingerprint of a parse tree as pg_query_parse writes it (docs/detection.md says what it keeps and what it
/// forgets).
[[nodiscard]] Fingerprint fingerprint_tree(const boost::json::value& tree);

}  // namespace quell::sql

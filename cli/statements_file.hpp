#pragma once

#include <string>

#include "analyzer/model/workload.hpp"

namespace quell::cli {

/// A workload of the statements of an SQL file (statements end with `;`), each executed as often as it stands there;
/// `-- executions: N` on a line before a statement says how often it runs. No times, no values beyond the literals.
/// Throws Error where the file cannot be read or holds no statement.
[[nodiscard]] model::Workload load_statements(const std::string& path);

}  // namespace quell::cli

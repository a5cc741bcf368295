#pragma once

#include <optional>
#include <span>
#include <vector>

#include "analyzer/detect/collector.hpp"

namespace quell::detect {

/// Looks at every unit in `units` (those of one scope name) where the parent ran, also those where the child ran once
/// or not at all, and fits executions of the child against distinct values in the parent's column. Nothing where no
/// unit recorded the column.
[[nodiscard]] std::optional<Scaling> measure_scaling(const model::Workload& workload,
                                                     std::span<const std::vector<model::ScopeIndex>> units,
                                                     const Occurrence& example);

}  // namespace quell::detect

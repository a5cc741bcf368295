#pragma once

#include <optional>
#include <vector>

#include <quell/trace/value.hpp>

#include "analyzer/model/workload.hpp"

namespace quell::detect {

/// The elements of a one-dimensional array bind, text ('{1,2}') or binary, in canonical form; nothing where the bytes
/// are not such an array (or cut, or redacted).
[[nodiscard]] std::optional<std::vector<trace::Value>> array_elements(const model::Bind& bind,
                                                                      const trace::Canonicalizer& canonicalizer);

}  // namespace quell::detect

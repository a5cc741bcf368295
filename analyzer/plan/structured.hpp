#pragma once

#include <cstddef>

#include <boost/json/fwd.hpp>

#include "analyzer/plan/plan.hpp"

namespace quell::plan {

/// Adds the plans of one document of a structured format (JSON, YAML, XML) to `result`: they differ in notation only,
/// so the readers bring it into JSON's. `offset` is where the document begins in the input.
void interpret(const boost::json::value& document, std::size_t offset, ReadResult& result);

/// What the documents may nest: a level of a plan is an object in a list.
inline constexpr std::size_t kMaxDocumentDepth = 2 * kMaxPlanDepth + 16;

}  // namespace quell::plan

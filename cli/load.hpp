#pragma once

#include <string>

#include "analyzer/model/workload.hpp"

namespace quell::cli {

class Progress;

/// Reads a trace and shows how far it is. Throws trace::TraceError with the next step.
[[nodiscard]] model::Workload load_trace(const std::string& path, Progress& progress);

}  // namespace quell::cli

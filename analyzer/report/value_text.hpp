#pragma once

#include <string>

#include "analyzer/model/workload.hpp"

namespace quell::report {

/// A bind as --show-values shows it: NULL, 'text', a number, a UUID, <type 17, 12 bytes>; <redacted> where only the
/// keyed hash of it is in the trace. Long text is cut at 60 columns.
[[nodiscard]] std::string value_text(const model::Bind& bind);

}  // namespace quell::report

#pragma once

#include <quell/tracer/observer.hpp>

namespace quell::tracer {

/// Records a finished statement and its result's values on the calling thread. Its id; 0 where it was not recorded.
trace::QueryId record_statement(const StatementFinished& statement) noexcept;

}  // namespace quell::tracer

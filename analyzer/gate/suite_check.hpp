#pragma once

#include "analyzer/gate/allowances.hpp"
#include "analyzer/gate/check.hpp"

namespace quell::gate {

/// Judges the units of one suite and adds them and what is to be said about them to `result`. `reference`: null where
/// only limits hold.
void check_suite(const Suite& suite, const Reference* reference, const Config& config, const CheckParams& params,
                 Allowances& allowances, GateResult& result);

/// "1 execution", "20 executions".
[[nodiscard]] std::string executions(std::uint64_t count);

}  // namespace quell::gate

#pragma once

#include <vector>

#include "analyzer/advise/index_advice.hpp"
#include "analyzer/advise/statement_sample.hpp"

namespace quell::advise {

/// Measures advised indexes: runs the SELECTs they serve, builds all of them inside a transaction with lock and
/// statement timeouts, runs the SELECTs again, rolls back. While it builds and measures, writers of the tables wait
/// (CREATE INDEX without CONCURRENTLY), so this is for the user to ask for. Fills `ms_before`, `ms_after`, `size_bytes`
/// and the verification of what could be measured; the note says why not for the rest, and the advice stays. Throws
/// quell::Error only where the server cannot be reached.
void prove(const std::vector<SampledStatement>& statements, const AdviseParams& params,
           std::vector<IndexAdvice>& advice);

}  // namespace quell::advise

#pragma once

#include <optional>
#include <string>
#include <vector>

#include <quell/trace/writer.hpp>

#include "agent/proxy/proxy.hpp"
#include "cli/record/environment.hpp"

namespace quell::cli {

struct RecordParams {
  std::vector<std::string> command;
  std::string trace;
  bool redact = false;
  /// Also where in the program calls come from, by scripts inside it.
  bool hooks = true;
  /// Where PostgreSQL is; otherwise the environment says it.
  std::optional<Upstream> upstream;
};

struct RecordOutcome {
  int exit_code = 0;
  proxy::ProxyStats stats;
  std::string problem;  ///< why the command could not be run, or empty
};

/// Runs a command with the recording proxy between it and PostgreSQL: in its environment, and, for addresses that are
/// written elsewhere, through a preloaded library that redirects connect(). Returns when the command has ended and the
/// trace is whole. `say`: gets a sentence for what the user should know before. Throws Error where the proxy cannot
/// start.
RecordOutcome record(const RecordParams& params, void (*say)(const std::string&));

/// Creates the trace of a proxy. Throws TraceError naming the path.
std::unique_ptr<trace::Writer> create_trace(const std::string& path, const std::string& program, bool redact);

/// One sentence of what was recorded, and one for each thing that was not.
std::vector<std::string> describe(const proxy::ProxyStats& stats, const std::string& trace);

}  // namespace quell::cli

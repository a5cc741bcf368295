#pragma once

#include <functional>
#include <string>

#include "analyzer/report/report.hpp"

namespace quell::demo {

struct DemoParams {
  std::string keep;  ///< folder for what would otherwise be thrown away; empty: keep nothing
  /// Folder of quell-reference and, where it was built, quell-viewer.
  std::string program_folder;
};

using Step = std::function<void(const std::string& sentence)>;

/// Starts a private PostgreSQL and the reference API, sends the traffic script, analyses the trace and ends everything
/// it started. Leaves nothing behind but `keep`. Throws Error, or cli::Interrupted after putting things in order; the
/// trace recorded so far is then in `keep` too. Needs an InterruptGuard around it.
[[nodiscard]] report::Report run_demo(const DemoParams& params, const Step& step);

}  // namespace quell::demo

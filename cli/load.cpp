#include "cli/load.hpp"

#include <fmt/format.h>

#include "cli/terminal.hpp"

namespace quell::cli {

model::Workload load_trace(const std::string& path, Progress& progress) {
  std::uint64_t shown = 101;
  return model::load_workload(path, [&](std::uint64_t done, std::uint64_t total) {
    const std::uint64_t percent = total == 0 ? 100 : done * 100 / total;
    if (percent != shown) progress.step(fmt::format("reading the trace: {} %", percent));
    shown = percent;
    return true;
  });
}

}  // namespace quell::cli

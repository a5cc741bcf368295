#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace quell::plan {

/// What auto_explain wrote after "duration: 1.234 ms  plan:".
struct LogEntry {
  std::size_t offset = 0;  ///< of its line in the log
  std::string text;        ///< in the format of auto_explain.log_format, without the log's own quoting
};

/// The entries of a server's log: stderr (continuation lines begin with a tab), csvlog or jsonlog. A paste of one entry
/// without tabs is taken to the next entry or the end. Linear time.
[[nodiscard]] std::vector<LogEntry> auto_explain_entries(std::string_view log);

}  // namespace quell::plan

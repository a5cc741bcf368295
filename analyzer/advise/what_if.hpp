#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>

#include <quell/db/sync_connection.hpp>

#include "analyzer/plan/plan.hpp"
#include "analyzer/plan/run_request.hpp"

namespace quell::advise {

struct WhatIfParams {
  std::chrono::milliseconds statement_timeout{10'000};
  std::chrono::milliseconds lock_timeout{1'000};
  std::chrono::milliseconds connect_timeout{10'000};
};

/// A planning session of its own, for costs with indexes that do not exist (HypoPG). One transaction, READ ONLY from
/// the first EXPLAIN on and rolled back at the end, so that nothing is left behind: where the extension is not
/// installed but available it is created inside that transaction, in a schema that exists only there. Hypothetical
/// indexes live in the backend and end with it. Throws db::ConnectError where the server cannot be reached.
class WhatIf {
 public:
  static WhatIf open(const std::string& dsn, const WhatIfParams& params);
  WhatIf(WhatIf&&) = default;
  ~WhatIf();

  [[nodiscard]] bool has_hypopg() const { return why_not_.empty(); }
  /// Why there are no hypothetical indexes and how to get them; empty where there are.
  [[nodiscard]] const std::string& why_not() const { return why_not_; }
  [[nodiscard]] const std::string& hypopg_version() const { return version_; }
  [[nodiscard]] db::SyncConnection& connection() { return connection_; }

  /// Makes exactly these hypothetical indexes exist; each text is a CREATE INDEX without a name. One that the server
  /// refuses is left out for good. Returns the name plans give each.
  std::map<std::string, std::string> use_indexes(const std::set<std::string>& definitions);

  /// Plans a statement with the indexes there are. Throws db::ServerError; the session stays usable.
  plan::Plan explain(const plan::RunRequest& request);

 private:
  WhatIf(db::SyncConnection connection, WhatIfParams params) : connection_(std::move(connection)), params_(params) {}
  void prepare_hypopg();
  void create_extension();
  [[nodiscard]] db::Deadline deadline() const;

  struct Hypothetical {
    std::string oid;
    std::string name;
  };

  db::SyncConnection connection_;
  WhatIfParams params_;
  std::string schema_;  ///< of the extension, quoted
  std::string version_;
  std::string why_not_;
  std::map<std::string, Hypothetical> existing_;
  std::set<std::string> refused_;
};

}  // namespace quell::advise

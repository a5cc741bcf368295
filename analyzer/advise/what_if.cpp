#include "analyzer/advise/what_if.hpp"

#include <fmt/format.h>
#include <quell/db/statement.hpp>
#include <quell/trace/error.hpp>

#include "analyzer/advise/limits.hpp"
#include "analyzer/plan/explain_statement.hpp"

namespace quell::advise {

namespace {

constexpr std::chrono::seconds kGrace{5};
constexpr const char* kScratchSchema = "quell_what_if";

db::SyncParameter text_parameter(std::string value) {
  db::SyncParameter parameter;
  parameter.bytes = std::move(value);
  return parameter;
}

}  // namespace

db::Deadline WhatIf::deadline() const {
  return step_deadline(params_.statement_timeout);
}

WhatIf WhatIf::open(const std::string& dsn, const WhatIfParams& params) {
  WhatIf session(db::SyncConnection::open(dsn, db::Deadline::after(params.connect_timeout)), params);
  begin_limited(session.connection_, params.statement_timeout, params.lock_timeout);
  session.prepare_hypopg();
  session.connection_.execute("SET LOCAL transaction_read_only = on; SAVEPOINT quell_what_if", session.deadline());
  return session;
}

WhatIf::~WhatIf() {
  if (connection_.is_broken()) return;
  try {
    connection_.execute("ROLLBACK", db::Deadline::after(kGrace));
  } catch (const std::exception&) {  // closing the connection rolls back too
  }
}

void WhatIf::prepare_hypopg() {
  constexpr const char* kInstalled = R"(
    SELECT e.extversion, n.nspname FROM pg_catalog.pg_extension e
    JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'hypopg')";
  constexpr const char* kAvailable =
      "SELECT default_version FROM pg_catalog.pg_available_extensions WHERE name = 'hypopg'";
  auto installed = connection_.query(kInstalled, {}, trace::Format::text, deadline());
  if (installed.rows() == 0) {
    if (connection_.query(kAvailable, {}, trace::Format::text, deadline()).rows() == 0) {
      why_not_ = fmt::format(
          "the server does not have HypoPG; install it on the server (Debian: apt install postgresql-{}-hypopg) and "
          "run "
          "again",
          connection_.server_version() / 10000);
      return;
    }
    create_extension();
    if (!why_not_.empty()) return;
    installed = connection_.query(kInstalled, {}, trace::Format::text, deadline());
  }
  version_ = installed.value(0, 0);
  schema_ = db::quote_identifier(installed.value(0, 1));
}

void WhatIf::create_extension() {
  try {
    connection_.execute("SAVEPOINT quell_extension", deadline());
    connection_.execute(fmt::format("CREATE SCHEMA {0}; CREATE EXTENSION hypopg SCHEMA {0}", kScratchSchema),
                        deadline());
  } catch (const db::ServerError& error) {
    if (error.is_disconnect()) throw;
    connection_.execute("ROLLBACK TO SAVEPOINT quell_extension", deadline());
    why_not_ = fmt::format(
        "HypoPG is on the server but this user cannot use it ({}); let a superuser run CREATE EXTENSION hypopg in this "
        "database, and run again",
        error.diagnostics().message);
  }
}

std::map<std::string, std::string> WhatIf::use_indexes(const std::set<std::string>& definitions) {
  for (auto it = existing_.begin(); it != existing_.end();) {
    if (definitions.count(it->first) > 0) {
      ++it;
      continue;
    }
    connection_.query(fmt::format("SELECT {}.hypopg_drop_index($1::oid)", schema_), {text_parameter(it->second.oid)},
                      trace::Format::text, deadline());
    it = existing_.erase(it);
  }
  std::map<std::string, std::string> names;
  for (const std::string& definition : definitions) {
    if (refused_.count(definition) > 0) continue;
    auto found = existing_.find(definition);
    if (found == existing_.end()) {
      try {
        const auto created =
            connection_.query(fmt::format("SELECT indexrelid, indexname FROM {}.hypopg_create_index($1)", schema_),
                              {text_parameter(definition)}, trace::Format::text, deadline());
        found =
            existing_
                .emplace(definition, Hypothetical{std::string(created.value(0, 0)), std::string(created.value(0, 1))})
                .first;
      } catch (const db::ServerError& error) {
        if (error.is_disconnect()) throw;
        connection_.execute("ROLLBACK TO SAVEPOINT quell_what_if", deadline());
        refused_.insert(definition);
        continue;
      }
    }
    names.emplace(definition, found->second.name);
  }
  return names;
}

plan::Plan WhatIf::explain(const plan::RunRequest& request) {
  std::string raw;
  try {
    const bool generic = request.generic || !plan::values_known(request.parameters);
    raw = generic ? plan::explain_without_values(connection_, request, deadline())
                  : plan::explain_with_values(connection_, request, plan::RunMode::explain, deadline());
    if (generic) connection_.execute("SET LOCAL plan_cache_mode = auto", deadline());
  } catch (const db::ServerError& error) {
    if (error.is_disconnect()) throw;
    connection_.execute("ROLLBACK TO SAVEPOINT quell_what_if", deadline());
    throw;
  }
  plan::ReadResult read = plan::read_json(raw);
  if (read.plans.empty()) throw Error("the server sent no plan");
  return std::move(read.plans.front());
}

}  // namespace quell::advise

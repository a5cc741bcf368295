#pragma once

#include <string>
#include <vector>

#include <quell/db/migrate.hpp>

#include "analyzer/lint/lint.hpp"

/// What the migrate commands print, as text (ends with a line end where there is anything) or as JSON.
namespace quell::cli::migrate {

enum class Format { text, json };

/// `applied`: what the database has; empty where none was asked. Newest first.
[[nodiscard]] std::string render_history(const std::vector<db::Revision>& shown, const db::Migrator& migrator,
                                         const std::vector<db::AppliedRevision>& applied, Format format);
/// Revisions that several follow.
[[nodiscard]] std::string render_branches(const db::Migrator& migrator, Format format);
/// Everything about each, SQL included.
[[nodiscard]] std::string render_details(const std::vector<db::Revision>& shown, const db::Migrator& migrator,
                                         Format format);
[[nodiscard]] std::string render_problems(const std::vector<db::MigrationProblem>& problems, Format format);
[[nodiscard]] std::string render_faults(const std::vector<db::VerifyFault>& faults, std::size_t revisions,
                                        Format format);
/// `folder`: put before the files' names.
[[nodiscard]] std::string render_findings(const std::vector<lint::Finding>& findings, const std::string& folder,
                                          std::size_t revisions, Format format);
/// The ids of applied steps or changed records.
[[nodiscard]] std::string render_ids(const std::vector<std::string>& ids);

}  // namespace quell::cli::migrate

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/advise/index_advice.hpp"

namespace quell::advise {

/// An existing index as its removal is judged. Definitions are the server's own words, so that equal words mean equal
/// operator class, collation, direction and expression.
struct ExistingIndex {
  std::uint32_t oid = 0;
  std::string schema;
  std::string table;
  std::string name;
  std::string method;
  std::vector<std::string> keys;      ///< "lower(email)", "created_at DESC", with operator class and collation
  std::vector<std::string> included;  ///< INCLUDE columns
  std::string predicate;              ///< of a partial index
  bool unique = false;
  bool constraint = false;  ///< of a primary key, unique or exclusion constraint, or a foreign key points at it
  bool replica_identity = false;
  bool clustered = false;
  bool valid = true;
  bool being_built = false;
  bool partition = false;             ///< belongs to an index of a partitioned table
  bool supports_foreign_key = false;  ///< begins with the columns of a foreign key of its table
  std::uint64_t scans = 0;            ///< since the statistics began
  std::uint64_t size_bytes = 0;
};

/// What the numbers of scans are worth.
struct ScanStatistics {
  double days = 0;  ///< since they were last reset
  bool replica = false;
};

/// Scans are believed after that long: monthly jobs have run by then.
inline constexpr double kDaysOfStatistics = 30;

/// Indexes that could go, by size, and those that look so but must stay, each with the reason. Pure.
[[nodiscard]] RemovalResult judge_removals(const std::vector<ExistingIndex>& indexes, const ScanStatistics& statistics);

/// Reads the catalogue of the database in a READ ONLY transaction and judges. Throws quell::Error where it cannot.
[[nodiscard]] RemovalResult advise_removals(const AdviseParams& params);

}  // namespace quell::advise

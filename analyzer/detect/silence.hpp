#pragma once

#include <string_view>

/// The named reasons why a repetition is not a finding. docs/detection.md explains each.
namespace quell::detect::silence {

inline constexpr std::string_view kRetry = "retries after an error";
inline constexpr std::string_view kPipelined = "pipelined batch";
inline constexpr std::string_view kChunkedLoading = "chunked loading";
inline constexpr std::string_view kBulkWrite = "bulk write";
inline constexpr std::string_view kKeysetPaging = "keyset paging";
inline constexpr std::string_view kOffsetPaging = "offset paging";
inline constexpr std::string_view kPolling = "polling";
inline constexpr std::string_view kSeveralKeysOfOneRow = "several foreign keys of one row";
inline constexpr std::string_view kCatalog = "driver start-up or catalogue query";
inline constexpr std::string_view kReadAfterWrite = "read again after a write";
inline constexpr std::string_view kVolatile = "volatile function";
inline constexpr std::string_view kMigration = "migration";
inline constexpr std::string_view kDerivedScope = "no value edge in a derived scope";
inline constexpr std::string_view kTooFew = "too few executions to show growth";
inline constexpr std::string_view kBounded = "does not grow with the parent's rows";
inline constexpr std::string_view kDifferentCallSites = "different call sites";
inline constexpr std::string_view kCheckThenInsert = "part of a check-then-insert cycle";
inline constexpr std::string_view kNoPlainQuery = "not a plain query";
inline constexpr std::string_view kEqualWrites = "equal writes";

}  // namespace quell::detect::silence

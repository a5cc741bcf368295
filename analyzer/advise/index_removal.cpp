#include "analyzer/advise/index_removal.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <quell/db/sync_connection.hpp>

#include "analyzer/advise/candidate.hpp"
#include "analyzer/advise/limits.hpp"

namespace quell::advise {

namespace {

using Kind = IndexRemoval::Kind;

std::string qualified(const ExistingIndex& index) {
  return quote_if_needed(index.schema) + "." + quote_if_needed(index.name);
}

std::string drop_sql(const ExistingIndex& index) {
  return "DROP INDEX CONCURRENTLY " + qualified(index);
}

/// Whether an index does more than make queries fast.
std::string_view duty(const ExistingIndex& index) {
  if (index.constraint) return "a constraint rests on it";
  if (index.unique) return "it keeps its columns unique";
  if (index.replica_identity) return "it is the table's replica identity";
  if (index.clustered) return "the table is clustered on it";
  return "";
}

bool begins_with(const std::vector<std::string>& keys, const std::vector<std::string>& prefix) {
  return prefix.size() <= keys.size() && std::equal(prefix.begin(), prefix.end(), keys.begin());
}

/// `wide` answers everything `narrow` answers.
bool covers(const ExistingIndex& wide, const ExistingIndex& narrow) {
  if (wide.table != narrow.table || wide.schema != narrow.schema || wide.method != narrow.method) return false;
  if (wide.predicate != narrow.predicate || !wide.valid) return false;
  if (narrow.method == "btree" ? !begins_with(wide.keys, narrow.keys) : wide.keys != narrow.keys) return false;
  return std::all_of(narrow.included.begin(), narrow.included.end(), [&](const std::string& column) {
    const auto has = [&](const std::vector<std::string>& columns) {
      // A key's words begin with its column: "a 1978 0 0".
      return std::any_of(columns.begin(), columns.end(),
                         [&](const std::string& each) { return each == column || each.starts_with(column + " "); });
    };
    return has(wide.included) || has(wide.keys);
  });
}

/// Of two indexes that cover each other, whether `a` is the one to keep.
bool is_worthier(const ExistingIndex& a, const ExistingIndex& b) {
  const auto rank = [](const ExistingIndex& index) {
    return std::tuple(index.constraint, index.unique, index.replica_identity || index.clustered);
  };
  return rank(a) != rank(b) ? rank(a) > rank(b) : a.oid < b.oid;
}

/// The index that makes `index` superfluous; null: there is none.
const ExistingIndex* substitute(const ExistingIndex& index, const std::vector<ExistingIndex>& indexes) {
  for (const ExistingIndex& other : indexes) {
    if (&other == &index || !covers(other, index)) continue;
    const bool same = covers(index, other);
    if (same && !is_worthier(other, index)) continue;
    // Uniqueness of fewer columns says more than uniqueness of more columns.
    const bool keeps_duty = duty(index).empty() || (same && other.unique && index.unique && !index.constraint &&
                                                    !index.replica_identity && !index.clustered);
    if (keeps_duty) return &other;
  }
  return nullptr;
}

class Judge {
 public:
  Judge(const std::vector<ExistingIndex>& indexes, const ScanStatistics& statistics)
      : indexes_(indexes), statistics_(statistics) {}

  RemovalResult run() {
    for (const ExistingIndex& index : indexes_) {
      if (!index.partition && index.valid) judge_superfluous(index);
    }
    for (const ExistingIndex& index : indexes_) {
      if (index.partition || superfluous_.count(&index) > 0) continue;
      if (index.valid) {
        judge_unused(index);
      } else {
        judge_invalid(index);
      }
    }
    const auto by_kind_and_size = [](const IndexRemoval& a, const IndexRemoval& b) {
      return std::tuple(a.kind, b.size_bytes, a.schema, a.index) < std::tuple(b.kind, a.size_bytes, b.schema, b.index);
    };
    std::sort(result_.advice.begin(), result_.advice.end(), by_kind_and_size);
    std::sort(result_.kept.begin(), result_.kept.end(), by_kind_and_size);
    return std::move(result_);
  }

 private:
  void advise(const ExistingIndex& index, Kind kind, std::string ddl, std::string reason) {
    result_.advice.push_back({kind, std::move(ddl), index.schema, index.name, std::move(reason), index.size_bytes});
  }
  void keep(const ExistingIndex& index, Kind kind, std::string reason) {
    result_.kept.push_back({kind, "", index.schema, index.name, std::move(reason), index.size_bytes});
  }

  void judge_superfluous(const ExistingIndex& index) {
    const ExistingIndex* other = substitute(index, indexes_);
    if (other == nullptr) return;
    // Of a chain, the one that stays: each step goes to a wider or a worthier index, so there is an end.
    while (const ExistingIndex* next = substitute(*other, indexes_)) other = next;
    superfluous_.insert(&index);
    needed_.insert(other);
    if (covers(index, *other)) {
      advise(index, Kind::duplicate, drop_sql(index), fmt::format("{} is the same index", qualified(*other)));
    } else {
      advise(index, Kind::redundant, drop_sql(index),
             fmt::format("{} begins with the same columns and answers the same conditions", qualified(*other)));
    }
  }

  void judge_invalid(const ExistingIndex& index) {
    if (index.being_built) return keep(index, Kind::invalid, "it is being built");
    const std::string reason = "a build of it failed: every write maintains it, no query uses it";
    if (duty(index).empty()) {
      advise(index, Kind::invalid, drop_sql(index), reason);
    } else {
      advise(index, Kind::invalid, "REINDEX INDEX CONCURRENTLY " + qualified(index), reason);
    }
  }

  void judge_unused(const ExistingIndex& index) {
    if (index.scans > 0) return;
    if (const std::string_view needed = duty(index); !needed.empty()) {
      return keep(index, Kind::unused, fmt::format("never scanned, but {}", needed));
    }
    if (needed_.count(&index) > 0) {
      return keep(index, Kind::unused, "never scanned, but it takes over from an index that is to go");
    }
    if (index.supports_foreign_key) {
      return keep(index, Kind::unused,
                  "never scanned, but without it deleting a referenced row would scan the whole table");
    }
    if (statistics_.replica) {
      return keep(index, Kind::unused, "never scanned on this replica; only the primary's numbers count");
    }
    if (statistics_.days < kDaysOfStatistics) {
      return keep(index, Kind::unused,
                  fmt::format("never scanned, but the statistics are {:.0f} days old; {:.0f} days are asked for",
                              statistics_.days, kDaysOfStatistics));
    }
    advise(
        index, Kind::unused, drop_sql(index),
        fmt::format("never scanned in {:.0f} days of statistics; look at the replicas too, they count for themselves",
                    statistics_.days));
  }

  const std::vector<ExistingIndex>& indexes_;
  const ScanStatistics& statistics_;
  RemovalResult result_;
  std::set<const ExistingIndex*> superfluous_;
  std::set<const ExistingIndex*> needed_;
};

// One row for each column of each index. Definitions with operator class, collation and direction.
constexpr const char* kIndexSql = R"(
  SELECT i.indexrelid, n.nspname, t.relname, x.relname, m.amname, i.indisunique,
         EXISTS (SELECT FROM pg_catalog.pg_constraint c WHERE c.conindid = i.indexrelid),
         i.indisreplident, i.indisclustered, i.indisvalid AND i.indisready, {building},
         {partition}, coalesce(pg_catalog.pg_get_expr(i.indpred, i.indrelid), ''),
         EXISTS (SELECT FROM pg_catalog.pg_constraint c
                 WHERE c.contype = 'f' AND c.conrelid = i.indrelid
                   AND (SELECT pg_catalog.array_agg(k ORDER BY k) FROM pg_catalog.unnest(c.conkey) k)
                     = (SELECT pg_catalog.array_agg(k ORDER BY k) FROM pg_catalog.unnest(
                          (i.indkey::int2[])[0:pg_catalog.cardinality(c.conkey) - 1]) k)),
         coalesce(s.idx_scan, 0), pg_catalog.pg_relation_size(i.indexrelid), k.position > {key_count},
         pg_catalog.pg_get_indexdef(i.indexrelid, k.position, false),
         CASE WHEN k.position <= {key_count}
              THEN i.indclass[k.position - 1] || ' ' || i.indcollation[k.position - 1] || ' ' || i.indoption[k.position - 1]
         END
  FROM pg_catalog.pg_index i
  JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
  JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = x.relnamespace
  JOIN pg_catalog.pg_am m ON m.oid = x.relam
  LEFT JOIN pg_catalog.pg_stat_user_indexes s ON s.indexrelid = i.indexrelid
  CROSS JOIN LATERAL pg_catalog.generate_series(1, i.indnatts::int) AS k(position)
  WHERE x.relkind = 'i' AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
  ORDER BY n.nspname, x.relname, k.position)";

constexpr const char* kStatisticsSql = R"(
  SELECT extract(epoch FROM pg_catalog.now() - coalesce(d.stats_reset, pg_catalog.pg_postmaster_start_time())) / 86400,
         pg_catalog.pg_is_in_recovery()
  FROM pg_catalog.pg_stat_database d WHERE d.datname = pg_catalog.current_database())";

template <typename Number>
Number number(std::string_view text) {
  Number value{};
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::vector<ExistingIndex> read_indexes(db::SyncConnection& connection, db::Deadline deadline) {
  const int version = connection.server_version();
  const std::string sql = fmt::format(
      kIndexSql, fmt::arg("key_count", version >= 110000 ? "i.indnkeyatts" : "i.indnatts"),
      fmt::arg("partition", version >= 100000 ? "x.relispartition" : "false"),
      fmt::arg("building", version >= 120000 ? "EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index p "
                                               "WHERE p.index_relid = i.indexrelid)"
                                             : "false"));
  const auto rows = connection.query(sql, {}, trace::Format::text, deadline);
  std::vector<ExistingIndex> indexes;
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    const auto text = [&](std::size_t column) { return std::string(rows.value(row, column)); };
    const auto flag = [&](std::size_t column) { return rows.value(row, column) == "t"; };
    const auto oid = number<std::uint32_t>(rows.value(row, 0));
    if (indexes.empty() || indexes.back().oid != oid) {
      ExistingIndex& index = indexes.emplace_back();
      index.oid = oid;
      index.schema = text(1);
      index.table = text(2);
      index.name = text(3);
      index.method = text(4);
      index.unique = flag(5);
      index.constraint = flag(6);
      index.replica_identity = flag(7);
      index.clustered = flag(8);
      index.valid = flag(9);
      index.being_built = flag(10);
      index.partition = flag(11);
      index.predicate = text(12);
      index.supports_foreign_key = flag(13);
      index.scans = number<std::uint64_t>(rows.value(row, 14));
      index.size_bytes = number<std::uint64_t>(rows.value(row, 15));
    }
    const bool included = flag(16);
    if (included) {
      indexes.back().included.push_back(text(17));
    } else {
      indexes.back().keys.push_back(text(17) + " " + text(18));
    }
  }
  return indexes;
}

}  // namespace

RemovalResult judge_removals(const std::vector<ExistingIndex>& indexes, const ScanStatistics& statistics) {
  return Judge(indexes, statistics).run();
}

RemovalResult advise_removals(const AdviseParams& params) {
  const db::Deadline deadline = step_deadline(params.statement_timeout);
  auto connection = db::SyncConnection::open(params.dsn, db::Deadline::after(std::chrono::seconds(10)));
  begin_limited(connection, params.statement_timeout, params.lock_timeout);
  connection.execute("SET LOCAL transaction_read_only = on", deadline);
  const std::vector<ExistingIndex> indexes = read_indexes(connection, deadline);
  const auto age = connection.query(kStatisticsSql, {}, trace::Format::text, deadline);
  ScanStatistics statistics;
  if (age.rows() > 0) statistics = {number<double>(age.value(0, 0)), age.value(0, 1) == "t"};
  connection.execute("ROLLBACK", deadline);
  return judge_removals(indexes, statistics);
}

}  // namespace quell::advise

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "analyzer/detect/finding.hpp"
#include "analyzer/detect/unit.hpp"

namespace quell::detect {

/// One finding in one unit.
struct Occurrence {
  Kind kind = Kind::n_plus_one;
  Confidence confidence = Confidence::likely;
  bool information = false;  ///< never more than Severity::info by itself
  model::StatementIndex parent = model::kNone;
  model::StatementIndex child = model::kNone;
  std::uint64_t executions = 0;
  std::uint64_t distinct = 0;
  std::optional<ValueEdge> edge;
  std::uint32_t edge_table_oid = 0;  ///< of the parent's column
  std::int16_t edge_attribute_number = 0;
  std::uint32_t edge_position = 0;         ///< of the child's bind, from 0
  std::uint64_t round_trips = 0;           ///< saved
  trace::Duration spent = 0;               ///< nanoseconds in the executions
  trace::Duration saved = 0;               ///< nanoseconds
  std::vector<model::QueryIndex> parents;  ///< the parent's executions that fed the child
  std::vector<model::QueryIndex> children;
};

/// Gathers occurrences and silences of all units and makes findings of them. Not thread-safe; one a thread, then merge.
class Collector {
 public:
  explicit Collector(const model::Workload& workload) : workload_(workload) {}

  void add(const Unit& unit, Occurrence occurrence);
  void silence(const Unit& unit, model::StatementIndex statement, std::string_view reason, std::uint64_t executions);

  /// Takes what `later` gathered from units that come after this collector's.
  void merge(Collector&& later);

  /// Findings and silences in their total order.
  [[nodiscard]] Detection finish(const DetectParams& params) &&;

 private:
  struct Key {
    Kind kind;
    std::string_view scope_name;
    model::StatementIndex parent;
    model::StatementIndex child;
    std::string from_column;
    std::string to_column;
    auto operator<=>(const Key&) const = default;
  };
  struct Entry {
    model::ScopeIndex scope = model::kNone;
    trace::Duration scope_duration = 0;
    Occurrence occurrence;
  };
  using SilenceKey = std::tuple<std::string_view, model::StatementIndex, std::string_view>;

  [[nodiscard]] Finding make_finding(const Key& key, const std::vector<Entry>& entries) const;
  void add_call_sites(Finding& finding, const std::vector<Entry>& entries) const;
  [[nodiscard]] static double spent_share(const std::vector<Entry>& entries);
  void add_cost(Finding& finding, const std::vector<Entry>& entries) const;

  const model::Workload& workload_;
  std::map<Key, std::vector<Entry>> entries_;
  std::map<SilenceKey, std::uint64_t> silences_;
};

}  // namespace quell::detect

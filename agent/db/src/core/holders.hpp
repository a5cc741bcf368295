#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <quell/db/statement.hpp>
#include <quell/trace/event.hpp>

namespace quell::db::core {

/// Who holds which connection of a pool, since when. The clock is the caller's.
class Holders {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  struct Holder {
    CallSite site;
    Time since{};
    trace::ScopeId scope = 0;
    bool reported = false;  ///< as held too long
  };

  /// `report_after` 0: nobody holds too long.
  explicit Holders(Duration report_after) : report_after_(report_after) {}

  void add(std::uint64_t slot, Holder holder) { holders_.insert_or_assign(slot, holder); }
  std::optional<Holder> remove(std::uint64_t slot);

  /// When the next one will have held too long; nothing where there is none that was not reported.
  [[nodiscard]] std::optional<Time> next_overdue() const;
  /// Those that hold too long now, each once, the longest first.
  [[nodiscard]] std::vector<Holder> take_overdue(Time now);

  /// "12.3 s by file.cpp:17 (handler), 0.4 s by …" of the three that hold longest; empty where nobody does.
  [[nodiscard]] std::string longest(Time now) const;

 private:
  Duration report_after_;
  std::unordered_map<std::uint64_t, Holder> holders_;
};

}  // namespace quell::db::core

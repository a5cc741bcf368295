#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <quell/db/parameters.hpp>
#include <quell/db/statement.hpp>
#include <quell/tracer/observer.hpp>

namespace quell::db::core {

/// Which statements one connection has prepared: least recently used leave first. Pure bookkeeping; whoever owns the
/// connection sends what it decides. The same text with other parameter types is another statement.
class StatementCache {
 public:
  struct Entry {
    std::uint64_t key = 0;
    std::string text;
    std::vector<std::uint32_t> types;
    std::string name;  ///< on the server
    tracer::IdSlot slot;
  };

  /// 0: nothing is ever kept.
  explicit StatementCache(std::size_t capacity) : capacity_(capacity) {}

  [[nodiscard]] bool enabled() const { return capacity_ > 0; }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

  /// The prepared statement, now the most recently used; null where it is not prepared.
  [[nodiscard]] Entry* find(const Statement& statement, const Parameters& parameters);
  /// Makes room and adds; the name is new on this connection.
  Entry& add(const Statement& statement, const Parameters& parameters);
  /// Its preparation failed: the server does not have it.
  void forget(const Entry& entry) { forget(std::string(entry.name)); }
  void forget(const std::string& name);
  /// Nobody knows whether the server has it: dropped, and its name deallocated.
  void discard(const Entry& entry) { discard(std::string(entry.name)); }
  void discard(const std::string& name);
  /// Drops everything, as after "cached plan must not change result type".
  void clear();

  /// Names to deallocate on the server; the caller sends them.
  [[nodiscard]] const std::vector<std::string>& evicted() const { return evicted_; }
  void clear_evicted() { evicted_.clear(); }

 private:
  using Entries = std::list<Entry>;
  static std::uint64_t key_of(const Statement& statement, const Parameters& parameters);
  void remove(Entries::iterator entry);

  std::size_t capacity_;
  std::uint64_t next_name_ = 1;
  Entries entries_;  ///< most recently used first
  std::unordered_multimap<std::uint64_t, Entries::iterator> by_key_;
  std::vector<std::string> evicted_;
};

}  // namespace quell::db::core

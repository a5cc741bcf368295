#include "agent/db/src/core/statement_cache.hpp"

namespace quell::db::core {
namespace {

bool same(const StatementCache::Entry& entry, const Statement& statement, const Parameters& parameters) {
  if (entry.text != statement.text() || entry.types.size() != parameters.size()) return false;
  for (std::size_t i = 0; i < entry.types.size(); ++i)
    if (entry.types[i] != parameters.type_oid(i)) return false;
  return true;
}

}  // namespace

std::uint64_t StatementCache::key_of(const Statement& statement, const Parameters& parameters) {
  std::uint64_t key = statement.hash();
  for (std::size_t i = 0; i < parameters.size(); ++i) key = (key ^ parameters.type_oid(i)) * 1099511628211ULL;
  return key;
}

StatementCache::Entry* StatementCache::find(const Statement& statement, const Parameters& parameters) {
  const auto [first, last] = by_key_.equal_range(key_of(statement, parameters));
  for (auto at = first; at != last; ++at) {
    if (!same(*at->second, statement, parameters)) continue;
    entries_.splice(entries_.begin(), entries_, at->second);
    return &*at->second;
  }
  return nullptr;
}

StatementCache::Entry& StatementCache::add(const Statement& statement, const Parameters& parameters) {
  while (entries_.size() >= capacity_ && !entries_.empty()) {
    evicted_.push_back(entries_.back().name);
    remove(std::prev(entries_.end()));
  }
  Entry entry;
  entry.key = key_of(statement, parameters);
  entry.text = statement.text();
  for (std::size_t i = 0; i < parameters.size(); ++i) entry.types.push_back(parameters.type_oid(i));
  entry.name = "q" + std::to_string(next_name_++);
  entries_.push_front(std::move(entry));
  by_key_.emplace(entries_.front().key, entries_.begin());
  return entries_.front();
}

void StatementCache::forget(const std::string& name) {
  for (auto at = entries_.begin(); at != entries_.end(); ++at) {
    if (at->name != name) continue;
    remove(at);
    return;
  }
}

void StatementCache::discard(const std::string& name) {
  evicted_.push_back(name);
  forget(name);
}

void StatementCache::clear() {
  for (const auto& entry : entries_) evicted_.push_back(entry.name);
  entries_.clear();
  by_key_.clear();
}

void StatementCache::remove(Entries::iterator entry) {
  const auto [first, last] = by_key_.equal_range(entry->key);
  for (auto at = first; at != last; ++at) {
    if (at->second != entry) continue;
    by_key_.erase(at);
    break;
  }
  entries_.erase(entry);
}

}  // namespace quell::db::core

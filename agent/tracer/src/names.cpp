#include "agent/tracer/src/names.hpp"

#include <array>

namespace quell::tracer {
namespace {

void append(std::string& key, std::uint32_t number) {
  for (int shift = 0; shift < 32; shift += 8) key += static_cast<char>(number >> shift);
}

/// The values that `ids` does not translate yet.
template <typename Entries>
auto fresh_entries(const Entries& entries, const std::vector<std::uint32_t>& ids) {
  std::vector<const typename Entries::value_type*> fresh;
  for (std::size_t i = ids.size() - 1; i < entries.size(); ++i) fresh.push_back(&entries[i]);
  return fresh;
}

}  // namespace

template <typename Stored>
std::uint32_t Names::intern(Table<Stored>& table, std::string_view key, const Stored& value) {
  const std::lock_guard lock(mutex_);
  if (const auto found = table.ids.find(key); found != table.ids.end()) return found->second;
  if (bytes_ + key.size() > limit_) {
    refused_.fetch_add(1, std::memory_order_relaxed);
    return 0;
  }
  const auto& [stored_key, stored] = table.entries.emplace_back(std::string(key), value);
  const auto id = static_cast<std::uint32_t>(table.entries.size());
  table.ids.emplace(stored_key, id);
  bytes_ += key.size();
  return id;
}

trace::TextId Names::text(std::string_view bytes) {
  return bytes.empty() ? 0 : intern(texts_, bytes, Nothing{});
}

trace::StackId Names::call_site(const trace::Frame& frame) {
  std::string key;
  append(key, frame.function);
  append(key, frame.file);
  append(key, frame.line);
  return intern(stacks_, key, frame);
}

trace::ShapeId Names::shape(std::span<const trace::Column> columns) {
  if (columns.empty()) return 0;
  std::string key;
  for (const trace::Column& column : columns) {
    append(key, column.name);
    append(key, column.table_oid);
    append(key, static_cast<std::uint16_t>(column.attribute_number));
    append(key, column.type_oid);
    key += column.recorded ? '1' : '0';
  }
  return intern(shapes_, key, std::vector<trace::Column>(columns.begin(), columns.end()));
}

void Names::Translation::catch_up() {
  std::unique_lock lock(names_.mutex_);
  const auto texts = fresh_entries(names_.texts_.entries, texts_);
  const auto stacks = fresh_entries(names_.stacks_.entries, stacks_);
  const auto shapes = fresh_entries(names_.shapes_.entries, shapes_);
  lock.unlock();

  for (const auto* entry : texts) texts_.push_back(writer_.text(entry->first));
  // A stack or shape was made after the texts it names.
  for (const auto* entry : stacks) {
    const trace::Frame frame{texts_[entry->second.function], texts_[entry->second.file], entry->second.line};
    stacks_.push_back(writer_.stack(std::array{frame}));
  }
  for (const auto* entry : shapes) {
    std::vector<trace::Column> columns = entry->second;
    for (trace::Column& column : columns) column.name = texts_[column.name];
    shapes_.push_back(writer_.shape(columns));
  }
}

}  // namespace quell::tracer

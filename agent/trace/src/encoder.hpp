#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include <quell/trace/event.hpp>

#include "agent/trace/src/layout.hpp"

namespace quell::trace {

/// Codes events into the raw payload of one block after another. What exceeds a limit of the format is cut and marked.
class Encoder {
 public:
  void add(const Text&, Source);
  void add(const Stack&, Source);
  void add(const Shape&, Source);
  void add(const Connection&, Source);
  void add(const ConnectionEnd&, Source);
  void add(const ScopeBegin&, Source);
  void add(const ScopeEnd&, Source);
  void add(const Query&, Source);
  void add(const ResultValues&, Source);
  void add(const Consumption&, Source);
  void add(const Pool&, Source);
  void add(const Loss&, Source);

  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::span<const unsigned char> payload() const { return {buffer_.get(), size_}; }
  /// Begins the next block.
  void reset();

 private:
  class Cursor;
  /// A cursor into room for `bytes` more.
  [[nodiscard]] Cursor begin(EventKind kind, Source source, std::size_t bytes);
  void commit(const Cursor& cursor);
  void put_time(Cursor& cursor, Time time);
  void put_parameters(Cursor& cursor, std::span<const Parameter> parameters);
  void put_column(Cursor& cursor, std::span<const Value> values);

  std::unique_ptr<unsigned char[]> buffer_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
  DeltaState state_;
};

}  // namespace quell::trace

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <quell/trace/event.hpp>
#include <quell/trace/reader.hpp>

#include "agent/trace/src/layout.hpp"

namespace quell::trace {

/// Decodes the raw payload of one block after another, from untrusted bytes.
class Decoder {
 public:
  /// `payload` must be followed by kPadding readable zero bytes. Delivers its events to `sink` and counts them in
  /// `summary`. False where the payload is not well formed: the events before that place were delivered.
  [[nodiscard]] bool decode(std::span<const unsigned char> payload, EventSink& sink, Summary& summary);

  /// More than the fixed-size fields of any event can take, so that those are read first and checked once.
  static constexpr std::size_t kPadding = 512;

 private:
  void text(Source);
  void stack(Source);
  void shape(Source);
  void connection(Source);
  void connection_end(Source);
  void scope_begin(Source);
  void scope_end(Source);
  void query(Source);
  void result_values(Source);
  void consumption(Source);
  void pool(Source);
  void loss(Source);

  void parameters();
  void parameter(Parameter& parameter);
  void column(std::span<Value> values);

  std::uint8_t byte() { return *at_++; }
  std::uint64_t varint();
  std::uint32_t varint32();
  std::uint64_t fixed64();
  Time time();
  /// The enumerator with this number; `last` is the enumeration's last.
  template <typename Enum>
  Enum enumerator(unsigned number, Enum last);
  /// The number of elements that follow, each of which takes `minimum_bytes` at least.
  std::size_t count(std::size_t limit, std::size_t minimum_bytes);
  [[nodiscard]] std::size_t remaining() const { return at_ > end_ ? 0 : static_cast<std::size_t>(end_ - at_); }
  /// True while what was read so far stood inside the payload and made sense.
  [[nodiscard]] bool good() const { return !bad_ && at_ <= end_; }
  [[nodiscard]] std::string_view bytes(std::size_t size);
  template <typename Event>
  void deliver(const Event& event, Source source, EventKind kind);
  void see(Time first, Time last);

  const unsigned char* at_ = nullptr;
  const unsigned char* end_ = nullptr;
  bool bad_ = false;
  DeltaState state_;
  EventSink* sink_ = nullptr;
  Summary* summary_ = nullptr;
  std::uint64_t text_bytes_ = 0;  ///< of all blocks

  std::vector<Frame> frames_;
  std::vector<Column> columns_;
  std::vector<Parameter> parameters_;
  std::vector<Value> values_;
  std::vector<std::uint8_t> columns_read_;
};

}  // namespace quell::trace

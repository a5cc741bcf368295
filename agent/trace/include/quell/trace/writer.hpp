#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <quell/trace/event.hpp>
#include <quell/trace/format.hpp>

namespace quell::trace {

struct WriterParams {
  /// zstd level of a block. 1: about 3 times smaller at over 300 MB/s; higher levels gain little on 256 KiB blocks.
  int compression_level = 1;
  /// A block is closed at this raw size, in bytes.
  std::size_t block_bytes = kBlockBytes;
  /// A block is closed when its first event is this old, in nanoseconds (see Writer::tick).
  std::int64_t block_nanoseconds = kBlockNanoseconds;
  /// Texts beyond this many bytes in all are not recorded; they count as Loss of kind text, reason limit.
  std::size_t dictionary_bytes = kMaxDictionaryBytes;
};

/// Appends events to a trace file. One writer a file; not thread-safe; the flusher of the tracer, or the recorder
/// thread of the proxy, owns it.
///
/// Nothing here throws after construction: a recorder must not harm the program it records. When the file cannot be
/// written (disk full), the block is dropped, the file is cut back to its last whole block, the lost events are
/// counted, and later blocks are tried again, led by a Loss event.
class Writer final {
 public:
  /// Creates (or truncates) the file. Throws TraceError naming the path and the reason. `header.key` is filled with
  /// random bytes where it is all zero.
  static std::unique_ptr<Writer> create(const std::string& path, Header header, WriterParams params = {});

  /// Flushes and ends the trace in order.
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  /// The id of a text; writes it on first sight. Cut at kMaxTextBytes. 0 for the empty text, and where the dictionary
  /// is full.
  TextId text(std::string_view bytes, Source source = Source::tracer);
  StackId stack(std::span<const Frame> frames, Source source = Source::tracer);
  ShapeId shape(std::span<const Column> columns, Source source = Source::tracer);

  void write(const Connection&, Source source = Source::tracer);
  void write(const ConnectionEnd&, Source source = Source::tracer);
  void write(const ScopeBegin&, Source source = Source::tracer);
  void write(const ScopeEnd&, Source source = Source::tracer);
  void write(const Query&, Source source = Source::tracer);
  void write(const ResultValues&, Source source = Source::tracer);
  void write(const Consumption&, Source source = Source::tracer);
  void write(const Pool&, Source source = Source::tracer);
  void write(const Loss&, Source source = Source::tracer);

  /// Closes the open block if its first event came `block_nanoseconds` before `now` (CLOCK_MONOTONIC). Call it at least
  /// ten times a second.
  void tick(Time now);

  /// Closes the open block and hands it to the operating system. False where that failed; `last_error()` says why.
  bool flush();

  /// Empty, or the sentence of the last write failure.
  [[nodiscard]] const std::string& last_error() const;

  /// Events of each kind that did not reach the file, indexed by EventKind.
  [[nodiscard]] const std::array<std::uint64_t, kEventKinds>& lost() const;

  [[nodiscard]] const Header& header() const;

 private:
  struct Impl;
  explicit Writer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace quell::trace

#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <quell/trace/event.hpp>
#include <quell/trace/format.hpp>

namespace quell::trace {

/// Something a reader had to pass over.
struct Damage {
  enum class Kind : std::uint8_t {
    torn_tail,      ///< the file ends inside a block: the writer was killed, or is still writing
    bad_block,      ///< a checksum or a structure inside a block is wrong: that block is lost
    unknown_block,  ///< a block of a kind this version does not know: skipped, not an error
  };
  Kind kind = Kind::bad_block;
  std::uint64_t offset = 0;  ///< bytes from the start of the file
  std::uint64_t length = 0;  ///< bytes passed over
  std::string sentence;
};

/// What is known of a trace after reading it (so far).
struct Summary {
  std::uint64_t file_bytes = 0;
  std::uint64_t blocks = 0;
  std::array<std::uint64_t, kEventKinds> events{};  ///< by EventKind
  std::array<std::uint64_t, kEventKinds> lost{};    ///< by EventKind, as the recorder counted
  std::uint64_t result_values = 0;                  ///< single values
  Time first = 0;
  Time last = 0;
  std::vector<Damage> damage;
  bool closed = false;  ///< the writer ended it in order

  /// Nothing lost, damaged or torn, and closed by its writer.
  [[nodiscard]] bool complete() const;
};

enum class PollResult : std::uint8_t {
  events,  ///< at least one block was delivered
  idle,    ///< nothing new; the writer may still append
  closed,  ///< the writer closed the trace and everything was delivered
};

/// Reads a trace, also one that is still growing. Not thread-safe. Never crashes, hangs or allocates more than
/// kMaxBlockBytes and the dictionary on damaged or hostile input: damage costs the block it is in and is reported.
class Reader final {
 public:
  /// Throws TraceError for a file that cannot be opened, is not a trace, is empty, or has a newer version: one sentence
  /// with the next step.
  static std::unique_ptr<Reader> open(const std::string& path);

  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  /// Delivers every whole block that was appended since the last call. Each event is delivered exactly once.
  PollResult poll(EventSink& sink);

  /// Reads to the present end and reports a torn tail as damage. What most callers want.
  void read_all(EventSink& sink);

  [[nodiscard]] const Header& header() const;
  [[nodiscard]] const Summary& summary() const;
  /// Bytes consumed, for progress.
  [[nodiscard]] std::uint64_t offset() const;

 private:
  struct Impl;
  explicit Reader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace quell::trace

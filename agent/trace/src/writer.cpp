#include <quell/trace/writer.hpp>

#include <fcntl.h>
#include <sodium.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <deque>
#include <optional>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <quell/trace/error.hpp>

#include "agent/trace/src/crc32c.hpp"
#include "agent/trace/src/encoder.hpp"
#include "agent/trace/src/layout.hpp"

namespace quell::trace {
namespace {

constexpr std::size_t kLossReasons = 5;
constexpr std::size_t kMaxClosedBlockBytes = std::size_t{4} << 20;
/// While the file cannot be written, it is tried again after this many dropped events, or by tick().
constexpr std::uint64_t kDropsBetweenAttempts = 4096;

using Counts = std::array<std::uint64_t, kEventKinds>;
using LossCounts = std::array<Counts, kLossReasons>;

std::string reason_of(int error) {
  return std::generic_category().message(error);
}

std::int64_t clock_ns(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

/// The moment an event was made; nothing for events without one.
template <typename Event>
std::optional<Time> time_of(const Event& event) {
  if constexpr (requires { event.time; }) {
    return event.time;
  } else {
    return std::nullopt;
  }
}
std::optional<Time> time_of(const Query& query) {
  return last_time(query);
}

/// A write beyond the process's file size limit must fail, not end the program with SIGXFSZ.
class FileSizeSignalHeldBack {
 public:
  FileSizeSignalHeldBack() {
    sigemptyset(&signal_);
    sigaddset(&signal_, SIGXFSZ);
    pthread_sigmask(SIG_BLOCK, &signal_, &before_);
  }
  ~FileSizeSignalHeldBack() {
    const int error = errno;
    if (sigismember(&before_, SIGXFSZ) == 0) {
      const timespec no_wait{};
      while (sigtimedwait(&signal_, nullptr, &no_wait) == SIGXFSZ) {
      }
      pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }
    errno = error;
  }
  FileSizeSignalHeldBack(const FileSizeSignalHeldBack&) = delete;
  FileSizeSignalHeldBack& operator=(const FileSizeSignalHeldBack&) = delete;

 private:
  sigset_t signal_{};
  sigset_t before_{};
};

struct DictionaryEntry {
  EventKind kind = EventKind::text;
  std::uint32_t id = 0;
};

/// Values of one kind by id, from 1.
template <typename Stored>
struct Dictionary {
  std::unordered_map<std::string_view, std::uint32_t> ids;
  std::deque<Stored> entries;

  [[nodiscard]] std::uint32_t next_id() const { return static_cast<std::uint32_t>(entries.size()) + 1; }
  [[nodiscard]] const Stored& at(std::uint32_t id) const { return entries[id - 1]; }
};

struct StoredText {
  std::string key;
  std::uint64_t full_size = 0;
};
struct StoredStack {
  std::string key;
  std::vector<Frame> frames;
};
struct StoredShape {
  std::string key;
  std::vector<Column> columns;
};

void append(std::string& key, std::uint32_t number) {
  for (int shift = 0; shift < 32; shift += 8) key += static_cast<char>(number >> shift);
}

}  // namespace

struct Writer::Impl {
  Impl(std::string file_path, Header file_header, const WriterParams& writer_params)
      : path(std::move(file_path)), header(std::move(file_header)), params(writer_params) {}
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void open();

  template <typename Event>
  void write(const Event& event, EventKind kind, Source source);
  template <typename Stored, typename MakeStored>
  std::uint32_t intern(Dictionary<Stored>& dictionary, std::string_view key, EventKind kind, Source source,
                       MakeStored make_stored);
  void begin_block();
  bool close_block();
  bool recover();
  bool flush();
  void end();
  void emit(const DictionaryEntry& entry, Source source);
  void drop(EventKind kind, LossReason reason, std::uint64_t count = 1);
  [[nodiscard]] bool has_unreported() const;
  [[nodiscard]] bool write_bytes(const unsigned char* bytes, std::size_t size);
  bool write_block(std::uint8_t type, std::span<const unsigned char> payload);

  std::string path;
  Header header;
  WriterParams params;
  int file = -1;
  std::uint64_t file_end = 0;  ///< of the last whole block
  ZSTD_CCtx* compressor = nullptr;
  std::vector<unsigned char> stored;

  Encoder block;
  std::optional<Time> block_time;              ///< of the first event in the open block
  Counts block_counts{};                       ///< events in the open block
  LossCounts block_losses{};                   ///< told by the open block
  std::vector<DictionaryEntry> block_entries;  ///< in the open block

  bool failed = false;                   ///< the last attempt to write failed: events are dropped until one succeeds
  std::vector<DictionaryEntry> pending;  ///< entries that stand in no block yet
  LossCounts unreported{};               ///< losses no block tells yet
  std::uint64_t drops = 0;               ///< since the last attempt
  Time last_attempt = 0;
  Counts lost{};
  std::string error;
  Time latest = 0;  ///< time of a Loss that the writer makes itself

  Dictionary<StoredText> texts;
  Dictionary<StoredStack> stacks;
  Dictionary<StoredShape> shapes;
  std::size_t dictionary_bytes = 0;
};

Writer::Impl::~Impl() {
  ZSTD_freeCCtx(compressor);
  if (file < 0) return;
  ::flock(file, LOCK_UN);  // a forked child may hold the file open
  ::close(file);
}

void Writer::Impl::open() {
  // O_NONBLOCK: a pipe nobody reads must not hang the program.
  file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
  if (file < 0) throw TraceError(fmt::format("cannot create the trace {}: {}", path, reason_of(errno)));
  if (::flock(file, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    throw TraceError(
        fmt::format("cannot create the trace {}: another process is writing it; give each process its own file", path));
  }
  struct stat status {};
  const bool regular = ::fstat(file, &status) == 0 && S_ISREG(status.st_mode);
  if (regular && ::ftruncate(file, 0) != 0) {
    throw TraceError(fmt::format("cannot empty the trace {}: {}", path, reason_of(errno)));
  }
  compressor = ZSTD_createCCtx();
  if (compressor == nullptr) throw std::bad_alloc();
  const std::string head = encode_file_header(header);
  if (!write_bytes(reinterpret_cast<const unsigned char*>(head.data()), head.size())) {
    if (regular) ::unlink(path.c_str());
    throw TraceError(fmt::format("cannot create the trace {}: {}", path, error));
  }
}

bool Writer::Impl::write_bytes(const unsigned char* bytes, std::size_t size) {
  const FileSizeSignalHeldBack held_back;
  std::size_t done = 0;
  while (done < size) {
    const ssize_t wrote = ::pwrite(file, bytes + done, size - done, static_cast<off_t>(file_end + done));
    if (wrote > 0) {
      done += static_cast<std::size_t>(wrote);
      continue;
    }
    if (wrote < 0 && errno == EINTR) continue;
    error = wrote < 0 ? reason_of(errno) : "nothing could be written";
    // Where this fails too, the next block overwrites what the failed one left.
    static_cast<void>(::ftruncate(file, static_cast<off_t>(file_end)) == 0);
    return false;
  }
  file_end += size;
  return true;
}

bool Writer::Impl::write_block(std::uint8_t type, std::span<const unsigned char> payload) {
  BlockHeader head;
  head.type = type;
  head.raw_bytes = static_cast<std::uint32_t>(payload.size());
  stored.resize(kBlockHeaderBytes + ZSTD_compressBound(payload.size()));
  unsigned char* body = stored.data() + kBlockHeaderBytes;
  std::size_t size = ZSTD_compressCCtx(compressor, body, stored.size() - kBlockHeaderBytes, payload.data(),
                                       payload.size(), params.compression_level);
  if (ZSTD_isError(size) == 0 && size < payload.size()) {
    head.flags = kCompressedFlag;
  } else {
    size = payload.size();
    std::copy(payload.begin(), payload.end(), body);
  }
  head.stored_bytes = static_cast<std::uint32_t>(size);
  head.payload_crc = crc32c(body, size);
  encode_block_header(head, stored.data());
  return write_bytes(stored.data(), kBlockHeaderBytes + size);
}

void Writer::Impl::drop(EventKind kind, LossReason reason, std::uint64_t count) {
  const auto index = static_cast<std::size_t>(kind);
  lost[index] += count;
  unreported[static_cast<std::size_t>(reason)][index] += count;
}

bool Writer::Impl::has_unreported() const {
  return std::any_of(unreported.begin(), unreported.end(), [](const Counts& counts) {
    return std::any_of(counts.begin(), counts.end(), [](std::uint64_t count) { return count != 0; });
  });
}

void Writer::Impl::begin_block() {
  block_time.reset();
  if (!has_unreported()) return;
  for (std::size_t reason = 0; reason < kLossReasons; ++reason) {
    for (std::size_t kind = 0; kind < kEventKinds; ++kind) {
      const std::uint64_t count = std::exchange(unreported[reason][kind], 0);
      if (count == 0) continue;
      block.add(Loss{.time = latest,
                     .reason = static_cast<LossReason>(reason),
                     .kind = static_cast<EventKind>(kind),
                     .count = count},
                Source::tracer);
      block_losses[reason][kind] += count;
    }
  }
}

bool Writer::Impl::close_block() {
  if (block.empty()) return true;
  const bool written = write_block(kEventsBlock, block.payload());
  if (!written) {
    failed = true;
    drops = 0;
    last_attempt = clock_ns(CLOCK_MONOTONIC);
    for (std::size_t kind = 0; kind < kEventKinds; ++kind) {
      drop(static_cast<EventKind>(kind), LossReason::write_failed, block_counts[kind]);
      for (std::size_t reason = 0; reason < kLossReasons; ++reason)
        unreported[reason][kind] += block_losses[reason][kind];
    }
    pending.insert(pending.end(), block_entries.begin(), block_entries.end());
  }
  block.reset();
  block_time.reset();
  block_counts = {};
  block_losses = {};
  block_entries.clear();
  return written;
}

bool Writer::Impl::recover() {
  failed = false;
  begin_block();
  const std::vector<DictionaryEntry> entries = std::exchange(pending, {});
  for (std::size_t i = 0; i < entries.size(); ++i) {
    emit(entries[i], Source::tracer);
    if (block.payload().size() >= params.block_bytes && !close_block()) {
      pending.insert(pending.end(), entries.begin() + static_cast<std::ptrdiff_t>(i) + 1, entries.end());
      return false;
    }
  }
  return close_block();
}

void Writer::Impl::emit(const DictionaryEntry& entry, Source source) {
  block_entries.push_back(entry);
  if (entry.kind == EventKind::text) {
    const StoredText& text = texts.at(entry.id);
    block.add(Text{.id = entry.id, .bytes = text.key, .full_size = text.full_size}, source);
  } else if (entry.kind == EventKind::stack) {
    block.add(Stack{.id = entry.id, .frames = stacks.at(entry.id).frames}, source);
  } else {
    block.add(Shape{.id = entry.id, .columns = shapes.at(entry.id).columns}, source);
  }
}

template <typename Event>
void Writer::Impl::write(const Event& event, EventKind kind, Source source) {
  try {
    const std::optional<Time> time = time_of(event);
    if (time) latest = std::max(latest, *time);
    if (failed && ++drops >= kDropsBetweenAttempts) recover();
    if (failed) {
      if constexpr (std::is_same_v<Event, Loss>) {
        unreported[static_cast<std::size_t>(event.reason)][static_cast<std::size_t>(event.kind)] += event.count;
      } else {
        drop(kind, LossReason::write_failed);
      }
      return;
    }
    if (block.empty()) begin_block();
    block.add(event, source);
    if (!block_time) block_time = time;
    if constexpr (std::is_same_v<Event, Loss>) {
      block_losses[static_cast<std::size_t>(event.reason)][static_cast<std::size_t>(event.kind)] += event.count;
    } else {
      ++block_counts[static_cast<std::size_t>(kind)];
    }
    if (block.payload().size() >= params.block_bytes) close_block();
  } catch (const std::exception& exception) {  // out of memory
    error = exception.what();
    drop(kind, LossReason::recorder_failed);
  }
}

template <typename Stored, typename MakeStored>
std::uint32_t Writer::Impl::intern(Dictionary<Stored>& dictionary, std::string_view key, EventKind kind, Source source,
                                   MakeStored make_stored) {
  try {
    if (const auto found = dictionary.ids.find(key); found != dictionary.ids.end()) return found->second;
    if (dictionary_bytes + key.size() > params.dictionary_bytes) {
      drop(kind, LossReason::limit);
      return 0;
    }
    const DictionaryEntry entry{.kind = kind, .id = dictionary.next_id()};
    Stored& stored_value = dictionary.entries.emplace_back(make_stored());
    dictionary.ids.emplace(stored_value.key, entry.id);
    dictionary_bytes += key.size();
    if (failed) {
      pending.push_back(entry);
      return entry.id;
    }
    if (block.empty()) begin_block();
    emit(entry, source);
    if (block.payload().size() >= params.block_bytes) close_block();
    return entry.id;
  } catch (const std::exception& exception) {  // out of memory
    error = exception.what();
    drop(kind, LossReason::recorder_failed);
    return 0;
  }
}

bool Writer::Impl::flush() {
  try {
    if (failed ? !recover() : !close_block()) return false;
    if (has_unreported()) {
      begin_block();
      return close_block();
    }
    return true;
  } catch (const std::exception& exception) {  // out of memory
    error = exception.what();
    return false;
  }
}

void Writer::Impl::end() {
  if (!flush()) return;
  try {
    write_block(kEndBlock, {});
  } catch (const std::exception&) {  // out of memory: the trace stays without its end mark
  }
}

std::unique_ptr<Writer> Writer::create(const std::string& path, Header header, WriterParams params) {
  if (sodium_init() < 0) throw TraceError(fmt::format("cannot create the trace {}: no source of random bytes", path));
  if (header.key == HashKey{}) randombytes_buf(header.key.data(), header.key.size());
  if (header.created_unix_ns == 0 && header.created_monotonic_ns == 0) {
    header.created_unix_ns = clock_ns(CLOCK_REALTIME);
    header.created_monotonic_ns = clock_ns(CLOCK_MONOTONIC);
  }
  params.block_bytes = std::clamp<std::size_t>(params.block_bytes, 1, kMaxClosedBlockBytes);
  auto impl = std::make_unique<Impl>(path, std::move(header), params);
  impl->open();
  return std::unique_ptr<Writer>(new Writer(std::move(impl)));
}

Writer::Writer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Writer::~Writer() {
  impl_->end();
}

TextId Writer::text(std::string_view bytes, Source source) {
  if (bytes.empty()) return 0;
  const std::string_view key = bytes.substr(0, kMaxTextBytes);
  return impl_->intern(impl_->texts, key, EventKind::text, source,
                       [&] { return StoredText{.key = std::string(key), .full_size = bytes.size()}; });
}

StackId Writer::stack(std::span<const Frame> frames, Source source) {
  if (frames.empty()) return 0;
  frames = frames.first(std::min(frames.size(), kMaxFrames));
  std::string key;
  for (const Frame& frame : frames) {
    append(key, frame.function);
    append(key, frame.file);
    append(key, frame.line);
  }
  return impl_->intern(impl_->stacks, key, EventKind::stack, source, [&] {
    return StoredStack{.key = key, .frames = {frames.begin(), frames.end()}};
  });
}

ShapeId Writer::shape(std::span<const Column> columns, Source source) {
  if (columns.empty()) return 0;
  columns = columns.first(std::min(columns.size(), kMaxColumns));
  std::string key;
  for (const Column& column : columns) {
    append(key, column.name);
    append(key, column.table_oid);
    append(key, static_cast<std::uint16_t>(column.attribute_number));
    append(key, column.type_oid);
    key += column.recorded ? '1' : '0';
  }
  return impl_->intern(impl_->shapes, key, EventKind::shape, source, [&] {
    return StoredShape{.key = key, .columns = {columns.begin(), columns.end()}};
  });
}

void Writer::write(const Connection& event, Source source) {
  impl_->write(event, EventKind::connection, source);
}
void Writer::write(const ConnectionEnd& event, Source source) {
  impl_->write(event, EventKind::connection_end, source);
}
void Writer::write(const ScopeBegin& event, Source source) {
  impl_->write(event, EventKind::scope_begin, source);
}
void Writer::write(const ScopeEnd& event, Source source) {
  impl_->write(event, EventKind::scope_end, source);
}
void Writer::write(const Query& event, Source source) {
  impl_->write(event, EventKind::query, source);
}
void Writer::write(const ResultValues& event, Source source) {
  impl_->write(event, EventKind::result_values, source);
}
void Writer::write(const Consumption& event, Source source) {
  impl_->write(event, EventKind::consumption, source);
}
void Writer::write(const Pool& event, Source source) {
  impl_->write(event, EventKind::pool, source);
}
void Writer::write(const Loss& event, Source source) {
  impl_->write(event, EventKind::loss, source);
}

void Writer::tick(Time now) {
  if (impl_->failed) {
    if (now - impl_->last_attempt >= impl_->params.block_nanoseconds) flush();
    return;
  }
  if (impl_->block.empty()) return;
  if (!impl_->block_time) impl_->block_time = now;
  if (now - *impl_->block_time >= impl_->params.block_nanoseconds) flush();
}

bool Writer::flush() {
  return impl_->flush();
}
const std::string& Writer::last_error() const {
  return impl_->error;
}
const std::array<std::uint64_t, kEventKinds>& Writer::lost() const {
  return impl_->lost;
}
const Header& Writer::header() const {
  return impl_->header;
}

}  // namespace quell::trace

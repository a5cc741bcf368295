#include <quell/trace/reader.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include <quell/trace/error.hpp>

#include "agent/trace/src/crc32c.hpp"
#include "agent/trace/src/decoder.hpp"
#include "agent/trace/src/layout.hpp"

namespace quell::trace {
namespace {

/// More damage than this is told as one.
constexpr std::size_t kMaxDamageRecords = 1000;
constexpr std::size_t kScanBytes = std::size_t{256} << 10;

std::string reason_of(int error) {
  return std::generic_category().message(error);
}

}  // namespace

bool Summary::complete() const {
  const bool nothing_lost = std::all_of(lost.begin(), lost.end(), [](std::uint64_t count) { return count == 0; });
  const bool undamaged = std::all_of(damage.begin(), damage.end(),
                                     [](const Damage& one) { return one.kind == Damage::Kind::unknown_block; });
  return closed && nothing_lost && undamaged;
}

struct Reader::Impl {
  enum class Step : std::uint8_t {
    delivered,  ///< a block's events
    passed,     ///< over something without events
    starved,    ///< nothing whole at `offset`
  };

  explicit Impl(std::string file_path) : path(std::move(file_path)) {}
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void open();
  Step step(EventSink& sink);
  Step resynchronise();
  std::optional<std::uint64_t> find_block(std::uint64_t from);
  bool read_payload(const BlockHeader& head);
  bool decode_events(const BlockHeader& head, EventSink& sink);
  std::size_t read_at(std::uint64_t from, unsigned char* to, std::size_t size);
  void pass_over(Damage::Kind kind, std::uint64_t length, std::string sentence);
  void refresh_size();
  void forget_torn_tail();

  std::string path;
  int file = -1;
  Header header;
  Summary summary;
  std::uint64_t offset = 0;
  std::uint64_t scanned = 0;  ///< no block starts between `offset` and here
  ZSTD_DCtx* decompressor = nullptr;
  std::vector<unsigned char> stored;
  std::vector<unsigned char> raw;
  std::vector<unsigned char> window;
  Decoder decoder;
};

Reader::Impl::~Impl() {
  ZSTD_freeDCtx(decompressor);
  if (file >= 0) ::close(file);
}

void Reader::Impl::open() {
  // O_NONBLOCK: opening a pipe must not wait for its writer.
  file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) throw TraceError(fmt::format("cannot open the trace {}: {}", path, reason_of(errno)));
  struct stat status {};
  if (::fstat(file, &status) != 0) throw TraceError(fmt::format("cannot read {}: {}", path, reason_of(errno)));
  if (S_ISDIR(status.st_mode)) {
    throw TraceError(fmt::format("{} is a directory; name the trace file in it", path));
  }
  if (!S_ISREG(status.st_mode)) {
    throw TraceError(fmt::format("{} is not a regular file; copy what it yields into a file first", path));
  }
  std::string head(kMaxFileHeaderBytes, '\0');
  head.resize(read_at(0, reinterpret_cast<unsigned char*>(head.data()), head.size()));
  std::size_t size = 0;
  header = decode_file_header(head, path, size);
  offset = scanned = size;
  decompressor = ZSTD_createDCtx();
  if (decompressor == nullptr) throw std::bad_alloc();
  refresh_size();
}

std::size_t Reader::Impl::read_at(std::uint64_t from, unsigned char* to, std::size_t size) {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = ::pread(file, to + done, size - done, static_cast<off_t>(from + done));
    if (got > 0) {
      done += static_cast<std::size_t>(got);
    } else if (got == 0) {
      break;
    } else if (errno != EINTR) {
      throw TraceError(fmt::format("cannot read the trace {}: {}", path, reason_of(errno)));
    }
  }
  return done;
}

void Reader::Impl::refresh_size() {
  struct stat status {};
  if (::fstat(file, &status) == 0) summary.file_bytes = static_cast<std::uint64_t>(status.st_size);
}

void Reader::Impl::pass_over(Damage::Kind kind, std::uint64_t length, std::string sentence) {
  if (summary.damage.size() < kMaxDamageRecords) {
    summary.damage.push_back({.kind = kind, .offset = offset, .length = length, .sentence = std::move(sentence)});
  } else {
    Damage& last = summary.damage.back();
    last.kind = Damage::Kind::bad_block;
    last.length = offset + length - last.offset;
    last.sentence = fmt::format("from byte {} on there is more damage than is listed one by one", last.offset);
  }
  offset += length;
  scanned = std::max(scanned, offset);
}

void Reader::Impl::forget_torn_tail() {
  if (!summary.damage.empty() && summary.damage.back().kind == Damage::Kind::torn_tail) summary.damage.pop_back();
}

/// The place of the next whole block header at or after `from`.
std::optional<std::uint64_t> Reader::Impl::find_block(std::uint64_t from) {
  window.resize(kScanBytes);
  while (true) {
    const std::size_t size = read_at(from, window.data(), window.size());
    if (size < kBlockHeaderBytes) break;
    const std::size_t last = size - kBlockHeaderBytes;
    for (std::size_t at = 0; at <= last; ++at) {
      const void* found = std::memchr(window.data() + at, kBlockMagic[0], last + 1 - at);
      if (found == nullptr) break;
      at = static_cast<std::size_t>(static_cast<const unsigned char*>(found) - window.data());
      if (decode_block_header(window.data() + at)) return from + at;
    }
    from += last + 1;
  }
  scanned = std::max(scanned, from);
  return std::nullopt;
}

Reader::Impl::Step Reader::Impl::resynchronise() {
  const std::optional<std::uint64_t> next = find_block(std::max(scanned, offset + 1));
  if (!next) return Step::starved;
  pass_over(Damage::Kind::bad_block, *next - offset,
            fmt::format("{} bytes at {} are no valid block; their events are lost", *next - offset, offset));
  return Step::passed;
}

/// The payload at `offset` into `stored`, where its checksum is right.
bool Reader::Impl::read_payload(const BlockHeader& head) {
  stored.resize(head.stored_bytes);
  const std::size_t got = read_at(offset + kBlockHeaderBytes, stored.data(), stored.size());
  return got == stored.size() && crc32c(stored.data(), stored.size()) == head.payload_crc;
}

bool Reader::Impl::decode_events(const BlockHeader& head, EventSink& sink) {
  if (raw.size() < head.raw_bytes + Decoder::kPadding) raw.resize(head.raw_bytes + Decoder::kPadding);
  if (head.flags == kCompressedFlag) {
    const std::size_t size =
        ZSTD_decompressDCtx(decompressor, raw.data(), head.raw_bytes, stored.data(), stored.size());
    if (ZSTD_isError(size) != 0 || size != head.raw_bytes) return false;
  } else {
    if (head.flags != 0 || head.raw_bytes != head.stored_bytes) return false;
    std::copy(stored.begin(), stored.end(), raw.begin());
  }
  std::memset(raw.data() + head.raw_bytes, 0, Decoder::kPadding);
  return decoder.decode({raw.data(), head.raw_bytes}, sink, summary);
}

Reader::Impl::Step Reader::Impl::step(EventSink& sink) {
  const std::uint64_t left = summary.file_bytes > offset ? summary.file_bytes - offset : 0;
  if (summary.closed) {
    if (left > 0) pass_over(Damage::Kind::bad_block, left, fmt::format("{} bytes follow the end of the trace", left));
    return Step::starved;
  }
  std::array<unsigned char, kBlockHeaderBytes> head_bytes{};
  if (left < kBlockHeaderBytes || read_at(offset, head_bytes.data(), head_bytes.size()) < kBlockHeaderBytes) {
    return Step::starved;
  }
  const std::optional<BlockHeader> head = decode_block_header(head_bytes.data());
  if (!head) return resynchronise();
  const std::uint64_t length = kBlockHeaderBytes + std::uint64_t{head->stored_bytes};
  if (length > left) return Step::starved;
  if (head->type != kEventsBlock && head->type != kEndBlock) {
    pass_over(Damage::Kind::unknown_block, length,
              fmt::format("the block at {} has kind {}, which this version does not know", offset, head->type));
    return Step::passed;
  }
  if (head->stored_bytes > kMaxBlockBytes || head->raw_bytes > kMaxBlockBytes) {
    pass_over(Damage::Kind::bad_block, length,
              fmt::format("the block at {} claims more than {} bytes; its events are lost", offset, kMaxBlockBytes));
    return Step::passed;
  }
  // Twice: a writer whose disk was full may have replaced the block between two reads.
  if (!read_payload(*head) && !read_payload(*head)) {
    pass_over(Damage::Kind::bad_block, length,
              fmt::format("the block at {} has a wrong checksum; its events are lost", offset));
    return Step::passed;
  }
  if (head->type == kEndBlock) {
    summary.closed = true;
    ++summary.blocks;
    offset += length;
    return Step::passed;
  }
  ++summary.blocks;
  if (decode_events(*head, sink)) {
    offset += length;
  } else {
    pass_over(Damage::Kind::bad_block, length,
              fmt::format("the block at {} is not well formed; its events from there on are lost", offset));
  }
  scanned = std::max(scanned, offset);
  return Step::delivered;
}

std::unique_ptr<Reader> Reader::open(const std::string& path) {
  auto impl = std::make_unique<Impl>(path);
  impl->open();
  return std::unique_ptr<Reader>(new Reader(std::move(impl)));
}

Reader::Reader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Reader::~Reader() = default;

PollResult Reader::poll(EventSink& sink) {
  impl_->forget_torn_tail();
  impl_->refresh_size();
  bool delivered = false;
  for (auto step = impl_->step(sink); step != Impl::Step::starved; step = impl_->step(sink)) {
    delivered |= step == Impl::Step::delivered;
  }
  if (delivered) return PollResult::events;
  return impl_->summary.closed ? PollResult::closed : PollResult::idle;
}

void Reader::read_all(EventSink& sink) {
  poll(sink);
  const std::uint64_t offset = impl_->offset;
  if (impl_->summary.closed || impl_->summary.file_bytes <= offset) return;
  const std::uint64_t left = impl_->summary.file_bytes - offset;
  std::array<unsigned char, kBlockHeaderBytes> head{};
  const std::size_t got = impl_->read_at(offset, head.data(), head.size());
  const std::size_t magic = std::min(got, kBlockMagic.size());
  const bool cut = got < kBlockHeaderBytes ? std::memcmp(head.data(), kBlockMagic.data(), magic) == 0
                                           : decode_block_header(head.data()).has_value();
  // Kept at the end of the list and taken back when more of the file is read: the writer may still be at it.
  impl_->summary.damage.push_back(
      {.kind = Damage::Kind::torn_tail,
       .offset = offset,
       .length = left,
       .sentence =
           cut ? fmt::format("the trace ends inside a block at {}: its writer was stopped or is still writing", offset)
               : fmt::format("the last {} bytes, from {}, are no valid block; their events are lost", left, offset)});
}

const Header& Reader::header() const {
  return impl_->header;
}
const Summary& Reader::summary() const {
  return impl_->summary;
}
std::uint64_t Reader::offset() const {
  return impl_->offset;
}

}  // namespace quell::trace

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <zstd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>

#include <quell/trace/error.hpp>
#include <quell/trace/reader.hpp>
#include <quell/trace/writer.hpp>

#include "agent/trace/src/crc32c.hpp"
#include "agent/trace/src/layout.hpp"
#include "tests/unit/trace/recorded_events.hpp"
#include "tests/unit/trace/scratch.hpp"

namespace quell::trace::testing {
namespace {

/// A trace of five blocks, stored and compressed ones, then the end block.
class SmallTrace {
 public:
  explicit SmallTrace(const std::string& path) {
    {
      const auto writer = Writer::create(path, {.program = "small"});
      head_ = encode_file_header(writer->header()).size();
      for (std::uint64_t block = 0; block < 5; ++block) {
        const int events = block % 2 == 0 ? 2 : 40;  // 40 alike ones compress
        for (int i = 0; i < events; ++i) writer->write(ScopeEnd{.time = 1000, .id = block, .outcome = i});
        writer->flush();
      }
    }
    bytes = read_file(path);
    for (std::size_t at = head_; at < bytes.size();) {
      starts.push_back(at);
      std::uint32_t stored = 0;
      std::memcpy(&stored, bytes.data() + at + 8, 4);
      at += 24 + stored;
    }
    Recorder all;
    Reader::open(path)->read_all(all);
    for (const OwnedEvent& event : all.events) events_of_[event.numbers[1]].push_back(event);
  }

  [[nodiscard]] std::size_t head() const { return head_; }
  /// The block that holds this byte; 5 is the end block.
  [[nodiscard]] std::size_t block_at(std::size_t offset) const {
    return static_cast<std::size_t>(std::upper_bound(starts.begin(), starts.end(), offset) - starts.begin()) - 1;
  }
  /// The events of blocks `from` to before `to`, without those of block `without`.
  [[nodiscard]] std::vector<OwnedEvent> events(std::size_t from, std::size_t to, std::size_t without = 99) const {
    std::vector<OwnedEvent> found;
    for (std::size_t block = from; block < std::min<std::size_t>(to, 5); ++block) {
      if (block != without) found.insert(found.end(), events_of_[block].begin(), events_of_[block].end());
    }
    return found;
  }

  std::string bytes;
  std::vector<std::size_t> starts;

 private:
  std::size_t head_ = 0;
  std::array<std::vector<OwnedEvent>, 5> events_of_;
};

std::string refusal(const std::string& path) {
  try {
    Reader::open(path);
  } catch (const TraceError& error) {
    return error.what();
  }
  return "opened";
}

TEST(Damage, SmallTraceIsWhatTheseTestsNeed) {
  const Scratch scratch;
  const SmallTrace trace(scratch.file("t.qtr"));
  ASSERT_EQ(trace.starts.size(), 6U);
  EXPECT_EQ(trace.bytes.size(), trace.starts[5] + 24) << "the end block is empty";
  EXPECT_EQ(trace.bytes[trace.starts[0] + 5], 0) << "stored";
  EXPECT_EQ(trace.bytes[trace.starts[1] + 5], 1) << "compressed";
  EXPECT_EQ(trace.events(0, 5).size(), 3U * 2 + 2 * 40);
}

TEST(Damage, FileCutAtEveryByteYieldsAllWholeBlocksAndTellsTheTear) {
  const Scratch scratch;
  const SmallTrace trace(scratch.file("t.qtr"));
  const std::string path = scratch.file("cut.qtr");
  write_file(path, trace.bytes);
  for (std::size_t size = trace.bytes.size() + 1; size-- > 0;) {
    std::filesystem::resize_file(path, size);
    if (size < trace.head()) {
      EXPECT_NE(refusal(path), "opened") << size;
      continue;
    }
    const auto reader = Reader::open(path);
    Recorder read;
    reader->read_all(read);
    const std::size_t whole = size == trace.bytes.size() ? 6 : size == trace.head() ? 0 : trace.block_at(size);
    const std::size_t whole_end = whole == 6 ? trace.bytes.size() : trace.starts[whole];
    ASSERT_EQ(read.events, trace.events(0, whole)) << "cut at " << size;
    const Summary& summary = reader->summary();
    EXPECT_EQ(summary.closed, size == trace.bytes.size()) << size;
    EXPECT_EQ(summary.complete(), size == trace.bytes.size()) << size;
    if (size == whole_end) {
      EXPECT_TRUE(summary.damage.empty()) << size;
    } else {
      ASSERT_EQ(summary.damage.size(), 1U) << size;
      EXPECT_EQ(summary.damage[0].kind, Damage::Kind::torn_tail);
      EXPECT_EQ(summary.damage[0].offset, whole_end);
      EXPECT_EQ(summary.damage[0].length, size - whole_end);
      EXPECT_NE(summary.damage[0].sentence.find("ends inside a block"), std::string::npos);
    }
  }
}

TEST(Damage, FlippedBitCostsItsBlockOnlyAndIsTold) {
  const Scratch scratch;
  const SmallTrace trace(scratch.file("t.qtr"));
  const std::string path = scratch.file("flipped.qtr");
  write_file(path, trace.bytes);
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  const auto put = [&file](std::size_t at, char byte) {
    file.seekp(static_cast<std::streamoff>(at));
    file.put(byte).flush();
  };
  for (std::size_t bit = 0; bit < trace.bytes.size() * 8; ++bit) {
    if (bit % 8 == 0 && bit > 0) put(bit / 8 - 1, trace.bytes[bit / 8 - 1]);
    put(bit / 8, static_cast<char>(trace.bytes[bit / 8] ^ (1 << (bit % 8))));
    if (bit / 8 < trace.head()) {
      ASSERT_NE(refusal(path), "opened") << "bit " << bit;
      continue;
    }
    const auto reader = Reader::open(path);
    Recorder read;
    reader->read_all(read);
    const std::size_t hit = trace.block_at(bit / 8);
    ASSERT_EQ(read.events, trace.events(0, 5, hit)) << "bit " << bit << " in block " << hit;
    ASSERT_EQ(reader->summary().damage.size(), 1U) << "bit " << bit;
    EXPECT_EQ(reader->summary().damage[0].offset, trace.starts[hit]) << "bit " << bit;
    EXPECT_FALSE(reader->summary().complete()) << "bit " << bit;
  }
}

TEST(Damage, RandomBytesInTheMiddleAreStridden) {
  const Scratch scratch;
  const SmallTrace trace(scratch.file("t.qtr"));
  std::mt19937 random(11);
  std::string junk(1 << 20, '\0');
  for (char& c : junk) c = static_cast<char>(random() % 3 == 0 ? 0xF5 : random());  // many beginnings of the block mark
  std::string bytes = trace.bytes;
  bytes.insert(trace.starts[2], junk);
  write_file(scratch.file("junk.qtr"), bytes);
  const auto reader = Reader::open(scratch.file("junk.qtr"));
  Recorder read;
  reader->read_all(read);
  EXPECT_EQ(read.events, trace.events(0, 5));
  ASSERT_EQ(reader->summary().damage.size(), 1U);
  EXPECT_EQ(reader->summary().damage[0].kind, Damage::Kind::bad_block);
  EXPECT_EQ(reader->summary().damage[0].length, junk.size());
}

TEST(Damage, BytesAfterTheEndAreTold) {
  const Scratch scratch;
  const SmallTrace trace(scratch.file("t.qtr"));
  write_file(scratch.file("more.qtr"), trace.bytes + "more");
  const auto reader = Reader::open(scratch.file("more.qtr"));
  Recorder read;
  reader->read_all(read);
  EXPECT_EQ(read.events, trace.events(0, 5));
  ASSERT_EQ(reader->summary().damage.size(), 1U);
  EXPECT_EQ(reader->summary().damage[0].length, 4U);
}

std::string block(std::uint8_t type, std::uint8_t flags, const std::string& stored, std::uint32_t raw_bytes) {
  std::string bytes(kBlockHeaderBytes, '\0');
  encode_block_header({.type = type,
                       .flags = flags,
                       .stored_bytes = static_cast<std::uint32_t>(stored.size()),
                       .raw_bytes = raw_bytes,
                       .payload_crc = crc32c(stored.data(), stored.size())},
                      reinterpret_cast<unsigned char*>(bytes.data()));
  return bytes + stored;
}

/// Reads the small trace with `inserted` before its third block.
struct ReadWithInserted {
  explicit ReadWithInserted(const std::string& inserted) {
    const SmallTrace trace(scratch.file("t.qtr"));
    std::string bytes = trace.bytes;
    bytes.insert(trace.starts[2], inserted);
    write_file(scratch.file("with.qtr"), bytes);
    reader = Reader::open(scratch.file("with.qtr"));
    reader->read_all(read);
    others = trace.events(0, 5);
  }
  const Scratch scratch;
  std::unique_ptr<Reader> reader;
  Recorder read;
  std::vector<OwnedEvent> others;
};

TEST(Damage, BlockOfAnUnknownKindIsSkippedAndToldAndTheTraceStaysComplete) {
  const ReadWithInserted with(block(9, 0, "from the future", 15));
  EXPECT_EQ(with.read.events, with.others);
  ASSERT_EQ(with.reader->summary().damage.size(), 1U);
  EXPECT_EQ(with.reader->summary().damage[0].kind, Damage::Kind::unknown_block);
  EXPECT_EQ(with.reader->summary().damage[0].length, 39U);
  EXPECT_NE(with.reader->summary().damage[0].sentence.find("kind 9"), std::string::npos);
  EXPECT_TRUE(with.reader->summary().complete());
}

TEST(Damage, MalformedPayloadWithRightChecksumsCostsItsBlockOnly) {
  const std::string long_varint(10, '\x80');
  const std::string full(9, '\xFF');
  const std::vector<std::pair<const char*, std::string>> payloads{
      {"unknown event", "\x0D"},
      {"event number 0", std::string(1, '\0')},
      {"spare bits of the tag", "\x48"},
      {"query that ends after its tag", "\x08"},
      {"varint of eleven bytes", "\x07" + long_varint + "\x01"},
      {"varint of more than 64 bits", "\x07" + full + "\x02"},
      {"id of more than 32 bits", std::string("\x05\0\xFF\xFF\xFF\xFF\x7F\0", 8)},
      {"text longer than the block", std::string("\x01\x01\x7F\0ab", 6)},
      {"text longer than any text", std::string("\x01\x01\x81\x80\x40\0", 6)},
      {"more frames than allowed", std::string("\x02\x01\x81\x01", 4) + std::string(600, '\0')},
      {"more frames than bytes", std::string("\x02\x01\x10\0\0\0", 6)},
      {"more columns than allowed", std::string("\x03\x01\x81\x0D", 4) + std::string(20000, '\0')},
      {"column flag of 2", std::string("\x03\x01\x01\0\0\0\0\x02", 8)},
      {"scope kind of 7", std::string("\x06\0\0\0\x07\0\0", 7)},
      {"scope rule of 7", std::string("\x06\0\0\0\x38\0\0", 7)},
      {"query whose 65535 parameters are missing", std::string("\x08\0\x80\0\0\xFF\xFF\x03", 8)},
      {"parameter longer than allowed",
       std::string("\x08\0\x80\0\0\x01\xF9\0\x81\x80\x04", 11) + std::string(70000, 'x')},
      {"protocol of 7", std::string("\x08\0\x02\0\0\x07\0", 7)},
      {"a million values that are not there", std::string("\x09\0\0\x80\x80\x40\x01\0\x02", 9)},
      {"rows times columns beyond 64 bits", std::string("\x09\0\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F\x80\x0D\0", 14)},
      {"column coding of 3", std::string("\x09\0\0\0\x01\0\x03", 7)},
      {"value kind of 3", std::string("\x09\0\0\x01\x01\x01\x02\x03", 8)},
      {"consumption of columns that are not there", std::string("\x0A\0\0\0\0\x7F", 6)},
      {"pool action of 99", std::string("\x0B\0\x63\0\0\0\0", 7)},
      {"loss of kind 0", std::string("\x0C\0\0\0\x01", 5)},
      {"loss of kind 13", std::string("\x0C\0\0\x0D\x01", 5)},
  };
  for (const auto& [what, payload] : payloads) {
    const ReadWithInserted with(block(1, 0, payload, static_cast<std::uint32_t>(payload.size())));
    EXPECT_EQ(with.read.events, with.others) << what;
    ASSERT_EQ(with.reader->summary().damage.size(), 1U) << what;
    EXPECT_EQ(with.reader->summary().damage[0].kind, Damage::Kind::bad_block) << what;
  }
}

TEST(Damage, BlockWhoseSizesLieIsPassedOver) {
  const std::string payload(1000, '\x08');
  std::string packed(ZSTD_compressBound(payload.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), payload.data(), payload.size(), 1));
  const std::vector<std::pair<const char*, std::string>> blocks{
      {"raw size below the true one", block(1, 1, packed, 999)},
      {"raw size above the true one", block(1, 1, packed, 1001)},
      {"raw size above any block", block(1, 1, packed, 0xFFFFFFFF)},
      {"stored, but of two sizes", block(1, 0, payload, 999)},
      {"not zstd", block(1, 1, "no zstd frame", 1000)},
      {"unknown flag", block(1, 2, payload, 1000)},
  };
  for (const auto& [what, bytes] : blocks) {
    const ReadWithInserted with(bytes);
    EXPECT_EQ(with.read.events, with.others) << what;
    ASSERT_EQ(with.reader->summary().damage.size(), 1U) << what;
    EXPECT_EQ(with.reader->summary().damage[0].kind, Damage::Kind::bad_block) << what;
  }
}

TEST(Damage, ManyBadBlocksAreListedUpToALimit) {
  std::string bad;
  for (int i = 0; i < 3000; ++i) bad += block(1, 0, "\x0D", 1);
  const ReadWithInserted with(bad);
  EXPECT_EQ(with.read.events, with.others);
  EXPECT_EQ(with.reader->summary().damage.size(), 1000U);
  const Damage& last = with.reader->summary().damage.back();
  EXPECT_EQ(last.length, 2001U * 25) << "the last entry spans what is not listed";
}

TEST(Refusal, FutureVersionIsNamedWithTheNextStep) {
  const Scratch scratch;
  SmallTrace trace(scratch.file("t.qtr"));
  trace.bytes[8] = 2;
  write_file(scratch.file("future.qtr"), trace.bytes);
  EXPECT_EQ(
      refusal(scratch.file("future.qtr")),
      scratch.file("future.qtr") +
          " has trace format version 2, this program reads up to version 1; use the newer Quell that recorded it");
}

TEST(Refusal, WhatIsNoTraceIsSaidInOneSentence) {
  const Scratch scratch;
  write_file(scratch.file("empty.qtr"), "");
  EXPECT_NE(refusal(scratch.file("empty.qtr")).find("is empty"), std::string::npos);
  write_file(scratch.file("notes.txt"), "Dear diary, this is no trace at all.");
  EXPECT_NE(refusal(scratch.file("notes.txt")).find("is not a Quell trace"), std::string::npos);
  EXPECT_NE(refusal(scratch.folder()).find("is a directory"), std::string::npos);
  EXPECT_NE(refusal(scratch.file("absent.qtr")).find("No such file"), std::string::npos);
  ASSERT_EQ(::mkfifo(scratch.file("pipe").c_str(), 0600), 0);
  EXPECT_NE(refusal(scratch.file("pipe")).find("not a regular file"), std::string::npos) << "and does not hang";
}

}  // namespace
}  // namespace quell::trace::testing

// A trace file from anywhere: the reader must refuse it or read it, in bounded memory and time.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include <quell/trace/error.hpp>
#include <quell/trace/reader.hpp>

#include "agent/trace/src/crc32c.hpp"
#include "agent/trace/src/layout.hpp"

namespace {

using namespace quell::trace;

/// Touches everything an event views.
class Toucher : public EventSink {
 public:
  using EventSink::on;
  void on(const Text& text, Source) override { touch(text.bytes); }
  void on(const Stack& stack, Source) override {
    for (const Frame& frame : stack.frames) sum += frame.line;
  }
  void on(const Shape& shape, Source) override {
    for (const Column& column : shape.columns) sum += column.type_oid;
  }
  void on(const Query& query, Source) override {
    for (const Parameter& parameter : query.parameters) touch(parameter.bytes);
  }
  void on(const ResultValues& result, Source) override {
    for (const Value& value : result.values) sum += value.bits();
    if (result.values.size() != std::size_t{result.rows} * result.columns) std::abort();
  }
  void on(const Consumption& consumption, Source) override {
    for (const std::uint8_t read : consumption.columns_read) sum += read;
  }
  std::uint64_t sum = 0;

 private:
  void touch(std::string_view bytes) {
    for (const char c : bytes) sum += static_cast<unsigned char>(c);
  }
};

void read(const std::string& bytes) {
  const int file = ::memfd_create("trace", MFD_CLOEXEC);
  if (file < 0 || ::write(file, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) std::abort();
  try {
    const auto reader = Reader::open("/proc/self/fd/" + std::to_string(file));
    Toucher toucher;
    reader->read_all(toucher);
    reader->poll(toucher);
    if (reader->offset() > bytes.size()) std::abort();
  } catch (const TraceError&) {
  }
  ::close(file);
}

/// The input as the payload of a block with right checksums: what no mutation of a whole file would reach.
std::string as_block(const std::uint8_t* data, std::size_t size) {
  std::string bytes = encode_file_header(Header{});
  std::string block(kBlockHeaderBytes, '\0');
  encode_block_header({.type = kEventsBlock,
                       .flags = 0,
                       .stored_bytes = static_cast<std::uint32_t>(size),
                       .raw_bytes = static_cast<std::uint32_t>(size),
                       .payload_crc = crc32c(data, size)},
                      reinterpret_cast<unsigned char*>(block.data()));
  bytes += block;
  bytes.append(reinterpret_cast<const char*>(data), size);
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  read(std::string(reinterpret_cast<const char*>(data), size));
  read(as_block(data, size));
  return 0;
}

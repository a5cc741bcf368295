// The worked example of docs/trace-format.md.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include <quell/trace/reader.hpp>
#include <quell/trace/writer.hpp>

#include "tests/unit/trace/recorded_events.hpp"
#include "tests/unit/trace/scratch.hpp"

namespace quell::trace::testing {
namespace {

std::string documented_file() {
  std::ifstream page(QUELL_SOURCE_ROOT "/docs/trace-format.md");
  std::string bytes;
  std::string line;
  bool inside = false;
  while (std::getline(page, line)) {
    if (line == "```hex") {
      inside = true;
    } else if (line == "```") {
      inside = false;
    } else if (inside) {
      std::istringstream numbers(line);
      for (std::string number; numbers >> number;) bytes += static_cast<char>(std::stoi(number, nullptr, 16));
    }
  }
  return bytes;
}

constexpr std::string_view kSeven("\0\0\0\7", 4);

TEST(Specification, ReaderFindsInTheExampleWhatThePageSays) {
  const Scratch scratch;
  write_file(scratch.file("example.qtr"), documented_file());
  const auto reader = Reader::open(scratch.file("example.qtr"));
  Recorder read;
  reader->read_all(read);
  EXPECT_TRUE(reader->summary().complete());
  EXPECT_EQ(reader->header().program, "demo");
  EXPECT_EQ(reader->header().agent, "doc");
  EXPECT_EQ(reader->header().created_unix_ns, 1'700'000'000'000'000'000);
  EXPECT_EQ(reader->header().created_monotonic_ns, 5'000'000'000);
  EXPECT_EQ(reader->header().key[15], std::byte{15});
  const std::array parameters{
      Parameter{.type_oid = 23, .form = ParameterForm::binary, .bytes = kSeven, .full_size = 4}};
  const Query query{.start = 1000,
                    .complete = 1300,
                    .ready = 1300,
                    .id = 1,
                    .connection = 1,
                    .text = 1,
                    .protocol = Protocol::extended,
                    .transaction_state = TransactionState::idle,
                    .rows = 1,
                    .parameters = parameters};
  EXPECT_EQ(read.events, (std::vector{own(Text{1, "SELECT $1", 9}, Source::tracer), own(query, Source::tracer)}));
}

TEST(Specification, WriterWritesTheExample) {
  const Scratch scratch;
  Header header;
  header.created_unix_ns = 1'700'000'000'000'000'000;
  header.created_monotonic_ns = 5'000'000'000;
  for (std::size_t i = 0; i < header.key.size(); ++i) header.key[i] = static_cast<std::byte>(i);
  header.program = "demo";
  header.agent = "doc";
  {
    const auto writer = Writer::create(scratch.file("example.qtr"), header);
    const TextId text = writer->text("SELECT $1");
    const std::array parameters{Parameter{.type_oid = 23, .form = ParameterForm::binary, .bytes = kSeven}};
    writer->write(Query{.start = 1000,
                        .complete = 1300,
                        .ready = 1300,
                        .id = 1,
                        .connection = 1,
                        .text = text,
                        .protocol = Protocol::extended,
                        .transaction_state = TransactionState::idle,
                        .rows = 1,
                        .parameters = parameters});
  }
  EXPECT_EQ(read_file(scratch.file("example.qtr")), documented_file());
}

}  // namespace
}  // namespace quell::trace::testing

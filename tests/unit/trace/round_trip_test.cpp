#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <map>
#include <random>

#include <quell/trace/reader.hpp>
#include <quell/trace/writer.hpp>

#include "tests/unit/trace/recorded_events.hpp"
#include "tests/unit/trace/scratch.hpp"

namespace quell::trace::testing {
namespace {

/// Random numbers with many extremes among them.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}

  template <typename Int>
  Int integer() {
    switch (below(5)) {
      case 0:
        return 0;
      case 1:
        return std::numeric_limits<Int>::max();
      case 2:
        return std::numeric_limits<Int>::min();
      case 3:
        return static_cast<Int>(below(300));
      default:
        return static_cast<Int>(random_());
    }
  }
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  template <typename Enum>
  Enum one_of(Enum last) {
    return static_cast<Enum>(below(static_cast<std::uint64_t>(last) + 1));
  }
  Source source() { return one_of(Source::ingest); }
  std::string bytes(std::size_t most) {
    std::string out(below(most + 1), '\0');
    for (char& c : out) c = static_cast<char>(random_());
    return out;
  }
  Value value() {
    switch (below(3)) {
      case 0:
        return Value::null();
      case 1:
        return Value::integer(integer<std::int64_t>());
      default:
        return Value::hash(integer<std::uint64_t>());
    }
  }

 private:
  std::mt19937_64 random_;
};

/// Writes one random event after another and keeps what a reader must deliver.
class RandomTraffic {
 public:
  RandomTraffic(Writer& writer, std::uint64_t seed) : writer_(writer), dice_(seed) {}

  void write_one() {
    switch (dice_.one_of(EventKind::loss)) {
      case EventKind::text:
        return text();
      case EventKind::stack:
        return stack();
      case EventKind::shape:
        return shape();
      case EventKind::connection:
        return write(Connection{dice_.integer<Time>(), id(), id(), id(), id(), id(), id(), id()});
      case EventKind::connection_end:
        return write(ConnectionEnd{dice_.integer<Time>(), id(), id()});
      case EventKind::scope_begin:
        return scope_begin();
      case EventKind::scope_end:
        return write(ScopeEnd{dice_.integer<Time>(), dice_.integer<ScopeId>(), dice_.integer<std::int32_t>()});
      case EventKind::query:
        return query();
      case EventKind::result_values:
        return result_values();
      case EventKind::consumption:
        return consumption();
      case EventKind::pool:
        return write(Pool{dice_.integer<Time>(), dice_.one_of(PoolAction::invalidate), id(), id(),
                          dice_.integer<ScopeId>(), dice_.integer<Duration>()});
      case EventKind::loss:
        return write(Loss{dice_.integer<Time>(), dice_.one_of(LossReason::recorder_failed),
                          static_cast<EventKind>(1 + dice_.below(12)), dice_.integer<std::uint64_t>()});
      default:  // one_of counts from 0, kinds from 1
        return query();
    }
  }

  std::vector<OwnedEvent> expected;

 private:
  std::uint32_t id() { return dice_.integer<std::uint32_t>(); }

  template <typename Event>
  void write(const Event& event) {
    const Source source = dice_.source();
    writer_.write(event, source);
    expected.push_back(own(event, source));
  }

  void text() {
    const Source source = dice_.source();
    const std::string bytes = dice_.bytes(40);
    const TextId id = writer_.text(bytes, source);
    if (bytes.empty()) {
      EXPECT_EQ(id, 0U);
      return;
    }
    const auto [at, first_sight] = texts_.emplace(bytes, id);
    EXPECT_EQ(at->second, id);
    if (first_sight) expected.push_back(own(Text{id, bytes, bytes.size()}, source));
  }

  void stack() {
    const Source source = dice_.source();
    std::vector<Frame> frames(1 + dice_.below(4));
    for (Frame& frame : frames) frame = {id(), id(), id()};
    const StackId stack = writer_.stack(frames, source);
    OwnedEvent event = own(Stack{stack, frames}, source);
    if (stacks_.emplace(stack, true).second) expected.push_back(event);
  }

  void shape() {
    const Source source = dice_.source();
    std::vector<Column> columns(1 + dice_.below(5));
    for (Column& column : columns) column = {id(), id(), dice_.integer<std::int16_t>(), id(), dice_.below(2) == 1};
    const ShapeId shape = writer_.shape(columns, source);
    if (shapes_.emplace(shape, true).second) expected.push_back(own(Shape{shape, columns}, source));
  }

  void scope_begin() {
    ScopeBegin event{dice_.integer<Time>(),
                     dice_.integer<ScopeId>(),
                     dice_.integer<ScopeId>(),
                     dice_.one_of(ScopeKind::idle_gap),
                     dice_.one_of(ScopeRule::idle_gap),
                     dice_.integer<std::uint8_t>(),
                     id(),
                     {}};
    if (dice_.below(2) == 1) event.trace_context.fill(dice_.integer<std::uint8_t>());
    write(event);
  }

  void query() {
    std::vector<std::string> bytes(dice_.below(4));
    std::vector<Parameter> parameters(bytes.size());
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      Parameter& parameter = parameters[i];
      parameter.type_oid = id();
      parameter.form = dice_.one_of(ParameterForm::canonical);
      if (parameter.form == ParameterForm::canonical) parameter.value = dice_.value();
      if (parameter.form == ParameterForm::text || parameter.form == ParameterForm::binary) {
        bytes[i] = dice_.bytes(70);
        parameter.bytes = bytes[i];
        parameter.full_size = bytes[i].size() + (dice_.below(2) == 1 ? dice_.below(1000) : 0);
      }
    }
    Query event{dice_.integer<Time>(),
                dice_.integer<Time>(),
                dice_.integer<Time>(),
                dice_.integer<Time>(),
                dice_.integer<QueryId>(),
                id(),
                dice_.integer<ScopeId>(),
                id(),
                id(),
                id(),
                id(),
                dice_.one_of(Protocol::fastpath),
                dice_.one_of(TransactionState::failed),
                dice_.integer<std::uint16_t>(),
                {},
                dice_.integer<std::uint64_t>(),
                dice_.integer<std::uint64_t>(),
                dice_.integer<std::uint64_t>(),
                dice_.integer<std::uint64_t>(),
                parameters};
    if (dice_.below(2) == 1) event.sqlstate = {'2', '3', '5', '0', '5'};
    write(event);
  }

  void result_values() {
    ResultValues event;
    event.query = dice_.integer<QueryId>();
    event.shape = id();
    event.rows = static_cast<std::uint32_t>(dice_.below(9));
    event.columns = static_cast<std::uint32_t>(1 + dice_.below(4));
    event.total_rows = dice_.integer<std::uint64_t>();
    std::vector<Value> values;
    for (std::uint32_t column = 0; column < event.columns; ++column) {
      const std::uint64_t kind = dice_.below(4);  // 3: mixed
      for (std::uint32_t row = 0; row < event.rows; ++row) {
        Value value = dice_.value();
        if (kind == 0) value = Value::null();
        if (kind == 1) value = Value::integer(dice_.integer<std::int64_t>());
        if (kind == 2) value = Value::hash(dice_.integer<std::uint64_t>());
        values.push_back(value);
      }
    }
    event.values = values;
    write(event);
  }

  void consumption() {
    std::vector<std::uint8_t> read(dice_.below(20));
    for (std::uint8_t& column : read) column = static_cast<std::uint8_t>(dice_.below(2));
    write(Consumption{dice_.integer<QueryId>(), id(), dice_.integer<std::uint64_t>(), dice_.integer<std::uint64_t>(),
                      read});
  }

  Writer& writer_;
  Dice dice_;
  std::map<std::string, TextId> texts_;
  std::map<StackId, bool> stacks_;
  std::map<ShapeId, bool> shapes_;
};

TEST(RoundTrip, RandomEventsOfEveryKindComeBackAsTheyWereWritten) {
  const Scratch scratch;
  for (const std::size_t block_bytes : {std::size_t{1}, std::size_t{700}, kBlockBytes}) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
      const std::string path = scratch.file("random.qtr");
      std::vector<OwnedEvent> expected;
      {
        const auto writer = Writer::create(path, {}, {.block_bytes = block_bytes});
        RandomTraffic traffic(*writer, seed);
        for (int i = 0; i < 2000; ++i) traffic.write_one();
        expected = std::move(traffic.expected);
      }
      const auto reader = Reader::open(path);
      Recorder read;
      reader->read_all(read);
      ASSERT_EQ(read.events.size(), expected.size());
      for (std::size_t i = 0; i < expected.size(); ++i) {
        ASSERT_EQ(read.events[i], expected[i])
            << "event " << i << " of kind " << int(expected[i].kind) << ", seed " << seed;
      }
      EXPECT_TRUE(reader->summary().closed);
      EXPECT_TRUE(reader->summary().damage.empty());
      for (std::size_t kind = 1; kind < kEventKinds; ++kind) {
        EXPECT_GT(reader->summary().events[kind], 0U) << "kind " << kind << " was not tried";
      }
    }
  }
}

TEST(RoundTrip, HeaderComesBackAsItWasGiven) {
  const Scratch scratch;
  Header header;
  header.created_unix_ns = 1'700'000'000'123'456'789;
  header.created_monotonic_ns = 42'000'000'001;
  header.key[0] = std::byte{7};
  header.key[15] = std::byte{0xFE};
  header.redacted = true;
  header.program = "bookshop";
  header.agent = "quell-tracer 0.1.0";
  Writer::create(scratch.file("h.qtr"), header);
  const Header read = Reader::open(scratch.file("h.qtr"))->header();
  EXPECT_EQ(read.version, 1U);
  EXPECT_EQ(read.created_unix_ns, header.created_unix_ns);
  EXPECT_EQ(read.created_monotonic_ns, header.created_monotonic_ns);
  EXPECT_EQ(read.key, header.key);
  EXPECT_TRUE(read.redacted);
  EXPECT_EQ(read.program, "bookshop");
  EXPECT_EQ(read.agent, "quell-tracer 0.1.0");
}

TEST(RoundTrip, EachTraceHasItsOwnRandomKey) {
  const Scratch scratch;
  const HashKey first = Writer::create(scratch.file("a.qtr"), {})->header().key;
  const HashKey second = Writer::create(scratch.file("b.qtr"), {})->header().key;
  EXPECT_NE(first, HashKey{});
  EXPECT_NE(first, second);
}

TEST(Limits, TextBeyondOneMebibyteIsCutAndKeepsItsFullSize) {
  const Scratch scratch;
  const std::string text((std::size_t{1} << 20) + 5, 'x');
  Writer::create(scratch.file("t.qtr"), {})->text(text);
  Recorder read;
  Reader::open(scratch.file("t.qtr"))->read_all(read);
  ASSERT_EQ(read.events.size(), 1U);
  EXPECT_EQ(read.events[0].bytes.size(), 1048576U);
  EXPECT_EQ(read.events[0].numbers[1], 1048581U);
}

TEST(Limits, ParameterBeyond64KiBIsCutAndTheQuerySaysSo) {
  const Scratch scratch;
  const std::string bytes(65537, 'p');
  const std::array parameters{Parameter{.type_oid = 25, .form = ParameterForm::text, .bytes = bytes}};
  Writer::create(scratch.file("p.qtr"), {})->write(Query{.start = 5, .parameters = parameters});
  Recorder read;
  Reader::open(scratch.file("p.qtr"))->read_all(read);
  ASSERT_EQ(read.events.size(), 1U);
  EXPECT_EQ(read.events[0].parameters[0].bytes.size(), 65536U);
  EXPECT_EQ(read.events[0].parameters[0].full_size, 65537U);
  EXPECT_EQ(read.events[0].numbers[13], query_flag::kParametersCut);
}

TEST(Limits, LargestPossibleQueryStillFitsABlock) {
  const Scratch scratch;
  const std::string bytes(65536, 'p');
  const std::vector<Parameter> parameters(
      kMaxParameters, Parameter{.type_oid = 0xFFFFFFFF, .form = ParameterForm::text, .bytes = bytes});
  Writer::create(scratch.file("p.qtr"), {})->write(Query{.start = 5, .parameters = parameters});
  const auto reader = Reader::open(scratch.file("p.qtr"));
  Recorder read;
  reader->read_all(read);
  ASSERT_EQ(read.events.size(), 1U);
  EXPECT_TRUE(reader->summary().complete());
  ASSERT_EQ(read.events[0].parameters.size(), 65535U);
  EXPECT_EQ(read.events[0].parameters[127].bytes.size(), 65536U) << "8 MiB are 128 parameters of 64 KiB";
  EXPECT_EQ(read.events[0].parameters[128].bytes.size(), 0U);
  EXPECT_EQ(read.events[0].parameters[128].full_size, 65536U);
}

TEST(Limits, FullDictionaryGivesIdZeroAndCountsTheLoss) {
  const Scratch scratch;
  {
    const auto writer = Writer::create(scratch.file("d.qtr"), {}, {.dictionary_bytes = 10});
    EXPECT_EQ(writer->text("12345"), 1U);
    EXPECT_EQ(writer->text("123456"), 0U) << "11 bytes in all";
    EXPECT_EQ(writer->text("54321"), 2U);
    EXPECT_EQ(writer->text("12345"), 1U) << "known texts are still found";
    EXPECT_EQ(writer->lost()[static_cast<std::size_t>(EventKind::text)], 1U);
  }
  const auto reader = Reader::open(scratch.file("d.qtr"));
  Recorder read;
  reader->read_all(read);
  ASSERT_EQ(read.events.size(), 3U);
  EXPECT_EQ(read.events[2], own(Loss{0, LossReason::limit, EventKind::text, 1}, Source::tracer));
  EXPECT_EQ(reader->summary().lost[static_cast<std::size_t>(EventKind::text)], 1U);
  EXPECT_FALSE(reader->summary().complete());
}

}  // namespace
}  // namespace quell::trace::testing

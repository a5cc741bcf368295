#include "agent/proxy/message_stream.hpp"

#include <gtest/gtest.h>

#include "tests/unit/proxy/wire_builder.hpp"

namespace quell::proxy {
namespace {

struct Seen {
  std::vector<std::string> bodies;
  std::vector<std::uint64_t> sizes;
};

bool feed(MessageStream& stream, std::string_view bytes, Seen& seen, std::size_t limit = 1'000) {
  return stream.feed(
      bytes, 1, [&](char) { return limit; },
      [&](const Message& message) {
        seen.bodies.emplace_back(message.body);
        seen.sizes.push_back(message.size);
        return true;
      });
}

TEST(MessageStream, CutsAtEveryFragmentation) {
  const std::string bytes =
      wire::message('Q', "select") + wire::message('S') + wire::message('D', std::string(300, 'x'));
  for (std::size_t size = 1; size <= bytes.size(); ++size) {
    MessageStream stream;
    Seen seen;
    for (std::size_t at = 0; at < bytes.size(); at += size) {
      ASSERT_TRUE(feed(stream, std::string_view(bytes).substr(at, size), seen));
    }
    EXPECT_EQ(seen.bodies, (std::vector<std::string>{"select", "", std::string(300, 'x')})) << "fragments of " << size;
    EXPECT_TRUE(stream.between_messages());
  }
}

TEST(MessageStream, DeliversAMessageWithoutBodyAtItsLastHeaderByte) {
  MessageStream stream;
  Seen seen;
  feed(stream, wire::sync(), seen);
  EXPECT_EQ(seen.sizes, std::vector<std::uint64_t>{0});
}

TEST(MessageStream, KeepsOnlyThePrefixThatIsWantedAndTellsTheWholeSize) {
  const std::string bytes = wire::message('d', "0123456789") + wire::message('d', "ab");
  for (const std::size_t size : {std::size_t{1}, std::size_t{7}, bytes.size()}) {
    MessageStream stream;
    Seen seen;
    for (std::size_t at = 0; at < bytes.size(); at += size) {
      feed(stream, std::string_view(bytes).substr(at, size), seen, 4);
    }
    EXPECT_EQ(seen.bodies, (std::vector<std::string>{"0123", "ab"}));
    EXPECT_EQ(seen.sizes, (std::vector<std::uint64_t>{10, 2}));
  }
}

TEST(MessageStream, RefusesALengthThatDoesNotCoverItself) {
  MessageStream stream;
  Seen seen;
  EXPECT_FALSE(feed(stream, std::string("Q\0\0\0\3", 5), seen));
}

TEST(MessageStream, RefusesAnUnknownTypeBeforeItsBodyHasCome) {
  MessageStream stream;
  const auto unknown = [](char) { return MessageStream::kUnknownType; };
  EXPECT_FALSE(stream.feed(std::string("?") + wire::i32(1'000'000), 1, unknown, [](const Message&) { return true; }));
}

TEST(MessageStream, GivesTheTimesOfFirstAndLastByte) {
  MessageStream stream;
  const std::string bytes = wire::message('Q', "ab");
  Message last;
  const auto feed_at = [&](std::string_view part, trace::Time now) {
    stream.feed(
        part, now, [](char) { return std::size_t{10}; },
        [&](const Message& message) {
          last = message;
          return true;
        });
  };
  feed_at(std::string_view(bytes).substr(0, 2), 10);
  feed_at(std::string_view(bytes).substr(2, 3), 20);
  feed_at(std::string_view(bytes).substr(5), 30);
  EXPECT_EQ(last.first_byte, 10);
  EXPECT_EQ(last.last_byte, 30);
}

}  // namespace
}  // namespace quell::proxy

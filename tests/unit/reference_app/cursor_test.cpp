#include "reference_app/http/cursor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference_app/auth/secret.hpp"

namespace quell::reference::http {
namespace {

using testing::ElementsAre;
using testing::Optional;

const CursorCodec codec(std::string(32, 'k'));

TEST(Cursor, GivesBackThePositionItWasMadeFrom) {
  const std::array<std::int64_t, 2> position{INT64_MIN, 7};
  EXPECT_THAT(codec.decode("posts", codec.encode("posts", position), 2), Optional(ElementsAre(INT64_MIN, 7)));
}

TEST(Cursor, ChangedAnywhereIsRefused) {
  const std::array<std::int64_t, 1> position{7};
  const std::string text = codec.encode("tags", position);
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(codec.decode("tags", changed, 1).has_value()) << "character " << i;
  }
  EXPECT_FALSE(codec.decode("tags", text.substr(0, text.size() - 1), 1).has_value());
  EXPECT_FALSE(codec.decode("tags", text + "A", 1).has_value());
}

TEST(Cursor, OfAnotherListKeyOrShapeIsRefused) {
  const std::array<std::int64_t, 2> position{1, 2};
  const std::string text = codec.encode("users/1/posts", position);
  EXPECT_FALSE(codec.decode("users/2/posts", text, 2).has_value());
  EXPECT_FALSE(codec.decode("users/1/posts", text, 1).has_value());
  EXPECT_FALSE(codec.decode("users/1/posts", text, 3).has_value());
  EXPECT_FALSE(CursorCodec(std::string(32, 'x')).decode("users/1/posts", text, 2).has_value());
}

TEST(Cursor, TextThatIsNoneIsRefused) {
  for (const auto* text : {"", "7", "????", "AAAAAAAAAAA", "%00"}) {
    EXPECT_FALSE(codec.decode("posts", text, 2).has_value()) << text;
  }
}

}  // namespace
}  // namespace quell::reference::http

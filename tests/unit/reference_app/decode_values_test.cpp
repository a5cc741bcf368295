#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/describe/class.hpp>

#include "reference_app/http/decode.hpp"

namespace quell::reference::http {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Wanted {
  std::vector<std::string> tags;
  std::vector<std::int64_t> sizes;
  std::optional<db::Jsonb> metadata;
};
BOOST_DESCRIBE_STRUCT(Wanted, (), (tags, sizes, metadata))

struct Priced {
  db::Numeric price;
  db::Jsonb metadata{"{}"};
};
BOOST_DESCRIBE_STRUCT(Priced, (), (price, metadata))

}  // namespace

template <>
struct Schema<Wanted> {
  static constexpr std::array kFields{Field{.name = "tags", .required = false, .max_length = 2, .pattern = "[a-z]+"},
                                      Field{.name = "sizes", .required = false, .minimum = 3}};
};
template <>
struct Schema<Priced> {
  static constexpr std::array kFields{Field{.name = "price", .pattern = R"([0-9]+(\.[0-9]{2})?)"},
                                      Field{.name = "metadata", .required = false}};
};

namespace {

std::vector<std::string> codes(const ValidationErrors& errors) {
  std::vector<std::string> all;
  for (const FieldError& error : errors.all()) all.push_back(error.code);
  return all;
}

TEST(DecodeQuery, AnArrayIsWrittenWithCommas) {
  ValidationErrors errors;
  Wanted wanted;
  decode_query({{"tags", "oak,lamp"}, {"sizes", "3,40"}}, errors, wanted);
  EXPECT_TRUE(errors.empty());
  EXPECT_THAT(wanted.tags, ElementsAre("oak", "lamp"));
  EXPECT_THAT(wanted.sizes, ElementsAre(3, 40));
}

TEST(DecodeQuery, AnEmptyArrayHasNoItems) {
  ValidationErrors errors;
  Wanted wanted;
  decode_query({{"tags", ""}}, errors, wanted);
  EXPECT_TRUE(errors.empty());
  EXPECT_THAT(wanted.tags, IsEmpty());
}

TEST(DecodeQuery, AFaultyItemIsNamedByItsPlace) {
  ValidationErrors errors;
  Wanted wanted;
  decode_query({{"tags", "oak,"}, {"sizes", "3,2,x"}}, errors, wanted);
  EXPECT_THAT(codes(errors), ElementsAre("too_small", "type"));
  EXPECT_EQ(std::get<std::size_t>(errors.all()[0].location[2]), 1U);
  EXPECT_EQ(std::get<std::size_t>(errors.all()[1].location[2]), 2U);
}

TEST(DecodeQuery, ItemsAreCounted) {
  ValidationErrors errors;
  Wanted wanted;
  decode_query({{"tags", "a,b,c"}}, errors, wanted);
  EXPECT_THAT(codes(errors), ElementsAre("too_many"));
}

TEST(DecodeQuery, AJsonObjectIsReadAndAnythingElseRefused) {
  ValidationErrors errors;
  Wanted wanted;
  decode_query({{"metadata", R"( {"a": [1, {"b": null}]} )"}}, errors, wanted);
  EXPECT_TRUE(errors.empty());
  ASSERT_TRUE(wanted.metadata);
  EXPECT_EQ(wanted.metadata->text(), R"({"a":[1,{"b":null}]})");

  for (const char* text : {"", "1", "[]", "null", "{", "{} {}", R"({"a":})"}) {
    ValidationErrors faults;
    decode_query({{"metadata", text}}, faults, wanted);
    EXPECT_THAT(codes(faults), ElementsAre("type")) << text;
  }
}

TEST(DecodeQuery, AJsonObjectNestsTo32) {
  ValidationErrors errors;
  Wanted wanted;
  std::string deep = R"({"a":)" + std::string(40, '[') + std::string(40, ']') + "}";
  decode_query({{"metadata", deep}}, errors, wanted);
  EXPECT_THAT(codes(errors), ElementsAre("type"));
}

std::vector<std::string> body_codes(std::string_view text, Priced& priced) {
  ValidationErrors errors;
  decode_body(parse_json_body("application/json", text), errors, priced);
  return codes(errors);
}

TEST(DecodeBody, DecimalNumbersAreStringsSoThatNoDigitIsLost) {
  Priced priced;
  EXPECT_THAT(body_codes(R"({"price":"12345678901234567890.10"})", priced), IsEmpty());
  EXPECT_EQ(priced.price.text(), "12345678901234567890.10");
  EXPECT_THAT(body_codes(R"({"price":12.5})", priced), ElementsAre("type"));
  EXPECT_THAT(body_codes(R"({"price":"12.5"})", priced), ElementsAre("pattern"));
}

TEST(DecodeBody, ObjectsWithoutADeclarationAreKeptAsTheyAre) {
  Priced priced;
  EXPECT_THAT(body_codes(R"({"price":"1","metadata":{"any":{"thing":[true]}}})", priced), IsEmpty());
  EXPECT_EQ(priced.metadata.text(), R"({"any":{"thing":[true]}})");
  EXPECT_THAT(body_codes(R"({"price":"1","metadata":[]})", priced), ElementsAre("type"));
  EXPECT_THAT(body_codes(R"({"price":"1","metadata":null})", priced), ElementsAre("type"));
}

}  // namespace
}  // namespace quell::reference::http

#include "reference_app/http/decode.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

namespace quell::reference::http {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

enum class Color { red, green };
BOOST_DESCRIBE_ENUM(Color, red, green)

struct Filter {
  std::int64_t limit = 20;
  Color color = Color::red;
  bool open = false;
  std::optional<std::string> name;
};
BOOST_DESCRIBE_STRUCT(Filter, (), (limit, color, open, name))

struct Item {
  std::string sku;
  std::int64_t quantity = 0;
};
BOOST_DESCRIBE_STRUCT(Item, (), (sku, quantity))

struct Order {
  std::string email;
  std::vector<Item> items;
  std::vector<std::string> labels;
  std::optional<std::int64_t> discount;
};
BOOST_DESCRIBE_STRUCT(Order, (), (email, items, labels, discount))

struct Conditions {
  std::optional<std::string> if_match;
  std::int64_t retry_count = 0;
};
BOOST_DESCRIBE_STRUCT(Conditions, (), (if_match, retry_count))

}  // namespace

template <>
struct Schema<Conditions> {
  static constexpr std::array kFields{Field{.name = "if_match", .max_length = 5}};
};
template <>
struct Schema<Filter> {
  static constexpr std::array kFields{Field{.name = "limit", .required = false, .minimum = 1, .maximum = 100},
                                      Field{.name = "color", .required = false}, Field{.name = "open"},
                                      Field{.name = "name", .min_length = 2, .max_length = 3}};
};
template <>
struct Schema<Item> {
  static constexpr std::array kFields{Field{.name = "quantity", .minimum = 1}};
};
template <>
struct Schema<Order> {
  static constexpr std::array kFields{Field{.name = "email", .format = Format::email},
                                      Field{.name = "items", .min_length = 1, .max_length = 2},
                                      Field{.name = "labels", .required = false, .max_length = 2, .pattern = "[a-z]+"}};
};

namespace {

// "query/limit: too_large", one for each error.
std::vector<std::string> summary(const ValidationErrors& errors) {
  std::vector<std::string> lines;
  for (const FieldError& error : errors.all()) {
    std::string line;
    for (const auto& step : error.location) {
      if (!line.empty()) line += '/';
      line += std::holds_alternative<std::string>(step) ? std::get<std::string>(step)
                                                        : std::to_string(std::get<std::size_t>(step));
    }
    lines.push_back(line + ": " + error.code);
  }
  return lines;
}

std::vector<std::string> query_errors(const QueryParameters& parameters) {
  ValidationErrors errors;
  Filter filter;
  decode_query(parameters, errors, filter);
  return summary(errors);
}

std::vector<std::string> body_errors(std::string_view body) {
  ValidationErrors errors;
  Order order;
  decode_body(parse_json_body("application/json", body), errors, order);
  return summary(errors);
}

int body_status(std::string_view content_type, std::string_view body) {
  try {
    (void)parse_json_body(content_type, body);
  } catch (const Problem& problem) {
    return problem.status();
  }
  return 200;
}

TEST(DecodeQuery, ReadsEveryType) {
  ValidationErrors errors;
  Filter filter;
  decode_query({{"limit", "7"}, {"color", "green"}, {"open", "true"}, {"name", "abc"}}, errors, filter);
  EXPECT_THAT(summary(errors), IsEmpty());
  EXPECT_EQ(filter.limit, 7);
  EXPECT_EQ(filter.color, Color::green);
  EXPECT_TRUE(filter.open);
  EXPECT_EQ(filter.name, "abc");
}

TEST(DecodeQuery, KeepsDefaultsOfWhatIsNotRequired) {
  ValidationErrors errors;
  Filter filter;
  decode_query({{"open", "false"}}, errors, filter);
  EXPECT_THAT(summary(errors), IsEmpty());
  EXPECT_EQ(filter.limit, 20);
  EXPECT_EQ(filter.color, Color::red);
  EXPECT_FALSE(filter.name.has_value());
}

TEST(DecodeQuery, NamesEveryFaultAtOnce) {
  EXPECT_THAT(query_errors({{"limit", "101"}, {"color", "blue"}, {"name", "a"}, {"colour", "red"}}),
              ElementsAre("query/limit: too_large", "query/color: enum", "query/open: missing", "query/name: too_short",
                          "query/colour: unknown"));
}

TEST(DecodeQuery, IntegersAreWholeDecimalNumbersThatFit) {
  for (const auto* text : {"", " 5", "5 ", "+5", "0x5", "5.0", "5e1", "9223372036854775808", "five"}) {
    EXPECT_THAT(query_errors({{"open", "true"}, {"limit", text}}), ElementsAre("query/limit: type")) << text;
  }
  EXPECT_THAT(query_errors({{"open", "true"}, {"limit", "0"}}), ElementsAre("query/limit: too_small"));
  EXPECT_THAT(query_errors({{"open", "true"}, {"limit", "1"}}), IsEmpty());
  EXPECT_THAT(query_errors({{"open", "true"}, {"limit", "100"}}), IsEmpty());
}

TEST(DecodeQuery, AParameterGivenTwiceIsAnError) {
  EXPECT_THAT(query_errors({{"open", "true"}, {"limit", "1"}, {"limit", "2"}}), ElementsAre("query/limit: repeated"));
}

TEST(DecodeQuery, LengthsCountCodePoints) {
  EXPECT_THAT(query_errors({{"open", "true"}, {"name", "\u20ac\u20ac\u20ac"}}), IsEmpty());
  EXPECT_THAT(query_errors({{"open", "true"}, {"name", "\u20ac\u20ac\u20ac\u20ac"}}),
              ElementsAre("query/name: too_long"));
}

TEST(DecodeHeaders, ReadsMembersByTheNamesOfTheirHeaders) {
  Request request;
  request.headers = {{"IF-MATCH", "\"abc\""}, {"retry-count", "5"}, {"Unknown", "x"}};
  ValidationErrors errors;
  Conditions conditions;
  decode_headers(request, errors, conditions);
  EXPECT_THAT(summary(errors), IsEmpty());
  EXPECT_EQ(conditions.if_match, "\"abc\"");
  EXPECT_EQ(conditions.retry_count, 5);
}

TEST(DecodeHeaders, NamesFaultsByTheHeader) {
  Request request;
  request.headers = {{"If-Match", "too long"}};
  ValidationErrors errors;
  Conditions conditions;
  decode_headers(request, errors, conditions);
  EXPECT_THAT(summary(errors), ElementsAre("header/If-Match: too_long", "header/Retry-Count: missing"));
}

TEST(DecodeCookies, ReadsMembersByTheNamesOfTheirCookies) {
  Request request;
  request.headers = {{"Cookie", "theme=dark; retry_count=3;if_match=\"a\""}};
  ValidationErrors errors;
  Conditions conditions;
  decode_cookies(request, errors, conditions);
  EXPECT_THAT(summary(errors), IsEmpty());
  EXPECT_EQ(conditions.if_match, "\"a\"");
  EXPECT_EQ(conditions.retry_count, 3);
}

TEST(DecodeCookies, NamesFaultsByTheCookie) {
  Request request;
  request.headers = {{"Cookie", "retry_count=many; xif_match=1"}};
  ValidationErrors errors;
  Conditions conditions;
  decode_cookies(request, errors, conditions);
  EXPECT_THAT(summary(errors), ElementsAre("cookie/retry_count: type"));
  EXPECT_FALSE(conditions.if_match.has_value());
}

TEST(DecodeBody, ReadsNestedObjectsAndArrays) {
  ValidationErrors errors;
  Order order;
  decode_body(
      parse_json_body("application/json; charset=utf-8",
                      R"({"email":"a@b.example","items":[{"sku":"x","quantity":2}],"labels":["new"],"discount":null})"),
      errors, order);
  EXPECT_THAT(summary(errors), IsEmpty());
  EXPECT_EQ(order.email, "a@b.example");
  ASSERT_EQ(order.items.size(), 1U);
  EXPECT_EQ(order.items[0].sku, "x");
  EXPECT_EQ(order.items[0].quantity, 2);
  EXPECT_THAT(order.labels, ElementsAre("new"));
  EXPECT_FALSE(order.discount.has_value());
}

TEST(DecodeBody, NamesEveryFaultWithItsPlace) {
  EXPECT_THAT(
      body_errors(
          R"({"email":"nobody","items":[{"sku":"x","quantity":0},{"quantity":"2","skew":1}],"labels":["ok","No"]})"),
      ElementsAre("body/email: email", "body/items/0/quantity: too_small", "body/items/1/sku: missing",
                  "body/items/1/quantity: type", "body/items/1/skew: unknown", "body/labels/1: pattern"));
}

TEST(DecodeBody, IsStrictAboutTypes) {
  EXPECT_THAT(body_errors(R"({"email":1,"items":{},"labels":"x","discount":1.5})"),
              ElementsAre("body/email: type", "body/items: type", "body/labels: type", "body/discount: type"));
  EXPECT_THAT(body_errors("[]"), ElementsAre("body: type"));
}

TEST(DecodeBody, CountsItems) {
  EXPECT_THAT(body_errors(R"({"email":"a@b.example","items":[]})"), ElementsAre("body/items: too_few"));
  EXPECT_THAT(body_errors(R"({"email":"a@b.example","items":[{},{},{}]})"), ElementsAre("body/items: too_many"));
}

TEST(DecodeBody, RefusesTextNoColumnCanStore) {
  EXPECT_THAT(body_errors(R"({"email":"a\u0000@b.example","items":[{"sku":"x","quantity":1}]})"),
              ElementsAre("body/email: text"));
}

TEST(ParseJsonBody, TellsMalformedJsonFromTheWrongMediaType) {
  EXPECT_EQ(body_status("application/json", "{}"), 200);
  EXPECT_EQ(body_status("application/json", ""), 400);
  EXPECT_EQ(body_status("application/json", "{"), 400);
  EXPECT_EQ(body_status("application/json", "{} {}"), 400);
  EXPECT_EQ(body_status("application/json", "\"\xC3\x28\""), 400);
  EXPECT_EQ(body_status("text/plain", "{}"), 415);
  EXPECT_EQ(body_status("", "{}"), 415);
}

TEST(ParseJsonBody, NestingIsLimitedTo32) {
  EXPECT_EQ(body_status("application/json", std::string(32, '[') + std::string(32, ']')), 200);
  EXPECT_EQ(body_status("application/json", std::string(33, '[') + std::string(33, ']')), 400);
}

TEST(CheckString, EmailNeedsALocalPartAndADottedDomain) {
  const Field field{.name = "email", .format = Format::email};
  const auto accepts = [&](std::string_view text) {
    ValidationErrors errors;
    return detail::check_string(text, field, Location("email"), errors);
  };
  for (const auto* text : {"a@b.example", "first.last+tag@mail.example.org"}) EXPECT_TRUE(accepts(text)) << text;
  for (const auto* text :
       {"", "a", "@b.example", "a@", "a@b", "a@b.", "a@.example", "a b@c.example", "a@b@c.example", "a@b.example\n"}) {
    EXPECT_FALSE(accepts(text)) << text;
  }
}

}  // namespace
}  // namespace quell::reference::http

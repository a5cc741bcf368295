#include "reference_app/http/openapi.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/describe/class.hpp>
#include <boost/json/parse.hpp>

#include "reference_app/http/api.hpp"
#include "reference_app/http/representations.hpp"

namespace quell::reference::http {
namespace {

namespace json = boost::json;

struct Part {
  std::string sku;
};
BOOST_DESCRIBE_STRUCT(Part, (), (sku))

struct Everything {
  std::int64_t count = 7;
  std::string name;
  bool yes = false;
  Loading loading = Loading::lazy;
  std::vector<std::string> labels;
  std::optional<std::int64_t> maybe;
  std::optional<Part> part;
  db::Timestamp at;
};
BOOST_DESCRIBE_STRUCT(Everything, (), (count, name, yes, loading, labels, maybe, part, at))

}  // namespace

template <>
struct Schema<Part> {
  static constexpr std::string_view kName = "Part";
  static constexpr std::array<Field, 0> kFields{};
};
template <>
struct Schema<Everything> {
  static constexpr std::string_view kName = "Everything";
  static constexpr std::array kFields{
      Field{.name = "count", .description = "How many.", .required = false, .minimum = 1, .maximum = 9},
      Field{.name = "name", .min_length = 2, .max_length = 5, .pattern = "[a-z]+"},
      Field{.name = "labels", .max_length = 3, .pattern = "[0-9]"}};
};

namespace {

// Expected by JSON Schema 2020-12, which OpenAPI 3.1 uses as it is.
TEST(SchemaSet, SaysWhatTheDeclarationSays) {
  SchemaSet set;
  EXPECT_EQ(set.schema_of<Everything>({}, SchemaSet::Direction::input),
            json::parse(R"({"$ref":"#/components/schemas/Everything"})"));
  EXPECT_EQ(json::value(set.schemas()), json::parse(R"({
    "Part": {"type":"object","properties":{"sku":{"type":"string"}},"required":["sku"],"additionalProperties":false},
    "Everything": {
      "type":"object",
      "properties": {
        "count": {"type":"integer","format":"int64","minimum":1,"maximum":9,"description":"How many.","default":7},
        "name": {"type":"string","minLength":2,"maxLength":5,"pattern":"^(?:[a-z]+)$"},
        "yes": {"type":"boolean"},
        "loading": {"type":"string","enum":["lazy","selectin","joined"]},
        "labels": {"type":"array","items":{"type":"string","pattern":"^(?:[0-9])$"},"maxItems":3},
        "maybe": {"type":["integer","null"],"format":"int64"},
        "part": {"anyOf":[{"$ref":"#/components/schemas/Part"},{"type":"null"}]},
        "at": {"type":"string","format":"date-time"}
      },
      "required":["name","yes","loading","labels","at"],
      "additionalProperties":false
    }})"));
}

struct Filters {
  std::vector<std::string> tags;
  std::optional<db::Jsonb> metadata;
};
BOOST_DESCRIBE_STRUCT(Filters, (), (tags, metadata))

}  // namespace
template <>
struct Schema<Filters> {
  static constexpr std::array kFields{Field{.name = "tags", .required = false, .max_length = 2}};
};
namespace {

// OpenAPI 3.1, "Parameter Object": explode false is a,b,c; `content` in place of `schema` for JSON in a parameter.
TEST(SchemaSet, ParametersSayHowArraysAndJsonAreWritten) {
  SchemaSet set;
  json::array parameters;
  set.add_parameters<Filters>(parameters, "query");
  EXPECT_EQ(json::value(parameters), json::parse(R"([
    {"name":"tags","in":"query","required":false,"explode":false,
     "schema":{"type":"array","items":{"type":"string"},"maxItems":2,"default":[]}},
    {"name":"metadata","in":"query","required":false,"content":{"application/json":{"schema":{"type":"object"}}}}])"));
}

TEST(SchemaSet, ADecimalNumberIsAStringWithItsPattern) {
  SchemaSet set;
  EXPECT_EQ(set.schema_of<db::Numeric>(Field{.name = "price", .pattern = "[0-9]+"}, SchemaSet::Direction::input),
            json::parse(R"({"type":"string","pattern":"^(?:[0-9]+)$"})"));
}

TEST(SchemaSet, ARepliedObjectAlwaysHasAllItsMembers) {
  SchemaSet set;
  (void)set.schema_of<Everything>({}, SchemaSet::Direction::output);
  EXPECT_EQ(set.schemas().at("Everything").at("required"),
            json::parse(R"(["count","name","yes","loading","labels","maybe","part","at"])"));
}

asio::awaitable<Part> handler(RequestContext&, const Input<ById, LoadingQuery, Part>&) {
  co_return Part{};
}

TEST(OpenapiDocument, DescribesParametersBodyAndEveryResponse) {
  Api api;
  api.add({.method = Method::put,
           .route = "/parts/{id}",
           .id = "put_part",
           .summary = "S",
           .tag = "parts",
           .problems = {404}},
          &handler);
  const auto document = openapi_document(api.operations());
  EXPECT_EQ(document.at("openapi").as_string(), "3.1.0");
  const auto& operation = document.at("paths").at("/parts/{id}").at("put");
  EXPECT_EQ(operation.at("operationId").as_string(), "put_part");
  EXPECT_EQ(operation.at("parameters"), json::parse(R"([
    {"name":"id","in":"path","required":true,"description":"The record's id.",
     "schema":{"type":"integer","format":"int64","minimum":1,"maximum":9223372036854775807}},
    {"name":"loading","in":"query","required":false,
     "description":"How related records are fetched. The reply is the same.",
     "schema":{"type":"string","enum":["lazy","selectin","joined"],"default":"selectin"}}])"));
  EXPECT_EQ(operation.at("requestBody").at("content").at("application/json").at("schema").at("$ref").as_string(),
            "#/components/schemas/Part");
  std::vector<std::string> statuses;
  for (const auto& entry : operation.at("responses").as_object()) statuses.emplace_back(entry.key());
  EXPECT_THAT(statuses, testing::UnorderedElementsAre("200", "400", "404", "413", "415", "422", "500", "503", "504"));
  EXPECT_EQ(operation.at("responses")
                .at("422")
                .at("content")
                .at("application/problem+json")
                .at("schema")
                .at("$ref")
                .as_string(),
            "#/components/schemas/ValidationProblem");
}

asio::awaitable<None> remove(RequestContext&, const Input<ById, None, None>&) {
  co_return None{};
}

TEST(OpenapiDocument, AReplyWithoutContentHasNoMediaType) {
  Api api;
  api.add({.method = Method::del, .route = "/parts/{id}", .id = "delete_part", .status = 204}, &remove);
  const auto document = openapi_document(api.operations());
  EXPECT_EQ(document.at("paths").at("/parts/{id}").at("delete").at("responses").at("204"),
            json::parse(R"({"description":"No Content"})"));
}

TEST(OpenapiDocument, SaysWhichOperationsHaveANaiveVersion) {
  Api api;
  api.add({.method = Method::put, .route = "/parts/{id}", .id = "put_part"}, &handler);
  api.add({.method = Method::del, .route = "/parts/{id}", .id = "delete_part", .status = 204}, &remove);
  api.add_naive("delete_part", &remove);
  const auto document = openapi_document(api.operations());
  const auto& path = document.at("paths").at("/parts/{id}");
  EXPECT_FALSE(path.at("put").as_object().contains("x-quell-naive"));
  EXPECT_TRUE(path.at("delete").at("x-quell-naive").as_bool());
  EXPECT_EQ(path.at("delete").at("parameters").at(1).at("name").as_string(), "X-Quell-Reference-Mode");
}

TEST(Api, RefusesANaiveVersionOfAnotherShapeOrOfNothing) {
  Api api;
  api.add({.method = Method::put, .route = "/parts/{id}", .id = "put_part"}, &handler);
  EXPECT_THROW(api.add_naive("put_part", &remove), std::logic_error);
  EXPECT_THROW(api.add_naive("nothing", &remove), std::logic_error);
}

}  // namespace
}  // namespace quell::reference::http

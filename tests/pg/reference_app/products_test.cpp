#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include <fmt/format.h>
#include <boost/json/serialize.hpp>

#include <quell/db/sync_connection.hpp>

#include "tests/pg/reference_app/running_service.hpp"
#include "tests/pg/reference_app/shop_endpoint.hpp"

namespace quell::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr const char* kLimit = R"({"location":["query","limit"],"code":"too_large","message":"must be at most 100"})";

INSTANTIATE_TEST_SUITE_P(
    ListProducts, ShopEndpoint,
    testing::Values(ShopCase{"Valid", "GET", "/products", "", 200, R"("limit":20,"next_after":20})"},
                    ShopCase{"LimitTooLarge", "GET", "/products?limit=101", "", 422, kLimit},
                    ShopCase{"AfterNegative", "GET", "/products?after=-1", "", 422,
                             R"({"location":["query","after"],"code":"too_small")"},
                    ShopCase{"AfterTheLast", "GET", "/products?after=999999", "", 200,
                             R"({"items":[],"limit":20,"next_after":null})"},
                    ShopCase{"TagMalformed", "GET", "/products?tags=home,No!", "", 422,
                             R"({"location":["query","tags",1],"code":"pattern")"},
                    ShopCase{"TooManyTags", "GET", "/products?tags=a,b,c,d,e,f,g,h,i,j,k", "", 422,
                             R"({"location":["query","tags"],"code":"too_many")"},
                    ShopCase{"MetadataNoJson", "GET", "/products?metadata=%7B", "", 422,
                             R"({"location":["query","metadata"],"code":"type","message":"must be a JSON object"})"},
                    ShopCase{"MetadataNoObject", "GET", "/products?metadata=%5B1%5D", "", 422,
                             R"({"location":["query","metadata"],"code":"type")"},
                    ShopCase{"ParameterUnknown", "GET", "/products?offset=1", "", 422,
                             R"({"location":["query","offset"],"code":"unknown")"},
                    ShopCase{"WrongMethod", "DELETE", "/products", "", 405, "method-not-allowed"}),
    &name_of_case);

INSTANTIATE_TEST_SUITE_P(
    SearchProducts, ShopEndpoint,
    testing::Values(ShopCase{"Valid", "GET", "/products/search?q=lamp", "", 200, R"("limit":20,"offset":0,)"},
                    ShopCase{"WordsMissing", "GET", "/products/search", "", 422,
                             R"({"location":["query","q"],"code":"missing")"},
                    ShopCase{"WordsEmpty", "GET", "/products/search?q=", "", 422,
                             R"({"location":["query","q"],"code":"too_short")"},
                    ShopCase{"OnlyStopWords", "GET", "/products/search?q=the+of", "", 200, R"({"items":[],)"},
                    ShopCase{"NothingFits", "GET", "/products/search?q=zeppelin", "", 200, R"({"items":[],)"},
                    ShopCase{"OffsetTooLarge", "GET", "/products/search?q=lamp&offset=10001", "", 422,
                             R"(["query","offset"],"code":"too_large")"},
                    ShopCase{"LimitTooLarge", "GET", "/products/search?q=lamp&limit=101", "", 422, kLimit},
                    ShopCase{"TagMalformed", "GET", "/products/search?q=lamp&tags=A", "", 422,
                             R"(["query","tags",0],"code":"pattern")"},
                    ShopCase{"MetadataNoObject", "GET", "/products/search?q=lamp&metadata=1", "", 422,
                             R"(["query","metadata"],"code":"type")"}),
    &name_of_case);

INSTANTIATE_TEST_SUITE_P(
    GetProduct, ShopEndpoint,
    testing::Values(ShopCase{"Valid", "GET", "/products/1", "", 200, R"({"id":1,"sku":"SKU-000001",)"},
                    ShopCase{"Missing", "GET", "/products/999999", "", 404, "There is no product with id 999999."},
                    ShopCase{"IdNoNumber", "GET", "/products/first", "", 422, R"(["path","id"],"code":"type")"},
                    ShopCase{"IdZero", "GET", "/products/0", "", 422, R"(["path","id"],"code":"too_small")"}),
    &name_of_case);

INSTANTIATE_TEST_SUITE_P(
    CreateProduct, ShopEndpoint,
    testing::Values(
        ShopCase{"Unauthenticated", "POST", "/products", "{}", 401, "problem:unauthenticated", Who::nobody},
        ShopCase{"NoAdmin", "POST", "/products", "{}", 403, "This is for administrators only.", Who::user},

        ShopCase{"Valid", "POST", "/products",
                 R"({"sku":"TABLE-1","name":"N","description":"","price":"1.50","stock":0})", 201, R"({"id":)"},
        ShopCase{"ConflictWithTheOneBefore", "POST", "/products",
                 R"({"sku":"TABLE-1","name":"N","description":"","price":"1","stock":0})", 409,
                 R"("detail":"A record with this value exists already (products_sku_key).")"},
        ShopCase{
            "AllFaultsAtOnce", "POST", "/products",
            R"({"sku":"low","name":"","description":1,"price":"1.234","stock":-1,"tags":["A"],"metadata":[],"colour":1})",
            422, R"("detail":"8 values of the request are not valid.")"},
        ShopCase{"PriceANumber", "POST", "/products",
                 R"({"sku":"P","name":"N","description":"","price":1.5,"stock":0})", 422,
                 R"({"location":["body","price"],"code":"type","message":"must be a string"})"},
        ShopCase{"PriceMissing", "POST", "/products", R"({"sku":"P","name":"N","description":"","stock":0})", 422,
                 R"({"location":["body","price"],"code":"missing")"},
        ShopCase{"NulInTheMetadata", "POST", "/products",
                 R"({"sku":"P","name":"N","description":"","price":"1","stock":0,"metadata":{"a":"\u0000"}})", 422,
                 "urn:quell-reference:problem:value-refused"},
        ShopCase{"NoJson", "POST", "/products", "{", 400, "malformed-json"}),
    &name_of_case);

INSTANTIATE_TEST_SUITE_P(
    ReplaceProduct, ShopEndpoint,
    testing::Values(
        ShopCase{"Unauthenticated", "PUT", "/products/1", "{}", 401, "problem:unauthenticated", Who::nobody},
        ShopCase{"NoAdmin", "PUT", "/products/1", "{}", 403, "This is for administrators only.", Who::user},

        ShopCase{
            "Valid", "PUT", "/products/50",
            R"({"sku":"SKU-000050","name":"Changed","description":"D","price":"2","stock":7,"tags":["a"],"metadata":{"k":1}})",
            200, R"("name":"Changed","description":"D","price":"2.00","stock":7,"tags":["a"],"metadata":{"k": 1})"},
        ShopCase{"Missing", "PUT", "/products/999999",
                 R"({"sku":"X","name":"N","description":"","price":"1","stock":0})", 404,
                 "There is no product with id 999999."},
        ShopCase{"SkuOfAnother", "PUT", "/products/51",
                 R"({"sku":"SKU-000050","name":"N","description":"","price":"1","stock":0})", 409, "products_sku_key"},
        ShopCase{"StockNegative", "PUT", "/products/51",
                 R"({"sku":"X","name":"N","description":"","price":"1","stock":-1})", 422,
                 R"(["body","stock"],"code":"too_small")"}),
    &name_of_case);

INSTANTIATE_TEST_SUITE_P(
    DeleteProduct, ShopEndpoint,
    testing::Values(
        ShopCase{"Unauthenticated", "DELETE", "/products/1", "", 401, "problem:unauthenticated", Who::nobody},
        ShopCase{"NoAdmin", "DELETE", "/products/1", "", 403, "This is for administrators only.", Who::user},
        ShopCase{"Missing", "DELETE", "/products/999999", "", 404, "There is no product with id 999999."},
        // Rank 0 of the seed's skew: the product ordered most stands at id 100 / 3 + 1.
        ShopCase{"Ordered", "DELETE", "/products/34", "", 409, "order_items_product_id_fkey"},
        ShopCase{"IdNoNumber", "DELETE", "/products/x", "", 422, R"(["path","id"],"code":"type")"}),
    &name_of_case);

INSTANTIATE_TEST_SUITE_P(
    ImportProducts, ShopEndpoint,
    testing::Values(
        ShopCase{"Unauthenticated", "POST", "/products/import", "{}", 401, "problem:unauthenticated", Who::nobody},
        ShopCase{"NoAdmin", "POST", "/products/import", "{}", 403, "This is for administrators only.", Who::user},
        ShopCase{"Valid", "POST", "/products/import",
                 R"({"products":[{"sku":"IMP-1","name":"N","description":"","price":"1","stock":0}]})", 200,
                 R"({"created":1,"updated":0})"},
        ShopCase{"None", "POST", "/products/import", R"({"products":[]})", 422,
                 R"(["body","products"],"code":"too_few")"},
        ShopCase{"FaultDeepInside", "POST", "/products/import",
                 R"({"products":[{"sku":"IMP-2","name":"N","description":"","price":"1","stock":"0"}]})", 422,
                 R"({"location":["body","products",0,"stock"],"code":"type")"},
        ShopCase{"TheSameSkuTwice", "POST", "/products/import",
                 R"({"products":[{"sku":"IMP-2","name":"N","description":"","price":"1","stock":0},)"
                 R"({"sku":"IMP-2","name":"M","description":"","price":"1","stock":0}]})",
                 422, R"({"location":["body","products",1,"sku"],"code":"repeated")"}),
    &name_of_case);

std::vector<std::string> skus_of(const Reply& reply) {
  std::vector<std::string> skus;
  const auto page = reply.json();
  for (const auto& product : page.at("items").as_array()) skus.emplace_back(product.at("sku").as_string());
  return skus;
}

/// Three products that the seed's words do not meet.
void import_sea_things() {
  const auto reply = running_service().call("POST", "/products/import", R"({"products":[
    {"sku":"SEA-1","name":"Brass sextant","description":"Measures angles at sea.","price":"10","stock":1,
     "tags":["sea","brass"],"metadata":{"era":"old","size":{"cm":20}}},
    {"sku":"SEA-2","name":"Chart","description":"Shows where a sextant is of use.","price":"10","stock":1,
     "tags":["sea"],"metadata":{"era":"old","size":{"cm":90}}},
    {"sku":"SEA-3","name":"Sextant bag","description":"Holds one sextant, or two small sextants.","price":"10","stock":1,
     "tags":["sea"],"metadata":{"era":"new","waterproof":true}}]})",
                                            running_service().as_admin());
  ASSERT_EQ(reply.status, 200) << reply.body;
}

TEST(Products, SearchFindsWordFormsAndPutsNamesBeforeDescriptions) {
  import_sea_things();
  auto& service = running_service();
  const auto found = skus_of(service.get("/products/search?q=sextants"));
  ASSERT_THAT(found, SizeIs(3));
  EXPECT_EQ(found.front(), "SEA-3");  // in the name and twice in the description
  EXPECT_EQ(found.back(), "SEA-2");   // only in the description
}

TEST(Products, SearchUnderstandsPhrasesAlternativesAndExclusions) {
  import_sea_things();
  auto& service = running_service();
  EXPECT_THAT(skus_of(service.get("/products/search?q=%22sextant+bag%22")), ElementsAre("SEA-3"));
  EXPECT_THAT(skus_of(service.get("/products/search?q=sextant+-bag")), ElementsAre("SEA-1", "SEA-2"));
  EXPECT_THAT(skus_of(service.get("/products/search?q=chart+or+brass")), SizeIs(2));
}

TEST(Products, SearchAndListFilterByTagsAndMetadata) {
  import_sea_things();
  auto& service = running_service();
  EXPECT_THAT(skus_of(service.get("/products?tags=sea,brass")), ElementsAre("SEA-1"));
  EXPECT_THAT(skus_of(service.get("/products?tags=sea&metadata=%7B%22era%22:%22old%22%7D")),
              ElementsAre("SEA-1", "SEA-2"));
  EXPECT_THAT(skus_of(service.get("/products?metadata=%7B%22size%22:%7B%22cm%22:90%7D%7D")), ElementsAre("SEA-2"));
  EXPECT_THAT(skus_of(service.get("/products/search?q=sextant&metadata=%7B%22waterproof%22:true%7D")),
              ElementsAre("SEA-3"));
  EXPECT_THAT(skus_of(service.get("/products/search?q=sextant&tags=brass")), ElementsAre("SEA-1"));
}

TEST(Products, PagesJoinWithoutGapOrOverlap) {
  auto& service = running_service();
  auto joined = skus_of(service.get("/products?limit=7"));
  const auto second = skus_of(service.get("/products?limit=7&after=7"));
  joined.insert(joined.end(), second.begin(), second.end());
  EXPECT_EQ(joined, skus_of(service.get("/products?limit=14")));
  EXPECT_THAT(joined, SizeIs(14));
}

TEST(Products, AnImportIsOneStatementHoweverManyProductsItHas) {
  auto& service = running_service();
  std::string body = R"({"products":[)";
  for (int i = 0; i < 200; ++i) {
    body += fmt::format(R"({}{{"sku":"BULK-{}","name":"N","description":"","price":"1","stock":{}}})",
                        i == 0 ? "" : ",", i, i);
  }
  body += "]}";
  service.log().take();
  EXPECT_EQ(service.call("POST", "/products/import", body, service.as_admin()).body, R"({"created":200,"updated":0})");
  EXPECT_THAT(service.log().take(), SizeIs(1));
  EXPECT_EQ(service.call("POST", "/products/import", body, service.as_admin()).body, R"({"created":0,"updated":200})");
}

TEST(Products, ADeletedProductIsGone) {
  auto& service = running_service();
  const auto created = service.call(
      "POST", "/products", R"({"sku":"GONE","name":"N","description":"","price":"1","stock":0})", service.as_admin());
  const auto location = created.header_value("Location");
  const auto deleted = service.call("DELETE", location, "", service.as_admin());
  EXPECT_EQ(deleted.status, 204);
  EXPECT_THAT(deleted.body, IsEmpty());
  EXPECT_EQ(deleted.header_value("Content-Type"), "");
  EXPECT_EQ(service.get(location).status, 404);
}

TEST(Products, SqlInSearchAndFiltersNeverChangesAStatement) {
  auto& service = running_service();
  const auto harmless = service.statements_of("/products/search?q=x&tags=y&metadata=%7B%22a%22:%22b%22%7D");
  EXPECT_EQ(service.statements_of("/products/search?q=%27%29%3Bdrop+table+products--&tags=y"
                                  "&metadata=%7B%22%27%3B--%22:%22%27%7C%7C%24%22%7D"),
            harmless);
}

/// What the planner does with the statement the service sends for `target`, on 20,000 products.
class ProductPlans : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    service_ = std::make_unique<RunningService>(0.01);
    auto connection = db::SyncConnection::open(service_->dsn());
    connection.query(
        "insert into products (sku, name, description, price, stock, tags, metadata)"
        " select 'GEN-' || i, 'thing ' || md5(i::text), 'words ' || md5((i / 2)::text), 1, 1,"
        " array['t' || i % 500], jsonb_build_object('group', i % 700) from generate_series(1, 20000) i");
    connection.query("vacuum analyze products");
  }
  static void TearDownTestSuite() { service_.reset(); }

  static std::string plan_of(std::string_view target, std::vector<std::string> values) {
    const auto statements = service_->statements_of(target);
    EXPECT_THAT(statements, SizeIs(1));
    auto connection = db::SyncConnection::open(service_->dsn());
    std::vector<db::SyncParameter> parameters;
    for (auto& value : values) parameters.push_back({0, trace::Format::text, std::move(value)});
    const auto rows = connection.query("explain " + statements.front(), parameters);
    std::string plan;
    for (std::size_t row = 0; row < rows.rows(); ++row) plan += std::string(rows.value(row, 0)) + "\n";
    return plan;
  }

  static std::unique_ptr<RunningService> service_;
};
std::unique_ptr<RunningService> ProductPlans::service_;

TEST_F(ProductPlans, TagFilterUsesItsIndex) {
  EXPECT_THAT(plan_of("/products?tags=t7", {"0", "{t7}", "20"}), HasSubstr("products_tags_idx"));
}

TEST_F(ProductPlans, MetadataFilterUsesItsIndex) {
  EXPECT_THAT(plan_of("/products?metadata=%7B%22group%22:7%7D", {"0", R"({"group":7})", "20"}),
              HasSubstr("products_metadata_idx"));
}

TEST_F(ProductPlans, SearchUsesItsIndex) {
  EXPECT_THAT(plan_of("/products/search?q=lamp", {"lamp", "20", "0"}), HasSubstr("products_search_idx"));
}

TEST_F(ProductPlans, ALatePageOfTheListCostsWhatTheFirstDoes) {
  const auto plan = plan_of("/products?after=15000", {"15000", "20"});
  EXPECT_THAT(plan, HasSubstr("products_pkey"));
  EXPECT_THAT(plan, Not(HasSubstr("Sort")));
}

}  // namespace
}  // namespace quell::test

#include "reference_app/http/finish_reply.hpp"

#include <zlib.h>

#include <gtest/gtest.h>

#include "reference_app/http/entity_tag.hpp"

namespace quell::reference::http {
namespace {

std::string inflated(std::string_view bytes) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string out(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

Response finished(std::string body, std::vector<std::pair<std::string_view, std::string_view>> headers,
                  Method method = Method::get, int status = 200) {
  Request request;
  request.method = method;
  request.headers = std::move(headers);
  Response response;
  response.status = status;
  response.body = std::move(body);
  response.set("Content-Type", "application/json");
  finish_reply(request, {.min_gzip_bytes = 100}, response);
  return response;
}

std::string header(Response response, std::string_view name) {
  const std::string* value = response.find(name);
  return value == nullptr ? "" : *value;
}

// RFC 9110, 12.5.3 and 12.4.2.
TEST(Gzip, IsForClientsThatTakeIt) {
  for (const auto* wanted : {"gzip", "deflate, gzip;q=1.0, *;q=0.5", "gzip ; q=0.5", "*", "br, *;q=0.1", "x-gzip"}) {
    EXPECT_TRUE(accepts_gzip(wanted)) << wanted;
  }
  for (const auto* unwanted : {"", "identity", "br", "gzip;q=0", "gzip;q=0.000, *", "*;q=0", "gzipped"}) {
    EXPECT_FALSE(accepts_gzip(unwanted)) << unwanted;
  }
}

TEST(Gzip, GivesTheSameBytesBackAndFewerOnTheWay) {
  const std::string body(5000, 'x');
  const auto response = finished(body, {{"Accept-Encoding", "gzip"}});
  EXPECT_EQ(header(response, "Content-Encoding"), "gzip");
  EXPECT_EQ(header(response, "Vary"), "Accept-Encoding");
  EXPECT_LT(response.body.size(), 100U);
  EXPECT_EQ(inflated(response.body), body);
}

TEST(Gzip, LeavesSmallBodiesAndOtherClientsAlone) {
  EXPECT_EQ(finished(std::string(99, 'x'), {{"Accept-Encoding", "gzip"}}).body, std::string(99, 'x'));
  const auto plain = finished(std::string(100, 'x'), {});
  EXPECT_EQ(plain.body, std::string(100, 'x'));
  EXPECT_EQ(header(plain, "Content-Encoding"), "");
  EXPECT_EQ(header(plain, "Vary"), "Accept-Encoding");
}

TEST(EntityTag, NamesTheBytesOfTheBody) {
  const auto first = header(finished("{}", {}), "ETag");
  EXPECT_EQ(first, header(finished("{}", {}), "ETag"));
  EXPECT_NE(first, header(finished("{ }", {}), "ETag"));
  EXPECT_EQ(first.front(), '"');
  EXPECT_EQ(first.back(), '"');
  const std::string body(200, 'x');
  EXPECT_NE(header(finished(body, {{"Accept-Encoding", "gzip"}}), "ETag"), header(finished(body, {}), "ETag"));
}

TEST(EntityTag, IsForSuccessfulReadsOnly) {
  EXPECT_EQ(header(finished("{}", {}, Method::post), "ETag"), "");
  EXPECT_EQ(header(finished("{}", {}, Method::get, 404), "ETag"), "");
  EXPECT_NE(header(finished("{}", {}, Method::head), "ETag"), "");
}

TEST(EntityTag, AClientThatHasTheBodyGetsNone) {
  const std::string body(200, 'x');
  const std::string tag = entity_tag(body);
  for (const std::string& list : {tag, "W/" + tag, "\"other\", " + tag, std::string("*"), gzip_entity_tag(tag)}) {
    const auto response = finished(body, {{"If-None-Match", list}, {"Accept-Encoding", "gzip"}});
    EXPECT_EQ(response.status, 304) << list;
    EXPECT_EQ(response.body, "");
    EXPECT_EQ(header(response, "ETag"), tag);
    EXPECT_EQ(header(response, "Content-Type"), "");
    EXPECT_EQ(header(response, "Content-Encoding"), "");
  }
  EXPECT_EQ(finished(body, {{"If-None-Match", "\"other\""}}).status, 200);
}

TEST(EntityTag, IfMatchComparesStrongly) {
  const std::string tag = entity_tag("{}");
  EXPECT_TRUE(names_entity_tag(tag, tag, false));
  EXPECT_TRUE(names_entity_tag("*", tag, false));
  EXPECT_TRUE(names_entity_tag("\"a\" ,\t" + tag, tag, false));
  EXPECT_FALSE(names_entity_tag("W/" + tag, tag, false));
  EXPECT_FALSE(names_entity_tag("", tag, false));
  EXPECT_FALSE(names_entity_tag(tag.substr(1), tag, false));
}

}  // namespace
}  // namespace quell::reference::http

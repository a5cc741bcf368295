#include "reference_app/http/trace_context.hpp"

#include <gtest/gtest.h>

namespace quell::reference::http {
namespace {

// The example of the W3C recommendation, section 3.2.
constexpr std::string_view kExample = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
constexpr trace::TraceContext kExampleId{0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6,
                                         0xa3, 0xce, 0x92, 0x9d, 0x0e, 0x0e, 0x47, 0x36};

TEST(Traceparent, ReadsTheTraceId) {
  EXPECT_EQ(parse_traceparent(kExample), kExampleId);
}

TEST(Traceparent, LaterVersionsMayGoOn) {
  EXPECT_EQ(parse_traceparent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more"), kExampleId);
  EXPECT_FALSE(parse_traceparent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.more"));
}

TEST(Traceparent, RefusesWhatTheRecommendationForbids) {
  for (const std::string_view text : {"", "00", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
                                      "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                                      "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                                      "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                                      "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                                      "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g",
                                      "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
                                      "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}) {
    EXPECT_FALSE(parse_traceparent(text)) << text;
  }
}

TEST(Traceparent, WhatWeSendReadsBackAndHasASpanOfItsOwn) {
  const auto first = make_traceparent(kExampleId);
  EXPECT_EQ(parse_traceparent(first), kExampleId);
  EXPECT_NE(first, make_traceparent(kExampleId));
}

TEST(RequestId, KeepsAHarmlessOfferAndReplacesAnyOther) {
  EXPECT_EQ(request_id("abc-1.2_Z"), "abc-1.2_Z");
  for (const std::string& offered :
       {std::string(), std::string("a b"), std::string("a\nb"), std::string("\"x\""), std::string(65, 'a')}) {
    const auto id = request_id(offered);
    EXPECT_NE(id, offered);
    EXPECT_EQ(id.size(), 32U);
  }
  EXPECT_NE(request_id(""), request_id(""));
}

}  // namespace
}  // namespace quell::reference::http

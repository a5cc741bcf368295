#include "gui/model/sql_spans.hpp"

#include <gtest/gtest.h>

#include <string>

namespace quell::gui {
namespace {

using Kind = SqlSpan::Kind;

std::string marked(std::u16string_view sql) {
  std::string out;
  for (const auto& span : sql_spans(sql)) {
    static constexpr char kLetters[] = {'k', 's', 'n', 'p', 'c'};
    if (!out.empty()) out += ' ';
    out += kLetters[static_cast<std::size_t>(span.kind)];
    out += ':';
    for (const auto c : sql.substr(span.begin, span.length)) out += static_cast<char>(c);
  }
  return out;
}

TEST(SqlSpans, KeywordsAreKnownInAnyCaseButNotInsideNames) {
  EXPECT_EQ(marked(u"Select selected, from_x FROM t"), "k:Select k:FROM");
}

TEST(SqlSpans, QuotedNamesAreNoKeywords) {
  EXPECT_EQ(marked(u"\"select\" \"a\"\"from\""), "");
}

TEST(SqlSpans, StringsKeepDoubledQuotes) {
  EXPECT_EQ(marked(u"'it''s' 'b'"), "s:'it''s' s:'b'");
}

TEST(SqlSpans, DollarQuotesEndAtTheirOwnTag) {
  EXPECT_EQ(marked(u"$a$ $b$ 'x' $a$ 1"), "s:$a$ $b$ 'x' $a$ n:1");
}

TEST(SqlSpans, ParametersAreNotDollarQuotes) {
  EXPECT_EQ(marked(u"id = $12 OR $"), "p:$12 k:OR");
}

TEST(SqlSpans, CommentsNestAndHideWhatTheyHold) {
  EXPECT_EQ(marked(u"/* a /* select */ b */ 1 -- from"), "c:/* a /* select */ b */ n:1 c:-- from");
}

TEST(SqlSpans, NumbersTakeFractionAndExponent) {
  EXPECT_EQ(marked(u"1.5e3 12"), "n:1.5e3 n:12");
}

TEST(SqlSpans, WhatIsNotClosedEndsWithTheText) {
  EXPECT_EQ(marked(u"'open"), "s:'open");
  EXPECT_EQ(marked(u"/* open"), "c:/* open");
  EXPECT_EQ(marked(u"$$ open"), "s:$$ open");
  EXPECT_EQ(marked(u"\"open"), "");
}

TEST(SqlSpans, EveryKeywordOfTheListIsFound) {
  EXPECT_EQ(marked(u"all with using intersect into nothing null"),
            "k:all k:with k:using k:intersect k:into k:nothing k:null");
}

}  // namespace
}  // namespace quell::gui

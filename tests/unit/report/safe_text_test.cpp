#include "analyzer/report/safe_text.hpp"

#include <gtest/gtest.h>

namespace quell::report {
namespace {

TEST(ValidUtf8, KeepsWellFormedTextOfAllLengths) {
  const std::string text = "a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x90\x98\n";
  EXPECT_EQ(valid_utf8(text), text);
}

TEST(ValidUtf8, ReplacesEachByteThatBelongsToNoCharacter) {
  EXPECT_EQ(valid_utf8("a\xFF z"), "a\xEF\xBF\xBD z");
  EXPECT_EQ(valid_utf8("\xE2\x82"), "\xEF\xBF\xBD\xEF\xBF\xBD") << "cut short";
  EXPECT_EQ(valid_utf8("\xC0\xAF"), "\xEF\xBF\xBD\xEF\xBF\xBD") << "overlong slash";
  EXPECT_EQ(valid_utf8("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD") << "surrogate";
  EXPECT_EQ(valid_utf8("\xF4\x90\x80\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD") << "above U+10FFFF";
}

TEST(Printable, MakesOneLineOfIt) {
  EXPECT_EQ(printable("  SELECT\n\t1,\r\n  2  "), "SELECT 1, 2");
}

TEST(Printable, LetsNoEscapeSequenceThrough) {
  EXPECT_EQ(printable("\x1b[2Jx\x07"), "\xEF\xBF\xBD[2Jx\xEF\xBF\xBD");
  EXPECT_EQ(printable("\xC2\x9B"
                      "2Jx"),
            "\xEF\xBF\xBD"
            "2Jx")
      << "C1 control sequence introducer";
  EXPECT_EQ(printable("a\xE2\x80\xAE"
                      "b"),
            "a\xEF\xBF\xBD"
            "b")
      << "right-to-left override";
}

TEST(Shorten, CountsCharactersNotBytes) {
  EXPECT_EQ(shorten("\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4", 5), "\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4");
  EXPECT_EQ(shorten("\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4", 5), "\xC3\xA4\xC3\xA4...");
}

TEST(MaskValues, HidesStringsAndNumbersAndKeepsNamesAndParameters) {
  EXPECT_EQ(mask_values("((email = 'ann@example.org'::text) AND (age > 42))"), "((email = '?'::text) AND (age > ?))");
  EXPECT_EQ(mask_values("(t1.c2 = $3)"), "(t1.c2 = $3)");
  EXPECT_EQ(mask_values("(id = ANY ('{1,2,3}'::bigint[]))"), "(id = ANY ('?'::bigint[]))");
  EXPECT_EQ(mask_values("(price = 12.50)"), "(price = ?)");
  EXPECT_EQ(mask_values("(x = 1e10)"), "(x = ?)");
}

TEST(MaskValues, IsNotFooledByQuotes) {
  EXPECT_EQ(mask_values("(name = 'O''Hara 7'::text)"), "(name = '?''?'::text)");
  EXPECT_EQ(mask_values("(\"odd 'name 7\" = 'secret')"), "(\"odd 'name 7\" = '?')");
  EXPECT_EQ(mask_values("(name = 'cut off"), "(name = '?'");
  EXPECT_EQ(mask_values("'"), "'?'");
}

TEST(MaskValues, LeavesMeasuresAlone) {
  EXPECT_EQ(mask_values("25"), "25");
  EXPECT_EQ(mask_values("quicksort"), "quicksort");
}

TEST(MaskMessage, HidesTheValueTheServerComplainsOf) {
  EXPECT_EQ(mask_message("invalid input syntax for type integer: \"ann\""),
            "invalid input syntax for type integer: \"?\"");
  EXPECT_EQ(mask_message("value \"99999999999\" is out of range for type integer"),
            "value \"?\" is out of range for type integer");
  EXPECT_EQ(mask_message("invalid input syntax for type json: \"cut"), "invalid input syntax for type json: \"?");
  EXPECT_EQ(mask_message("relation \"posts\" does not exist"), "relation \"posts\" does not exist");
}

TEST(MarkdownCode, HasAFenceLongerThanAnyRunInside) {
  EXPECT_EQ(markdown_code("a"), "`a`");
  EXPECT_EQ(markdown_code("a`b``c"), "```a`b``c```");
  EXPECT_EQ(markdown_code("`a`"), "`` `a` ``");
  EXPECT_EQ(markdown_code(""), "(empty)") << "two backticks alone would open a span";
}

TEST(MarkdownCode, CannotEndATableCell) {
  EXPECT_EQ(markdown_code("a|b", /*in_table=*/true), "`a\\|b`");
  EXPECT_EQ(markdown_code("a\n|b", true), "`a \\|b`");
}

TEST(MarkdownBlock, CannotBeClosedFromInside) {
  EXPECT_EQ(markdown_block("select 1\n```\n# out", "sql"), "````sql\nselect 1\n```\n# out\n````\n");
}

TEST(MarkdownWords, AreOnlyWords) {
  EXPECT_EQ(markdown_words("<b>*bold*</b> & [x](y)"), "&lt;b&gt;\\*bold\\*&lt;/b&gt; &amp; \\[x\\]\\(y\\)");
  EXPECT_EQ(markdown_words("@team see #12"), "@<!-- -->team see #<!-- -->12");
  EXPECT_EQ(markdown_words("https://a.example www.b.example"), "https:<!-- -->//a.example www<!-- -->.b.example");
  EXPECT_EQ(markdown_words("a: b"), "a: b");
}

}  // namespace
}  // namespace quell::report

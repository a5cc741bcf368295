#include "gui/model/sql_spans.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace quell::gui {
namespace {

constexpr std::array kKeywords = std::to_array<std::u16string_view>(
    {u"all",       u"and",    u"any",       u"array",  u"as",     u"asc",       u"begin",     u"between", u"by",
     u"case",      u"commit", u"conflict",  u"copy",   u"create", u"cross",     u"delete",    u"desc",    u"distinct",
     u"do",        u"else",   u"end",       u"except", u"exists", u"explain",   u"false",     u"fetch",   u"filter",
     u"first",     u"for",    u"from",      u"full",   u"group",  u"having",    u"ilike",     u"in",      u"index",
     u"inner",     u"insert", u"intersect", u"into",   u"is",     u"join",      u"last",      u"lateral", u"left",
     u"like",      u"limit",  u"lock",      u"merge",  u"not",    u"nothing",   u"null",      u"nulls",   u"offset",
     u"on",        u"or",     u"order",     u"outer",  u"over",   u"partition", u"returning", u"right",   u"rollback",
     u"savepoint", u"select", u"set",       u"share",  u"skip",   u"table",     u"then",      u"true",    u"union",
     u"update",    u"using",  u"values",    u"when",   u"where",  u"window",    u"with"});

bool is_letter(char16_t c) {
  return (c >= u'a' && c <= u'z') || (c >= u'A' && c <= u'Z') || c == u'_' || c > 127;
}
bool is_digit(char16_t c) {
  return c >= u'0' && c <= u'9';
}

bool is_keyword(std::u16string_view word) {
  std::u16string lower(word);
  for (auto& c : lower)
    if (c >= u'A' && c <= u'Z') c = static_cast<char16_t>(c - u'A' + u'a');
  return std::binary_search(kKeywords.begin(), kKeywords.end(), std::u16string_view(lower));
}

class Scanner {
 public:
  explicit Scanner(std::u16string_view sql) : sql_(sql) {}

  std::vector<SqlSpan> run() {
    while (position_ < sql_.size()) step();
    return std::move(spans_);
  }

 private:
  void step() {
    const char16_t c = sql_[position_];
    const std::size_t begin = position_;
    if (c == u'\'') return end_at(begin, after_quote(begin + 1, u'\''), SqlSpan::Kind::string);
    if (c == u'"') {
      position_ = after_quote(begin + 1, u'"');
      return;
    }
    if (c == u'-' && at(begin + 1) == u'-')
      return end_at(begin, std::min(sql_.find(u'\n', begin), sql_.size()), SqlSpan::Kind::comment);
    if (c == u'/' && at(begin + 1) == u'*') return end_at(begin, after_comment(begin), SqlSpan::Kind::comment);
    if (c == u'$') return dollar(begin);
    if (is_digit(c)) return end_at(begin, after_number(begin), SqlSpan::Kind::number);
    if (is_letter(c)) return word(begin);
    ++position_;
  }

  void word(std::size_t begin) {
    std::size_t end = begin;
    while (end < sql_.size() && (is_letter(sql_[end]) || is_digit(sql_[end]) || sql_[end] == u'$')) ++end;
    if (is_keyword(sql_.substr(begin, end - begin))) spans_.push_back({begin, end - begin, SqlSpan::Kind::keyword});
    position_ = end;
  }

  void dollar(std::size_t begin) {
    if (is_digit(at(begin + 1))) {
      std::size_t end = begin + 1;
      while (is_digit(at(end))) ++end;
      return end_at(begin, end, SqlSpan::Kind::parameter);
    }
    std::size_t tag_end = begin + 1;
    while (is_letter(at(tag_end)) || is_digit(at(tag_end))) ++tag_end;
    if (at(tag_end) != u'$') {
      ++position_;
      return;
    }
    const auto tag = sql_.substr(begin, tag_end + 1 - begin);
    const auto close = sql_.find(tag, tag_end + 1);
    end_at(begin, close == std::u16string_view::npos ? sql_.size() : close + tag.size(), SqlSpan::Kind::string);
  }

  [[nodiscard]] std::size_t after_quote(std::size_t i, char16_t quote) const {
    while (i < sql_.size()) {
      if (sql_[i] == quote) {
        if (at(i + 1) != quote) return i + 1;
        ++i;  // doubled: a quote inside
      }
      ++i;
    }
    return sql_.size();
  }

  /// Comments of PostgreSQL nest.
  [[nodiscard]] std::size_t after_comment(std::size_t i) const {
    int depth = 0;
    while (i < sql_.size()) {
      if (sql_[i] == u'/' && at(i + 1) == u'*') {
        ++depth;
        i += 2;
      } else if (sql_[i] == u'*' && at(i + 1) == u'/') {
        i += 2;
        if (--depth == 0) return i;
      } else {
        ++i;
      }
    }
    return sql_.size();
  }

  [[nodiscard]] std::size_t after_number(std::size_t i) const {
    while (is_digit(at(i)) || at(i) == u'.') ++i;
    if ((at(i) == u'e' || at(i) == u'E') && is_digit(at(i + 1)))
      for (++i; is_digit(at(i));) ++i;
    return i;
  }

  void end_at(std::size_t begin, std::size_t end, SqlSpan::Kind kind) {
    spans_.push_back({begin, end - begin, kind});
    position_ = end;
  }

  [[nodiscard]] char16_t at(std::size_t i) const { return i < sql_.size() ? sql_[i] : u'\0'; }

  std::u16string_view sql_;
  std::size_t position_ = 0;
  std::vector<SqlSpan> spans_;
};

}  // namespace

std::vector<SqlSpan> sql_spans(std::u16string_view sql) {
  return Scanner(sql).run();
}

}  // namespace quell::gui

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include <quell/db/detail/statement_text.hpp>

namespace quell::db::detail {

/// A statement in the making: fragments come in with their marks and stand there with $1, $2, … in order.
class Writer {
 public:
  Writer& operator<<(std::string_view text) {
    text_ += text;
    return *this;
  }
  Writer& operator<<(const Fragment& fragment) {
    text_ += numbered(fragment);
    return *this;
  }
  /// For text that is needed twice: the second time it has the same numbers.
  std::string numbered(const Fragment& fragment) {
    std::string out;
    for (const char c : fragment.text()) {
      if (c == kParameterMark) {
        out += fmt::format("${}", ++count_);
      } else if (c == kAliasMark) {
        out += "t0";
      } else {
        out += c;
      }
    }
    parameters_.append(fragment.parameters());
    return out;
  }
  /// Values whose numbers the text has already, from $1.
  void lead(Parameters parameters) {
    count_ = parameters.size();
    parameters_ = std::move(parameters);
  }

  BoundStatement finish(std::string name) && { return {std::move(text_), std::move(name), std::move(parameters_)}; }

 private:
  std::string text_;
  std::size_t count_ = 0;
  Parameters parameters_;
};

}  // namespace quell::db::detail

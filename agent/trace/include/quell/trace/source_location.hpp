#pragma once

#include <cstdint>

namespace quell::trace {

/// std::source_location for every compiler of ours: clang 14 has none, and g++ 12 gives the name of a coroutine's frame
/// function where one wants the coroutine's. Taken by a default argument: `SourceLocation site =
/// SourceLocation::current()`.
class SourceLocation {
 public:
  constexpr SourceLocation() = default;

  static constexpr SourceLocation current(const char* file = __builtin_FILE(),
                                          const char* function = __builtin_FUNCTION(),
                                          std::uint32_t line = __builtin_LINE()) noexcept {
    SourceLocation here;
    here.file_ = file;
    here.function_ = function;
    here.line_ = line;
    return here;
  }

  [[nodiscard]] constexpr const char* file_name() const noexcept { return file_; }
  [[nodiscard]] constexpr const char* function_name() const noexcept { return function_; }
  [[nodiscard]] constexpr std::uint32_t line() const noexcept { return line_; }

 private:
  const char* file_ = "";
  const char* function_ = "";
  std::uint32_t line_ = 0;
};

}  // namespace quell::trace

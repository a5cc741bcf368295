#pragma once

#include <string_view>

namespace quell::gate {

/// `*` stands for any characters, none too; every other character for itself: unit names hold `?`, `[` and `{`.
[[nodiscard]] bool glob_matches(std::string_view pattern, std::string_view text);

}  // namespace quell::gate

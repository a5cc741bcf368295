#pragma once

#include <string>
#include <string_view>

namespace quell::gate {

/// The text as one word for a POSIX shell: as it is where that is safe, else in single quotes.
[[nodiscard]] std::string shell_word(std::string_view text);

}  // namespace quell::gate

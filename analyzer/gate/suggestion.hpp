#pragma once

#include <span>
#include <string_view>

namespace quell::gate {

/// The candidate a mistyped word most likely stands for: at most a third of its letters added, left out, replaced or
/// swapped with the next. Empty: none is near.
[[nodiscard]] std::string_view suggestion(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace quell::gate

#pragma once

#include <cstdint>

namespace quell::reference {

/// Part of a list.
struct Slice {
  std::int64_t limit = 20;
  std::int64_t offset = 0;
};

}  // namespace quell::reference

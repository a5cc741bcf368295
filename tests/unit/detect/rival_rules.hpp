#pragma once

#include <array>
#include <set>
#include <string>
#include <vector>

#include "tests/unit/detect/corpus.hpp"

/// The rules of detectors in the field, written again from their sources (docs/detection.md names them), to be scored
/// on the same recordings. Generous where a rule needs more than stands on the wire: no minimum duration is asked for,
/// and a repetition of writes counts as the write it is.
namespace quell::test {

struct Rival {
  const char* name;
  std::set<std::string> (*labels)(const std::vector<WireCall>& wire);
};

[[nodiscard]] const std::array<Rival, 5>& rivals();

}  // namespace quell::test

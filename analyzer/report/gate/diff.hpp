#pragma once

#include <cstddef>
#include <string>

#include "analyzer/gate/compare.hpp"

/// The outputs of `quell diff`.
namespace quell::report {

struct DiffRenderParams {
  std::size_t width = 100;  ///< text only, columns
  std::size_t most = 30;    ///< text only: entries of a section; the JSON has all
  std::string repository;   ///< as in GateRenderParams
};

[[nodiscard]] std::string diff_text(const gate::TraceDiff& diff, const DiffRenderParams& params);
[[nodiscard]] std::string diff_markdown(const gate::TraceDiff& diff);
[[nodiscard]] std::string diff_json(const gate::TraceDiff& diff);

}  // namespace quell::report

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <toml++/toml.h>

#include "analyzer/gate/file_error.hpp"

/// What reading quell.toml and baselines have in common. Heavy: only for .cpp files.
namespace quell::gate {

/// Throws FileError with the place of a syntax error.
[[nodiscard]] toml::table parse_toml(std::string_view text, const std::string& file);

[[noreturn]] void fail_at(const std::string& file, const toml::source_region& place, const std::string& sentence);

}  // namespace quell::gate

#pragma once

#include <string_view>

#include <boost/json/value.hpp>

namespace quell::plan {

/// An unquoted scalar of YAML or XML: a number, true, false, or else a string.
[[nodiscard]] boost::json::value typed_scalar(std::string_view text);

}  // namespace quell::plan

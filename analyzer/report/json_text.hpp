#pragma once

#include <string>

#include <boost/json.hpp>

namespace quell::report {

/// Indented by two spaces a level, numbers in their shortest exact form, with a line feed at the end.
[[nodiscard]] std::string json_text(const boost::json::value& value);

}  // namespace quell::report

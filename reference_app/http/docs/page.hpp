#pragma once

#include <string_view>

namespace quell::reference::http {

/// The page at /docs: page.html beside this header, compiled in.
[[nodiscard]] std::string_view docs_page();

}  // namespace quell::reference::http

#pragma once

#include <string>

#include "gui/model/loader.hpp"

namespace quell::gui {

/// Reads the trace, analyses it and makes the columns of the window. With a DSN the costliest statements are explained;
/// a database that cannot be asked costs the plans only, and Session::dsn_hint says why. Throws quell::Error.
[[nodiscard]] SessionPtr load_session(const std::string& path, const std::string& dsn, const LoadObserver& observer);

}  // namespace quell::gui

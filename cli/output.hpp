#pragma once

#include <string>
#include <string_view>

namespace quell::cli {

/// Throws Error where `path` could not be written now: its folder is missing or not writable, or it is a folder. To be
/// called before long work. Empty (stdout) is always fine.
void check_output(const std::string& path);

/// Writes all of `content` or throws Error; a regular file is written beside and renamed, so that nobody ever sees
/// half of it. Empty `path`: stdout.
void write_output(std::string_view content, const std::string& path);

}  // namespace quell::cli

#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace quell::cli {

/// Throws UsageError where libpq could not read `dsn`. The sentence repeats nothing of it: it may hold a password.
void check_dsn(const std::string& dsn);

/// Runs `work` and lets no password of `dsn` out in the sentence of an Error.
void with_hidden_password(const std::string& dsn, const std::function<void()>& work);

/// `sentence` with every occurrence of the password of `dsn` replaced by "***".
[[nodiscard]] std::string hide_password(std::string sentence, const std::string& dsn);

}  // namespace quell::cli

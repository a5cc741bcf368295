#include "cli/dsn.hpp"

#include <libpq-fe.h>

#include <cstring>
#include <memory>
#include <string_view>

#include "cli/errors.hpp"

namespace quell::cli {
namespace {

using Options = std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)>;

/// Null where libpq cannot read it.
Options parse(const std::string& dsn) {
  char* message = nullptr;
  Options options(PQconninfoParse(dsn.c_str(), &message), &PQconninfoFree);
  PQfreemem(message);
  return options;
}

}  // namespace

void check_dsn(const std::string& dsn) {
  if (dsn.empty())
    throw UsageError("--dsn is empty; write --dsn 'host=localhost dbname=shop' or --dsn postgresql://localhost/shop");
  if (!parse(dsn))
    throw UsageError(
        "--dsn is not a connection string of PostgreSQL; write 'host=localhost dbname=shop' or "
        "postgresql://localhost/shop");
}

std::string hide_password(std::string sentence, const std::string& dsn) {
  const Options options = parse(dsn);
  for (const PQconninfoOption* option = options.get(); option && option->keyword; ++option) {
    const bool secret =
        std::strcmp(option->keyword, "password") == 0 || std::strcmp(option->keyword, "sslpassword") == 0;
    if (!secret || !option->val || !*option->val) continue;
    const std::string_view value = option->val;
    for (std::size_t at = 0; (at = sentence.find(value, at)) != std::string::npos; at += 3)
      sentence.replace(at, value.size(), "***");
  }
  return sentence;
}

void with_hidden_password(const std::string& dsn, const std::function<void()>& work) {
  try {
    work();
  } catch (const Interrupted&) {
    throw;
  } catch (const UsageError& error) {
    throw UsageError(hide_password(error.what(), dsn));
  } catch (const std::exception& error) {
    throw Error(hide_password(error.what(), dsn));
  }
}

}  // namespace quell::cli

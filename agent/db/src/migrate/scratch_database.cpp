#include <quell/db/scratch_database.hpp>

#include <libpq-fe.h>

#include <atomic>
#include <memory>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include <quell/db/error.hpp>
#include <quell/db/sync_connection.hpp>

namespace quell::db {
namespace {

/// `dsn`, in either form, with another database.
std::string with_database(const std::string& dsn, const std::string& database) {
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(PQconninfoParse(dsn.c_str(), nullptr),
                                                                             &PQconninfoFree);
  std::string text = "dbname=" + database;
  for (const PQconninfoOption* option = options.get(); option != nullptr && option->keyword != nullptr; ++option) {
    const std::string_view keyword = option->keyword;
    if (keyword == "dbname" || option->val == nullptr || *option->val == '\0') continue;
    text += fmt::format(" {}='", keyword);
    for (const char* c = option->val; *c != '\0'; ++c) {
      if (*c == '\'' || *c == '\\') text += '\\';
      text += *c;
    }
    text += '\'';
  }
  return text;
}

}  // namespace

ScratchDatabase::ScratchDatabase(std::string dsn) : server_dsn_(std::move(dsn)) {
  static std::atomic<int> serial{0};
  SyncConnection server = SyncConnection::open(server_dsn_);
  // The backend's pid tells several machines apart that use one server.
  name_ = fmt::format("quell_scratch_{}_{}_{}", getpid(), server.backend_pid(), ++serial);
  dsn_ = with_database(server_dsn_, name_);
  server.execute(fmt::format("create database {} template template0", name_));
}

ScratchDatabase::~ScratchDatabase() {
  try {
    SyncConnection::open(server_dsn_).execute(fmt::format("drop database if exists {} with (force)", name_));
  } catch (const Error&) {  // said in the header
  }
}

}  // namespace quell::db

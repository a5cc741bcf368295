// Migration files of any bytes: no crash, and statements that stand in the text one after the other.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <quell/db/migrate.hpp>
#include <quell/db/sql_script.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const char* end = text.data();
    for (const auto& statement : quell::db::read_script(text).statements) {
      if (statement.text.empty() || statement.text.data() < end) std::abort();
      end = statement.text.data() + statement.text.size();
      if (end > text.data() + size) std::abort();
    }
    std::size_t bytes = 0;
    for (const auto& part : quell::db::parts_of(text, false)) bytes += part.text.size();
    if (bytes > size) std::abort();
  } catch (const quell::db::MigrationError&) {  // a misplaced autocommit block
  }
  return 0;
}

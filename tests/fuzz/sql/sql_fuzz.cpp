// Statement texts of any bytes: no crash, the same answer twice, and a template that keeps its fingerprint.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "analyzer/sql/lexer.hpp"
#include "analyzer/sql/statement_facts.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto facts = quell::sql::analyze_statement(text);
  if (facts.fingerprint != quell::sql::analyze_statement(text).fingerprint) std::abort();
  quell::sql::Lexer lexer;
  std::string buffer;
  std::uint32_t end = 0;
  for (const auto& literal : lexer.lex(text).literals) {
    if (literal.begin < end || literal.end < literal.begin || literal.end > size) std::abort();
    end = literal.end;
    if (quell::sql::literal_value(text, literal, buffer).size() > size + 4) std::abort();
  }
  return 0;
}

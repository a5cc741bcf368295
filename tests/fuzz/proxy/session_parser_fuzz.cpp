// Input: chunks, each led by one byte: its high bit is the direction (set: from the server), the rest the length - 1.
// The parser must survive anything, and see the same session in one piece and byte by byte.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "agent/proxy/session_parser.hpp"

namespace {

using namespace quell::proxy;

std::string describe(const SessionEvent& event) {
  if (const auto* executed = std::get_if<Executed>(&event)) {
    return (executed->text ? executed->text->bytes : "(none)") + " " + std::to_string(executed->rows) + " " +
           std::to_string(executed->flags) + " " + std::to_string(executed->parameters.size()) + " " +
           std::to_string(executed->values.size()) + " " + std::to_string(executed->pipeline_batch) + " " +
           std::to_string(executed->bytes_sent) + " " + std::to_string(executed->bytes_received);
  }
  if (const auto* untracked = std::get_if<Untracked>(&event)) return untracked->reason;
  if (const auto* gone = std::get_if<Disconnected>(&event)) return gone->reason;
  return std::get<Connected>(event).user;
}

std::vector<std::string> run(std::string_view input, bool byte_by_byte) {
  const quell::trace::Canonicalizer canonicalizer({});
  ParserParams params;
  params.rows = 4;
  params.waiting = 8;
  params.statements = 8;
  params.outstanding = 64;
  params.row_bytes = 64;
  SessionParser parser(canonicalizer, params);
  quell::trace::Time now = 0;
  while (!input.empty()) {
    const auto head = static_cast<std::uint8_t>(input.front());
    const std::string_view chunk = input.substr(1, std::size_t{head & 0x7FU} + 1);
    input.remove_prefix(1 + chunk.size());
    ++now;
    const std::size_t step = byte_by_byte ? 1 : chunk.size();
    for (std::size_t at = 0; at < chunk.size(); at += step) {
      if (head & 0x80U) {
        parser.server_bytes(chunk.substr(at, step), now);
      } else {
        parser.client_bytes(chunk.substr(at, step), now);
      }
    }
  }
  parser.closed(now + 1);
  std::vector<std::string> out;
  for (const SessionEvent& event : parser.events()) out.push_back(describe(event));
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (run(input, false) != run(input, true)) std::abort();
  return 0;
}

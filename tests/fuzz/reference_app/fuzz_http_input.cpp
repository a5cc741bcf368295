// What a client sends after the HTTP parser: the first line is a target, the rest a body. Whatever is accepted must
// keep the limits its declaration names.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <boost/json/parse.hpp>

#include "reference_app/http/decode.hpp"
#include "reference_app/http/representations.hpp"
#include "reference_app/http/shop_representations.hpp"

namespace {

using namespace quell::reference::http;

void require(bool holds) {
  if (!holds) std::abort();
}

void decode_target(std::string_view text) {
  const auto target = parse_target(text);
  if (!target) return;
  ValidationErrors errors;
  PostListQuery query;
  decode_query(target->query, errors, query);
  if (errors.empty()) require(query.limit >= 1 && query.limit <= 100 && query.offset >= 0 && query.offset <= 1'000'000);
  for (const auto& segment : target->segments) require(is_storable_text(segment));
}

void decode_search(std::string_view text) {
  const auto target = parse_target(text);
  if (!target) return;
  ValidationErrors errors;
  ProductSearchQuery query;
  decode_query(target->query, errors, query);
  if (!errors.empty()) return;
  require(!query.q.empty() && query.tags.size() <= 10);
  for (const auto& tag : query.tags) require(!tag.empty() && tag.size() <= 30);
  if (query.metadata) require(boost::json::parse(query.metadata->text()).is_object());
}

void decode_import(std::string_view text) {
  ValidationErrors errors;
  ProductImport import;
  try {
    decode_body(parse_json_body("application/json", text), errors, import);
  } catch (const Problem&) {
    return;
  }
  if (!errors.empty()) return;
  require(!import.products.empty() && import.products.size() <= 1'000);
  for (const auto& product : import.products) {
    require(product.stock >= 0 && !product.price.text().empty() && product.price.text().size() <= 13);
    require(boost::json::parse(product.metadata.text()).is_object());
  }
}

void decode_draft(std::string_view text) {
  ValidationErrors errors;
  PostDraft draft;
  try {
    decode_body(parse_json_body("application/json", text), errors, draft);
  } catch (const Problem& problem) {
    require(problem.status() == 400);
    return;
  }
  if (!errors.empty()) return;
  require(draft.author_id.value_or(1) >= 1 && !draft.title.empty() && !draft.body.empty() && draft.tags.size() <= 10);
  require(is_storable_text(draft.title) && is_storable_text(draft.body));
  for (const auto& tag : draft.tags) require(!tag.empty() && tag.size() <= 30);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto end = input.find('\n');
  decode_target(input.substr(0, end));
  decode_search(input.substr(0, end));
  if (end != std::string_view::npos) {
    decode_draft(input.substr(end + 1));
    decode_import(input.substr(end + 1));
  }
  return 0;
}

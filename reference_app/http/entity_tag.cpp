#include "reference_app/http/entity_tag.hpp"

#include "reference_app/auth/secret.hpp"
#include "reference_app/http/message.hpp"

namespace quell::reference::http {
namespace {

constexpr std::string_view kGzipMark = "-gzip\"";

}  // namespace

std::string entity_tag(std::string_view body) {
  return '"' + auth::to_hex(auth::digest(body)) + '"';
}

std::string gzip_entity_tag(std::string_view tag) {
  return std::string(tag.substr(0, tag.size() - 1)) + std::string(kGzipMark);
}

bool names_entity_tag(std::string_view list, std::string_view tag, bool weak_too) {
  // Our tags hold no comma, so that splitting at commas can only lose tags that are not ours.
  while (!list.empty()) {
    std::string_view item = take_item(list, ',');
    if (item == "*") return true;
    if (item.starts_with("W/")) {
      if (!weak_too) continue;
      item.remove_prefix(2);
    }
    if (item == tag || item == gzip_entity_tag(tag)) return true;
  }
  return false;
}

}  // namespace quell::reference::http

#include "reference_app/http/cursor.hpp"

#include <cstring>

#include "reference_app/auth/secret.hpp"

namespace quell::reference::http {
namespace {

// The name has a length of its own in front: no name and position can be read as another name and position.
std::string signed_text(std::string_view list, std::string_view position) {
  std::string text = std::to_string(list.size()) + ':';
  text += list;
  text += position;
  return text;
}

}  // namespace

std::string CursorCodec::encode(std::string_view list, std::span<const std::int64_t> position) const {
  std::string bytes(reinterpret_cast<const char*>(position.data()), position.size_bytes());
  const std::string code = auth::message_code(key_, signed_text(list, bytes));
  return auth::to_base64url(bytes + code);
}

std::optional<std::vector<std::int64_t>> CursorCodec::decode(std::string_view list, std::string_view text,
                                                             std::size_t count) const {
  const auto bytes = auth::from_base64url(text);
  const std::size_t size = count * sizeof(std::int64_t);
  if (!bytes || bytes->size() < size) return std::nullopt;
  const std::string_view position = std::string_view(*bytes).substr(0, size);
  if (!auth::is_message_code(std::string_view(*bytes).substr(size), key_, signed_text(list, position))) {
    return std::nullopt;
  }
  std::vector<std::int64_t> values(count);
  std::memcpy(values.data(), position.data(), size);
  return values;
}

}  // namespace quell::reference::http

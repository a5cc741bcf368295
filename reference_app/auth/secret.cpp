#include "reference_app/auth/secret.hpp"

#include <stdexcept>

#include <sodium.h>

namespace quell::reference::auth {
namespace {

void require_sodium() {
  static const bool ready = sodium_init() >= 0;
  if (!ready) throw std::runtime_error("libsodium cannot start: the system has no source of random numbers");
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* bytes_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

constexpr int kVariant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;

}  // namespace

std::string to_base64url(std::string_view bytes) {
  std::string text(sodium_base64_encoded_len(bytes.size(), kVariant), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes_of(bytes), bytes.size(), kVariant);
  text.pop_back();  // the terminator
  return text;
}

std::optional<std::string> from_base64url(std::string_view text) {
  std::string bytes(text.size(), '\0');
  std::size_t length = 0;
  const char* end = nullptr;
  if (sodium_base642bin(bytes_of(bytes), bytes.size(), text.data(), text.size(), nullptr, &length, &end, kVariant) !=
          0 ||
      end != text.data() + text.size()) {
    return std::nullopt;
  }
  bytes.resize(length);
  return bytes;
}

std::string to_hex(std::string_view bytes) {
  std::string text(2 * bytes.size() + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), bytes_of(bytes), bytes.size());
  text.pop_back();
  return text;
}

std::string random_bytes(std::size_t count) {
  require_sodium();
  std::string bytes(count, '\0');
  randombytes_buf(bytes.data(), bytes.size());
  return bytes;
}

std::string digest(std::string_view bytes) {
  std::string result(crypto_generichash_BYTES_MIN, '\0');
  crypto_generichash(bytes_of(result), result.size(), bytes_of(bytes), bytes.size(), nullptr, 0);
  return result;
}

std::string message_code(std::string_view key, std::string_view message) {
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, bytes_of(key), key.size());
  crypto_auth_hmacsha256_update(&state, bytes_of(message), message.size());
  std::string code(crypto_auth_hmacsha256_BYTES, '\0');
  crypto_auth_hmacsha256_final(&state, bytes_of(code));
  return code;
}

bool is_message_code(std::string_view code, std::string_view key, std::string_view message) {
  const std::string expected = message_code(key, message);
  return code.size() == expected.size() && sodium_memcmp(code.data(), expected.data(), expected.size()) == 0;
}

std::string derived_key(std::string_view secret, std::string_view purpose) {
  return message_code(secret, purpose);
}

}  // namespace quell::reference::auth

#include "reference_app/auth/password.hpp"

#include <array>
#include <new>

#include <sodium.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "reference_app/auth/secret.hpp"

namespace quell::reference::auth {

namespace asio = boost::asio;

std::string hash_password(const std::string& password, const PasswordHasherParams& params) {
  if (sodium_init() < 0) throw std::runtime_error("libsodium cannot start");
  std::array<char, crypto_pwhash_STRBYTES> text{};
  // Fails only where the memory cannot be had.
  if (crypto_pwhash_argon2id_str(text.data(), password.data(), password.size(), params.passes, params.memory) != 0) {
    throw std::bad_alloc();
  }
  return text.data();
}

namespace {

asio::awaitable<std::string> hash_here(std::string password, PasswordHasherParams params) {
  co_return hash_password(password, params);
}

asio::awaitable<bool> verify_here(std::string stored, std::string password) {
  co_return crypto_pwhash_argon2id_str_verify(stored.c_str(), password.data(), password.size()) == 0;
}

}  // namespace

/// One place among the pending ones.
class PasswordHasher::Turn {
 public:
  explicit Turn(PasswordHasher& hasher) : hasher_(hasher) {
    if (hasher_.pending_ >= hasher_.params_.max_pending) throw HasherBusy();
    ++hasher_.pending_;
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() { --hasher_.pending_; }

 private:
  PasswordHasher& hasher_;
};

PasswordHasher::PasswordHasher(PasswordHasherParams params)
    : params_(params),
      nobody_(hash_password(random_bytes(32), params)),
      thread_(std::make_unique<asio::thread_pool>(1)) {}

PasswordHasher::~PasswordHasher() {
  stop();
}

void PasswordHasher::stop() {
  thread_->join();
}

asio::awaitable<std::string> PasswordHasher::hash(std::string password) {
  const Turn turn(*this);
  auto work = hash_here(std::move(password), params_);
  co_return co_await asio::co_spawn(thread_->get_executor(), std::move(work), asio::use_awaitable);
}

asio::awaitable<bool> PasswordHasher::verify(std::string stored, std::string password) {
  const Turn turn(*this);
  const bool known = !stored.empty();
  if (!known) stored = nobody_;
  auto work = verify_here(std::move(stored), std::move(password));
  const bool fits = co_await asio::co_spawn(thread_->get_executor(), std::move(work), asio::use_awaitable);
  co_return fits&& known;
}

}  // namespace quell::reference::auth

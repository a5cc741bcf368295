#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include <quell/trace/event.hpp>

#include "agent/proxy/wire.hpp"

namespace quell::proxy {

/// One typed message, of which only the first bytes may have been kept.
struct Message {
  char type = 0;
  std::string_view body;       ///< valid during the call; shorter than `size` where it was cut
  std::uint64_t size = 0;      ///< body bytes on the wire
  trace::Time first_byte = 0;  ///< when its first byte arrived
  trace::Time last_byte = 0;   ///< when its last byte arrived
  [[nodiscard]] bool whole() const { return body.size() == size; }
  [[nodiscard]] std::uint64_t wire_bytes() const { return size + 5; }
};

/// Cuts one direction of a connection into messages, at any fragmentation. Holds at most the prefix that the caller
/// wants of the one message that is under way, whatever length it claims.
class MessageStream {
 public:
  /// What `keep` answers for a type that does not exist: nothing after it can be understood.
  static constexpr std::size_t kUnknownType = SIZE_MAX;

  /// `keep(type)` is asked at each header for the number of body bytes to keep; `handle(message)` is called at each
  /// message's last byte and returns whether to go on. False: a length or a type was impossible, or `handle` said so.
  template <class Keep, class Handle>
  bool feed(std::string_view bytes, trace::Time now, Keep&& keep, Handle&& handle) {
    while (!bytes.empty()) {
      if (header_size_ < header_.size()) {
        if (header_size_ == 0) first_byte_ = now;
        const std::size_t taken = std::min(header_.size() - header_size_, bytes.size());
        std::copy_n(bytes.data(), taken, header_.data() + header_size_);
        header_size_ += taken;
        bytes.remove_prefix(taken);
        if (header_size_ < header_.size()) return true;
        Cursor cursor({header_.data() + 1, 4});
        const std::uint32_t length = cursor.u32();
        if (length < 4) return false;
        size_ = remaining_ = length - 4;
        limit_ = keep(header_[0]);
        if (limit_ == kUnknownType) return false;
      }
      const std::size_t taken = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, bytes.size()));
      const bool in_one_piece = taken == size_;
      if (!in_one_piece && kept_.size() < limit_) kept_.append(bytes.substr(0, std::min(taken, limit_ - kept_.size())));
      remaining_ -= taken;
      if (remaining_ > 0) return true;
      const Message message{header_[0],
                            in_one_piece ? bytes.substr(0, std::min(taken, limit_)) : std::string_view(kept_), size_,
                            first_byte_, now};
      header_size_ = 0;
      const bool go_on = handle(message);
      forget_prefix();
      if (!go_on) return false;
      bytes.remove_prefix(taken);
    }
    return true;
  }

  /// Nothing of a message is under way.
  [[nodiscard]] bool between_messages() const { return header_size_ == 0; }

 private:
  void forget_prefix() {
    if (kept_.capacity() > 16'384) kept_ = {};
    kept_.clear();
  }

  std::array<char, 5> header_{};
  std::size_t header_size_ = 0;
  std::uint64_t size_ = 0;
  std::uint64_t remaining_ = 0;
  std::size_t limit_ = 0;
  std::string kept_;
  trace::Time first_byte_ = 0;
};

}  // namespace quell::proxy

#include "agent/proxy/hook_channel.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "agent/proxy/address.hpp"

namespace quell::proxy {
namespace {

/// What hooks write between two visits: 50 a second, so half a million calls a second.
constexpr int kPipeBytes = 1 << 20;
constexpr std::size_t kReadBytes = std::size_t{64} << 10;
/// Nobody writes a line of this length; what is longer is thrown away.
constexpr std::size_t kLongestLine = 4'096;

}  // namespace

HookChannel::HookChannel(std::string path) : path_(std::move(path)) {
  if (mkfifo(path_.c_str(), 0600) != 0) {
    throw ProxyError(fmt::format("cannot make the pipe '{}' for call sites: {}", path_, std::strerror(errno)));
  }
  // For reading and writing: with no writer left, a pipe opened for reading alone would report its end for ever.
  pipe_ = Descriptor(open(path_.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!pipe_.valid()) {
    const int reason = errno;
    unlink(path_.c_str());
    throw ProxyError(fmt::format("cannot open the pipe '{}' for call sites: {}", path_, std::strerror(reason)));
  }
  fcntl(pipe_.get(), F_SETPIPE_SZ, kPipeBytes);  // refused by a low limit: then it holds less
}

HookChannel::~HookChannel() {
  unlink(path_.c_str());
}

const std::vector<std::string_view>& HookChannel::read() {
  bytes_.erase(0, used_);
  lines_.clear();
  // At most one pipe's worth: a program that writes faster than this is not waited for.
  for (std::size_t taken = 0; taken < kPipeBytes;) {
    const std::size_t before = bytes_.size();
    bytes_.resize(before + kReadBytes);
    const ssize_t got = ::read(pipe_.get(), bytes_.data() + before, kReadBytes);
    bytes_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got <= 0) break;
    taken += static_cast<std::size_t>(got);
  }
  std::string_view rest = bytes_;
  for (std::size_t end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
    if (end < kLongestLine) lines_.push_back(rest.substr(0, end));
    rest.remove_prefix(end + 1);
  }
  used_ = bytes_.size() - (rest.size() > kLongestLine ? 0 : rest.size());
  return lines_;
}

}  // namespace quell::proxy

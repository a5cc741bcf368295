#include "tests/support/relay.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <future>
#include <list>
#include <optional>
#include <thread>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace quell::test {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Error = boost::system::error_code;

struct Link {
  Link(tcp::socket accepted, asio::io_context& loop) : client(std::move(accepted)), server(loop), released(loop) {
    released.expires_at(asio::steady_timer::time_point::max());
  }
  tcp::socket client;
  tcp::socket server;
  asio::steady_timer released;  ///< cancelled when `held` ends
  bool held = false;
  bool dropped = false;

  void cut() {
    for (tcp::socket* socket : {&client, &server}) {
      Error ignored;
      socket->set_option(asio::socket_base::linger(true, 0), ignored);  // a reset, not an orderly end
      socket->close(ignored);
    }
    released.cancel();
  }
};

}  // namespace

class Relay::Loop {
 public:
  explicit Loop(std::uint16_t target) : target_(asio::ip::address_v4::loopback(), target) {
    listen(0);
    port_ = acceptor_.local_endpoint().port();
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~Loop() {
    apply([this] {
      acceptor_.close();
      for (const auto& link : links_) link->cut();
      work_.reset();
    });
    thread_.join();
  }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Runs `change` on the relay's thread and waits for it.
  template <class Change>
  void apply(Change change) {
    std::promise<void> done;
    asio::post(loop_, [&] {
      change();
      done.set_value();
    });
    done.get_future().wait();
  }

  void listen(std::uint16_t port) {
    const tcp::endpoint here(asio::ip::address_v4::loopback(), port);
    acceptor_ = tcp::acceptor(loop_, here, /*reuse_addr=*/true);
    asio::co_spawn(loop_, accept(), asio::detached);
  }

  std::optional<Fault> fault;
  std::string seen;  ///< the last bytes before the next, as many as may begin the fault's text
  std::atomic<bool> fired = false;
  bool dropping = false;
  std::chrono::milliseconds delay{0};
  std::atomic<std::size_t> accepted = 0, bytes_to_client = 0, open = 0;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  tcp::acceptor& acceptor() { return acceptor_; }
  std::list<std::shared_ptr<Link>>& links() { return links_; }

 private:
  asio::awaitable<void> accept() {
    for (;;) {
      Error error;
      tcp::socket client = co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, error));
      if (error) co_return;
      auto link = std::make_shared<Link>(std::move(client), loop_);
      ++accepted;
      ++open;
      links_.push_back(link);
      asio::co_spawn(loop_, serve(link), [this, link](std::exception_ptr) {
        link->cut();
        links_.remove(link);
        --open;
      });
    }
  }

  asio::awaitable<void> serve(std::shared_ptr<Link> link) {
    link->dropped = dropping;
    Error error;
    co_await link->server.async_connect(target_, asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
    for (tcp::socket* socket : {&link->client, &link->server}) socket->set_option(tcp::no_delay(true));
    asio::co_spawn(loop_, pump(link, Direction::to_client), asio::detached);
    co_await pump(link, Direction::to_server);
    // The other direction ends by itself when the server has closed; a cancel request is answered that way only.
    while (link->server.is_open()) {
      link->released.expires_at(asio::steady_timer::time_point::max());
      co_await link->released.async_wait(asio::redirect_error(asio::use_awaitable, error));
    }
  }

  asio::awaitable<void> pump(std::shared_ptr<Link> link, Direction direction) {
    tcp::socket& from = direction == Direction::to_server ? link->client : link->server;
    tcp::socket& to = direction == Direction::to_server ? link->server : link->client;
    std::array<char, 16384> buffer{};
    Error error;
    while (from.is_open()) {
      const std::size_t size =
          co_await from.async_read_some(asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, error));
      if (error) break;
      std::string_view piece(buffer.data(), size);
      if (delay.count() > 0) {
        asio::steady_timer timer(loop_, delay);
        co_await timer.async_wait(asio::use_awaitable);
      }
      if (const auto place = place_of_fault(direction, piece)) {
        const Action action = fault->action;
        fault.reset();
        co_await pass(*link, to, piece.substr(0, *place), direction);
        piece.remove_prefix(*place);
        fired = true;  // first: what it does may be noticed at once
        act(*link, action);
      }
      co_await pass(*link, to, piece, direction);
    }
    Error ignored;
    if (link->dropped) {
      if (direction == Direction::to_server) link->cut();  // nobody is left to notice
    } else if (direction == Direction::to_client) {
      // An orderly end stays one.
      link->client.shutdown(tcp::socket::shutdown_both, ignored);
      link->client.close(ignored);
      link->server.close(ignored);
      link->released.cancel();
    } else if (to.is_open()) {
      to.shutdown(tcp::socket::shutdown_send, ignored);
    }
  }

  asio::awaitable<void> pass(Link& link, tcp::socket& to, std::string_view piece, Direction direction) {
    Error error;
    while (link.held && to.is_open())
      co_await link.released.async_wait(asio::redirect_error(asio::use_awaitable, error));
    if (link.dropped || piece.empty() || !to.is_open()) co_return;
    co_await asio::async_write(to, asio::buffer(piece.data(), piece.size()),
                               asio::redirect_error(asio::use_awaitable, error));
    if (direction == Direction::to_client) bytes_to_client += piece.size();
  }

  /// How many bytes of `piece` pass before the fault; none where it is not there yet.
  std::optional<std::size_t> place_of_fault(Direction direction, std::string_view piece) {
    if (!fault || fault->direction != direction) return std::nullopt;
    if (!fault->after_text.empty()) {
      const std::string text = seen + std::string(piece);
      const std::size_t at = text.find(fault->after_text);
      if (at == std::string::npos) {
        seen = text.substr(text.size() - std::min(text.size(), fault->after_text.size() - 1));
        return std::nullopt;
      }
      const std::size_t place = at + fault->bytes;  // in `text`
      fault->after_text.clear();
      fault->bytes = place > seen.size() ? place - seen.size() : 0;
      seen.clear();
    }
    if (fault->bytes > piece.size()) {
      fault->bytes -= piece.size();
      return std::nullopt;
    }
    return fault->bytes;
  }

  static void act(Link& link, Action action) {
    switch (action) {
      case Action::cut:
        link.cut();
        break;
      case Action::drop:
        link.dropped = true;
        break;
      case Action::hold:
        link.held = true;
        break;
    }
  }

  asio::io_context loop_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{loop_.get_executor()};
  tcp::endpoint target_;
  tcp::acceptor acceptor_{loop_};
  std::uint16_t port_ = 0;
  std::list<std::shared_ptr<Link>> links_;
  std::thread thread_;
};

Relay::Relay(std::uint16_t target) : loop_(std::make_unique<Loop>(target)) {}
Relay::~Relay() = default;

std::uint16_t Relay::port() const {
  return loop_->port();
}

void Relay::arm(Fault fault) {
  loop_->apply([&] {
    loop_->fault = std::move(fault);
    loop_->seen.clear();
    loop_->fired = false;
  });
}

void Relay::disarm() {
  loop_->apply([&] { loop_->fault.reset(); });
}

bool Relay::fired() const {
  return loop_->fired;
}

void Relay::cut() {
  loop_->apply([&] {
    for (const auto& link : loop_->links()) link->cut();
  });
}

void Relay::drop() {
  loop_->apply([&] {
    loop_->dropping = true;
    for (const auto& link : loop_->links()) link->dropped = true;
  });
}

void Relay::release() {
  loop_->apply([&] {
    for (const auto& link : loop_->links()) {
      link->held = false;
      link->released.cancel();
    }
  });
}

void Relay::refuse() {
  loop_->apply([&] { loop_->acceptor().close(); });
}

void Relay::heal() {
  loop_->apply([&] {
    loop_->dropping = false;
    loop_->delay = {};
    if (!loop_->acceptor().is_open()) loop_->listen(loop_->port());
  });
}

void Relay::delay(std::chrono::milliseconds time) {
  loop_->apply([&] { loop_->delay = time; });
}

std::size_t Relay::accepted() const {
  return loop_->accepted;
}
std::size_t Relay::open() const {
  return loop_->open;
}
std::size_t Relay::bytes_to_client() const {
  return loop_->bytes_to_client;
}

}  // namespace quell::test

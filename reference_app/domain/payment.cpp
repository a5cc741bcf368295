#include "reference_app/domain/payment.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace quell::reference {

db::Awaitable<void> authorise_payment() {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, kPaymentTime);
  co_await timer.async_wait(boost::asio::use_awaitable);
}

}  // namespace quell::reference

#pragma once

#include <boost/asio/awaitable.hpp>

namespace quell::db {

template <class T>
using Awaitable = boost::asio::awaitable<T>;

}  // namespace quell::db

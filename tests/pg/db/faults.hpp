#pragma once

#include <cstdint>
#include <string>

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include "cli/demo/private_cluster.hpp"
#include "tests/pg/db/recorder.hpp"
#include "tests/pg/db/support.hpp"
#include "tests/support/relay.hpp"

namespace quell::db::test {

/// A server that listens on TCP and a relay before it.
class FaultsTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    demo::ClusterParams params;
    params.tcp = true;
    cluster_ = std::make_unique<demo::PrivateCluster>(demo::PrivateCluster::start(std::move(params)));
    cluster_->execute("postgres", "create table notes (id int primary key, text text not null)");
  }
  static void TearDownTestSuite() { cluster_.reset(); }

  static std::string dsn(std::uint16_t port) {
    return "host=127.0.0.1 user=quell dbname=postgres port=" + std::to_string(port);
  }
  ConnectParams relayed() {
    ConnectParams params(dsn(relay_.port()));
    params.observer = recorder_.observer();
    return params;
  }
  PoolParams pool_of(std::size_t size) {
    PoolParams params;
    params.connect = relayed();
    params.pool_size = size;
    params.max_overflow = 0;
    return params;
  }

  static inline std::unique_ptr<demo::PrivateCluster> cluster_;
  quell::test::Relay relay_{cluster_->port()};
  Recorder recorder_;
};

/// A coroutine that can be cancelled from outside.
class Cancellable {
 public:
  Cancellable(boost::asio::any_io_executor executor, Awaitable<void> body) {
    boost::asio::co_spawn(executor, std::move(body),
                          boost::asio::bind_cancellation_slot(signal_.slot(), [this](std::exception_ptr error) {
                            ended_ = true;
                            failed_ = error != nullptr;
                          }));
  }
  void cancel() { signal_.emit(boost::asio::cancellation_type::terminal); }
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  boost::asio::cancellation_signal signal_;
  bool ended_ = false;
  bool failed_ = false;
};

}  // namespace quell::db::test

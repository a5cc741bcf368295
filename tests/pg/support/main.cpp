#include <gtest/gtest.h>

#include <optional>

#include "tests/pg/support/cluster.hpp"

namespace quell::test {
namespace {
std::optional<demo::PrivateCluster> running;
}

demo::PrivateCluster& cluster() {
  if (!running) running.emplace(demo::PrivateCluster::start());
  return *running;
}

std::string fresh_database() {
  static int serial = 0;
  const std::string name = "test_" + std::to_string(++serial);
  cluster().create_database(name);
  return cluster().dsn(name);
}

}  // namespace quell::test

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const int result = RUN_ALL_TESTS();
  quell::test::running.reset();
  return result;
}

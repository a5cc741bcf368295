// A private PostgreSQL for the end-to-end tests: prints "socket folder TAB port TAB bin folder" and runs until stdin
// ends.
#include <unistd.h>

#include <cstdio>
#include <exception>

#include "cli/demo/private_cluster.hpp"

int main() {
  try {
    const auto cluster = quell::demo::PrivateCluster::start();
    cluster.create_database("blog");
    std::printf("%s\t%d\t%s\n", cluster.socket_directory().c_str(), cluster.port(), cluster.bin_directory().c_str());
    std::fflush(stdout);
    char byte = 0;
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}

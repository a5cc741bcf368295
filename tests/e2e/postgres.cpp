// A private PostgreSQL for the end-to-end tests: prints "socket folder TAB port TAB bin folder" and runs until stdin
// ends. With --tcp it listens on 127.0.0.1 too.
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <exception>

#include "cli/demo/private_cluster.hpp"

int main(int argc, char** argv) {
  try {
    quell::demo::ClusterParams params;
    params.tcp = argc > 1 && std::strcmp(argv[1], "--tcp") == 0;
    const auto cluster = quell::demo::PrivateCluster::start(params);
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

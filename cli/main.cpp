#include "cli/command.hpp"

int main(int argc, char** argv) {
  return quell::cli::run(argc, argv);
}

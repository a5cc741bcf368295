#pragma once

#include "cli/demo/private_cluster.hpp"

namespace quell::test {

/// The one private server of this test program: started on first use, stopped when the program ends. It has HypoPG
/// where the machine has it. Each test makes its own database with `fresh_database`.
demo::PrivateCluster& cluster();

/// Creates an empty database with a name of its own and returns its connection string.
std::string fresh_database();

}  // namespace quell::test

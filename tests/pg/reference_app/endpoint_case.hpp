#pragma once

#include <gtest/gtest.h>

#include <ostream>
#include <string>

namespace quell::test {

/// One row of the endpoint table: what is sent, which status comes back and what the body must contain.
struct Case {
  const char* name;
  const char* method;
  const char* target;
  const char* body;
  int status;
  const char* contains;
};

void PrintTo(const Case& c, std::ostream* out);

/// Instantiated for each operation, in the file of its resource.
class Endpoint : public testing::TestWithParam<Case> {};

inline std::string name_of_case(const testing::TestParamInfo<Case>& tested) {
  return tested.param.name;
}

}  // namespace quell::test

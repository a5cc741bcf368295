#pragma once

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <string_view>

#include <boost/json/value.hpp>

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

/// What the OpenAPI document says of the operation that answers `target`; null where it has none.
const boost::json::object* described(std::string_view method, std::string_view target);

/// Instantiated for each operation, in the file of its resource.
class Endpoint : public testing::TestWithParam<Case> {};

inline std::string name_of_case(const testing::TestParamInfo<Case>& tested) {
  return tested.param.name;
}

}  // namespace quell::test

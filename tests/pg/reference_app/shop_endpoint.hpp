#pragma once

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <string_view>

#include <boost/json/value.hpp>

#include "tests/pg/reference_app/running_service.hpp"

namespace quell::test {

enum class Who { nobody, user, admin };

/// One row of the shop's endpoint table: what is sent, which status comes back and what the body must contain.
struct ShopCase {
  const char* name;
  const char* method;
  const char* target;
  const char* body;
  int status;
  const char* contains;
  Who who = Who::admin;
};

void PrintTo(const ShopCase& c, std::ostream* out);

/// The header lines of a request by `who`.
std::string header_of(const RunningService& service, Who who);

/// What the OpenAPI document says of the operation that answers `target`; null where it has none.
const boost::json::object* described(std::string_view method, std::string_view target);

/// Instantiated for each operation, in the file of its resource.
class ShopEndpoint : public testing::TestWithParam<ShopCase> {};

inline std::string name_of_case(const testing::TestParamInfo<ShopCase>& tested) {
  return tested.param.name;
}

}  // namespace quell::test

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

#include <quell/db/connection.hpp>

#include "reference_app/domain/slice.hpp"

namespace quell::reference {

struct TagUse {
  std::int64_t id = 0;
  std::string name;
  std::int64_t post_count = 0;
};
BOOST_DESCRIBE_STRUCT(TagUse, (), (id, name, post_count))

/// Oldest first. Only those with a larger id than `after_id`.
db::Awaitable<std::vector<TagUse>> list_tags(db::Connection& connection, Slice slice, std::int64_t after_id);

}  // namespace quell::reference

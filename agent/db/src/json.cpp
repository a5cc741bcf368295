#include <quell/db/json.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <quell/db/error.hpp>

namespace quell::db {

Jsonb to_jsonb(const boost::json::value& value) {
  return Jsonb(boost::json::serialize(value));
}

boost::json::value to_json(const Jsonb& jsonb) {
  boost::system::error_code error;
  boost::json::value value = boost::json::parse(jsonb.text(), error);
  if (error) throw Error("a jsonb value cannot be read as JSON: " + error.message());
  return value;
}

}  // namespace quell::db

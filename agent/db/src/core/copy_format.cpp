// COPY's binary format (PostgreSQL manual, COPY, "Binary Format") and the values in it.

#include <limits>

#include <quell/db/copy.hpp>

namespace quell::db::detail {
namespace {

constexpr std::string_view kSignature("PGCOPY\n\377\r\n\0", 11);

template <class T>
Encoded append_if_fits(std::int64_t value, std::string& out) {
  if (value < std::numeric_limits<T>::min() || value > std::numeric_limits<T>::max()) return Encoded::out_of_range;
  wire::append(out, static_cast<T>(value));
  return Encoded::yes;
}

}  // namespace

Encoded encode_integer_as(std::uint32_t type_oid, std::int64_t value, std::string& out) {
  switch (type_oid) {
    case oid::kInt2:
      return append_if_fits<std::int16_t>(value, out);
    case oid::kInt4:
      return append_if_fits<std::int32_t>(value, out);
    case oid::kInt8:
      return append_if_fits<std::int64_t>(value, out);
    case oid::kOid:
      return append_if_fits<std::uint32_t>(value, out);
    default:
      return Encoded::wrong_type;
  }
}

Encoded encode_text_as(std::uint32_t type_oid, std::string_view value, std::string& out) {
  if (type_oid == oid::kJsonb) {
    out.push_back('\1');  // jsonb_recv: the version of the binary form
  } else if (!wire::is_text_like(type_oid)) {
    return Encoded::wrong_type;
  }
  out.append(value);
  return Encoded::yes;
}

void append_copy_header(std::string& out) {
  out.append(kSignature);
  wire::append(out, std::int32_t{0});  // flags
  wire::append(out, std::int32_t{0});  // length of the extension
}

bool skip_copy_header(std::string_view& bytes) {
  constexpr std::size_t kFixed = 8;
  if (bytes.size() < kSignature.size() + kFixed || bytes.substr(0, kSignature.size()) != kSignature) return false;
  const auto extension = wire::load<std::int32_t>(bytes.data() + kSignature.size() + 4);
  bytes.remove_prefix(kSignature.size() + kFixed);
  if (extension < 0 || static_cast<std::size_t>(extension) > bytes.size()) return false;
  bytes.remove_prefix(static_cast<std::size_t>(extension));
  return true;
}

CopyRow::Kind CopyRow::parse(std::string_view bytes, std::size_t columns) {
  if (bytes.size() < 2) return Kind::malformed;
  const auto count = wire::load<std::int16_t>(bytes.data());
  bytes.remove_prefix(2);
  if (count == -1) return bytes.empty() ? Kind::end : Kind::malformed;
  if (count < 0 || static_cast<std::size_t>(count) != columns) return Kind::malformed;
  fields_.clear();
  for (std::size_t column = 0; column < columns; ++column) {
    if (!wire::read_sized(bytes, fields_.emplace_back())) return Kind::malformed;
  }
  return bytes.empty() ? Kind::row : Kind::malformed;
}

}  // namespace quell::db::detail

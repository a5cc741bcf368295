#include "analyzer/report/value_text.hpp"

#include <bit>
#include <cstdint>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "analyzer/report/safe_text.hpp"

namespace quell::report {
namespace {

constexpr std::size_t kMaxColumns = 60;

/// src/include/catalog/pg_type.dat
enum TypeOid : std::uint32_t {
  kBool = 16,
  kName = 19,
  kInt8 = 20,
  kInt2 = 21,
  kInt4 = 23,
  kText = 25,
  kOid = 26,
  kJson = 114,
  kFloat4 = 700,
  kFloat8 = 701,
  kBpchar = 1042,
  kVarchar = 1043,
  kUuid = 2950,
  kJsonb = 3802,
};

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t number = 0;
  for (const char byte : bytes) number = (number << 8U) | static_cast<std::uint8_t>(byte);
  return number;
}

std::string quoted(std::string_view text) {
  return "'" + shorten(printable(text), kMaxColumns) + "'";
}

std::string uuid(std::string_view bytes) {
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    out += fmt::format("{:02x}", static_cast<std::uint8_t>(bytes[i]));
  }
  return out;
}

/// Nothing where type and length do not belong together: a driver may send what it likes.
std::optional<std::string> binary_text(std::uint32_t type, std::string_view bytes) {
  switch (type) {
    case kBool:
      if (bytes.size() == 1) return bytes[0] != 0 ? "true" : "false";
      break;
    case kInt2:
      if (bytes.size() == 2) return std::to_string(static_cast<std::int16_t>(big_endian(bytes)));
      break;
    case kInt4:
      if (bytes.size() == 4) return std::to_string(static_cast<std::int32_t>(big_endian(bytes)));
      break;
    case kOid:
      if (bytes.size() == 4) return std::to_string(big_endian(bytes));
      break;
    case kInt8:
      if (bytes.size() == 8) return std::to_string(static_cast<std::int64_t>(big_endian(bytes)));
      break;
    case kFloat4:
      if (bytes.size() == 4)
        return fmt::format("{}", std::bit_cast<float>(static_cast<std::uint32_t>(big_endian(bytes))));
      break;
    case kFloat8:
      if (bytes.size() == 8) return fmt::format("{}", std::bit_cast<double>(big_endian(bytes)));
      break;
    case kUuid:
      if (bytes.size() == 16) return uuid(bytes);
      break;
    case kName:
    case kText:
    case kBpchar:
    case kVarchar:
    case kJson:
      return quoted(bytes);
    case kJsonb:  // version byte 1, then the text
      if (bytes.starts_with('\x01')) return quoted(bytes.substr(1));
      break;
    default:
      break;
  }
  return std::nullopt;
}

}  // namespace

std::string value_text(const model::Bind& bind) {
  const std::string_view mark = bind.cut ? "..." : "";
  switch (bind.form) {
    case trace::ParameterForm::null:
      return "NULL";
    case trace::ParameterForm::text:
      return quoted(bind.bytes) + std::string(mark);
    case trace::ParameterForm::binary:
      if (auto text = binary_text(bind.type_oid, bind.bytes)) return *text + std::string(mark);
      return fmt::format("<type {}, {} bytes{}>", bind.type_oid, bind.bytes.size(), bind.cut ? ", cut" : "");
    case trace::ParameterForm::canonical:
      return "<redacted>";
  }
  return {};
}

}  // namespace quell::report

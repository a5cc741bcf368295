#include "agent/proxy/messages.hpp"

#include <algorithm>
#include <charconv>

namespace quell::proxy {
namespace {

std::optional<Formats> read_formats(Cursor& cursor) {
  Formats formats;
  const std::uint16_t count = cursor.u16();
  formats.codes.reserve(std::min<std::size_t>(count, cursor.rest().size() / 2));
  for (std::uint16_t i = 0; i < count && !cursor.failed(); ++i) {
    formats.codes.push_back(cursor.u16() == 0 ? trace::Format::text : trace::Format::binary);
  }
  if (cursor.failed()) return std::nullopt;
  return formats;
}

/// SQL text that ends in a zero byte, or reaches to where the message was cut.
SqlTextPtr read_text(Cursor& cursor, const Message& message) {
  auto text = std::make_shared<SqlText>();
  const std::string_view rest = cursor.rest();
  const std::size_t end = rest.find('\0');
  if (end != std::string_view::npos) {
    text->bytes = cursor.string();
    text->full_size = text->bytes.size();
    return text;
  }
  if (message.whole()) return nullptr;
  text->bytes = rest;
  text->full_size = rest.size() + (message.size - message.body.size());
  return text;
}

}  // namespace

std::optional<StartupMessage> read_startup(std::string_view body) {
  StartupMessage startup;
  Cursor cursor(body);
  while (true) {
    const std::string_view key = cursor.string();
    if (cursor.failed()) return std::nullopt;
    if (key.empty()) break;
    const std::string_view value = cursor.string();
    if (cursor.failed()) return std::nullopt;
    if (key == "user") startup.user = value;
    if (key == "database") startup.database = value;
    if (key == "application_name") startup.application_name = value;
    if (key == "replication") {
      // As the server reads a boolean, and "database" for logical replication.
      startup.replication = !(value == "false" || value == "off" || value == "no" || value == "0");
    }
  }
  if (startup.database.empty()) startup.database = startup.user;
  return startup;
}

std::optional<ParseMessage> read_parse(const Message& message) {
  Cursor cursor(message.body);
  ParseMessage parse;
  parse.name = cursor.string();
  if (cursor.failed()) return std::nullopt;
  parse.text = read_text(cursor, message);
  if (!parse.text) return std::nullopt;
  if (!message.whole()) return parse;
  const std::uint16_t count = cursor.u16();
  if (cursor.rest().size() != std::size_t{count} * 4 || cursor.failed()) return std::nullopt;
  parse.types.reserve(count);
  for (std::uint16_t i = 0; i < count; ++i) parse.types.push_back(cursor.u32());
  return parse;
}

std::optional<SqlTextPtr> read_query(const Message& message) {
  Cursor cursor(message.body);
  SqlTextPtr text = read_text(cursor, message);
  if (!text) return std::nullopt;
  return text;
}

std::optional<BindMessage> read_bind(const Message& message, std::size_t parameter_limit) {
  Cursor cursor(message.body);
  BindMessage bind;
  bind.portal = cursor.string();
  bind.statement = cursor.string();
  std::optional<Formats> formats = read_formats(cursor);
  const std::uint16_t count = cursor.u16();
  if (!formats || cursor.failed()) return std::nullopt;
  Binding& binding = bind.binding;
  binding.parameters.reserve(std::min<std::size_t>(count, cursor.rest().size() / 4));
  for (std::uint16_t i = 0; i < count; ++i) {
    const std::int32_t size = cursor.i32();
    if (cursor.failed()) break;
    RecordedParameter& parameter = binding.parameters.emplace_back();
    if (size == -1) continue;
    if (size < 0) return std::nullopt;
    const auto full_size = static_cast<std::size_t>(size);
    const bool here = cursor.rest().size() >= full_size;
    const std::string_view bytes = here ? cursor.bytes(full_size) : cursor.rest();
    parameter.form = formats->of(i) == trace::Format::text ? trace::ParameterForm::text : trace::ParameterForm::binary;
    parameter.full_size = full_size;
    parameter.offset = static_cast<std::uint32_t>(binding.parameter_bytes.size());
    parameter.size = static_cast<std::uint32_t>(std::min(bytes.size(), parameter_limit));
    binding.parameter_bytes += bytes.substr(0, parameter.size);
    if (parameter.size < full_size) binding.cut = true;
    if (!here) {
      cursor.bytes(full_size);  // fails: nothing more can be read
      break;
    }
  }
  if (cursor.failed()) {
    if (message.whole()) return std::nullopt;
    binding.cut = true;
    binding.result_formats.known = false;
    return bind;
  }
  std::optional<Formats> result_formats = read_formats(cursor);
  if (result_formats && (cursor.at_end() || !message.whole())) {
    binding.result_formats = std::move(*result_formats);
    return bind;
  }
  if (message.whole()) return std::nullopt;
  binding.result_formats.known = false;
  return bind;
}

std::optional<TargetMessage> read_target(const Message& message) {
  Cursor cursor(message.body);
  TargetMessage target;
  target.target = static_cast<char>(cursor.u8());
  target.name = cursor.string();
  if (cursor.failed() || !cursor.at_end() || (target.target != 'S' && target.target != 'P')) return std::nullopt;
  return target;
}

std::optional<std::string> read_execute(const Message& message) {
  Cursor cursor(message.body);
  std::string portal(cursor.string());
  cursor.u32();  // row limit
  if (cursor.failed() || !cursor.at_end()) return std::nullopt;
  return portal;
}

std::optional<std::vector<std::uint32_t>> read_parameter_description(const Message& message) {
  Cursor cursor(message.body);
  std::vector<std::uint32_t> types;
  const std::uint16_t count = cursor.u16();
  if (cursor.failed() || cursor.rest().size() != std::size_t{count} * 4) return std::nullopt;
  types.reserve(count);
  for (std::uint16_t i = 0; i < count; ++i) types.push_back(cursor.u32());
  return types;
}

std::optional<RowDescription> read_row_description(const Message& message, std::size_t columns,
                                                   const ResultShapePtr& previous) {
  Cursor cursor(message.body);
  const std::uint16_t count = cursor.u16();
  std::string wire;
  wire.reserve(message.body.size());
  RowDescription out;
  out.formats.codes.reserve(count);
  for (std::uint16_t i = 0; i < count && !cursor.failed(); ++i) {
    const char* begin = cursor.rest().data();
    cursor.string();
    cursor.bytes(4 + 2 + 4 + 2 + 4);
    wire.append(begin, cursor.failed() ? begin : cursor.rest().data());
    out.formats.codes.push_back(cursor.u16() == 0 ? trace::Format::text : trace::Format::binary);
  }
  if (cursor.failed() || !cursor.at_end()) return std::nullopt;
  if (previous && previous->wire == wire) {
    out.shape = previous;
    return out;
  }
  auto shape = std::make_shared<ResultShape>();
  shape->wire = std::move(wire);
  shape->columns.reserve(count);
  Cursor fields(shape->wire);
  for (std::uint16_t i = 0; i < count; ++i) {
    ResultColumn& column = shape->columns.emplace_back();
    column.name = fields.string();
    column.table_oid = fields.u32();
    column.attribute_number = static_cast<std::int16_t>(fields.u16());
    column.type_oid = fields.u32();
    fields.bytes(2 + 4);
    column.recorded = shape->recorded_columns < columns && trace::is_key_like(column.type_oid);
    if (!column.recorded) continue;
    ++shape->recorded_columns;
    shape->last_recorded = i + 1U;
  }
  out.shape = std::move(shape);
  return out;
}

std::optional<ServerError> read_error(const Message& message) {
  Cursor cursor(message.body);
  ServerError error;
  while (!cursor.failed() && !cursor.at_end()) {
    const char field = static_cast<char>(cursor.u8());
    if (field == '\0') break;
    const std::string_view value = cursor.string();
    if (field == 'V' || (field == 'S' && error.severity.empty())) error.severity = value;
    if (field == 'C' && value.size() == error.sqlstate.size()) std::copy_n(value.data(), 5, error.sqlstate.data());
  }
  if (error.sqlstate[0] == '\0') return std::nullopt;
  return error;
}

std::uint64_t rows_of_tag(std::string_view tag) {
  const std::size_t space = tag.rfind(' ');
  if (space == std::string_view::npos) return 0;
  const std::string_view word = tag.substr(space + 1);
  std::uint64_t rows = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), rows);
  return error == std::errc{} && end == word.data() + word.size() ? rows : 0;
}

}  // namespace quell::proxy

#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <quell/db/codec.hpp>

#include "reference_app/http/decode.hpp"
#include "reference_app/http/json_writer.hpp"
#include "reference_app/http/schema.hpp"

/// The OpenAPI 3.1 description of the declared operations.
namespace quell::reference::http {

struct Operation;

/// JSON Schemas of described structs, each once under its Schema<T>::kName.
class SchemaSet {
 public:
  enum class Direction { input, output };

  template <class T>
  boost::json::value schema_of(const Field& field, Direction direction) {
    boost::json::object schema;
    if constexpr (is_optional<T>) {
      return nullable(schema_of<typename T::value_type>(field, direction), field);
    } else if constexpr (is_vector<T>) {
      schema["type"] = "array";
      schema["items"] = schema_of<typename T::value_type>(field_of_item(field), direction);
      if (field.min_length) schema["minItems"] = *field.min_length;
      if (field.max_length) schema["maxItems"] = *field.max_length;
    } else if constexpr (std::same_as<T, bool>) {
      schema["type"] = "boolean";
    } else if constexpr (std::integral<T>) {
      schema = integer(field);
    } else if constexpr (std::floating_point<T>) {
      schema["type"] = "number";
    } else if constexpr (std::same_as<T, std::string>) {
      schema = string(field);
    } else if constexpr (std::same_as<T, db::Timestamp>) {
      schema = {{"type", "string"}, {"format", "date-time"}};
    } else if constexpr (std::same_as<T, db::Uuid>) {
      schema = {{"type", "string"}, {"format", "uuid"}};
    } else if constexpr (std::same_as<T, db::Jsonb>) {
      schema["type"] = "object";
    } else if constexpr (std::same_as<T, db::Numeric>) {
      schema = string(field);
    } else if constexpr (std::is_enum_v<T>) {
      schema["type"] = "string";
      auto& names = schema["enum"].emplace_array();
      for (const std::string_view name : detail::enum_names<T>()) names.emplace_back(name);
    } else {
      add<T>(direction);
      schema["$ref"] = "#/components/schemas/" + std::string(Schema<T>::kName);
    }
    if (!field.description.empty()) schema["description"] = field.description;
    return schema;
  }

  /// The members of T as parameters in `location`: "path", "query", "header" or "cookie".
  template <class T>
  void add_parameters(boost::json::array& out, std::string_view location) {
    const T defaults{};
    boost::mp11::mp_for_each<MembersOf<T>>([&](auto member) {
      using Member = std::remove_cvref_t<decltype(defaults.*member.pointer)>;
      constexpr Field field = field_of<T>(decltype(member)::name);
      const bool required = field.required && !is_optional<Member>;
      // A parameter that is missing is not null.
      auto schema = schema_of<typename db::Nullable<Member>::Value>(field, Direction::input);
      schema.as_object().erase("description");
      if (!required && !is_optional<Member>) schema.as_object()["default"] = as_json(defaults.*member.pointer);
      const std::string name = location == "header" ? header_name(field.name) : std::string(field.name);
      boost::json::object parameter{
          {"name", name}, {"in", location}, {"required", required}, {"schema", std::move(schema)}};
      if (!field.description.empty()) parameter["description"] = field.description;
      if constexpr (is_vector<Member>) parameter["explode"] = false;  // a,b,c
      if constexpr (std::same_as<Member, std::optional<db::Jsonb>>) as_content(parameter);
      out.push_back(std::move(parameter));
    });
  }

  [[nodiscard]] const boost::json::object& schemas() const { return schemas_; }

 private:
  /// A parameter whose text is JSON: OpenAPI says so by a media type in place of a schema.
  static void as_content(boost::json::object& parameter);
  static boost::json::object integer(const Field& field);
  static boost::json::object string(const Field& field);
  static boost::json::value nullable(boost::json::value schema, const Field& field);

  template <class T>
  static boost::json::value as_json(const T& value) {
    std::string text;
    write_json(text, value);
    return boost::json::parse(text);
  }

  template <class T>
  void add(Direction direction) {
    if (schemas_.contains(Schema<T>::kName)) return;
    schemas_[Schema<T>::kName] = nullptr;  // a schema may refer to itself
    boost::json::object properties;
    boost::json::array required;
    const T defaults{};
    boost::mp11::mp_for_each<MembersOf<T>>([&](auto member) {
      using Member = std::remove_cvref_t<decltype(defaults.*member.pointer)>;
      constexpr Field field = field_of<T>(decltype(member)::name);
      auto schema = schema_of<Member>(field, direction);
      // A reply always has every member.
      if (direction == Direction::output || (field.required && !is_optional<Member>)) {
        required.emplace_back(field.name);
      } else if (!is_optional<Member>) {
        schema.as_object()["default"] = as_json(defaults.*member.pointer);
      }
      properties[field.name] = std::move(schema);
    });
    schemas_[Schema<T>::kName] = boost::json::object{{"type", "object"},
                                                     {"properties", std::move(properties)},
                                                     {"required", std::move(required)},
                                                     {"additionalProperties", false}};
  }

  boost::json::object schemas_;
};

/// What an operation's types say: filled where they are known.
struct OperationShape {
  boost::json::array parameters;
  std::optional<boost::json::value> body;
  std::optional<boost::json::value> reply;  ///< none: not JSON
};

/// The whole document, members in a fixed order.
[[nodiscard]] boost::json::object openapi_document(const std::vector<Operation>& operations);

}  // namespace quell::reference::http

#include "reference_app/http/openapi.hpp"

#include <set>

#include "reference_app/http/api.hpp"

namespace quell::reference::http {

namespace json = boost::json;

void SchemaSet::as_content(json::object& parameter) {
  json::value schema{{"type", "object"}};
  parameter.erase("schema");
  parameter["content"] = json::object{{"application/json", {{"schema", std::move(schema)}}}};
}

json::object SchemaSet::integer(const Field& field) {
  json::object schema{{"type", "integer"}, {"format", "int64"}};
  if (field.minimum) schema["minimum"] = *field.minimum;
  if (field.maximum) schema["maximum"] = *field.maximum;
  return schema;
}

json::object SchemaSet::string(const Field& field) {
  json::object schema{{"type", "string"}};
  if (field.min_length) schema["minLength"] = *field.min_length;
  if (field.max_length) schema["maxLength"] = *field.max_length;
  if (!field.pattern.empty()) schema["pattern"] = "^(?:" + std::string(field.pattern) + ")$";
  if (field.format == Format::email) schema["format"] = "email";
  if (field.format == Format::password) schema["format"] = "password";
  return schema;
}

json::value SchemaSet::nullable(json::value schema, const Field& field) {
  auto& object = schema.as_object();
  if (object.contains("type")) {
    object["type"] = json::array{object["type"], "null"};
    if (object.contains("enum")) object["enum"].as_array().emplace_back(nullptr);
    return schema;
  }
  object.erase("description");
  json::object either{{"anyOf", json::array{std::move(schema), json::object{{"type", "null"}}}}};
  if (!field.description.empty()) either["description"] = field.description;
  return either;
}

namespace {

json::object problem_schema(bool with_errors) {
  json::object properties{
      {"type", {{"type", "string"}, {"format", "uri"}}},
      {"title", {{"type", "string"}}},
      {"status", {{"type", "integer"}}},
      {"detail", {{"type", "string"}}},
      {"request_id", {{"type", "string"}, {"description", "The same as in X-Request-Id and the log."}}}};
  json::array required{"type", "title", "status", "detail", "request_id"};
  if (with_errors) {
    json::object error{{"type", "object"},
                       {"properties",
                        {{"location",
                          {{"type", "array"},
                           {"description", "From path, query, header, cookie or body inwards."},
                           {"items", {{"type", json::array{"string", "integer"}}}}}},
                         {"code", {{"type", "string"}}},
                         {"message", {{"type", "string"}}}}},
                       {"required", json::array{"location", "code", "message"}}};
    properties["errors"] = json::object{{"type", "array"}, {"items", std::move(error)}};
    required.emplace_back("errors");
  }
  return {{"type", "object"}, {"properties", std::move(properties)}, {"required", std::move(required)}};
}

json::object mode_parameter() {
  return {{"name", kModeHeader},
          {"in", "header"},
          {"required", false},
          {"schema", {{"type", "string"}, {"enum", json::array{"good", "naive"}}}},
          {"description", "Which of two versions of the service answers. The reply is the same."}};
}

json::object problem_response(int status) {
  const auto* const schema = status == 422 ? "#/components/schemas/ValidationProblem" : "#/components/schemas/Problem";
  return {{"description", reason(status)},
          {"content", {{"application/problem+json", {{"schema", {{"$ref", schema}}}}}}}};
}

// What any operation of this shape may answer, besides what its handler adds.
std::set<int> problems_of(const Operation& operation, const OperationShape& shape) {
  std::set<int> problems(operation.info->problems.begin(), operation.info->problems.end());
  problems.insert({400, 422, 500, 503, 504});
  if (shape.body) problems.insert({413, 415});
  if (operation.info->access != Access::anyone) problems.insert({401});
  if (operation.info->access == Access::admin) problems.insert({403});
  if (operation.info->limit != Limit::none) problems.insert({429});
  return problems;
}

json::object describe(const Operation& operation, SchemaSet& schemas) {
  OperationShape shape = operation.shape(schemas);
  const OperationInfo& info = *operation.info;
  json::object described{{"operationId", info.id}, {"summary", info.summary}, {"tags", json::array{info.tag}}};
  if (!info.description.empty()) described["description"] = info.description;
  if (operation.run_naive) {
    described["x-quell-naive"] = true;
    shape.parameters.push_back(mode_parameter());
  }
  if (!shape.parameters.empty()) described["parameters"] = shape.parameters;
  if (shape.body) {
    described["requestBody"] =
        json::object{{"required", true}, {"content", {{"application/json", {{"schema", *shape.body}}}}}};
  }

  if (info.access != Access::anyone) described["security"] = json::array{json::object{{"bearer", json::array{}}}};

  json::object responses;
  json::object success{{"description", reason(info.status)}};
  const json::value opaque{{"type", info.media_type == "application/json" ? "object" : "string"}};
  if (info.status != 204) {
    success["content"] = json::object{{info.media_type, {{"schema", shape.reply ? *shape.reply : opaque}}}};
  }
  responses[std::to_string(info.status)] = std::move(success);
  if (info.method == Method::get) responses["304"] = json::object{{"description", reason(304)}};
  for (const int status : problems_of(operation, shape)) responses[std::to_string(status)] = problem_response(status);
  described["responses"] = std::move(responses);
  return described;
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return result;
}

}  // namespace

json::object openapi_document(const std::vector<Operation>& operations) {
  SchemaSet schemas;
  json::object paths;
  for (const Operation& operation : operations) {
    auto& path = paths[operation.info->route];
    if (path.is_null()) path.emplace_object();
    path.as_object()[lower(to_string(operation.info->method))] = describe(operation, schemas);
  }
  json::object components = schemas.schemas();
  components["Problem"] = problem_schema(false);
  components["ValidationProblem"] = problem_schema(true);
  return {{"openapi", "3.1.0"},
          {"info",
           {{"title", "Quell reference API"},
            {"version", "1.0.0"},
            {"description", "A blog on PostgreSQL: the service Quell is shown on."},
            {"license", {{"name", "Apache-2.0"}, {"identifier", "Apache-2.0"}}}}},
          {"paths", std::move(paths)},
          {"components",
           {{"schemas", std::move(components)},
            {"securitySchemes", {{"bearer", {{"type", "http"}, {"scheme", "bearer"}, {"bearerFormat", "JWT"}}}}}}}};
}

}  // namespace quell::reference::http

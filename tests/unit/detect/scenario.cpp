#include "tests/unit/detect/scenario.hpp"

#include <algorithm>
#include <utility>

namespace quell::test {
namespace {

constexpr std::uint32_t kInt8 = 20;
constexpr std::uint32_t kText = 25;

trace::Header make_header(bool redacted) {
  trace::Header header;
  for (std::size_t i = 0; i < header.key.size(); ++i) header.key[i] = static_cast<std::byte>(i * 7 + 1);
  header.redacted = redacted;
  return header;
}

std::string bytes_of(const Cell& cell) {
  if (const auto* number = std::get_if<std::int64_t>(&cell)) return std::to_string(*number);
  if (const auto* text = std::get_if<std::string>(&cell)) return *text;
  return {};
}

std::uint32_t type_of(const std::vector<Row>& rows, std::size_t column) {
  for (const Row& row : rows) {
    if (std::holds_alternative<std::string>(row[column])) return kText;
  }
  return kInt8;
}

}  // namespace

Scenario::Scenario(bool redacted)
    : header_(make_header(redacted)), canonicalizer_(header_.key, redacted), builder_(header_) {}

trace::TextId Scenario::text(std::string_view bytes) {
  if (bytes.empty()) return 0;
  const auto found = texts_.find(bytes);
  if (found != texts_.end()) return found->second;
  const auto id = static_cast<trace::TextId>(texts_.size() + 1);
  texts_.emplace(bytes, id);
  builder_.on(trace::Text{id, bytes, bytes.size()}, trace::Source::tracer);
  return id;
}

std::uint32_t Scenario::table_oid(std::string_view table) {
  const auto found = tables_.find(table);
  if (found != tables_.end()) return found->second;
  const auto oid = static_cast<std::uint32_t>(16384 + tables_.size());
  tables_.emplace(table, oid);
  return oid;
}

Scenario& Scenario::scope(std::string_view name, trace::ScopeKind kind, trace::ScopeRule rule,
                          const trace::TraceContext& context) {
  scope_ = next_scope_++;
  trace::ScopeBegin begin;
  begin.time = now_;
  begin.id = scope_;
  begin.kind = kind;
  begin.rule = rule;
  begin.name = text(name);
  begin.trace_context = context;
  builder_.on(begin, trace::Source::tracer);
  return *this;
}

Scenario& Scenario::end_scope(std::int32_t outcome) {
  builder_.on(trace::ScopeEnd{now_, scope_, outcome}, trace::Source::tracer);
  return no_scope();
}

Scenario& Scenario::no_scope() {
  scope_ = 0;
  return *this;
}

void Scenario::beside(std::string_view scope_name, const Call& made) {
  const trace::ScopeId open = scope_;
  scope(scope_name);
  call(made);
  end_scope();
  scope_ = open;
}

Scenario& Scenario::connection(trace::ConnectionId id, std::string_view application_name) {
  trace::Connection connection;
  connection.time = now_;
  connection.id = id;
  connection.application_name = text(application_name);
  builder_.on(connection, trace::Source::proxy);
  return *this;
}

Scenario& Scenario::pause(trace::Duration duration) {
  now_ += duration;
  return *this;
}

trace::StackId Scenario::stack(std::string_view file, std::uint32_t line, std::string_view function) {
  const trace::Frame frame{text(function), text(file), line};
  const trace::StackId id = next_stack_++;
  builder_.on(trace::Stack{id, std::span(&frame, 1)}, trace::Source::tracer);
  return id;
}

trace::QueryId Scenario::call(std::string_view sql, std::vector<Cell> binds, Result result) {
  Call made;
  made.text = std::string(sql);
  made.binds = std::move(binds);
  made.result = std::move(result);
  return call(made);
}

trace::QueryId Scenario::call(const Call& made) {
  std::vector<std::string> bytes;
  std::vector<trace::Parameter> parameters;
  for (const Cell& bind : made.binds) bytes.push_back(bytes_of(bind));
  for (std::size_t i = 0; i < made.binds.size(); ++i) {
    trace::Parameter parameter;
    if (std::holds_alternative<std::nullptr_t>(made.binds[i])) {
      parameter.form = trace::ParameterForm::null;
    } else if (header_.redacted) {
      parameter.form = trace::ParameterForm::canonical;
      parameter.value = canonicalizer_.from_text(bytes[i]);
    } else {
      parameter.form = trace::ParameterForm::text;
      parameter.bytes = bytes[i];
      parameter.full_size = bytes[i].size();
    }
    parameters.push_back(parameter);
  }
  trace::Query query;
  query.start = made.overlap ? last_start_ : now_ + made.pause;
  last_start_ = query.start;
  query.first_byte = query.start + made.duration / 2;
  query.complete = query.ready = query.start + made.duration;
  now_ = std::max(now_, query.ready);
  query.id = next_query_++;
  query.connection = made.connection;
  query.scope = scope_;
  query.text = text(made.text);
  query.stack = made.stack;
  query.protocol = made.binds.empty() ? trace::Protocol::simple : trace::Protocol::extended;
  query.transaction_state = made.transaction_state;
  query.flags = made.flags;
  std::copy(made.sqlstate.begin(), made.sqlstate.end(), query.sqlstate.begin());
  query.rows = made.result.columns.empty() ? made.rows
               : made.result.total_rows    ? made.result.total_rows
                                           : made.result.rows.size();
  query.pipeline_batch = made.batch;
  query.parameters = parameters;
  builder_.on(query, trace::Source::tracer);
  if (made.result.columns.empty()) return query.id;

  std::vector<trace::Column> columns;
  std::vector<std::string> shape_key;
  for (std::size_t c = 0; c < made.result.columns.size(); ++c) {
    const ResultColumnSpec& spec = made.result.columns[c];
    trace::Column column;
    column.name = text(spec.name);
    column.table_oid = spec.table.empty() ? 0 : table_oid(spec.table);
    column.attribute_number = spec.number;
    column.type_oid = type_of(made.result.rows, c);
    column.recorded = true;
    columns.push_back(column);
    shape_key.push_back(spec.name + "|" + spec.table + "|" + std::to_string(spec.number) + "|" +
                        std::to_string(column.type_oid));
  }
  const auto [shape, added] = shapes_.try_emplace(shape_key, static_cast<trace::ShapeId>(shapes_.size() + 1));
  if (added) builder_.on(trace::Shape{shape->second, columns}, trace::Source::tracer);
  std::vector<trace::Value> values;
  for (std::size_t c = 0; c < columns.size(); ++c) {
    for (const Row& row : made.result.rows) {
      const bool null = std::holds_alternative<std::nullptr_t>(row[c]);
      values.push_back(null ? trace::Value::null() : canonicalizer_.from_text(bytes_of(row[c])));
    }
  }
  trace::ResultValues recorded;
  recorded.query = query.id;
  recorded.shape = shape->second;
  recorded.rows = static_cast<std::uint32_t>(made.result.rows.size());
  recorded.columns = static_cast<std::uint32_t>(columns.size());
  recorded.total_rows = query.rows;
  recorded.values = values;
  builder_.on(recorded, trace::Source::tracer);
  return query.id;
}

model::Workload Scenario::workload() {
  return std::move(builder_).finish({});
}

detect::Detection Scenario::detect(const detect::DetectParams& params) {
  return detect::detect(workload(), params);
}

std::vector<Row> rows(std::int64_t first, std::int64_t last) {
  std::vector<Row> out;
  for (std::int64_t i = first; i <= last; ++i) out.push_back({i});
  return out;
}

std::vector<detect::Finding> of_kind(const detect::Detection& detection, detect::Kind kind) {
  std::vector<detect::Finding> out;
  std::copy_if(detection.findings.begin(), detection.findings.end(), std::back_inserter(out),
               [&](const detect::Finding& finding) { return finding.kind == kind; });
  return out;
}

bool is_silent(const detect::Detection& detection, std::string_view reason) {
  return detection.findings.empty() &&
         std::any_of(detection.silences.begin(), detection.silences.end(),
                     [&](const detect::Silence& silence) { return silence.reason == reason; });
}

}  // namespace quell::test

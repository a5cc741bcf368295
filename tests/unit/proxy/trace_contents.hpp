#pragma once

#include <map>
#include <string>
#include <vector>

#include <quell/trace/reader.hpp>

namespace quell::test {

/// A trace file, read back by the trace's own reader into values that stay.
class TraceContents : public trace::EventSink {
 public:
  struct Parameter {
    trace::ParameterForm form = trace::ParameterForm::null;
    std::uint32_t type_oid = 0;
    std::string bytes;
    trace::Value value;
  };
  struct Query {
    trace::Query event;  ///< without its parameters
    std::string text;
    std::vector<Parameter> parameters;
    std::vector<trace::Value> values;  ///< recorded values, column after column
    std::vector<std::string> columns;  ///< names of the recorded ones
    [[nodiscard]] std::string sqlstate() const {
      return event.failed() ? std::string(event.sqlstate.data(), 5) : std::string();
    }
  };

  explicit TraceContents(const std::string& path) {
    const auto reader = trace::Reader::open(path);
    reader->read_all(*this);
    summary = reader->summary();
  }

  using trace::EventSink::on;
  void on(const trace::Text& text, trace::Source) override { texts[text.id] = std::string(text.bytes); }
  void on(const trace::Shape& shape, trace::Source) override {
    for (const trace::Column& column : shape.columns) {
      if (column.recorded) shapes[shape.id].push_back(texts[column.name]);
    }
  }
  void on(const trace::Connection& event, trace::Source) override { connections.push_back(event); }
  void on(const trace::ConnectionEnd& event, trace::Source) override { ends.push_back(event); }
  void on(const trace::Loss& event, trace::Source) override { losses.push_back(event); }
  void on(const trace::Query& event, trace::Source) override {
    Query& query = queries.emplace_back();
    query.event = event;
    query.text = texts[event.text];
    for (const trace::Parameter& parameter : event.parameters) {
      query.parameters.push_back({parameter.form, parameter.type_oid, std::string(parameter.bytes), parameter.value});
    }
    query.event.parameters = {};
    positions[event.id] = queries.size() - 1;
  }
  void on(const trace::ResultValues& event, trace::Source) override {
    Query& query = queries.at(positions.at(event.query));
    query.values.assign(event.values.begin(), event.values.end());
    query.columns = shapes[event.shape];
  }

  [[nodiscard]] std::vector<std::string> query_texts() const {
    std::vector<std::string> out;
    for (const Query& query : queries) out.push_back(query.text);
    return out;
  }
  /// The executions of one text.
  [[nodiscard]] std::vector<Query> of(std::string_view text) const {
    std::vector<Query> out;
    for (const Query& query : queries) {
      if (query.text == text) out.push_back(query);
    }
    return out;
  }

  std::map<trace::TextId, std::string> texts;
  std::map<trace::ShapeId, std::vector<std::string>> shapes;
  std::vector<trace::Connection> connections;
  std::vector<trace::ConnectionEnd> ends;
  std::vector<trace::Loss> losses;
  std::vector<Query> queries;
  std::map<trace::QueryId, std::size_t> positions;
  trace::Summary summary;
};

}  // namespace quell::test

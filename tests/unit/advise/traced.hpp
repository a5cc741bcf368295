#pragma once

#include <string>
#include <vector>

#include "analyzer/model/workload.hpp"
#include "analyzer/model/workload_builder.hpp"

namespace quell::advise {

/// A workload of hand-written executions.
class Traced {
 public:
  struct Value {
    std::uint32_t type_oid = 0;
    std::string text;
  };

  explicit Traced(const std::string& agent = "quell-tracer 0.1.0") : builder_(header(agent)) {}

  Traced& query(const std::string& sql, const std::vector<Value>& values = {}, const char* sqlstate = nullptr) {
    builder_.on(trace::Text{++last_text_, sql, sql.size()}, trace::Source::tracer);
    std::vector<trace::Parameter> parameters;
    for (const Value& value : values) {
      trace::Parameter& parameter = parameters.emplace_back();
      parameter.type_oid = value.type_oid;
      parameter.form = trace::ParameterForm::text;
      parameter.bytes = value.text;
      parameter.full_size = value.text.size();
    }
    trace::Query query;
    query.id = ++last_query_;
    query.start = static_cast<trace::Time>(last_query_) * 1'000'000;
    query.first_byte = query.complete = query.ready = query.start + 500'000;
    query.text = last_text_;
    query.protocol = trace::Protocol::extended;
    if (sqlstate) std::copy_n(sqlstate, 5, query.sqlstate.begin());
    query.parameters = parameters;
    builder_.on(query, trace::Source::tracer);
    return *this;
  }

  [[nodiscard]] model::Workload finish() { return std::move(builder_).finish(trace::Summary{}); }

 private:
  static trace::Header header(const std::string& agent) {
    trace::Header header;
    header.agent = agent;
    return header;
  }

  model::WorkloadBuilder builder_;
  trace::TextId last_text_ = 0;
  trace::QueryId last_query_ = 0;
};

}  // namespace quell::advise

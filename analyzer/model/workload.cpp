#include "analyzer/model/workload.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include <quell/trace/error.hpp>

#include "analyzer/model/packed_values.hpp"
#include "analyzer/model/query_detail.hpp"
#include "analyzer/model/workload_builder.hpp"
#include "analyzer/model/workload_state.hpp"

namespace quell::model {
namespace {

/// The entry of a sorted sparse column that belongs to `query`; null if none does.
template <typename Entry>
const Entry* find_entry(const std::vector<Entry>& entries, QueryIndex query) {
  const auto found = std::lower_bound(entries.begin(), entries.end(), query,
                                      [](const Entry& entry, QueryIndex q) { return entry.query < q; });
  return found != entries.end() && found->query == query ? &*found : nullptr;
}

std::span<const QueryIndex> run_of(const std::vector<QueryIndex>& members, const std::vector<std::uint32_t>& begins,
                                   std::uint32_t index) {
  return std::span(members).subspan(begins[index], begins[index + 1] - begins[index]);
}

}  // namespace

trace::Value RecordedResult::value(std::uint32_t row, std::uint32_t column) const {
  return unpack_value(packed, row, column);
}

Workload::Workload() : state_(std::make_unique<WorkloadState>()) {
  state_->scope_begin.assign(2, 0);
  state_->statement_begin.assign(1, 0);
}
Workload::Workload(Workload&&) noexcept = default;
Workload& Workload::operator=(Workload&&) noexcept = default;
Workload::~Workload() = default;

const trace::Header& Workload::header() const {
  return state_->header;
}
const trace::Summary& Workload::summary() const {
  return state_->summary;
}
std::span<const Statement> Workload::statements() const {
  return state_->statements;
}
std::span<const Scope> Workload::scopes() const {
  return state_->scopes;
}
QueryIndex Workload::query_count() const {
  return static_cast<QueryIndex>(state_->start.size());
}

StatementIndex Workload::statement_of(QueryIndex query) const {
  return state_->texts[state_->contexts[state_->context[query]].text].statement;
}

ScopeIndex Workload::scope_of(QueryIndex query) const {
  return state_->scope[query];
}

Execution Workload::execution(QueryIndex query) const {
  const CallContext& context = state_->contexts[state_->context[query]];
  const DetailReader::Fields fields = DetailReader(state_->details.data() + state_->detail[query]).fields();
  Execution e;
  e.start = state_->start[query];
  e.first_byte = fields.first_byte != 0 ? e.start + fields.first_byte : 0;
  e.complete = fields.complete != 0 ? e.start + fields.complete : 0;
  e.ready = fields.ready != 0 ? e.start + fields.ready : 0;
  e.statement = state_->texts[context.text].statement;
  e.scope = state_->scope[query];
  e.connection = context.connection;
  e.stack = context.stack;
  e.protocol = context.protocol;
  e.transaction_state = context.transaction_state;
  e.flags = context.flags;
  e.sqlstate = fields.sqlstate;
  e.rows = fields.rows;
  e.bytes_received = fields.bytes_received;
  e.pipeline_batch = fields.pipeline_batch;
  return e;
}

std::string_view Workload::text_of(QueryIndex query) const {
  return state_->texts[state_->contexts[state_->context[query]].text].bytes;
}

std::vector<Bind> Workload::binds(QueryIndex query) const {
  std::vector<Bind> out;
  const trace::Canonicalizer canonicalizer(state_->header.key, state_->header.redacted);
  DetailReader reader(state_->details.data() + state_->detail[query]);
  const std::uint64_t parameters = reader.fields().parameters;
  for (std::uint64_t i = 0; i < parameters; ++i) {
    const DetailReader::Parameter p = reader.parameter();
    Bind bind{p.type_oid, p.form, p.bytes, p.cut, p.value};
    if (p.form == trace::ParameterForm::text) bind.value = canonicalizer.from_text(p.bytes);
    if (p.form == trace::ParameterForm::binary) bind.value = canonicalizer.from_binary(p.type_oid, p.bytes);
    out.push_back(bind);
  }
  if (parameters != 0) return out;
  const TextEntry& text = state_->texts[state_->contexts[state_->context[query]].text];
  std::string buffer;
  for (std::uint32_t i = 0; i < text.literals; ++i) {
    const sql::LiteralSpan& literal = state_->literals[text.first_literal + i];
    Bind bind;
    if (literal.kind != sql::LiteralSpan::Kind::null) {
      const std::string_view value = sql::literal_value(text.bytes, literal, buffer);
      bind.form = trace::ParameterForm::text;
      bind.value = canonicalizer.from_text(value);
      const auto unescaped = state_->unescaped_literals.find(text.first_literal + i);
      bind.bytes = unescaped != state_->unescaped_literals.end() ? unescaped->second : value;
    }
    out.push_back(bind);
  }
  return out;
}

void Workload::bind_values(QueryIndex query, std::vector<trace::Value>& out) const {
  const trace::Canonicalizer canonicalizer(state_->header.key, state_->header.redacted);
  DetailReader reader(state_->details.data() + state_->detail[query]);
  const std::uint64_t parameters = reader.fields().parameters;
  for (std::uint64_t i = 0; i < parameters; ++i) {
    const DetailReader::Parameter p = reader.parameter();
    switch (p.form) {
      case trace::ParameterForm::null:
        out.emplace_back();
        break;
      case trace::ParameterForm::text:
        out.push_back(canonicalizer.from_text(p.bytes));
        break;
      case trace::ParameterForm::binary:
        out.push_back(canonicalizer.from_binary(p.type_oid, p.bytes));
        break;
      case trace::ParameterForm::canonical:
        out.push_back(p.value);
        break;
    }
  }
  if (parameters != 0) return;
  const TextEntry& text = state_->texts[state_->contexts[state_->context[query]].text];
  std::string buffer;
  for (std::uint32_t i = 0; i < text.literals; ++i) {
    const sql::LiteralSpan& literal = state_->literals[text.first_literal + i];
    out.push_back(literal.kind == sql::LiteralSpan::Kind::null
                      ? trace::Value::null()
                      : canonicalizer.from_text(sql::literal_value(text.bytes, literal, buffer)));
  }
}

std::optional<RecordedResult> Workload::result(QueryIndex query) const {
  const ResultEntry* entry = find_entry(state_->results, query);
  if (entry == nullptr) return std::nullopt;
  const ShapeEntry& shape = state_->shapes[entry->shape];
  RecordedResult result;
  result.columns = shape.columns;
  result.recorded_columns = shape.recorded;
  result.rows = entry->rows;
  result.total_rows = entry->total_rows;
  result.packed = state_->packed_results.data() + entry->offset;
  return result;
}

std::optional<ConsumedResult> Workload::consumption(QueryIndex query) const {
  const ConsumptionEntry* entry = find_entry(state_->consumptions, query);
  if (entry == nullptr) return std::nullopt;
  ConsumedResult consumed;
  consumed.rows_read = entry->rows_read;
  consumed.total_rows = entry->total_rows;
  consumed.columns_read = std::span(state_->consumed_columns).subspan(entry->first_column, entry->columns);
  return consumed;
}

std::span<const QueryIndex> Workload::queries_of_scope(ScopeIndex scope) const {
  return run_of(state_->by_scope, state_->scope_begin, scope);
}

std::span<const QueryIndex> Workload::queries_of_statement(StatementIndex statement) const {
  return run_of(state_->by_statement, state_->statement_begin, statement);
}

std::span<const QueryIndex> Workload::queries_without_scope() const {
  return run_of(state_->by_scope, state_->scope_begin, static_cast<std::uint32_t>(state_->scopes.size()));
}

std::span<const CallSite> Workload::stack(trace::StackId stack) const {
  if (stack >= state_->stacks.size()) return {};
  return state_->stacks[stack];
}

std::string_view Workload::table_name(std::uint32_t table_oid) const {
  const auto found = state_->table_names.find(table_oid);
  return found != state_->table_names.end() ? std::string_view(found->second) : std::string_view();
}

Workload load_workload(const std::string& path, const Progress& progress) {
  const auto reader = trace::Reader::open(path);
  WorkloadBuilder builder(reader->header());
  if (progress) {
    std::error_code error;
    const std::uintmax_t size = std::filesystem::file_size(path, error);
    builder.call_while_loading([&] {
      const std::uint64_t done = reader->offset();
      if (!progress(done, std::max<std::uint64_t>(done, error ? 0 : size))) {
        throw trace::TraceError("loading " + path + " was cancelled");
      }
    });
  }
  reader->read_all(builder);
  return std::move(builder).finish(reader->summary());
}

}  // namespace quell::model

#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <quell/tracer/observer.hpp>

namespace quell::db::test {

/// An observer that keeps what it is told.
class Recorder {
 public:
  struct Query {
    trace::QueryId id = 0;
    trace::ConnectionId connection = 0;
    trace::ScopeId scope = 0;
    std::string text;
    std::string name;
    std::string sqlstate;
    std::uint64_t rows = 0;
    std::uint64_t bytes_sent = 0;
    std::uint64_t bytes_received = 0;
    std::uint64_t held_rows = 0;  ///< rows whose values the observer may ask for
    std::uint16_t flags = 0;
    trace::TransactionState state = trace::TransactionState::unknown;
    trace::Protocol protocol = trace::Protocol::simple;
    std::vector<std::string> parameters;  ///< wire bytes, "NULL" for NULL
    std::vector<std::uint32_t> types;
    std::string file;
    std::string function;
    std::uint32_t line = 0;
    trace::Time start = 0, first_byte = 0, complete = 0, ready = 0;
    std::vector<tracer::ColumnOrigin> columns;  ///< names are not kept
    std::vector<std::string> first_row;
    std::vector<std::string> first_column;  ///< of the rows held
    bool has_slot = false;
    std::uint32_t slot_text_before = 0;
    std::uint64_t batch = 0;
  };
  struct Consumed {
    trace::QueryId query = 0;
    std::uint64_t rows_read = 0;
    std::uint64_t total_rows = 0;
    std::vector<std::uint8_t> columns;
  };

  Recorder() {
    observer_.context = this;
    observer_.active = [](void* self) { return of(self).on; };
    observer_.connection_opened = [](void* self, const tracer::ConnectionOpened& opened) {
      of(self).databases.emplace_back(opened.database);
      return static_cast<trace::ConnectionId>(of(self).databases.size());
    };
    observer_.connection_closed = [](void* self, trace::ConnectionId, std::string_view) { ++of(self).closed; };
    observer_.statement_finished = [](void* self, const tracer::StatementFinished& finished) {
      return of(self).keep(finished);
    };
    observer_.result_consumed = [](void* self, const tracer::ResultConsumed& told) {
      of(self).consumed.push_back(
          {told.query, told.rows_read, told.total_rows, {told.columns_read.begin(), told.columns_read.end()}});
    };
    observer_.pool_event = [](void* self, const tracer::PoolEvent& event) { of(self).pool.push_back(event.action); };
  }
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  [[nodiscard]] const tracer::Observer* observer() const { return &observer_; }
  [[nodiscard]] std::vector<std::string> texts() const {
    std::vector<std::string> texts;
    for (const auto& query : queries) texts.push_back(query.text);
    return texts;
  }
  void clear() {
    queries.clear();
    consumed.clear();
    pool.clear();
  }

  bool on = true;
  std::vector<Query> queries;
  std::vector<Consumed> consumed;
  std::vector<trace::PoolAction> pool;
  std::vector<std::string> databases;
  int closed = 0;

 private:
  static Recorder& of(void* self) { return *static_cast<Recorder*>(self); }

  trace::QueryId keep(const tracer::StatementFinished& finished) {
    Query query;
    query.id = next_id_++;
    query.connection = finished.connection;
    query.scope = finished.scope;
    query.text = finished.text;
    query.name = finished.statement_name;
    query.sqlstate = finished.sqlstate;
    query.rows = finished.rows;
    query.bytes_sent = finished.bytes_sent;
    query.bytes_received = finished.bytes_received;
    query.flags = finished.flags;
    query.state = finished.transaction_state;
    query.protocol = finished.protocol;
    for (const auto& parameter : finished.parameters) {
      query.parameters.emplace_back(parameter.bytes.data() == nullptr ? "NULL" : std::string(parameter.bytes));
      query.types.push_back(parameter.type_oid);
    }
    query.file = finished.call_site.file_name();
    query.function = finished.call_site.function_name();
    query.line = finished.call_site.line();
    query.start = finished.start;
    query.first_byte = finished.first_byte;
    query.complete = finished.complete;
    query.ready = finished.ready;
    query.batch = finished.pipeline_batch;
    if (finished.result != nullptr) {
      query.held_rows = std::min(finished.result->rows, finished.result->held);
      for (std::uint64_t row = 0; row < query.held_rows; ++row)
        query.first_column.emplace_back(finished.result->value(finished.result->result, row, 0));
      for (std::uint32_t c = 0; c < finished.result->columns; ++c) {
        query.columns.push_back(finished.result->column(finished.result->result, c));
        query.columns.back().name = {};
        if (finished.result->rows > 0)
          query.first_row.emplace_back(finished.result->value(finished.result->result, 0, c));
      }
    }
    if (finished.slot != nullptr) {
      query.has_slot = true;
      query.slot_text_before = finished.slot->text;
      finished.slot->text = static_cast<std::uint32_t>(query.id);
    }
    queries.push_back(std::move(query));
    return queries.back().id;
  }

  tracer::Observer observer_;
  trace::QueryId next_id_ = 1;
};

}  // namespace quell::db::test

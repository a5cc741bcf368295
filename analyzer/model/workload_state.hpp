#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "analyzer/model/workload.hpp"
#include "analyzer/sql/lexer.hpp"

/// How a Workload keeps its columns; private to analyzer/model.
namespace quell::model {

/// Bytes that never move, in blocks: texts and their views.
class TextArena {
 public:
  std::string_view store(std::string_view bytes) {
    if (bytes.empty()) return {};
    if (bytes.size() > left_) {
      const std::size_t size = std::max(bytes.size(), kBlock);
      blocks_.push_back(std::make_unique<char[]>(size));
      next_ = blocks_.back().get();
      left_ = size;
    }
    char* at = next_;
    std::char_traits<char>::copy(at, bytes.data(), bytes.size());
    next_ += bytes.size();
    left_ -= bytes.size();
    return {at, bytes.size()};
  }

 private:
  static constexpr std::size_t kBlock = std::size_t{1} << 20;
  std::vector<std::unique_ptr<char[]>> blocks_;
  char* next_ = nullptr;
  std::size_t left_ = 0;
};

struct TextEntry {
  std::string_view bytes;
  StatementIndex statement = kNone;  ///< kNone: not (yet) used as a statement
  std::uint32_t first_literal = 0;
  std::uint32_t literals = 0;
  bool cut = false;
};

/// What executions have in common, kept once: most of a trace's queries share a few of these.
struct CallContext {
  trace::TextId text = 0;
  trace::ConnectionId connection = 0;
  trace::StackId stack = 0;
  std::uint16_t flags = 0;
  trace::Protocol protocol = trace::Protocol::simple;
  trace::TransactionState transaction_state = trace::TransactionState::unknown;
  friend bool operator==(const CallContext&, const CallContext&) = default;
};

struct ResultEntry {
  QueryIndex query = 0;
  trace::ShapeId shape = 0;
  std::uint32_t rows = 0;
  std::uint32_t columns = 0;  ///< recorded
  std::uint64_t total_rows = 0;
  std::uint64_t offset = 0;  ///< in packed_results
};

struct ConsumptionEntry {
  QueryIndex query = 0;
  std::uint32_t first_column = 0;  ///< in consumed_columns
  std::uint32_t columns = 0;
  std::uint64_t rows_read = 0;
  std::uint64_t total_rows = 0;
};

struct ShapeEntry {
  std::vector<ResultColumn> columns;
  std::vector<std::uint32_t> recorded;
};

/// Ids of recorded scopes count up from 1; derived ones are told apart by the top bit and made from their first query.
inline trace::ScopeId derived_scope_id(QueryIndex query) {
  return (trace::ScopeId{1} << 63) | query;
}

struct WorkloadState {
  trace::Header header;
  trace::Summary summary;

  TextArena arena;
  std::vector<TextEntry> texts;                                            ///< by TextId
  std::vector<sql::LiteralSpan> literals;                                  ///< of all texts, a run each
  std::unordered_map<std::uint32_t, std::string_view> unescaped_literals;  ///< those that hold quotes or escapes
  std::vector<std::vector<CallSite>> stacks;                               ///< by StackId
  std::vector<ShapeEntry> shapes;                                          ///< by ShapeId
  std::unordered_map<trace::ConnectionId, trace::TextId> application_names;

  std::vector<Statement> statements;
  std::vector<Scope> scopes;
  std::vector<CallContext> contexts;

  // One entry an execution, by start time.
  std::vector<trace::Time> start;
  std::vector<std::uint32_t> context;
  std::vector<ScopeIndex> scope;
  std::vector<std::uint32_t> detail;  ///< offset into details
  std::vector<std::uint8_t> details;  ///< query_detail.hpp

  std::vector<std::uint8_t> packed_results;
  std::vector<ResultEntry> results;            ///< by query
  std::vector<ConsumptionEntry> consumptions;  ///< by query
  std::vector<std::uint8_t> consumed_columns;

  std::vector<std::uint32_t> scope_begin;      ///< scope s: by_scope[scope_begin[s] .. scope_begin[s + 1])
  std::vector<QueryIndex> by_scope;            ///< the last run, of index scopes.size(), has no scope
  std::vector<std::uint32_t> statement_begin;  ///< likewise
  std::vector<QueryIndex> by_statement;

  std::unordered_map<std::uint32_t, std::string> table_names;  ///< by OID
};

}  // namespace quell::model

#pragma once

#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <quell/trace/writer.hpp>

namespace quell::bench {

/// Requests of a service: every fourth has an N+1 over the rows of its list, the others run a handful of statements.
/// 50 scopes a second; lists of 5 to 24 rows with two recorded columns.
class TraceFile {
 public:
  explicit TraceFile(std::uint64_t queries)
      : path_(std::filesystem::temp_directory_path() /
              ("quell_bench_" + std::to_string(::getpid()) + "_" + std::to_string(queries))) {
    writer_ = trace::Writer::create(path_, {});
    list_ = writer_->text("SELECT id, author_id, title FROM posts WHERE state = $1 ORDER BY id LIMIT 20");
    child_ = writer_->text("SELECT id, name FROM users WHERE id = $1");
    const char* others[] = {"SELECT * FROM sessions WHERE token = $1",
                            "UPDATE sessions SET seen = now() WHERE token = $1",
                            "SELECT count(*) FROM messages WHERE user_id = $1",
                            "SELECT p.id, t.name FROM posts p JOIN tags t ON t.post_id = p.id WHERE p.id = $1"};
    for (const char* text : others) others_.push_back(writer_->text(text));
    for (const char* name : {"GET /posts", "GET /posts/{id}", "GET /users/{id}", "POST /posts"})
      routes_.push_back(writer_->text(name));
    const trace::Column columns[] = {{writer_->text("id"), 16385, 1, 20, true},
                                     {writer_->text("author_id"), 16385, 2, 20, true}};
    shape_ = writer_->shape(columns);
    while (query_ < queries) request();
    writer_.reset();
  }
  ~TraceFile() { std::filesystem::remove(path_); }
  TraceFile(const TraceFile&) = delete;
  TraceFile& operator=(const TraceFile&) = delete;

  [[nodiscard]] std::string path() const { return path_.string(); }
  [[nodiscard]] std::uint64_t queries() const { return query_; }

 private:
  std::uint64_t random() { return state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL, state_ >> 33; }

  void query(trace::TextId text, std::uint32_t bind) {
    const char bytes[4] = {static_cast<char>(bind >> 24), static_cast<char>(bind >> 16), static_cast<char>(bind >> 8),
                           static_cast<char>(bind)};
    trace::Parameter parameter;
    parameter.type_oid = 23;
    parameter.form = trace::ParameterForm::binary;
    parameter.bytes = {bytes, 4};
    parameter.full_size = 4;
    trace::Query q;
    q.id = ++query_;
    q.start = now_;
    q.first_byte = now_ + 150'000 + static_cast<trace::Time>(random() % 100'000);
    q.complete = q.first_byte + 2'000;
    q.ready = q.complete + 1'000;
    now_ = q.ready + 40'000;
    q.connection = 1 + static_cast<trace::ConnectionId>(scope_ % 8);
    q.scope = scope_;
    q.text = text;
    q.protocol = trace::Protocol::extended;
    q.transaction_state = trace::TransactionState::idle;
    q.rows = 1;
    q.bytes_received = 120;
    q.parameters = std::span(&parameter, 1);
    writer_->write(q);
  }

  void request() {
    ++scope_;
    trace::ScopeBegin begin;
    begin.time = now_;
    begin.id = scope_;
    begin.name = routes_[scope_ % routes_.size()];
    writer_->write(begin);
    query(others_[0], static_cast<std::uint32_t>(random()));
    query(list_, 1);
    const std::uint32_t rows = 5 + static_cast<std::uint32_t>(random() % 20);
    std::vector<trace::Value> values(rows * 2);
    for (std::uint32_t row = 0; row < rows; ++row) {
      values[row] = trace::Value::integer(static_cast<std::int64_t>(random() % 1'000'000));
      values[rows + row] = trace::Value::integer(static_cast<std::int64_t>(random() % 1'000'000));
    }
    trace::ResultValues result;
    result.query = query_;
    result.shape = shape_;
    result.rows = rows;
    result.columns = 2;
    result.total_rows = rows;
    result.values = values;
    writer_->write(result);
    if (scope_ % 4 == 0) {
      for (std::uint32_t row = 0; row < rows; ++row)
        query(child_, static_cast<std::uint32_t>(values[rows + row].bits()));
    } else {
      for (std::size_t i = 1; i < others_.size(); ++i) query(others_[i], static_cast<std::uint32_t>(random()));
    }
    now_ += 15'000'000;
    writer_->write(trace::ScopeEnd{now_, scope_, 200});
  }

  std::filesystem::path path_;
  std::unique_ptr<trace::Writer> writer_;
  trace::TextId list_ = 0;
  trace::TextId child_ = 0;
  std::vector<trace::TextId> others_;
  std::vector<trace::TextId> routes_;
  trace::ShapeId shape_ = 0;
  std::uint64_t query_ = 0;
  trace::ScopeId scope_ = 0;
  trace::Time now_ = 1'000'000'000;
  std::uint64_t state_ = 20261125;
};

}  // namespace quell::bench

#pragma once

#include <memory>
#include <optional>
#include <string>

#include "agent/db/src/pq/link.hpp"

namespace quell::db::detail {

[[nodiscard]] Awaitable<RowSource> open_stream(std::shared_ptr<Link> link, Call call, Parameters parameters);
[[nodiscard]] Awaitable<CursorSource> open_cursor(std::shared_ptr<Link> link, Call call, Parameters parameters);

class CopyState;
/// `in`: the statement is a COPY … FROM STDIN, else TO STDOUT; anything else is a UsageError.
[[nodiscard]] Awaitable<std::unique_ptr<CopyState>> open_copy(std::shared_ptr<Link> link, Call call, bool in);

/// A statement that stays open over several calls: a stream, a cursor, a COPY. Owns what the statement is made of and
/// holds its connection; destroyed before `collect` or `end` it has the statement cancelled and reported without an
/// end.
class OpenStatement {
 public:
  OpenStatement(std::shared_ptr<Link> link, Call call, Parameters parameters);
  OpenStatement(const OpenStatement&) = delete;
  OpenStatement& operator=(const OpenStatement&) = delete;

 protected:
  using Execution = Link::Execution;
  ~OpenStatement() = default;

  /// Recovers the connection where that is needed and takes it. Throws what `Link::run` throws.
  Awaitable<void> begin();
  /// Sends the text by the simple protocol.
  void send_simple();
  /// Extended, prepared only where it is already.
  void send_extended();
  /// Waits for more input; for output too while there is some.
  Awaitable<void> receive();
  Awaitable<void> flush();
  /// The end of the statement; throws its error.
  Awaitable<Result> collect();
  /// The next result; null between statements. Waits.
  Awaitable<ResultHandle> next_result();
  [[noreturn]] void fail(ResultHandle error);
  [[noreturn]] void lost() { link_->lost(); }
  /// The server has said its last word.
  void complete(const PGresult* last);
  /// Lets go of the connection; where the server still works, cancels. May be called again.
  void end() { running_.reset(); }

  [[nodiscard]] bool open() const { return running_.has_value(); }
  /// Throws ConnectError where the connection was closed meanwhile.
  [[nodiscard]] PGconn* connection() const;
  [[nodiscard]] Link& link() const { return *link_; }
  [[nodiscard]] Execution& execution() { return execution_; }
  [[nodiscard]] const Parameters& parameters() const { return parameters_; }

 private:
  std::shared_ptr<Link> link_;
  UnsafeStatement text_;  // the caller's may be gone by then
  Parameters parameters_;
  Execution execution_;
  std::optional<Link::Running> running_;
};

}  // namespace quell::db::detail

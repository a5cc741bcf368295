#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <quell/db/deadline.hpp>
#include <quell/db/error.hpp>
#include <quell/trace/value.hpp>

struct pg_conn;
struct pg_result;

/// A blocking connection for tools and tests. No Asio here.
namespace quell::db {

/// A value to bind. type_oid 0: the server infers the type. No bytes: NULL.
struct SyncParameter {
  std::uint32_t type_oid = 0;
  trace::Format format = trace::Format::text;
  std::optional<std::string> bytes;
};

/// Rows in memory, all columns in the format asked for. Move-only.
class SyncResult {
 public:
  SyncResult() = default;
  explicit SyncResult(pg_result* raw);
  SyncResult(SyncResult&& other) noexcept;
  SyncResult& operator=(SyncResult&& other) noexcept;
  ~SyncResult();

  [[nodiscard]] std::size_t rows() const;
  [[nodiscard]] std::size_t columns() const;
  [[nodiscard]] std::string_view column_name(std::size_t column) const;
  [[nodiscard]] std::uint32_t type_oid(std::size_t column) const;
  [[nodiscard]] std::uint32_t table_oid(std::size_t column) const;  ///< 0: an expression
  [[nodiscard]] std::int16_t attribute_number(std::size_t column) const;
  /// data() == nullptr is NULL. Valid as long as the result.
  [[nodiscard]] std::string_view value(std::size_t row, std::size_t column) const;
  [[nodiscard]] bool is_null(std::size_t row, std::size_t column) const { return value(row, column).data() == nullptr; }
  /// Rows changed, or returned.
  [[nodiscard]] std::uint64_t affected() const;

 private:
  pg_result* raw_ = nullptr;
};

/// One connection, one thread. Every call may throw ConnectError, ServerError and DeadlineExceeded. At a deadline the
/// statement is cancelled on the server, and the connection stays usable if the server answers within a second.
class SyncConnection {
 public:
  static SyncConnection open(const std::string& dsn, Deadline deadline = {});
  SyncConnection(SyncConnection&& other) noexcept;
  SyncConnection& operator=(SyncConnection&& other) noexcept;
  ~SyncConnection();

  /// One statement. `text` is the caller's responsibility: never text of a user; values go into `parameters`.
  SyncResult query(const std::string& text, const std::vector<SyncParameter>& parameters = {},
                   trace::Format result_format = trace::Format::text, Deadline deadline = {});
  /// One or several statements without values; the result of the last one is thrown away.
  void execute(const std::string& text, Deadline deadline = {});

  /// Throws ServerError where the name is unknown or the value refused.
  void set(std::string_view name, std::string_view value);
  void set_statement_timeout(std::chrono::milliseconds timeout);  ///< 0: none
  void set_lock_timeout(std::chrono::milliseconds timeout);       ///< 0: none

  [[nodiscard]] int server_version() const;  ///< 150020 is 15.20
  [[nodiscard]] bool in_transaction() const;
  [[nodiscard]] bool is_broken() const;
  [[nodiscard]] std::uint32_t backend_pid() const;
  [[nodiscard]] std::string database() const;

 private:
  explicit SyncConnection(pg_conn* connection) : connection_(connection) {}
  SyncResult collect(Deadline deadline);
  void wait(bool for_write, Deadline deadline);
  void cancel_and_drain();
  pg_conn* connection_ = nullptr;
};

}  // namespace quell::db

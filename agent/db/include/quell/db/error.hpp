#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <quell/trace/error.hpp>

namespace quell::db {

/// Root of everything this layer throws. Sentences never hold bind values or passwords.
class Error : public quell::Error {
 public:
  using quell::Error::Error;
  /// True where the connection is gone or unusable; it will not be given out again.
  [[nodiscard]] virtual bool is_disconnect() const { return false; }
};

/// The server cannot be reached, refused us, or closed the connection.
class ConnectError : public Error {
 public:
  using Error::Error;
  [[nodiscard]] bool is_disconnect() const override { return true; }
};

/// No connection became free in time, or too many callers wait already. Names size, overflow, the time waited and the
/// longest holders' call sites.
class PoolTimeout : public Error {
 public:
  using Error::Error;
};

/// The deadline passed first. The statement is being cancelled; the connection recovers by itself before its next use.
class DeadlineExceeded : public Error {
 public:
  using Error::Error;
};

/// A mistake of the calling program: two statements at once on one connection, a relation that must not be loaded, a
/// transaction used after its end.
class UsageError : public Error {
 public:
  using Error::Error;
};

/// A value cannot be read as the type asked for. `row` counts from 0; kNoRow where the shape of the result is wrong.
class DecodeError : public Error {
 public:
  static constexpr std::uint64_t kNoRow = UINT64_MAX;
  DecodeError(const std::string& sentence, std::string column, std::string expected, std::string actual,
              std::uint64_t row)
      : Error(sentence),
        column_(std::move(column)),
        expected_(std::move(expected)),
        actual_(std::move(actual)),
        row_(row) {}

  [[nodiscard]] const std::string& column() const { return column_; }
  [[nodiscard]] const std::string& expected() const { return expected_; }
  [[nodiscard]] const std::string& actual() const { return actual_; }
  [[nodiscard]] std::uint64_t row() const { return row_; }

 private:
  std::string column_, expected_, actual_;
  std::uint64_t row_;
};

/// A value cannot be copied into a column: of another type, or outside of what the column's type can hold.
class EncodeError : public Error {
 public:
  EncodeError(const std::string& sentence, std::string column) : Error(sentence), column_(std::move(column)) {}
  [[nodiscard]] const std::string& column() const { return column_; }

 private:
  std::string column_;
};

/// What the server said, apart from our own sentence: untrusted text, may hold values of the data.
struct ServerDiagnostics {
  std::string sqlstate;  ///< five characters
  std::string severity;
  std::string message;
  std::string detail;
  std::string hint;
  std::string schema;
  std::string table;
  std::string column;
  std::string constraint;
  std::int32_t position = 0;  ///< character of the statement text, from 1; 0 where not given
};

/// The server refused a statement. what() has severity, message and SQLSTATE but never `detail`, which repeats values.
class ServerError : public Error {
 public:
  explicit ServerError(ServerDiagnostics diagnostics);

  [[nodiscard]] const std::string& sqlstate() const { return diagnostics_->sqlstate; }
  [[nodiscard]] const std::string& constraint() const { return diagnostics_->constraint; }
  [[nodiscard]] const ServerDiagnostics& diagnostics() const { return *diagnostics_; }
  /// Class 08, 57P01, 57P02, 57P03.
  [[nodiscard]] bool is_disconnect() const override;

 private:
  std::shared_ptr<const ServerDiagnostics> diagnostics_;
};

// Subclasses by SQLSTATE (PostgreSQL manual, appendix A), the ones programs react to.
class IntegrityError : public ServerError {
  using ServerError::ServerError;
};  ///< class 23
class NotNullViolation : public IntegrityError {
  using IntegrityError::IntegrityError;
};  ///< 23502
class ForeignKeyViolation : public IntegrityError {
  using IntegrityError::IntegrityError;
};  ///< 23503
class UniqueViolation : public IntegrityError {
  using IntegrityError::IntegrityError;
};  ///< 23505
class CheckViolation : public IntegrityError {
  using IntegrityError::IntegrityError;
};  ///< 23514
class ExclusionViolation : public IntegrityError {
  using IntegrityError::IntegrityError;
};  ///< 23P01
class DataError : public ServerError {
  using ServerError::ServerError;
};  ///< class 22
class RetryableError : public ServerError {
  using ServerError::ServerError;
};  ///< run the whole transaction again
class SerializationFailure : public RetryableError {
  using RetryableError::RetryableError;
};  ///< 40001
class Deadlock : public RetryableError {
  using RetryableError::RetryableError;
};  ///< 40P01
class QueryCanceled : public ServerError {
  using ServerError::ServerError;
};  ///< 57014
class LockNotAvailable : public ServerError {
  using ServerError::ServerError;
};  ///< 55P03
class InFailedTransaction : public ServerError {
  using ServerError::ServerError;
};  ///< 25P02
class StatementError : public ServerError {
  using ServerError::ServerError;
};  ///< class 42: syntax, names, types
class PrivilegeError : public StatementError {
  using StatementError::StatementError;
};  ///< 42501
class StalePlan : public ServerError {
  using ServerError::ServerError;
};  ///< 0A000 "cached plan must not change result type", 26000
class ResourceError : public ServerError {
  using ServerError::ServerError;
};  ///< class 53
class ServerGone : public ServerError {
  using ServerError::ServerError;
};  ///< class 08, 57P01..57P03

/// Throws the subclass that fits `diagnostics.sqlstate`.
[[noreturn]] void throw_server_error(ServerDiagnostics diagnostics);

}  // namespace quell::db

#pragma once

#include <string>

namespace quell::db {

/// An empty database beside another one, made on construction and dropped on destruction (best effort: where the server
/// is gone, so is our right to drop it). Its name begins with "quell_scratch_".
class ScratchDatabase {
 public:
  /// `dsn`: any database of the server, with a role that may create databases. Throws ConnectError and ServerError.
  explicit ScratchDatabase(std::string dsn);
  ScratchDatabase(const ScratchDatabase&) = delete;
  ScratchDatabase& operator=(const ScratchDatabase&) = delete;
  ~ScratchDatabase();

  [[nodiscard]] const std::string& dsn() const { return dsn_; }

 private:
  std::string server_dsn_;
  std::string name_;
  std::string dsn_;
};

}  // namespace quell::db

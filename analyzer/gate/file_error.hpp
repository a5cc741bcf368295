#pragma once

#include <string>

#include <quell/trace/error.hpp>

namespace quell::gate {

/// quell.toml or a baseline cannot be used: "quell.toml:7:1: unknown key 'max_querys'; did you mean 'max_queries'?"
class FileError : public Error {
 public:
  using Error::Error;
};

/// The whole file; throws FileError where it cannot be read, is no file, or is larger than 64 MiB.
[[nodiscard]] std::string read_file(const std::string& path);

}  // namespace quell::gate

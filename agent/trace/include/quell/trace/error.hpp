#pragma once

#include <stdexcept>
#include <string>

namespace quell {

/// A failed operation. `what()` is one sentence that names the thing and, where there is one, the next step; it never
/// holds bind values or passwords. Derived classes say which module failed.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& sentence) : std::runtime_error(sentence) {}
};

namespace trace {

/// A trace cannot be created, opened or read.
class TraceError : public Error {
 public:
  using Error::Error;
};

}  // namespace trace
}  // namespace quell

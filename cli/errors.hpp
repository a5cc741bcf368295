#pragma once

#include <quell/trace/error.hpp>

namespace quell::cli {

/// The command line is wrong in a way that the option parser cannot see. Exit code 2.
class UsageError : public Error {
 public:
  using Error::Error;
};

/// A command that ran another one ends with that one's exit code; everything was said already.
struct ExitWith {
  explicit ExitWith(int exit_code) : code(exit_code) {}
  int code;
};

/// The user pressed Ctrl-C (or sent SIGTERM) and everything was put in order. Exit code 130.
class Interrupted : public Error {
 public:
  Interrupted() : Error("interrupted") {}
};

}  // namespace quell::cli

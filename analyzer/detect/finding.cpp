#include "analyzer/detect/finding.hpp"

namespace quell::detect {

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::n_plus_one:
      return "n_plus_one";
    case Kind::n_plus_one_write:
      return "n_plus_one_write";
    case Kind::duplicate_query:
      return "duplicate_query";
    case Kind::batch_plus_one:
      return "batch_plus_one";
    case Kind::slow_query:
      return "slow_query";
  }
  return "";
}

std::string_view to_string(Confidence confidence) {
  switch (confidence) {
    case Confidence::possible:
      return "possible";
    case Confidence::likely:
      return "likely";
    case Confidence::proved:
      return "proved";
  }
  return "";
}

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::info:
      return "info";
    case Severity::low:
      return "low";
    case Severity::medium:
      return "medium";
    case Severity::high:
      return "high";
  }
  return "";
}

std::string_view to_string(Advice::Kind kind) {
  switch (kind) {
    case Advice::Kind::eager_load:
      return "eager_load";
    case Advice::Kind::rewrite:
      return "rewrite";
    case Advice::Kind::memoize:
      return "memoize";
    case Advice::Kind::index:
      return "index";
    case Advice::Kind::investigate:
      return "investigate";
  }
  return "";
}

}  // namespace quell::detect

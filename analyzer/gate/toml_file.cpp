#include "analyzer/gate/toml_file.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include "analyzer/sql/utf8.hpp"

namespace quell::gate {
namespace {

/// A baseline of 100,000 units takes a third of it.
constexpr std::uintmax_t kLargestFile = 64U << 20U;

/// Conflict markers are what a baseline most often cannot be read for.
std::string hint_for(std::string_view text) {
  const bool conflict = text.find("\n<<<<<<< ") != std::string_view::npos || text.starts_with("<<<<<<< ");
  return conflict ? "; the file holds conflict markers of a merge: keep the lines of both sides and delete the markers"
                  : "";
}

}  // namespace

std::string read_file(const std::string& path) {
  std::error_code failure;
  const auto size = std::filesystem::file_size(path, failure);
  if (failure) throw FileError(fmt::format("cannot read '{}': {}", path, failure.message()));
  if (size > kLargestFile) throw FileError(fmt::format("'{}' is larger than 64 MiB", path));
  std::string text(size, '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(text.data(), static_cast<std::streamsize>(size));
  if (!file) throw FileError(fmt::format("cannot read '{}': {}", path, std::strerror(errno)));
  return text;
}

toml::table parse_toml(std::string_view text, const std::string& file) {
  try {
    return toml::parse(text, file);
  } catch (const toml::parse_error& error) {
    fail_at(file, error.source(), sql::printable(error.description()) + hint_for(text));
  }
}

void fail_at(const std::string& file, const toml::source_region& place, const std::string& sentence) {
  throw FileError(fmt::format("{}:{}:{}: {}", file, place.begin.line, place.begin.column, sentence));
}

}  // namespace quell::gate

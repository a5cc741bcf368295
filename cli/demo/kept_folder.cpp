#include "cli/demo/kept_folder.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>
#include <quell/trace/error.hpp>

#include "cli/output.hpp"

namespace quell::demo {

namespace fs = std::filesystem;

KeptFolder::KeptFolder(const std::string& path) : path_(path) {
  std::error_code failure;
  fs::create_directories(path_, failure);
  if (failure) throw Error(fmt::format("cannot make the folder '{}' of --keep: {}", path_, failure.message()));
  if (!fs::is_directory(path_)) throw Error(fmt::format("--keep '{}' is not a folder", path_));
  if (access(path_.c_str(), W_OK | X_OK) != 0)
    throw Error(fmt::format("the folder '{}' of --keep is not writable: {}", path_, std::strerror(errno)));
}

std::string KeptFolder::path(std::string_view name) const {
  return (fs::path(path_) / name).string();
}

void KeptFolder::add(const std::string& file, std::string_view name) const {
  const std::string part = path(name) + ".part";
  std::error_code failure;
  fs::copy_file(file, part, fs::copy_options::overwrite_existing, failure);
  if (!failure) fs::rename(part, path(name), failure);
  if (!failure) return;
  std::error_code ignored;
  fs::remove(part, ignored);
  throw Error(fmt::format("cannot write '{}': {}", path(name), failure.message()));
}

void KeptFolder::write(std::string_view content, std::string_view name) const {
  cli::write_output(content, path(name));
}

}  // namespace quell::demo

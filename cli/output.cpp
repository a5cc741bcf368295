#include "cli/output.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>
#include <quell/trace/error.hpp>

namespace quell::cli {
namespace {

namespace fs = std::filesystem;

bool write_all(int file, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(file, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

[[noreturn]] void throw_cannot_write(const std::string& what, int error) {
  throw Error(fmt::format("cannot write {}: {}", what, std::strerror(error)));
}

fs::path folder_of(const std::string& path) {
  const fs::path parent = fs::path(path).parent_path();
  return parent.empty() ? fs::path(".") : parent;
}

/// /dev/stdout, a pipe: nothing to rename over.
bool is_special(const std::string& path) {
  std::error_code ignored;
  const fs::file_status status = fs::status(path, ignored);
  return fs::exists(status) && !fs::is_regular_file(status);
}

void write_special(std::string_view content, const std::string& path) {
  const int file = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (file < 0) throw_cannot_write("'" + path + "'", errno);
  const bool written = write_all(file, content);
  const int error = errno;
  close(file);
  if (!written) throw_cannot_write("'" + path + "'", error);
}

void write_and_rename(std::string_view content, const std::string& path) {
  // A link keeps pointing where it did.
  std::error_code none;
  const fs::path real = fs::is_symlink(path, none) ? fs::weakly_canonical(path, none) : fs::path(path);
  std::string temporary = real.string() + ".XXXXXX";
  const int file = mkostemp(temporary.data(), O_CLOEXEC);
  if (file < 0) throw_cannot_write("'" + path + "'", errno);
  const mode_t mask = umask(0);
  umask(mask);
  const bool written = write_all(file, content) && fchmod(file, 0666 & ~mask) == 0 && fsync(file) == 0;
  int error = errno;
  close(file);
  if (written && std::rename(temporary.c_str(), real.c_str()) == 0) return;
  if (written) error = errno;
  unlink(temporary.c_str());
  throw_cannot_write("'" + path + "'", error);
}

}  // namespace

void check_output(const std::string& path) {
  if (path.empty()) return;
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) throw Error(fmt::format("--output '{}' is a folder; name a file in it", path));
  if (is_special(path)) return;
  const fs::path folder = folder_of(path);
  if (!fs::is_directory(folder, ignored))
    throw Error(fmt::format("the folder '{}' of --output does not exist; make it first", folder.string()));
  if (access(folder.c_str(), W_OK) != 0)
    throw Error(fmt::format("the folder '{}' of --output is not writable: {}", folder.string(), std::strerror(errno)));
}

void write_output(std::string_view content, const std::string& path) {
  if (path.empty()) {
    if (!write_all(STDOUT_FILENO, content)) throw_cannot_write("to stdout", errno);
  } else if (is_special(path)) {
    write_special(content, path);
  } else {
    write_and_rename(content, path);
  }
}

}  // namespace quell::cli

#pragma once

#include <string>
#include <string_view>

namespace quell::demo {

/// The folder of --keep. Files appear in it whole or not at all.
class KeptFolder {
 public:
  /// Makes the folder where it is missing; throws Error where that fails or it cannot be written.
  explicit KeptFolder(const std::string& path);

  /// The path that `name` has or would have in it.
  [[nodiscard]] std::string path(std::string_view name) const;
  /// Copies `file`.
  void add(const std::string& file, std::string_view name) const;
  void write(std::string_view content, std::string_view name) const;

 private:
  std::string path_;
};

}  // namespace quell::demo

#include "cli/record/recorded_child.hpp"

#include <spawn.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

namespace quell::cli {
namespace {

int exit_code_of(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

RecordedChild::RecordedChild() {
  sigemptyset(&waited_);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCHLD}) sigaddset(&waited_, signal);
  pthread_sigmask(SIG_BLOCK, &waited_, &previous_);
}

RecordedChild::~RecordedChild() {
  pthread_sigmask(SIG_SETMASK, &previous_, nullptr);
}

int RecordedChild::run(const std::vector<std::string>& command, const Environment& environment, std::string& problem) {
  std::vector<std::string> settings;
  for (const auto& [name, value] : environment) settings.push_back(fmt::format("{}={}", name, value));
  std::vector<char*> variables;
  for (std::string& setting : settings) variables.push_back(setting.data());
  variables.push_back(nullptr);
  std::vector<std::string> words = command;
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigmask(&attributes, &previous_);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  pid_t child = -1;
  const int error = posix_spawnp(&child, words[0].c_str(), nullptr, &attributes, arguments.data(), variables.data());
  posix_spawnattr_destroy(&attributes);
  if (error != 0) {
    problem = fmt::format("cannot run '{}': {}", words[0], std::strerror(error));
    return 127;
  }
  while (true) {
    siginfo_t signal{};
    if (sigwaitinfo(&waited_, &signal) < 0) {
      if (errno == EINTR) continue;
      problem = fmt::format("cannot wait for '{}': {}", words[0], std::strerror(errno));
      return 1;
    }
    // The terminal sends its signals to the whole foreground group; what a process sent is for us alone.
    if (signal.si_signo != SIGCHLD && signal.si_code != SI_KERNEL) kill(child, signal.si_signo);
    int status = 0;
    if (waitpid(child, &status, WNOHANG) == child) return exit_code_of(status);
  }
}

}  // namespace quell::cli

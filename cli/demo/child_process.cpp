#include "cli/demo/child_process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <quell/trace/error.hpp>

#include "cli/demo/interrupt.hpp"

extern char** environ;

namespace quell::demo {
namespace {

constexpr std::chrono::milliseconds kPoll{5};
constexpr int kCannotExecute = 127;

std::vector<char*> pointers_to(std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (std::string& each : strings) out.push_back(each.data());
  out.push_back(nullptr);
  return out;
}

std::string last_lines(const std::string& path) {
  std::ifstream in(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  std::string out;
  for (std::size_t i = lines.size() > 5 ? lines.size() - 5 : 0; i < lines.size(); ++i) out += "\n  " + lines[i];
  return out;
}

std::string name_of(const std::string& path) {
  return path.substr(path.find_last_of('/') + 1);
}

}  // namespace

ChildProcess ChildProcess::start(ChildParams params) {
  ChildProcess child(std::move(params));
  std::vector<std::string> environment;
  for (const auto& [name, value] : child.params_.environment) environment.push_back(fmt::format("{}={}", name, value));
  for (char** entry = environ; *entry; ++entry) environment.emplace_back(*entry);
  const std::vector<char*> envp = pointers_to(environment);
  const std::vector<char*> argv = pointers_to(child.params_.arguments);
  const pid_t parent = getpid();
  // A signal that comes before exec must end the child, not run our handlers in it.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &before);
  child.pid_ = fork();
  if (child.pid_ != 0) {
    sigprocmask(SIG_SETMASK, &before, nullptr);
    if (child.pid_ < 0) throw Error(fmt::format("cannot start a process for {}", child.params_.arguments[0]));
    return child;
  }
  // Between fork and exec only async-signal-safe calls.
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) signal(number, SIG_DFL);
  sigprocmask(SIG_SETMASK, &before, nullptr);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) _exit(kCannotExecute);
  setpgid(0, 0);
  const int log = open(child.params_.log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  const int null = open("/dev/null", O_RDONLY);
  if (log < 0 || null < 0) _exit(kCannotExecute);
  dup2(null, STDIN_FILENO);
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  for (int file = 3; file < 256; ++file) close(file);
  execve(argv[0], argv.data(), envp.data());
  _exit(kCannotExecute);
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : params_(std::move(other.params_)), pid_(std::exchange(other.pid_, -1)), status_(other.status_) {}

ChildProcess::~ChildProcess() {
  if (!running()) return;
  kill(pid_, SIGTERM);
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (running() && std::chrono::steady_clock::now() < give_up) std::this_thread::sleep_for(kPoll);
  if (!running()) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

bool ChildProcess::running() {
  if (pid_ > 0 && waitpid(pid_, &status_, WNOHANG) == pid_) pid_ = -1;
  return pid_ > 0;
}

void ChildProcess::throw_failed(const std::string& how) const {
  throw Error(fmt::format("{} {}{}", name_of(params_.arguments[0]), how, last_lines(params_.log_path)));
}

void ChildProcess::wait(std::chrono::seconds limit, bool interruptible) {
  const auto give_up = std::chrono::steady_clock::now() + limit;
  while (running()) {
    if (interruptible) InterruptGuard::check();
    if (std::chrono::steady_clock::now() > give_up) throw_failed(fmt::format("did not end in {} s", limit.count()));
    std::this_thread::sleep_for(kPoll);
  }
  if (WIFEXITED(status_) && WEXITSTATUS(status_) == 0) return;
  if (WIFSIGNALED(status_)) throw_failed(fmt::format("was ended by signal {}", WTERMSIG(status_)));
  if (WEXITSTATUS(status_) == kCannotExecute) throw_failed(fmt::format("could not be run ({})", params_.arguments[0]));
  throw_failed(fmt::format("failed with exit code {}", WEXITSTATUS(status_)));
}

void ChildProcess::wait_for_success(std::chrono::seconds limit) {
  wait(limit, true);
}

void ChildProcess::terminate(std::chrono::seconds limit) {
  if (running()) kill(pid_, SIGTERM);
  wait(limit, false);
}

}  // namespace quell::demo

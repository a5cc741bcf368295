#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <quell/trace/reader.hpp>

#include "tests/pg/reference_app/api_client.hpp"
#include "tests/pg/support/cluster.hpp"

namespace quell::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

/// The installed program as a child, its output in a file.
class Program {
 public:
  explicit Program(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), QUELL_REFERENCE_PROGRAM);
    static int serial = 0;
    output_path_ =
        testing::TempDir() + "quell_reference_" + std::to_string(::getpid()) + "_" + std::to_string(++serial);
    pid_ = ::fork();
    if (pid_ == 0) {
      const int file = ::open(output_path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
      ::dup2(file, STDOUT_FILENO);
      ::dup2(file, STDERR_FILENO);
      std::vector<char*> raw;
      for (auto& argument : arguments) raw.push_back(argument.data());
      raw.push_back(nullptr);
      ::execv(raw[0], raw.data());
      ::_exit(127);
    }
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    ::unlink(output_path_.c_str());
  }

  void signal(int number) const { ::kill(pid_, number); }
  int wait() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  [[nodiscard]] std::string output() const {
    std::ifstream file(output_path_);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }
  /// Waits up to ten seconds for a line of output that begins with `start`.
  [[nodiscard]] std::string line(const std::string& start) const {
    for (int i = 0; i < 1000; ++i) {
      std::istringstream lines(output());
      for (std::string line; std::getline(lines, line);) {
        if (line.starts_with(start) && !lines.eof()) return line;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return {};
  }

 private:
  std::string output_path_;
  pid_t pid_ = -1;
};

struct Finished {
  int code;
  std::string output;
};

Finished run(std::vector<std::string> arguments) {
  Program program(std::move(arguments));
  const int code = program.wait();
  return {code, program.output()};
}

TEST(ReferenceProgram, MigratesSeedsServesAndDrains) {
  const auto dsn = fresh_database();
  EXPECT_EQ(run({"migrate", "--dsn", dsn}).code, 0);
  const auto seeded = run({"seed", "--dsn", dsn, "--scale", "0.01"});
  EXPECT_EQ(seeded.code, 0);
  EXPECT_EQ(seeded.output, "10 users, 200 posts, 400 comments, 20 products, 100 orders\n");

  const std::string port_file = testing::TempDir() + "quell_reference_port_" + std::to_string(::getpid());
  Program server({"serve", "--dsn", dsn, "--listen", "127.0.0.1:0", "--port-file", port_file, "--workers", "2"});
  const auto line = server.line("listening on ");
  ASSERT_THAT(line, StartsWith("listening on http://127.0.0.1:"));
  const auto port = static_cast<std::uint16_t>(std::stoi(line.substr(line.rfind(':') + 1)));
  int written_port = 0;
  std::ifstream(port_file) >> written_port;
  EXPECT_EQ(written_port, port);
  EXPECT_EQ(call(port, "GET", "/posts?limit=1").status, 200);
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait(), 0) << server.output();
  ::unlink(port_file.c_str());
}

TEST(ReferenceProgram, MigrateOnServeMakesTheSchemaAndSigintDrainsToo) {
  const auto dsn = fresh_database();
  Program server({"serve", "--dsn", dsn, "--listen", "127.0.0.1:0", "--migrate"});
  const auto line = server.line("listening on ");
  ASSERT_THAT(line, StartsWith("listening on "));
  const auto port = static_cast<std::uint16_t>(std::stoi(line.substr(line.rfind(':') + 1)));
  EXPECT_EQ(call(port, "GET", "/posts").body,
            R"({"items":[],"limit":20,"offset":0,"next_offset":null,"next_cursor":null})");
  server.signal(SIGINT);
  EXPECT_EQ(server.wait(), 0) << server.output();
}

/// Names of the scopes of a trace with their outcomes and the call sites of their queries.
class TraceContents : public trace::EventSink {
 public:
  using trace::EventSink::on;
  void on(const trace::Text& text, trace::Source) override { texts_[text.id] = text.bytes; }
  void on(const trace::Stack& stack, trace::Source) override {
    if (!stack.frames.empty()) files_[stack.id] = texts_[stack.frames.front().file];
  }
  void on(const trace::ScopeBegin& scope, trace::Source) override { names_[scope.id] = texts_[scope.name]; }
  void on(const trace::ScopeEnd& scope, trace::Source) override { outcomes[names_[scope.id]] = scope.outcome; }
  void on(const trace::Query& query, trace::Source) override {
    ++queries[names_[query.scope]];
    call_files.insert(files_[query.stack]);
  }

  std::map<std::string, int> outcomes;
  std::map<std::string, int> queries;
  std::set<std::string> call_files;

 private:
  std::map<trace::TextId, std::string> texts_;
  std::map<trace::StackId, std::string> files_;
  std::map<trace::ScopeId, std::string> names_;
};

TEST(ReferenceProgram, TracesEveryRequestAsAScopeNamedByItsRoute) {
  const auto dsn = fresh_database();
  ASSERT_EQ(run({"migrate", "--dsn", dsn}).code, 0);
  ASSERT_EQ(run({"seed", "--dsn", dsn, "--scale", "0.01"}).code, 0);
  const std::string path = testing::TempDir() + "quell_reference_" + std::to_string(::getpid()) + ".qtr";
  ::setenv("QUELL_TRACE", path.c_str(), 1);
  Program server({"serve", "--dsn", dsn, "--listen", "127.0.0.1:0", "--workers", "1"});
  ::unsetenv("QUELL_TRACE");
  const auto line = server.line("listening on ");
  ASSERT_THAT(line, StartsWith("listening on "));
  const auto port = static_cast<std::uint16_t>(std::stoi(line.substr(line.rfind(':') + 1)));
  for (const auto* target :
       {"/posts?loading=lazy&limit=5", "/posts?loading=joined", "/posts?limit=5", "/posts/1", "/users/0"}) {
    call(port, "GET", target);
  }
  server.signal(SIGTERM);
  ASSERT_EQ(server.wait(), 0);

  TraceContents trace;
  const auto reader = trace::Reader::open(path);
  reader->read_all(trace);
  EXPECT_TRUE(reader->summary().complete());
  const std::map<std::string, int> expected{{"GET /posts?loading=lazy", 200},
                                            {"GET /posts?loading=joined", 200},
                                            {"GET /posts", 200},
                                            {"GET /posts/{id}", 200},
                                            {"GET /users/{id}", 422}};
  EXPECT_EQ(trace.outcomes, expected);
  // Posts, comment counts, and at least one author and five times tags.
  EXPECT_GE(trace.queries["GET /posts?loading=lazy"], 8);
  EXPECT_EQ(trace.queries["GET /posts?loading=joined"], 2);
  EXPECT_EQ(trace.queries["GET /posts"], 4);
  EXPECT_EQ(trace.queries["GET /users/{id}"], 0);
  for (const auto& file : trace.call_files) EXPECT_THAT(file, HasSubstr("reference_app/domain/"));
  ::unlink(path.c_str());
}

TEST(ReferenceProgram, RunsTheNaiveVersionByOptionOrByEnvironment) {
  const auto dsn = fresh_database();
  ASSERT_EQ(run({"migrate", "--dsn", dsn}).code, 0);
  ASSERT_EQ(run({"seed", "--dsn", dsn, "--scale", "0.01"}).code, 0);
  const std::string path = testing::TempDir() + "quell_reference_" + std::to_string(::getpid()) + ".qtr";
  for (const bool by_option : {true, false}) {
    std::vector<std::string> arguments{"serve", "--dsn", dsn, "--listen", "127.0.0.1:0", "--workers", "1"};
    if (by_option) arguments.emplace_back("--naive");
    ::setenv("QUELL_TRACE", path.c_str(), 1);
    if (!by_option) ::setenv("QUELL_REFERENCE_NAIVE", "1", 1);
    Program server(arguments);
    ::unsetenv("QUELL_TRACE");
    ::unsetenv("QUELL_REFERENCE_NAIVE");
    const auto line = server.line("listening on ");
    ASSERT_THAT(line, StartsWith("listening on "));
    call(static_cast<std::uint16_t>(std::stoi(line.substr(line.rfind(':') + 1))), "GET", "/products/1");
    server.signal(SIGTERM);
    ASSERT_EQ(server.wait(), 0);
    TraceContents trace;
    trace::Reader::open(path)->read_all(trace);
    EXPECT_EQ(trace.queries, (std::map<std::string, int>{{"GET /products/{id} [naive]", 3}}));
    ::unlink(path.c_str());
  }
}

TEST(ReferenceProgram, MakesAnAdministratorWhoCanLogIn) {
  const auto dsn = fresh_database();
  ASSERT_EQ(run({"migrate", "--dsn", dsn}).code, 0);
  ::setenv("QUELL_REFERENCE_ADMIN_PASSWORD", "ten letters", 1);
  const auto made = run({"make-admin", "--dsn", dsn, "--email", "ada@example.org"});
  const auto again = run({"make-admin", "--dsn", dsn, "--email", "ada@example.org"});
  ::unsetenv("QUELL_REFERENCE_ADMIN_PASSWORD");
  EXPECT_EQ(made.output, "ada@example.org is an administrator\n");
  EXPECT_EQ(again.code, 0) << again.output;
  Program server({"serve", "--dsn", dsn, "--listen", "127.0.0.1:0"});
  const auto line = server.line("listening on ");
  ASSERT_THAT(line, StartsWith("listening on "));
  EXPECT_THAT(server.output(), HasSubstr("QUELL_REFERENCE_JWT_SECRET is not set"));
  const auto port = static_cast<std::uint16_t>(std::stoi(line.substr(line.rfind(':') + 1)));
  EXPECT_EQ(call(port, "POST", "/auth/login", R"({"email":"ada@example.org","password":"ten letters"})").status, 200);
}

TEST(ReferenceProgram, RefusesAShortSecretOrPassword) {
  ::setenv("QUELL_REFERENCE_JWT_SECRET", "thirty-one bytes are not enough", 1);
  const auto serve = run({"serve", "--dsn", "dbname=x"});
  ::unsetenv("QUELL_REFERENCE_JWT_SECRET");
  EXPECT_EQ(serve.code, 2);
  EXPECT_THAT(serve.output, HasSubstr("must have at least 32 bytes"));
  EXPECT_THAT(serve.output, testing::Not(HasSubstr("thirty-one")));
  const auto admin = run({"make-admin", "--dsn", "dbname=x", "--email", "ada@example.org"});
  EXPECT_EQ(admin.code, 2);
  EXPECT_THAT(admin.output, HasSubstr("must be set to at least 10 characters"));
}

TEST(ReferenceProgram, SettingsComeFromTheEnvironmentToo) {
  const auto help = run({"serve", "--help"});
  for (const auto* name :
       {"QUELL_REFERENCE_DSN", "QUELL_REFERENCE_JWT_SECRET", "QUELL_REFERENCE_AUTH_BURST",
        "QUELL_REFERENCE_ACCOUNT_RATE", "QUELL_REFERENCE_EXPENSIVE_BURST", "QUELL_REFERENCE_CORS_ORIGINS",
        "QUELL_REFERENCE_CACHE_LIFETIME_MS", "QUELL_REFERENCE_ACCESS_LIFETIME_S", "QUELL_REFERENCE_REFRESH_LIFETIME_S",
        "QUELL_REFERENCE_MAX_HASHES"}) {
    EXPECT_THAT(help.output, HasSubstr(name));
  }
  ::setenv("QUELL_REFERENCE_AUTH_BURST", "-1", 1);
  const auto refused = run({"serve", "--dsn", "dbname=x"});
  ::unsetenv("QUELL_REFERENCE_AUTH_BURST");
  EXPECT_EQ(refused.code, 2);

  const auto dsn = fresh_database();
  ::setenv("QUELL_REFERENCE_AUTH_BURST", "1", 1);
  Program server({"serve", "--dsn", dsn, "--listen", "127.0.0.1:0", "--migrate"});
  const auto line = server.line("listening on ");
  ::unsetenv("QUELL_REFERENCE_AUTH_BURST");
  ASSERT_THAT(line, StartsWith("listening on "));
  const auto port = static_cast<std::uint16_t>(std::stoi(line.substr(line.rfind(':') + 1)));
  EXPECT_EQ(call(port, "POST", "/auth/logout", R"({"refresh_token":"x"})").status, 204);
  EXPECT_EQ(call(port, "POST", "/auth/logout", R"({"refresh_token":"x"})").status, 429);
}

TEST(ReferenceProgram, GoesDownByStepsAndToTheBase) {
  const auto dsn = fresh_database();
  EXPECT_EQ(run({"migrate", "--dsn", dsn}).code, 0);
  EXPECT_EQ(run({"migrate", "--dsn", dsn, "--down", "1"}).code, 0);
  EXPECT_EQ(run({"migrate", "--dsn", dsn}).code, 0);
  EXPECT_EQ(run({"migrate", "--dsn", dsn, "--naive"}).output, "upgrade naive drop_indexes\n");
  EXPECT_EQ(run({"migrate", "--dsn", dsn, "--down", "base"}).code, 0);
}

TEST(ReferenceProgram, HelpShowsExamples) {
  for (const auto& arguments : {std::vector<std::string>{"--help"},
                                {"migrate", "--help"},
                                {"seed", "--help"},
                                {"make-admin", "--help"},
                                {"serve", "--help"}}) {
    const auto finished = run(arguments);
    EXPECT_EQ(finished.code, 0);
    EXPECT_THAT(finished.output, HasSubstr("Example"));
  }
}

TEST(ReferenceProgram, WrongUsageIsASentenceAndExitCode2) {
  const auto missing = run({"serve"});
  EXPECT_EQ(missing.code, 2);
  EXPECT_THAT(missing.output, HasSubstr("--dsn is required"));
  const auto listen = run({"serve", "--dsn", "dbname=x", "--listen", "localhost"});
  EXPECT_EQ(listen.code, 2);
  EXPECT_THAT(listen.output, HasSubstr("must be HOST:PORT"));
  EXPECT_EQ(run({"serve", "--dsn", "dbname=x", "--listen", "127.0.0.1:99999"}).code, 2);
  EXPECT_EQ(run({"seed", "--dsn", "dbname=x", "--scale", "-1"}).code, 2);
  EXPECT_EQ(run({"migrate", "--dsn", "dbname=x", "--down", "x"}).code, 2);
  EXPECT_EQ(run({"migrate", "--dsn", "dbname=x", "--down", "1", "--naive"}).code, 2);
  EXPECT_EQ(run({}).code, 2);
}

TEST(ReferenceProgram, FailuresAreASentenceAndExitCode1) {
  const std::string nowhere = "host=/nonexistent dbname=x connect_timeout=2";
  for (const auto& arguments : {std::vector<std::string>{"serve", "--listen", "127.0.0.1:0", "--dsn", nowhere},
                                {"migrate", "--dsn", nowhere},
                                {"seed", "--dsn", nowhere}}) {
    const auto finished = run(arguments);
    EXPECT_EQ(finished.code, 1) << arguments.front();
    EXPECT_THAT(finished.output, StartsWith("quell-reference: "));
  }
  const auto dsn = fresh_database();
  const auto unmigrated = run({"serve", "--listen", "127.0.0.1:0", "--dsn", dsn});
  EXPECT_EQ(unmigrated.code, 1);
  EXPECT_THAT(unmigrated.output, HasSubstr("run quell-reference migrate"));
}

}  // namespace
}  // namespace quell::test

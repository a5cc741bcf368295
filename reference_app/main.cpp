#include <csignal>
#include <cstdio>
#include <exception>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <quell/db/migrate.hpp>
#include <quell/db/pool.hpp>
#include <quell/tracer/tracer.hpp>

#include "reference_app/domain/seed.hpp"
#include "reference_app/migrations/migrations.hpp"
#include "reference_app/naive/missing_indexes.hpp"
#include "reference_app/service.hpp"
#include "reference_app/settings.hpp"

namespace {

using namespace quell;

struct Options {
  std::string dsn;
  std::optional<std::string> down;
  bool naive_schema = false;
  double scale = 1.0;
  reference::Account admin;
  reference::ServiceParams service;
  std::string listen = "127.0.0.1:8080";
  std::string port_file;
  bool migrate_first = false;
};

db::Migrator make_migrator(const std::string& dsn) {
  db::MigrationParams params;
  params.progress = [](std::string_view step) { fmt::print(stderr, "{}\n", step); };
  return {dsn, reference::naive::with_missing_indexes(reference::migrations()), params};
}

void upgrade(db::Migrator migrator, bool naive) {
  migrator.upgrade(naive ? std::string(reference::naive::kMissingIndexes) : reference::migrations().back().id);
}

void run_migrate(const Options& options) {
  if (!options.down) {
    upgrade(make_migrator(options.dsn), options.naive_schema);
  } else {
    make_migrator(options.dsn).downgrade(*options.down == "base" ? "base" : "-" + *options.down);
  }
}

void run_seed(const Options& options) {
  const auto size = reference::SeedSize::scaled(options.scale);
  reference::seed_database(options.dsn, size);
  fmt::print("{} users, {} posts, {} comments, {} products, {} orders\n", size.users, size.posts, size.comments,
             size.products, size.orders);
}

void run_make_admin(const Options& options) {
  reference::make_admin_account(options.dsn, options.admin);
  fmt::print("{} is an administrator\n", options.admin.email);
}

/// Writes the whole number at once, so that whoever waits for the file never reads half of it.
void write_port_file(const std::string& path, std::uint16_t port) {
  const std::string temporary = path + ".part";
  std::ofstream file(temporary);
  file << port << '\n';
  file.close();
  if (!file || std::rename(temporary.c_str(), path.c_str()) != 0) {
    throw std::runtime_error(fmt::format("cannot write the port file {}", path));
  }
}

void split_listen(const std::string& listen, std::string& host, std::uint16_t& port) {
  const auto colon = listen.rfind(':');
  unsigned long value = 0;
  try {
    std::size_t used = 0;
    const std::string digits = colon == std::string::npos ? "" : listen.substr(colon + 1);
    value = std::stoul(digits, &used);
    if (used != digits.size() || value > 65535) throw std::out_of_range("port");
  } catch (const std::exception&) {
    throw CLI::ValidationError("--listen", "must be HOST:PORT, such as 127.0.0.1:8080 (port 0: a free one)");
  }
  host = listen.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  port = static_cast<std::uint16_t>(value);
}

void run_serve(Options options) {
  // Before any thread exists, so that all inherit it: only sigwait below takes these.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  if (options.service.api.secret.empty()) {
    fmt::print(stderr,
               "quell-reference: {} is not set: tokens and cursors are good until this process ends and for it only\n",
               reference::kSecretVariable);
  }
  tracer::start_from_environment("quell-reference");
  if (options.migrate_first) upgrade(make_migrator(options.dsn), false);
  reference::require_current_schema(options.dsn);

  options.service.dsn = options.dsn;
  reference::Service service(options.service);
  if (!options.port_file.empty()) write_port_file(options.port_file, service.port());
  fmt::print("listening on http://{}:{}\n", service.host_for_url(), service.port());
  std::fflush(stdout);

  int received = 0;
  sigwait(&signals, &received);
  service.stop();
  tracer::stop();
}

void declare_serve(CLI::App& app, Options& options, const std::function<void(CLI::App*)>& add_dsn) {
  auto* serve = app.add_subcommand("serve", "Answer HTTP until SIGTERM or SIGINT");
  add_dsn(serve);
  serve->add_option("--listen", options.listen, "HOST:PORT; port 0 takes a free one")->capture_default_str();
  serve->add_option("--port-file", options.port_file, "Write the port to this file when ready");
  serve->add_option("--workers", options.service.server.workers, "Threads, each with an event loop and a pool")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  serve->add_option("--pool-size", options.service.pool_size, "Connections of each worker")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  serve->add_option("--access-log", options.service.access_log, "File for one line of JSON a request, - for stderr");
  serve->add_flag("--naive", options.service.api.naive, "Run the badly written version of every operation that has one")
      ->envname("QUELL_REFERENCE_NAIVE");
  serve->add_flag("--migrate", options.migrate_first, "Bring the schema up to date first");
  reference::declare_settings(*serve, options.service);
  serve->footer(
      "QUELL_REFERENCE_JWT_SECRET signs access tokens and cursors: at least 32 bytes, the same for all processes.\n"
      "QUELL_TRACE=FILE records a trace; QUELL_REDACT=1 keeps values out of it.\n"
      "Examples:\n  quell-reference serve --migrate --dsn dbname=blog\n"
      "  QUELL_TRACE=blog.qtr quell-reference serve --listen 127.0.0.1:0 --port-file port");
}

void declare_commands(CLI::App& app, Options& options) {
  app.require_subcommand(1);
  app.footer(
      "Examples:\n"
      "  export QUELL_REFERENCE_DSN='host=/run/postgresql dbname=blog'\n"
      "  quell-reference migrate\n"
      "  quell-reference seed --scale 0.1\n"
      "  QUELL_TRACE=blog.qtr quell-reference serve --listen 127.0.0.1:8080 --workers 2");

  const auto add_dsn = [&](CLI::App* command) {
    command->add_option("--dsn", options.dsn, "The database, as libpq writes it")
        ->envname("QUELL_REFERENCE_DSN")
        ->required();
  };

  auto* migrate = app.add_subcommand("migrate", "Bring the schema up to date, or back");
  add_dsn(migrate);
  migrate->add_option("--down", options.down, "Go back N steps, or to the empty database with 'base'")
      ->check([](const std::string& text) {
        const bool number =
            !text.empty() && text.size() < 6 && text.find_first_not_of("0123456789") == std::string::npos;
        return text == "base" || number ? std::string() : std::string("must be a number of steps or 'base'");
      });
  migrate->add_flag("--naive", options.naive_schema, "Then drop the indexes that a careless team would not have")
      ->excludes("--down");
  migrate->footer(
      "Examples:\n  quell-reference migrate --dsn dbname=blog\n  quell-reference migrate --down 1\n"
      "  quell-reference migrate --down base");

  auto* seed = app.add_subcommand("seed", "Fill an empty database with invented data, always the same");
  add_dsn(seed);
  seed->add_option("--scale", options.scale, "1 is 1,000 users, 20,000 posts and 40,000 comments")
      ->check(CLI::Range(0.0001, 1000.0))
      ->capture_default_str();
  seed->footer("Examples:\n  quell-reference seed --dsn dbname=blog\n  quell-reference seed --scale 10");

  auto* admin = app.add_subcommand("make-admin", "Make a user an administrator, and the user where there is none");
  add_dsn(admin);
  admin->add_option("--email", options.admin.email, "The user's e-mail address")->required();
  admin->add_option("--name", options.admin.name, "Name of a new user")->default_val("Administrator");
  admin->footer(
      "The password is taken from QUELL_REFERENCE_ADMIN_PASSWORD.\n"
      "Examples:\n  QUELL_REFERENCE_ADMIN_PASSWORD=… quell-reference make-admin --email ada@example.org");

  declare_serve(app, options, add_dsn);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("A blog as a REST API on PostgreSQL: the service Quell is shown on.", "quell-reference");
  Options options;
  options.service.server.workers = std::max(1U, std::thread::hardware_concurrency());
  declare_commands(app, options);
  try {
    app.parse(argc, argv);
    split_listen(options.listen, options.service.server.host, options.service.server.port);
    if (app.got_subcommand("serve")) reference::read_secret(options.service.api);
    if (app.got_subcommand("make-admin")) options.admin.password = reference::read_admin_password();
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }

  try {
    if (app.got_subcommand("migrate")) run_migrate(options);
    if (app.got_subcommand("seed")) run_seed(options);
    if (app.got_subcommand("make-admin")) run_make_admin(options);
    if (app.got_subcommand("serve")) run_serve(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "quell-reference: {}\n", error.what());
    return 1;
  }
  return 0;
}

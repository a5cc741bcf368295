// A program of somebody else, built against the installed package: asks a server through a pool, recorded by the
// tracer. usage: service DSN TRACE_FILE

#include <cstddef>
#include <exception>
#include <iostream>
#include <string>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/describe/class.hpp>

#include <quell/db/db.hpp>
#include <quell/trace/reader.hpp>
#include <quell/tracer/tracer.hpp>

namespace {

struct User {
  std::int64_t id = 0;
  std::string name;
};
BOOST_DESCRIBE_STRUCT(User, (), (id, name))

quell::db::Awaitable<void> greet(quell::db::Pool& pool, quell::trace::ScopeId scope) {
  quell::db::Lease lease = co_await pool.acquire({.scope = scope});
  const auto users = co_await lease->fetch<User>("select 7::int8 as id, $1::text as name", "Ada");
  for (const User& user : users) std::cout << "user " << user.id << " is " << user.name << "\n";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: service DSN TRACE_FILE\n";
    return 2;
  }
  quell::tracer::TracerParams recording;
  recording.path = argv[2];
  recording.program = "service";
  quell::tracer::start(recording);
  int result = 0;
  {
    boost::asio::io_context loop(1);
    quell::db::PoolParams params;
    params.connect.dsn = argv[1];
    params.connect.observer = quell::tracer::observer();
    quell::db::Pool pool(loop.get_executor(), params);
    const quell::tracer::Scope scope(quell::trace::ScopeKind::request, "GET /users/{id}");
    boost::asio::co_spawn(loop, greet(pool, scope.id()), [&](std::exception_ptr error) {
      if (!error) return;
      try {
        std::rethrow_exception(error);
      } catch (const std::exception& what) {
        std::cerr << "service: " << what.what() << "\n";
      }
      result = 1;
    });
    loop.run();
  }
  quell::tracer::stop();

  struct Counter : quell::trace::EventSink {
    using EventSink::on;
    void on(const quell::trace::Query&, quell::trace::Source) override { ++queries; }
    int queries = 0;
  } counter;
  quell::trace::Reader::open(argv[2])->read_all(counter);
  std::cout << counter.queries << " query recorded\n";
  return result;
}

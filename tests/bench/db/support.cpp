#include "tests/bench/db/support.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "cli/demo/private_cluster.hpp"

namespace quell::db::bench {
namespace {

constexpr const char* kSchema = R"(
  create table items (id bigint primary key, a int not null, b text not null, c double precision not null);
  insert into items select i, i, 'item ' || i, i / 2.0 from generate_series(1, 100000) i;
  create table million (id bigint, a int not null, b text not null, c double precision not null, d bigint not null);
  insert into million select i, i, 'item ' || i, i / 2.0, i + 1 from generate_series(1, 1000000) i;
  create table parents (id bigint primary key);
  insert into parents select generate_series(1, 1000);
  create table children (id bigint primary key, parent_id bigint not null references parents);
  insert into children select i, 1 + i % 1000 from generate_series(1, 3000) i;
  create index on children (parent_id);
  vacuum analyze items, million, parents, children;
)";

demo::PrivateCluster start() {
  auto cluster = demo::PrivateCluster::start();
  std::string_view rest = kSchema;  // statement by statement: VACUUM refuses company
  while (rest.find(';') != std::string_view::npos) {
    cluster.execute("postgres", std::string(rest.substr(0, rest.find(';'))));
    rest.remove_prefix(rest.find(';') + 1);
  }
  return cluster;
}

}  // namespace

const std::string& dsn() {
  static auto cluster = start();
  static const std::string text = cluster.dsn();
  return text;
}

double Samples::percentile(double part) {
  if (microseconds_.empty()) return 0;
  std::sort(microseconds_.begin(), microseconds_.end());
  return microseconds_[static_cast<std::size_t>(static_cast<double>(microseconds_.size() - 1) * part)];
}

void report(benchmark::State& state, const char* name_a, Samples& a, const char* name_b, Samples& b) {
  state.counters[std::string(name_a) + "_p10_us"] = a.percentile(0.1);
  state.counters[std::string(name_b) + "_p10_us"] = b.percentile(0.1);
  state.counters[std::string(name_a) + "_median_us"] = a.percentile(0.5);
  state.counters[std::string(name_b) + "_median_us"] = b.percentile(0.5);
  state.counters["minus_us"] = a.percentile(0.1) - b.percentile(0.1);
  state.counters["ratio_p10"] = a.percentile(0.1) / b.percentile(0.1);
  state.counters["ratio_median"] = a.percentile(0.5) / b.percentile(0.5);
}

Libpq::Libpq() : connection_(PQconnectdb(dsn().c_str())) {
  if (PQstatus(connection_) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(connection_));
  PQclear(PQprepare(connection_, "lookup", "select id, a, b, c from items where id = $1", 1, nullptr));
}

Libpq::~Libpq() {
  PQfinish(connection_);
}

std::size_t Libpq::lookup(std::int64_t id) {
  const std::int64_t wire = static_cast<std::int64_t>(__builtin_bswap64(static_cast<std::uint64_t>(id)));
  const char* values[]{reinterpret_cast<const char*>(&wire)};
  const int lengths[]{8};
  const int formats[]{1};
  PGresult* result = PQexecPrepared(connection_, "lookup", 1, values, lengths, formats, 1);
  std::size_t size = 0;
  for (int column = 0; column < 4; ++column) size += static_cast<std::size_t>(PQgetlength(result, 0, column));
  PQclear(result);
  return size;
}

std::size_t Libpq::fetch(const char* text) {
  PGresult* result = PQexecParams(connection_, text, 0, nullptr, nullptr, nullptr, nullptr, 1);
  std::size_t sum = 0;
  const int rows = PQntuples(result);
  const int columns = PQnfields(result);
  for (int row = 0; row < rows; ++row)
    for (int column = 0; column < columns; ++column)
      sum += static_cast<unsigned char>(PQgetvalue(result, row, column)[0]);
  PQclear(result);
  return sum;
}

Rival asyncpg(const std::string& what, int times) {
  const std::string command =
      "/usr/bin/python3 '" QUELL_BENCH_DIR "/asyncpg_bench.py' '" + dsn() + "' " + what + " " + std::to_string(times);
  std::FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("cannot start python3");
  Rival rival;
  const int read = std::fscanf(pipe, "%lf %lf %lf", &rival.min_us, &rival.p10_us, &rival.median_us);
  if (pclose(pipe) != 0 || read != 3) throw std::runtime_error("asyncpg_bench.py failed (apt install python3-asyncpg)");
  return rival;
}

}  // namespace quell::db::bench

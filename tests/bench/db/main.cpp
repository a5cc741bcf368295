// The layer against blocking libpq, asyncpg and itself, always as a pair in one loop on one private server over a unix
// socket. Each benchmark reports both and their ratio: at the 10th percentile and at the median, for the machine is
// shared. docs/db.md has the figures and their gates.
//   lookup/layer_and_libpq, /layer_and_asyncpg      prepared key lookup of 4 columns; minus_us is the layer's price
//   lookups20/pipelined_and_sequential              20 lookups in one round trip and one by one
//   children1000/lazy_and_selectin                  children of 1,000 parents: one query each, and one = any($1)
//   fetch1m/layer_and_libpq, /layer_and_asyncpg     1,000,000 rows of 5 columns, binary, every value read

#include <benchmark/benchmark.h>

BENCHMARK_MAIN();

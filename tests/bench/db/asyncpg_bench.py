"""The rival of bench_db: asyncpg doing the same work on the same server.

usage: asyncpg_bench.py DSN lookup|fetch TIMES    prints minimum, 10th percentile and median in microseconds
"""
import asyncio
import sys
import time

import asyncpg

LOOKUP = "select id, a, b, c from items where id = $1"
FETCH = "select id, a, b, c, d from million"


async def main(dsn, what, times):
    options = dict(word.split("=", 1) for word in dsn.split())
    connection = await asyncpg.connect(
        host=options["host"], port=int(options["port"]), user=options["user"], database=options["dbname"])
    samples = []
    if what == "lookup":
        statement = await connection.prepare(LOOKUP)
        for i in range(times):
            start = time.perf_counter()
            row = await statement.fetchrow(i % 100_000 + 1)
            value = (row[0], row[1], row[2], row[3])
            samples.append(time.perf_counter() - start)
            assert value[0] == i % 100_000 + 1
    else:
        for _ in range(times):
            start = time.perf_counter()
            rows = await connection.fetch(FETCH)
            total = 0
            for row in rows:
                total += row[0]
                value = (row[1], row[2], row[3], row[4])
            samples.append(time.perf_counter() - start)
            assert total == 500_000_500_000 and value
            del rows
    await connection.close()
    samples.sort()
    at = lambda part: samples[int((len(samples) - 1) * part)] * 1e6
    print(samples[0] * 1e6, at(0.1), at(0.5))


asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))

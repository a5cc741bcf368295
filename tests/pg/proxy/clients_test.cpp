// Real clients through the real proxy, each with what it really sends (research: what real clients put on the wire).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/pg/proxy/proxied.hpp"

namespace quell::proxy::pg {
namespace {

using test::TraceContents;
using testing::ElementsAre;
using testing::HasSubstr;
using trace::Protocol;
using trace::TransactionState;
using trace::Value;
namespace flag = trace::query_flag;

class Clients : public Proxied {
 protected:
  /// Writes a file into a folder of the test and returns its path.
  std::string file(const std::string& name, const std::string& content) {
    std::ofstream(folder_ / name) << content;
    return (folder_ / name).string();
  }
  void SetUp() override {
    std::filesystem::create_directories(folder_);
    Proxied::SetUp();
  }
  void TearDown() override {
    Proxied::TearDown();
    std::filesystem::remove_all(folder_);
  }
  std::string psql(const std::string& dsn, const std::string& arguments) const {
    return tool("psql") + " -X -q -A -t '" + dsn + "' " + arguments;
  }
  const std::filesystem::path folder_ = testing::TempDir() + "quell_pg_clients_" + std::to_string(getpid());
};

bool python_has(const std::string& module) {
  return run("/usr/bin/python3 -c 'import " + module + "'").status == 0;
}

TEST_F(Clients, PsqlGetsTheSameOutputAndEveryStatementIsRecorded) {
  const std::string commands =
      "-c \"select id, author_id from posts where id <= 3; update posts set title = title where id < 6; select 'a;b'\" "
      "-c 'select 1/0' -c 'select count(*) from posts'";
  const Outcome proxied = run(psql(dsn(), commands));
  EXPECT_EQ(proxied.output, run(psql(direct(), commands)).output);
  EXPECT_THAT(proxied.output, HasSubstr("division by zero"));
  const TraceContents trace = recorded();
  ASSERT_THAT(trace.query_texts(), ElementsAre("select id, author_id from posts where id <= 3",
                                               "update posts set title = title where id < 6", "select 'a;b'",
                                               "select 1/0", "select count(*) from posts"));
  EXPECT_EQ(trace.queries[0].event.rows, 3U);
  EXPECT_THAT(trace.queries[0].columns, ElementsAre("id", "author_id"));
  // author_id is id % 3 + 1
  EXPECT_THAT(trace.queries[0].values, ElementsAre(Value::integer(1), Value::integer(2), Value::integer(3),
                                                   Value::integer(2), Value::integer(3), Value::integer(1)));
  EXPECT_EQ(trace.queries[1].event.rows, 5U);
  EXPECT_EQ(trace.queries[3].sqlstate(), "22012");
  EXPECT_EQ(trace.queries[4].sqlstate(), "");
  ASSERT_EQ(trace.connections.size(), 1U);
  EXPECT_EQ(trace.texts.at(trace.connections[0].application_name), "psql");
  EXPECT_EQ(trace.texts.at(trace.connections[0].database), kDatabase);
  EXPECT_EQ(trace.texts.at(trace.connections[0].user), "quell");
  EXPECT_NE(trace.connections[0].backend_pid, 0U);
  EXPECT_EQ(trace.ends.at(0).reason, 0U);
  EXPECT_TRUE(trace.summary.complete());
}

TEST_F(Clients, PsqlCopiesInBothDirections) {
  std::string lines;
  for (int i = 1; i <= 1'000; ++i) lines += std::to_string(i) + ",line " + std::to_string(i) + "\n";
  const std::string in = file("in.csv", lines);
  const std::string out = (folder_ / "out.csv").string();
  const Outcome outcome = run(psql(dsn(), "-c 'create table copied (id int, t text)' -c \"\\copy copied from '" + in +
                                              "' csv\" -c \"\\copy copied to '" + out + "' csv\""));
  EXPECT_EQ(outcome.status, 0) << outcome.output;
  EXPECT_EQ(run("cmp " + in + " " + out).status, 0);
  const TraceContents trace = recorded();
  ASSERT_EQ(trace.queries.size(), 3U);
  EXPECT_EQ(trace.queries[1].event.protocol, Protocol::copy);
  EXPECT_EQ(trace.queries[1].event.rows, 1'000U);
  EXPECT_GT(trace.queries[1].event.bytes_sent, lines.size());
  EXPECT_EQ(trace.queries[2].event.protocol, Protocol::copy);
  EXPECT_EQ(trace.queries[2].event.rows, 1'000U);
  EXPECT_GT(trace.queries[2].event.bytes_received, lines.size());
}

TEST_F(Clients, PsqlWalksThroughTransactionStates) {
  run(psql(dsn(),
           "-c 'begin' -c 'savepoint s' -c 'select nothing' -c 'rollback to s' -c 'commit and chain' -c 'abort'"));
  const TraceContents trace = recorded();
  std::vector<TransactionState> states;
  for (const auto& query : trace.queries) states.push_back(query.event.transaction_state);
  EXPECT_THAT(states,
              ElementsAre(TransactionState::in_transaction, TransactionState::in_transaction, TransactionState::failed,
                          TransactionState::in_transaction, TransactionState::in_transaction, TransactionState::idle));
}

TEST_F(Clients, PsqlExecutesAPreparedStatementUnderItsInnerText) {
  run(psql(dsn(),
           "-c 'prepare find(int) as select title from posts where id = $1' -c 'execute find(7)' "
           "-c 'deallocate find'"));
  const TraceContents trace = recorded();
  const auto executions = trace.of("select title from posts where id = $1");
  ASSERT_EQ(executions.size(), 1U);
  EXPECT_EQ(executions[0].parameters.at(0).bytes, "7");
  EXPECT_EQ(executions[0].event.flags, flag::kPrepared);
}

TEST_F(Clients, PgbenchInEachModeHasItsExecutionsCountedExactly) {
  ASSERT_EQ(run(tool("pgbench") + " -i -q -s 1 '" + dsn() + "'").status, 0);  // COPY of 100,000 rows
  const std::string script =
      file("select.sql", "\\set id random(1, 100000)\nselect abalance from pgbench_accounts where aid = :id;\n");
  for (const char* mode : {"simple", "extended", "prepared"}) {
    const Outcome outcome =
        run(tool("pgbench") + " -n -c 4 -j 2 -t 50 -M " + mode + " -f " + script + " '" + dsn() + "'");
    ASSERT_EQ(outcome.status, 0) << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr("number of transactions actually processed: 200/200"));
  }
  const TraceContents trace = recorded();
  std::size_t simple = 0;
  std::size_t copied = 0;
  for (const auto& query : trace.queries) {
    if (query.event.protocol == Protocol::copy) copied += query.event.rows;
    if (query.event.protocol == Protocol::simple && query.text.starts_with("select abalance")) ++simple;
  }
  EXPECT_EQ(copied, 100'000U);
  EXPECT_EQ(simple, 200U);
  const auto extended = trace.of("select abalance from pgbench_accounts where aid = $1;");
  ASSERT_EQ(extended.size(), 400U);  // extended and prepared
  std::size_t prepared = 0;
  for (const auto& query : extended) {
    EXPECT_EQ(query.event.protocol, Protocol::extended);
    EXPECT_EQ(query.event.rows, 1U);
    ASSERT_EQ(query.parameters.size(), 1U);
    const int id = std::stoi(query.parameters[0].bytes);
    EXPECT_TRUE(id >= 1 && id <= 100'000);
    EXPECT_LE(query.event.start, query.event.first_byte);
    EXPECT_LE(query.event.first_byte, query.event.complete);
    EXPECT_LE(query.event.complete, query.event.ready);
    if (query.event.flags & flag::kPrepared) ++prepared;
  }
  EXPECT_EQ(prepared, 200U);
  EXPECT_TRUE(trace.summary.complete());
}

TEST_F(Clients, PgbenchPipelinesKeepEachResultWithItsStatement) {
  const std::string script = file("pipeline.sql",
                                  "\\startpipeline\n"
                                  "select id from posts where id <= 2;\n"
                                  "update posts set title = title where id <= 5;\n"
                                  "select id from posts where id <= 7;\n"
                                  "\\endpipeline\n");
  const Outcome outcome = run(tool("pgbench") + " -n -c 2 -t 10 -M extended -f " + script + " '" + dsn() + "'");
  ASSERT_EQ(outcome.status, 0) << outcome.output;
  const TraceContents trace = recorded();
  const std::pair<const char*, std::uint64_t> expected[] = {{"select id from posts where id <= 2;", 2},
                                                            {"update posts set title = title where id <= 5;", 5},
                                                            {"select id from posts where id <= 7;", 7}};
  std::map<std::uint64_t, std::size_t> batches;
  for (const auto& [text, rows] : expected) {
    const auto executions = trace.of(text);
    ASSERT_EQ(executions.size(), 20U) << text;
    for (const auto& query : executions) {
      EXPECT_EQ(query.event.rows, rows) << text;
      EXPECT_EQ(query.event.protocol, Protocol::pipelined);
      ++batches[query.event.pipeline_batch];
    }
  }
  EXPECT_EQ(batches.size(), 20U);
  for (const auto& [batch, size] : batches) EXPECT_EQ(size, 3U);
}

TEST_F(Clients, DumpAndRestoreThroughTheProxyGiveTheSameData) {
  const std::string dump = (folder_ / "dump").string();
  Outcome outcome = run(tool("pg_dump") + " -Fc -t posts -f " + dump + " '" + dsn() + "'");
  ASSERT_EQ(outcome.status, 0) << outcome.output;
  test::cluster().execute("postgres", "drop database if exists restored");
  test::cluster().create_database("restored");
  outcome = run(tool("pg_restore") + " -d 'host=127.0.0.1 port=" + std::to_string(port()) +
                " user=quell dbname=restored' " + dump);
  ASSERT_EQ(outcome.status, 0) << outcome.output;
  const std::string all = "-c 'select * from posts order by id'";
  EXPECT_EQ(run(psql(test::cluster().dsn("restored"), all)).output, run(psql(direct(), all)).output);
  EXPECT_EQ(proxy_->stats().recorder.untracked, 0U);
}

TEST_F(Clients, ABaseBackupIsPureRelay) {
  const std::string target = (folder_ / "backup").string();
  const Outcome outcome = run(tool("pg_basebackup") + " -c fast --no-sync -X stream -D " + target +
                              " -h 127.0.0.1 -p " + std::to_string(port()) + " -U quell");
  ASSERT_EQ(outcome.status, 0) << outcome.output;
  const Outcome verified = run(tool("pg_verifybackup") + " " + target);
  EXPECT_EQ(verified.status, 0) << verified.output;
  const TraceContents trace = recorded();
  EXPECT_TRUE(trace.queries.empty());
  EXPECT_EQ(trace.connections.size(), 2U);  // the backup and its log stream
  EXPECT_TRUE(trace.summary.complete());    // replication is not a loss
}

TEST_F(Clients, Psycopg2SendsLiteralsAndItsBeginOnItsOwn) {
  if (!python_has("psycopg2")) GTEST_SKIP() << "python3-psycopg2 is not installed";
  const std::string script = file("app.py",
                                  "import psycopg2, sys\n"
                                  "c = psycopg2.connect(sys.argv[1])\n"
                                  "k = c.cursor()\n"
                                  "k.execute('select author_id from posts where id <= %s order by id', (3,))\n"
                                  "for (a,) in k.fetchall():\n"
                                  "    k.execute('select title from posts where id = %s', (a,))\n"
                                  "c.commit()\n");
  const Outcome outcome = run("/usr/bin/python3 " + script + " '" + dsn() + "'");
  ASSERT_EQ(outcome.status, 0) << outcome.output;
  const TraceContents trace = recorded();
  ASSERT_THAT(trace.query_texts(),
              ElementsAre("BEGIN", "select author_id from posts where id <= 3 order by id",
                          "select title from posts where id = 2", "select title from posts where id = 3",
                          "select title from posts where id = 1", "COMMIT"));
  // The parent's values are where the children's literals come from.
  EXPECT_THAT(trace.queries[1].values, ElementsAre(Value::integer(2), Value::integer(3), Value::integer(1)));
  EXPECT_EQ(trace.queries[1].event.transaction_state, TransactionState::in_transaction);
  EXPECT_EQ(trace.queries[5].event.transaction_state, TransactionState::idle);
}

TEST_F(Clients, AsyncpgPreparesWithFlushSpeaksBinaryAndBatches) {
  if (!python_has("asyncpg")) GTEST_SKIP() << "python3-asyncpg is not installed";
  const std::string script =
      file("app.py",
           "import asyncio, asyncpg, sys\n"
           "async def main():\n"
           "    c = await asyncpg.connect(host='127.0.0.1', port=int(sys.argv[1]), user='quell', database='proxied', "
           "ssl=False)\n"
           "    for i in (4, 5):\n"
           "        assert (await c.fetchrow('select id, author_id from posts where id = $1', i))['id'] == i\n"
           "    await c.executemany('update posts set title = $2 where id = $1', [(1, 'a'), (2, None), (3, '')])\n"
           "    try:\n"
           "        await c.fetch('selec 1')\n"
           "    except asyncpg.PostgresSyntaxError:\n"
           "        pass\n"
           "    try:\n"
           "        await c.fetch('select pg_sleep(20)', timeout=0.3)\n"
           "    except asyncio.TimeoutError:\n"
           "        pass\n"
           "    assert await c.fetchval('select 1') == 1\n"
           "    await c.close()\n"
           "asyncio.run(main())\n");
  const Outcome outcome = run("/usr/bin/python3 " + script + " " + std::to_string(port()));
  ASSERT_EQ(outcome.status, 0) << outcome.output;
  const TraceContents trace = recorded();
  const auto selects = trace.of("select id, author_id from posts where id = $1");
  ASSERT_EQ(selects.size(), 2U);
  ASSERT_EQ(selects[1].parameters.size(), 1U);
  EXPECT_EQ(selects[1].parameters[0].form, trace::ParameterForm::binary);
  EXPECT_EQ(selects[1].parameters[0].type_oid, 23U);
  EXPECT_EQ(selects[1].parameters[0].bytes, std::string("\0\0\0\5", 4));
  EXPECT_THAT(selects[1].values, ElementsAre(Value::integer(5), Value::integer(3)));  // 5 % 3 + 1
  EXPECT_EQ(selects[1].event.flags, flag::kPrepared);
  const auto updates = trace.of("update posts set title = $2 where id = $1");
  ASSERT_EQ(updates.size(), 3U);
  EXPECT_EQ(updates[0].event.protocol, Protocol::pipelined);
  EXPECT_EQ(updates[0].event.pipeline_batch, updates[2].event.pipeline_batch);
  EXPECT_EQ(updates[1].parameters.at(1).form, trace::ParameterForm::null);
  EXPECT_EQ(updates[2].parameters.at(1).bytes, "");
  EXPECT_NE(updates[2].parameters.at(1).form, trace::ParameterForm::null);
  ASSERT_EQ(trace.of("selec 1").size(), 1U);
  EXPECT_EQ(trace.of("selec 1")[0].sqlstate(), "42601");
  ASSERT_EQ(trace.of("select pg_sleep(20)").size(), 1U);
  EXPECT_EQ(trace.of("select pg_sleep(20)")[0].sqlstate(), "57014");  // cancelled through the proxy
  EXPECT_EQ(trace.of("select 1").size(), 1U);
  EXPECT_TRUE(trace.summary.complete());
}

TEST_F(Clients, NodePgIsFollowedWhereItIsInstalled) {
  if (run("node -e 'require(\"pg\")'").status != 0) GTEST_SKIP() << "node's pg is not installed";
  const std::string script =
      file("app.js",
           "const { Client } = require('pg');\n"
           "(async () => {\n"
           "  const c = new Client({ connectionString: process.argv[2] });\n"
           "  await c.connect();\n"
           "  for (const i of [1, 2]) await c.query('select title from posts where id = $1', [i]);\n"
           "  await c.end();\n"
           "})();\n");
  const Outcome outcome = run("node " + script + " postgres://quell@127.0.0.1:" + std::to_string(port()) + "/proxied");
  ASSERT_EQ(outcome.status, 0) << outcome.output;
  EXPECT_EQ(recorded().of("select title from posts where id = $1").size(), 2U);
}

}  // namespace
}  // namespace quell::proxy::pg

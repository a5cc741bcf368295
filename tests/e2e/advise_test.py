"""`quell advise` on the statements of an SQL file: DDL that can be run, proof, exit codes, nothing left on the server."""
import json
import unittest

from support import Postgres, Scratch, quell

STATEMENTS = """
-- executions: 40
select * from items where shop_id = 17;
select * from items where note = $1 and shop_id = 3; -- no value for $1
select broken from;
"""


class Advise(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = Scratch()
        cls.postgres = Postgres(cls.scratch)
        cls.postgres.psql("create table items as select n as id, n % 3000 as shop_id, repeat('x', 40) as note "
                          "from generate_series(1, 60000) n")
        cls.postgres.psql("create index items_one on items (id)")
        cls.postgres.psql("create index items_two on items (id)")
        cls.postgres.psql("vacuum analyze items")
        cls.statements = cls.scratch.path / "statements.sql"
        cls.statements.write_text(STATEMENTS)

    @classmethod
    def tearDownClass(cls):
        cls.postgres.stop()
        cls.scratch.cleanup()

    def advise(self, *options, code=0):
        result = quell("advise", "--statements", self.statements, "--dsn", "dbname=blog", *options,
                       **self.postgres.environment)
        self.assertEqual(result.returncode, code, result.stderr)
        return result.stdout

    def test_sql_runs_and_then_nothing_is_missing(self):
        sql = self.advise("--sql", "--fail-on", "missing-index", code=1)
        self.assertEqual(sql, "CREATE INDEX CONCURRENTLY items_shop_id_idx ON public.items (shop_id);\n"
                              "DROP INDEX CONCURRENTLY public.items_two;\n")
        for statement in sql.splitlines():
            self.postgres.psql(statement)
        self.addCleanup(self.postgres.psql, "create index items_two on items (id)")
        self.addCleanup(self.postgres.psql, "drop index items_shop_id_idx")
        self.assertEqual(self.advise("--sql", "--fail-on", "missing-index"), "")

    def test_proof_measures_and_rolls_back(self):
        before = self.postgres.psql("select indexname from pg_indexes order by 1")
        report = json.loads(self.advise("--prove", "--format", "json"))
        advice = report["index_advice"][0]
        self.assertEqual(advice["verification"], "measured")
        served = advice["statements"][0]
        self.assertEqual(served["executions"], 40)
        self.assertLess(served["ms_after"], served["ms_before"])
        self.assertEqual(self.postgres.psql("select indexname from pg_indexes order by 1"), before)

    def test_what_is_not_advised_and_what_could_not_be_planned_is_told(self):
        shown = self.advise("--why")
        self.assertIn("Indexes that are not advised", shown)
        self.assertIn("left out", shown)
        self.assertIn("the SQL could not be parsed", " ".join(shown.split()))
        self.assertIn("Indexes that could go", shown)
        self.assertNotIn("finding", shown)

    def test_wrong_calls(self):
        for arguments, code, word in ((["--dsn", "dbname=blog"], 2, "--statements"),
                                      (["x.qtr", "--statements", "y.sql", "--dsn", "dbname=blog"], 2, "excludes"),
                                      (["--statements", "/nonexistent.sql", "--dsn", "dbname=blog"], 1, "cannot read"),
                                      (["x.qtr", "--dsn", "dbname=blog", "--fail-on", "rain"], 2, "missing-index")):
            with self.subTest(arguments):
                result = quell("advise", *arguments, **self.postgres.environment)
                self.assertEqual(result.returncode, code, result.stderr)
                self.assertIn(word, result.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)

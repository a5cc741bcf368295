"""`quell explain --read`: plans that psql printed, in every format, on a pipe and from a file."""
import json
import subprocess
import unittest

from support import BIN, Postgres, Scratch, environment, quell

QUERY = "select * from books where price = 77 order by note"


class ExplainRead(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = Scratch()
        cls.postgres = Postgres(cls.scratch)
        cls.postgres.psql("create table books as select n as id, n % 500 as price, repeat('x', 50) as note "
                 "from generate_series(1, 50000) n")
        cls.postgres.psql("vacuum analyze books")
        cls.postgres.psql("alter database blog set max_parallel_workers_per_gather = 0")

    @classmethod
    def tearDownClass(cls):
        cls.postgres.stop()
        cls.scratch.cleanup()

    def read(self, text, *options):
        result = subprocess.run([str(BIN / "quell"), "explain", "--read", "-", *options], input=text, capture_output=True,
                                text=True, timeout=60, env=environment())
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def test_what_psql_prints_is_read_in_every_format_and_frame(self):
        for form in ("text", "json", "yaml", "xml"):
            for frame in ("--pset=border=1", "--pset=border=2", "--tuples-only", "--no-align", "--expanded"):
                with self.subTest(form=form, frame=frame):
                    printed = self.postgres.psql(f"explain (analyze, buffers, format {form}) {QUERY}", frame)
                    report = json.loads(self.read(printed, "--format", "json"))
                    self.assertEqual(report["diagnostics"], [], printed)
                    self.assertEqual(len(report["plans"]), 1, printed)
                    root = report["plans"][0]["root"]
                    self.assertEqual((root["type"], root["actual_rows"]), ("Sort", 100), printed)
                    self.assertEqual(root["children"][0]["rows_removed_by_filter"], 49_900)
                    self.assertEqual(report["plans"][0]["insights"][0]["rule"], "discarding_scan")

    def test_comparison_names_the_index_that_made_it_fast(self):
        before = self.scratch.path / "before.txt"
        before.write_text(self.postgres.psql(f"explain (analyze, buffers) {QUERY}"))
        self.postgres.psql("create index books_price on books (price)")
        self.addCleanup(self.postgres.psql, "drop index books_price")
        after = self.postgres.psql(f"explain (analyze, buffers, format xml) {QUERY}")
        shown = self.read(after, "--diff", before)
        self.assertRegex(shown, r"books: Seq Scan -> Bitmap Heap Scan using books_price, [\d.]+ ms -> [\d.]+ ms")
        self.assertIn("nothing is wrong with this plan", shown)

    def test_values_are_hidden_unless_asked_for(self):
        printed = self.postgres.psql(f"explain {QUERY}")
        self.assertNotIn("77", self.read(printed))
        self.assertIn("(price = 77)", self.read(printed, "--show-values"))

    def test_other_text_is_refused_with_the_next_step(self):
        for content in ("", "hello\n", "[]", "<html/>"):
            with self.subTest(content):
                path = self.scratch.path / "other.txt"
                path.write_text(content)
                result = quell("explain", "--read", path)
                self.assertEqual(result.returncode, 1)
                self.assertIn("give what EXPLAIN printed", result.stderr)
        self.assertIn("cannot read", quell("explain", "--read", self.scratch.path / "none").stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)

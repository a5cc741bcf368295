"""`quell record` and `quell proxy` with real programs: what they print, how they end, and what stands in the trace."""
import json
import os
import pathlib
import re
import signal
import subprocess
import time
import unittest

from support import BIN, ROOT, Postgres, Scratch, environment, quell

SQL = "create table if not exists posts as select i as id, i % 3 + 1 as author_id from generate_series(1, 9) i"


class Record(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = Scratch()
        cls.addClassCleanup(cls.scratch.cleanup)
        cls.postgres = Postgres(cls.scratch)
        cls.addClassCleanup(cls.postgres.stop)
        cls.env = dict(cls.postgres.environment, PGDATABASE="blog", PGSSLMODE=None, DATABASE_URL=None,
                       TMPDIR=cls.scratch.tmp)
        cls.psql = f"{cls.postgres.bin}/psql"
        subprocess.run([cls.psql, "-Xqc", SQL], check=True, env=environment(**cls.env))

    def setUp(self):
        self.trace = self.scratch.path / f"{self.id()}.qtr"

    def record(self, *command, options=(), **changes):
        return quell("record", "-o", self.trace, *options, "--", *command, **dict(self.env, **changes))

    def info(self):
        result = quell("trace", "info", self.trace, "--format", "json")
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)

    def test_psql_by_environment(self):
        result = self.record(self.psql, "-XqAtc", "select id from posts where id < 4 order by id", "-c", "select 'x'")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stdout, "1\n2\n3\nx\n")
        self.assertIn(f"quell: recorded 2 executions on 1 connection in {self.trace}\n", result.stderr)

    def test_an_address_written_in_the_program_is_redirected(self):
        # PGHOST leads nowhere for a program that names its socket itself: the preloaded library finds it.
        host, port = self.postgres.environment["PGHOST"], self.postgres.environment["PGPORT"]
        result = self.record(self.psql, "-XqAtc", "select 1", f"host={host} port={port} dbname=blog user=quell")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("recorded 1 execution on 1 connection", result.stderr)

    def test_a_url_in_any_variable(self):
        host, port = self.postgres.environment["PGHOST"], self.postgres.environment["PGPORT"]
        url = f"postgresql://quell@/blog?host={host}&port={port}"
        result = self.record("sh", "-c", f'exec {self.psql} -XqAt "$APP_DATABASE" -c "select 42"', APP_DATABASE=url,
                             PGHOST=None, PGPORT=None)
        self.assertEqual((result.returncode, result.stdout), (0, "42\n"), result.stderr)
        self.assertIn("(APP_DATABASE)", result.stderr)
        self.assertIn("recorded 1 execution", result.stderr)

    def test_exit_codes_are_the_commands(self):
        self.assertEqual(self.record("sh", "-c", "exit 7").returncode, 7)
        self.assertEqual(self.record("sh", "-c", "kill -9 $$").returncode, 128 + 9)
        result = self.record("/nonexistent/program")
        self.assertEqual(result.returncode, 127)
        self.assertIn("quell: cannot run '/nonexistent/program': No such file or directory", result.stderr)

    def test_a_command_without_queries_is_told_the_next_step(self):
        self.assertIn("--upstream", self.record("true").stderr)

    def test_no_command_is_a_usage_error(self):
        result = quell("record", "-o", self.trace)
        self.assertEqual(result.returncode, 2)
        self.assertIn("quell record --help", result.stderr)
        self.assertFalse(self.trace.exists())

    def test_a_trace_that_cannot_be_written_is_named_and_nothing_is_run(self):
        marker = self.scratch.path / "ran"
        result = quell("record", "-o", "/nonexistent/x.qtr", "--", "touch", marker, **self.env)
        self.assertEqual(result.returncode, 1)
        self.assertIn("/nonexistent/x.qtr", result.stderr)
        self.assertFalse(marker.exists())

    def test_upstream_down_reaches_the_program_as_an_error(self):
        result = self.record(self.psql, "-Xc", "select 1", options=("--upstream", "127.0.0.1:1"))
        self.assertEqual(result.returncode, 2)  # psql's code for a bad connection
        self.assertIn("Quell's proxy cannot reach PostgreSQL at 127.0.0.1:1: Connection refused", result.stderr)

    def test_ctrl_c_leaves_a_whole_trace(self):
        process = subprocess.Popen([BIN / "quell", "record", "-o", self.trace, "--", self.psql, "-XqAtc", "select 1",
                                    "-c", "select pg_sleep(60)"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True, env=environment(**self.env), start_new_session=True)
        self.assertEqual(process.stdout.readline(), "1\n")
        time.sleep(0.3)
        os.killpg(process.pid, signal.SIGINT)  # as the terminal does
        _, stderr = process.communicate(timeout=20)
        self.assertIn("recorded 2 executions on 1 connection", stderr)
        self.assertTrue(self.info()["complete"])

    def test_sigterm_for_us_alone_is_passed_on(self):
        process = subprocess.Popen([BIN / "quell", "record", "-o", self.trace, "--", "sleep", "60"],
                                   stderr=subprocess.PIPE, text=True, env=environment(**self.env))
        self.assertIn("recording PostgreSQL at", process.stderr.readline())
        time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
        self.assertEqual(process.returncode, 128 + signal.SIGTERM)

    def test_report_of_a_python_n_plus_one(self):
        if subprocess.run(["/usr/bin/python3", "-c", "import psycopg2"], capture_output=True).returncode != 0:
            self.skipTest("python3-psycopg2 is not installed")
        app = self.scratch.path / "app.py"
        app.write_text("import psycopg2\n"
                       "c = psycopg2.connect('')\n"
                       "k = c.cursor()\n"
                       "k.execute('select id, author_id from posts order by id')\n"
                       "for row in k.fetchall():\n"
                       "    k.execute('select count(*) from posts where id = %s', (row[0],))\n"
                       "    k.fetchone()\n")
        result = self.record("/usr/bin/python3", app, options=("--report",))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("recorded 11 executions on 1 connection", result.stderr)  # BEGIN, the parent, nine children
        self.assertRegex(result.stdout, re.compile("n\\+1", re.I))
        self.assertIn("posts", result.stdout)
        self.assertNotIn("selectin", result.stdout)  # the loader of quell::db is no help to psycopg2

    def test_redacted_traces_hold_no_value(self):
        result = self.record(self.psql, "-XqAtc", "select 'sesame' || id from posts where id = 7", options=("--redact",))
        self.assertEqual(result.stdout, "sesame7\n")
        report = quell("report", self.trace, "--format", "json", "--show-values")
        self.assertEqual(report.returncode, 0, report.stderr)
        self.assertNotIn("sesame", report.stdout)

    def test_the_commands_of_the_documentation(self):
        folder = self.scratch.path / "documented"
        folder.mkdir()
        (folder / "app.py").write_text("import os\nos.system(\"psql -qc 'select 2'\")\n")
        commands = re.findall(r"^\$ (quell record .*)$", (ROOT / "docs/record.md").read_text().split("## Recipes")[0], re.M)
        self.assertGreater(len(commands), 2)
        for command in commands:
            with self.subTest(command):
                result = subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, text=True, timeout=60,
                                        env=environment(**self.env))
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertIn("recorded 1 execution on 1 connection", result.stderr)

    def test_the_proxies_of_the_documentation(self):
        commands = re.findall(r"^\$ (quell proxy .*)$", (ROOT / "docs/proxy.md").read_text(), re.M)
        self.assertGreater(len(commands), 1)
        for command in commands:
            with self.subTest(command):
                process = subprocess.Popen(["sh", "-c", f"exec {command}"], cwd=self.scratch.path, stderr=subprocess.PIPE,
                                           text=True, env=environment(**self.env))
                self.assertIn("relaying 127.0.0.1:6432 to 127.0.0.1:5432", process.stderr.readline())
                process.terminate()
                process.communicate(timeout=20)
                self.assertEqual(process.returncode, 0)

    # quell proxy

    def proxy(self, *options):
        process = subprocess.Popen([BIN / "quell", "proxy", "--listen", "127.0.0.1:0", "-o", self.trace, *options],
                                   stderr=subprocess.PIPE, text=True, env=environment(**self.env))
        self.addCleanup(process.kill)
        line = process.stderr.readline()
        found = re.search(r"relaying 127\.0\.0\.1:(\d+) to", line)
        self.assertTrue(found, line)
        return process, found[1]

    def test_proxy_records_until_it_is_told_to_end(self):
        host, port = self.postgres.environment["PGHOST"], self.postgres.environment["PGPORT"]
        process, proxy_port = self.proxy("--upstream", f"{host}:{port}")
        for _ in range(3):
            subprocess.run([self.psql, "-XqAtc", "select 1"], check=True, capture_output=True,
                           env=environment(**dict(self.env, PGHOST="127.0.0.1", PGPORT=proxy_port)))
        process.send_signal(signal.SIGTERM)
        _, stderr = process.communicate(timeout=20)
        self.assertEqual(process.returncode, 0)
        self.assertIn("recorded 3 executions on 3 connections", stderr)
        self.assertTrue(self.info()["complete"])

    def test_a_killed_proxy_leaves_what_it_had_written(self):
        host, port = self.postgres.environment["PGHOST"], self.postgres.environment["PGPORT"]
        process, proxy_port = self.proxy("--upstream", f"{host}:{port}")
        subprocess.run([self.psql, "-XqAtc", "select 1"], check=True, capture_output=True,
                       env=environment(**dict(self.env, PGHOST="127.0.0.1", PGPORT=proxy_port)))
        time.sleep(0.4)  # a block is closed after 100 ms
        process.kill()
        process.communicate(timeout=20)
        self.assertFalse(self.info()["complete"])
        report = quell("report", self.trace, "--format", "json")
        self.assertIn("select 1", report.stdout.lower().replace("$1", "1"))

    def test_bad_options_name_the_next_step(self):
        for options, words in ((("--listen", "nonsense:port"), "HOST:PORT"),
                               (("--listen", "127.0.0.1:0", "--upstream-tls", "often"), "verify-full"),
                               (("--listen", "127.0.0.1:0", "--tls-certificate", "/nonexistent.pem"), "/nonexistent.pem"),
                               (("--listen", "192.0.2.1:0"), "cannot listen on 192.0.2.1:0")):
            with self.subTest(options):
                result = quell("proxy", "-o", self.trace, *options)
                self.assertIn(result.returncode, (1, 2))
                self.assertIn(words, result.stderr)
                self.assertFalse(self.trace.exists(), "half-written")


if __name__ == "__main__":
    unittest.main()

"""quell migrate as a user calls it: every example of its pages, exit codes, bad input, two runners, kill -9."""
import json
import pathlib
import re
import signal
import subprocess
import time
import unittest

from support import BIN, ROOT, Postgres, Scratch, environment, quell

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


class Migrate(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = Scratch()
        cls.addClassCleanup(cls.scratch.cleanup)
        cls.postgres = Postgres(cls.scratch)
        cls.addClassCleanup(cls.postgres.stop)

    def setUp(self):
        """A folder and a database of its own."""
        self.folder = self.scratch.path / self._testMethodName
        self.folder.mkdir()
        self.environment = dict(self.postgres.environment, PGDATABASE=self._testMethodName.lower())
        self.psql("create database " + self._testMethodName.lower(), PGDATABASE="postgres")
        self.dsn = "dbname=" + self._testMethodName.lower()

    def psql(self, command, **changes):
        done = subprocess.run([f"{self.postgres.bin}/psql", "--quiet", "--no-psqlrc", "--tuples-only", "--no-align",
                               "--set=ON_ERROR_STOP=1", "--command", command], capture_output=True, text=True, check=True,
                              env=environment(**{**self.environment, **changes}))
        return done.stdout.strip()

    def migrate(self, *arguments):
        return quell("migrate", *arguments, cwd=self.folder, **self.environment)

    def write(self, name, text):
        file = self.folder / "migrations" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)

    def write_pair(self, stem, up, down=""):
        self.write(stem + ".up.sql", up)
        self.write(stem + ".down.sql", down)

    def assert_fails(self, result, code, *words):
        self.assertEqual(result.returncode, code, result.stderr)
        for word in words:
            self.assertIn(word, result.stderr)

    def run_console(self, block):
        """Each `$ command` of a block prints what stands below it; `...` at a line's end: and more."""
        count = 0
        for part in re.split(r"(?m)^\$ ", block)[1:]:
            command, _, expected = part.partition("\n")
            done = subprocess.run(command, shell=True, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  text=True, timeout=120,
                                  env=environment(**dict(self.environment, PATH=f"{BIN}:{self.postgres.bin}:/usr/bin:/bin")))
            actual = TIME.sub("2026-01-01T12:00:00Z", done.stdout)
            with self.subTest(command):
                if expected.endswith(",...\n"):
                    self.assertTrue(actual.startswith(expected[:-4]), actual)
                else:
                    self.assertEqual(sorted(actual.splitlines()), sorted(expected.splitlines()))
            count += 1
        return count

    def run_page(self, name):
        """Writes the files that a page shows and runs its commands; returns how many."""
        page = (ROOT / "docs" / name).read_text()
        commands = 0
        for block in re.finditer(r"(?ms)^```(\w+)( [^\n]+)?\n(.*?)^```", page):
            language, file, text = block.groups()
            if language == "console":
                commands += self.run_console(text)
            elif language == "sql" and file:
                path = self.folder / file.strip()
                path.parent.mkdir(exist_ok=True)
                path.write_text(text)
        self.assertEqual(commands, page.count("\n$ "))
        return commands

    def test_documentation(self):
        # The page calls its database blog.
        self.psql("drop database test_documentation", PGDATABASE="postgres")
        self.environment["PGDATABASE"] = "blog"
        self.assertGreater(self.run_page("migrations.md"), 25)

    def test_documentation_of_lint(self):
        self.assertEqual(self.run_page("migration-lint.md"), 1)

    def test_migrations_of_the_reference_app_go_up_down_up(self):
        verify = self.migrate("verify", "--dir", ROOT / "reference_app/migrations", "--dsn", self.dsn)
        self.assertEqual(verify.returncode, 0, verify.stdout + verify.stderr)

    def test_help_of_every_command_has_examples(self):
        commands = ["init", "revision", "merge", "upgrade", "downgrade", "stamp", "current", "history", "heads", "branches",
                    "show", "check", "lint", "verify"]
        listed = quell("migrate", "--help").stdout
        for command in commands:
            with self.subTest(command):
                self.assertIn(command, listed)
                help_text = quell("migrate", command, "--help")
                self.assertEqual(help_text.returncode, 0)
                self.assertIn(f"  quell migrate {command}", help_text.stdout)

    def test_usage(self):
        self.assert_fails(self.migrate(), 2, "name a command: init, revision")
        self.assert_fails(self.migrate("fly"), 2, "there is no command 'fly'")
        self.write_pair("0001_a", "select 1;")
        for command in (["upgrade"], ["downgrade", "base"], ["current"], ["check"], ["stamp", "head"], ["verify"]):
            with self.subTest(command):
                self.assert_fails(self.migrate(*command), 2, "--dsn")
        self.assert_fails(self.migrate("downgrade", "--dsn", self.dsn), 2, "TARGET")
        self.assert_fails(self.migrate("revision"), 2, "--message")
        self.assert_fails(self.migrate("revision", "-m", "x", "--autogenerate"), 2, "--schema")
        self.assert_fails(self.migrate("merge", "-m", "x"), 2, "needs two revisions or more")
        self.assert_fails(self.migrate("init", "--dir", "migrations"), 2, "exists already")
        self.assert_fails(self.migrate("lint", "--without", "taste"), 2, "there is no rule 'taste'")
        self.assert_fails(self.migrate("history", "--format", "xml"), 2, "xml")

    def test_failures(self):
        self.assert_fails(self.migrate("history"), 1, "'migrations' is not a folder")
        self.assert_fails(self.migrate("lint"), 2, "'migrations' is not a folder")
        self.write_pair("0001_a", "select 1;")
        self.assert_fails(self.migrate("show", "9"), 1, "there is no revision '9'")
        self.assert_fails(self.migrate("upgrade", "+7", "--dsn", self.dsn), 1, "7 more steps were asked for, there are 1")
        self.assert_fails(self.migrate("upgrade", "--dsn", "host=/nonexistent password=sesame"), 1)
        self.assertNotIn("sesame", self.migrate("upgrade", "--dsn", "host=/nonexistent password=sesame").stderr)
        self.write("oops.sql", "")
        self.assert_fails(self.migrate("upgrade", "--dsn", self.dsn), 1, "'oops.sql' is not named like")

    def test_listings_as_json(self):
        self.write_pair("0001_a", "create table a (id bigint primary key);", "drop table a;")
        self.write("0002_b.up.sql", "-- quell: irreversible\ndrop table a;")
        self.migrate("upgrade", "0001", "--dsn", self.dsn)
        history = json.loads(self.migrate("history", "--format", "json", "--dsn", self.dsn).stdout)
        self.assertEqual([one["id"] for one in history], ["0002", "0001"])
        self.assertEqual([one["reversible"] for one in history], [False, True])
        self.assertNotIn("applied_at", history[0])
        self.assertRegex(history[1]["applied_at"], TIME)
        current = json.loads(self.migrate("current", "--format", "json", "--dsn", self.dsn).stdout)
        self.assertEqual([one["id"] for one in current], ["0001"])
        self.assertEqual(self.migrate("current", "--check-heads", "--dsn", self.dsn).returncode, 1)
        check = self.migrate("check", "--format", "json", "--dsn", self.dsn)
        self.assertEqual(check.returncode, 1)
        self.assertEqual(json.loads(check.stdout),
                         [{"kind": "pending", "sentence": "revision '0002' (b) is not applied"}])
        lint = self.migrate("lint", "--format", "json")
        self.assertEqual(lint.returncode, 1)
        finding, = json.loads(lint.stdout)
        self.assertEqual((finding["rule"], finding["file"], finding["line"]),
                         ("drop-table", "migrations/0002_b.up.sql", 2))
        self.assertEqual(self.migrate("lint", "--since", "0002").returncode, 0)
        self.assertEqual(self.migrate("lint", "--without", "drop-table").returncode, 0)
        self.assertEqual(json.loads(self.migrate("show", "0001", "--format", "json").stdout)[0]["down_sql"],
                         "drop table a;")

    def test_verify_names_what_the_way_down_leaves(self):
        self.write_pair("0001_a", "create table a (id int); create table b (id int);", "drop table a;")
        result = self.migrate("verify", "--dsn", self.dsn)
        self.assertEqual(result.returncode, 1)
        self.assertIn("after going up and down `column public.b.id integer` is there", result.stdout)
        self.assertEqual(self.psql("select count(*) from pg_database where datname like 'quell_scratch%'"), "0")
        self.write_pair("0001_a", "create table a (id int);", "drop table a;")
        result = self.migrate("verify", "--scratch-dsn", self.dsn)
        self.assertEqual((result.returncode, result.stdout), (0, "1 revision went up, down and up again.\n"))

    def start_upgrade(self):
        return subprocess.Popen([BIN / "quell", "migrate", "upgrade", "--dsn", self.dsn], cwd=self.folder, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(**self.environment))

    def wait_for_query(self, beginning):
        deadline = time.monotonic() + 30
        query = f"select count(*) from pg_stat_activity where query like '{beginning}%' and pid <> pg_backend_pid()"
        while self.psql(query) == "0":
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)

    def test_second_runner_waits(self):
        self.write_pair("0001_slow", "select pg_sleep(2); create table once (id int);", "drop table once;")
        first = self.start_upgrade()
        self.wait_for_query("select pg_sleep(2)")
        impatient = self.migrate("upgrade", "--dsn", self.dsn, "--lock-wait", "0.1")
        self.assert_fails(impatient, 1, "another process has been migrating this database")
        second = self.migrate("upgrade", "--dsn", self.dsn)
        self.assertEqual((second.returncode, second.stdout), (0, ""), second.stderr)
        self.assertEqual(second.stderr, "waiting for another process that migrates this database\n")
        self.assertEqual(first.communicate(), ("0001\n", "upgrade 0001 slow\n"))

    def test_killed_runner_is_explained(self):
        self.write_pair("0001_slow", "create table half (id int);\n-- quell: begin autocommit\nselect pg_sleep(30);\n"
                        "-- quell: end autocommit", "drop table half;")
        runner = self.start_upgrade()
        self.wait_for_query("select pg_sleep(30)")
        runner.send_signal(signal.SIGKILL)
        runner.communicate()
        check = self.migrate("check", "--dsn", self.dsn)
        self.assertEqual(check.returncode, 1)
        self.assertIn("interrupted: revision '0001' (slow) was interrupted on its way up after 1 of its 2 parts, before or "
                      "in line 3, `select pg_sleep(30)`", check.stdout)
        self.assertIn("`stamp 0001` with this revision, `stamp base` without it", check.stdout)
        self.assertIn("(base, head, interrupted)", self.migrate("current", "--dsn", self.dsn).stdout)
        self.assert_fails(self.migrate("upgrade", "--dsn", self.dsn), 1, "was interrupted")
        self.assertEqual(self.migrate("stamp", "0001", "--dsn", self.dsn).stdout, "0001\n")
        self.assertEqual(self.migrate("check", "--dsn", self.dsn).returncode, 0)
        self.assertEqual(self.migrate("downgrade", "base", "--dsn", self.dsn).returncode, 0)


if __name__ == "__main__":
    unittest.main()

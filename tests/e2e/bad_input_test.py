"""Every wrong call ends with one sentence on stderr that names the next step, the right exit code and nothing written."""
import subprocess
import unittest

from support import BIN, Scratch, environment, quell


class BadInput(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.addCleanup(self.scratch.cleanup)

    def assert_refused(self, result, code, *words):
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertEqual(result.stdout, "")
        self.assertTrue(result.stderr.startswith("quell: "), result.stderr)
        self.assertEqual(result.stderr.count("\n"), 1, f"one sentence: {result.stderr!r}")
        for word in words:
            self.assertIn(word, result.stderr)

    # Usage: exit code 2.

    def test_no_command_names_the_commands(self):
        self.assert_refused(quell(), 2, "--help")

    def test_unknown_command(self):
        self.assert_refused(quell("frobnicate"), 2, "frobnicate", "quell --help")

    def test_unknown_option_names_the_help_of_its_command(self):
        for command in (["report", "x.qtr"], ["demo"], ["explain", "x.qtr", "--dsn", "dbname=x"],
                        ["trace", "info", "x.qtr"]):
            with self.subTest(command):
                self.assert_refused(quell(*command, "--bogus"), 2, "--bogus", "--help")

    def test_unknown_format(self):
        self.assert_refused(quell("report", "x.qtr", "--format", "xml"), 2, "xml", "json", "quell report --help")

    def test_missing_trace(self):
        self.assert_refused(quell("report"), 2, "TRACE", "quell report --help")

    def test_explain_without_a_database(self):
        self.assert_refused(quell("explain", "x.qtr"), 2, "--dsn", "quell explain --help")

    def test_malformed_fingerprint(self):
        self.assert_refused(quell("explain", "x.qtr", "--dsn", "dbname=x", "--statement", "12"), 2,
                            "16 hexadecimal digits")

    def test_top_of_nothing(self):
        self.assert_refused(quell("report", "x.qtr", "--top", "0"), 2, "--top")

    def test_dsn_that_libpq_cannot_read_is_not_repeated(self):
        result = quell("report", "x.qtr", "--dsn", "host=localhost password='sesame")
        self.assert_refused(result, 2, "--dsn", "dbname=")
        self.assertNotIn("sesame", result.stderr)

    # Failures: exit code 1.

    def test_no_such_trace(self):
        for command in (["report"], ["trace", "info"]):
            with self.subTest(command):
                self.assert_refused(quell(*command, "/nonexistent/a.qtr"), 1, "/nonexistent/a.qtr")

    def test_not_a_trace(self):
        file = self.scratch.path / "notes.txt"
        file.write_text("These are notes, no trace, and there are more than sixty-four bytes of them in this file.\n")
        for command in (["report"], ["trace", "info"]):
            with self.subTest(command):
                self.assert_refused(quell(*command, file), 1, str(file), "trace")

    def test_empty_trace(self):
        file = self.scratch.path / "empty.qtr"
        file.touch()
        for command in (["report"], ["trace", "info"]):
            with self.subTest(command):
                self.assert_refused(quell(*command, file), 1, str(file), "empty")

    def test_folder_as_trace(self):
        self.assert_refused(quell("report", self.scratch.path), 1, str(self.scratch.path))

    def test_output_into_a_folder_that_does_not_exist(self):
        self.assert_refused(quell("report", "x.qtr", "--output", self.scratch.path / "no/report.json"), 1, "--output",
                            "make it")

    def test_demo_without_postgresql_leaves_nothing(self):
        result = quell("demo", QUELL_PG_BIN="/nonexistent", TMPDIR=self.scratch.tmp)
        self.assertEqual(result.returncode, 1)
        self.assertIn("QUELL_PG_BIN names '/nonexistent'", result.stderr)
        self.assertEqual(result.stdout, "")
        self.assertEqual(list(self.scratch.tmp.iterdir()), [])

    def test_demo_without_a_temporary_folder(self):
        self.assert_refused(quell("demo", TMPDIR="/nonexistent"), 1, "TMPDIR")

    def test_demo_that_cannot_keep(self):
        file = self.scratch.path / "file"
        file.touch()
        for folder in ("/proc/kept", file, file / "below"):
            with self.subTest(folder):
                self.assert_refused(quell("demo", "--keep", folder, TMPDIR=self.scratch.tmp), 1, "--keep", str(folder))
                self.assertEqual(list(self.scratch.tmp.iterdir()), [])

    def test_help_is_no_error_and_has_examples(self):
        for command in ([], ["demo"], ["report"], ["explain"], ["trace"], ["trace", "info"]):
            with self.subTest(command):
                result = quell(*command, "--help")
                self.assertEqual(result.returncode, 0)
                self.assertEqual(result.stderr, "")
                self.assertIn("quell", result.stdout)
                if command != ["trace"]:
                    self.assertRegex(result.stdout, r"(?m)^ *(Examples:|See it at work:)")

    def test_version_names_program_trace_format_and_report_version(self):
        result = quell("--version")
        self.assertEqual(result.returncode, 0)
        self.assertRegex(result.stdout, r"^quell \d+\.\d+\.\d+ \(trace format \d+, report version \d+\)\n$")

    def test_help_into_a_closed_pipe_does_not_hang(self):
        process = subprocess.Popen([str(BIN / "quell"), "--help"], stdout=subprocess.PIPE, env=environment())
        process.stdout.close()
        process.wait(timeout=10)


if __name__ == "__main__":
    unittest.main(verbosity=2)

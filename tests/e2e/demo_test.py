"""`quell demo` from end to end: what it proves, what it keeps, what it leaves behind; then report and explain on what
it kept, and every command the documentation shows."""
import json
import os
import re
import signal
import subprocess
import unittest

from support import BIN, ROOT, VALIDATOR, Postgres, Scratch, environment, processes_of, quell

LAZY = "GET /posts?loading=lazy"


def setUpModule():
    global scratch, kept, first, second, postgres
    scratch = Scratch()
    unittest.addModuleCleanup(scratch.cleanup)
    kept = scratch.path / "kept"
    first = quell("demo", "--format", "json", "--keep", kept, TMPDIR=scratch.tmp)
    second = quell("demo", "--format", "json", TMPDIR=scratch.tmp)
    if first.returncode != 0:
        raise RuntimeError(f"quell demo failed: {first.stderr}")
    postgres = Postgres(scratch)
    unittest.addModuleCleanup(postgres.stop)
    postgres.load(kept / "database.sql")


def validated(text):
    report = json.loads(text)
    errors = [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(report)]
    if errors:
        raise AssertionError("not valid: " + "; ".join(errors))
    return report


def findings(report, **wanted):
    return [f for f in report["findings"] if all(f[key] == value for key, value in wanted.items())]


class DemoReport(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.report = validated(first.stdout)

    def author_finding(self):
        found = [f for f in findings(self.report, scope=LAZY, kind="n_plus_one")
                 if f["edge"] and f["edge"]["from_column"] == "author_id"]
        self.assertEqual(len(found), 1, [f["scope"] for f in self.report["findings"]])
        return found[0]

    def test_trace_is_complete(self):
        trace = self.report["trace"]
        self.assertTrue(trace["complete"])
        self.assertEqual(trace["dropped"], {})
        self.assertGreater(trace["events"]["query"], 500)

    def test_lazy_authors_are_a_proved_n_plus_one(self):
        finding = self.author_finding()
        self.assertEqual(finding["confidence"], "proved")
        edge = finding["edge"]
        self.assertEqual((edge["from_table"], edge["from_column"], edge["to_parameter"]), ("posts", "author_id", "$1"))
        self.assertEqual((edge["to_table"], edge["to_column"]), ("users", "id"))
        self.assertGreaterEqual(finding["executions"], 20)
        self.assertEqual(finding["executions"], finding["distinct_values"])
        self.assertEqual(finding["executions"], edge["covered"])
        self.assertIn("posts", finding["parent"]["text"])
        self.assertIn("users", finding["child"]["text"])

    def test_call_sites_are_the_lines_that_load(self):
        sites = self.author_finding()["call_sites"]
        self.assertEqual({site["role"] for site in sites}, {"parent", "child"})
        for site in sites:
            with self.subTest(site):
                self.assertTrue(site["file"].startswith("reference_app/"), site["file"])
                lines = (ROOT / site["file"]).read_text().splitlines()
                self.assertTrue(0 < site["line"] <= len(lines))
                wanted = r"session\.(all|first|get)\(" if site["role"] == "parent" else r"\.load\(.*author"
                self.assertRegex(lines[site["line"] - 1], wanted)

    def test_cost_and_advice_name_what_to_do(self):
        finding = self.author_finding()
        self.assertGreater(finding["cost"]["round_trips"], 0)
        self.assertGreater(finding["cost"]["ms"], 0)
        eager = [advice for advice in finding["advice"] if advice["kind"] == "eager_load"]
        self.assertTrue(eager)
        self.assertRegex(eager[0]["code"], r"selectin\(.*author")

    def test_every_finding_is_in_a_lazy_scope(self):
        self.assertEqual([f["scope"] for f in self.report["findings"] if not f["scope"].endswith("?loading=lazy")], [])

    def test_every_endpoint_and_mode_is_a_scope_of_its_own(self):
        names = {scope["name"] for scope in self.report["scopes"]}
        for endpoint in ("GET /posts", "GET /posts/{id}", "GET /users/{id}/posts"):
            for loading in ("lazy", "selectin", "joined"):
                self.assertIn(f"{endpoint}?loading={loading}", names)
        self.assertLessEqual({"GET /posts", "GET /users/{id}", "POST /users", "POST /posts"}, names)

    def test_lazy_loading_costs_more_statements_than_selectin(self):
        queries = {scope["name"]: scope["queries"] for scope in self.report["scopes"]}
        self.assertGreater(queries[LAZY]["median"], 20)
        # posts, authors, tags, comment counts
        self.assertEqual(queries["GET /posts?loading=selectin"]["max"], 4)

    def test_an_index_is_advised_and_checked_by_the_planner(self):
        advice = [a for a in self.report["index_advice"] if a["verification"] == "what_if"]
        self.assertTrue(advice, self.report["index_advice"])
        for each in advice:
            self.assertLess(each["cost_after"], each["cost_before"])
        self.assertIn(("posts", "author_id"), [(a["table"], a["columns"][0]) for a in advice])

    def test_the_costliest_statements_have_plans(self):
        self.assertEqual(len(self.report["plans"]), 5)
        self.assertTrue(any(p["ok"] and p["mode"] == "analyze" and p["root"]["self_ms"] >= 0
                            for p in self.report["plans"]))

    def test_no_values_are_shown(self):
        self.assertNotIn("@example.org", first.stdout)
        self.assertNotIn("parameters", json.dumps(self.report["plans"]))

    def test_a_second_run_finds_the_same(self):
        again = validated(second.stdout)
        self.assertEqual(sorted(f["identity"] for f in again["findings"]),
                         sorted(f["identity"] for f in self.report["findings"]))
        self.assertEqual(sorted(a["ddl"] for a in again["index_advice"]),
                         sorted(a["ddl"] for a in self.report["index_advice"]))

    def test_progress_is_on_stderr(self):
        self.assertIn("demo: starting a private PostgreSQL\n", first.stderr)


class DemoLeavesNothingBehind(unittest.TestCase):
    def test_no_file_and_no_process(self):
        alone = Scratch()
        self.addCleanup(alone.cleanup)
        result = quell("demo", "--output", alone.path / "report.txt", TMPDIR=alone.tmp)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stdout, "")
        self.assertEqual(list(alone.tmp.iterdir()), [])
        self.assertEqual(processes_of(alone.path), [])
        text = (alone.path / "report.txt").read_text()
        self.assertRegex(text, r"^\d+ findings? \(")
        self.assertNotIn("\x1b", text)

    def test_nor_after_ctrl_c_but_a_usable_trace(self):
        for step in ("sending", "stopping the reference API", "reading the trace"):
            with self.subTest(step):
                self.interrupt_at(step)

    def interrupt_at(self, step):
        alone = Scratch()
        self.addCleanup(alone.cleanup)
        process = subprocess.Popen([str(BIN / "quell"), "demo", "--keep", str(alone.path / "kept")],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   env=environment(TMPDIR=alone.tmp))
        for line in process.stderr:
            if line.startswith(f"demo: {step}"):
                break
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, stderr)
        self.assertEqual(stdout, "")
        self.assertTrue(stderr.endswith("quell: interrupted\n"), stderr)
        self.assertEqual(list(alone.tmp.iterdir()), [])
        self.assertEqual(processes_of(alone.path), [])
        report = quell("report", alone.path / "kept/trace.qtr", "--format", "json")
        self.assertEqual(report.returncode, 0, report.stderr)
        self.assertTrue(validated(report.stdout)["trace"]["complete"])


class KeptFolder(unittest.TestCase):
    def test_holds_what_its_readme_lists(self):
        names = {"trace.qtr", "report.json", "database.sql", "README.txt"}
        if (BIN / "quell-viewer").exists():
            names.add("screenshot.png")
            self.assertEqual((kept / "screenshot.png").read_bytes()[:8], b"\x89PNG\r\n\x1a\n")
        self.assertEqual({path.name for path in kept.iterdir()}, names)
        readme = (kept / "README.txt").read_text()
        for name in names - {"README.txt"}:
            self.assertIn(name, readme)

    def test_report_is_the_one_that_was_printed(self):
        self.assertEqual((kept / "report.json").read_text(), first.stdout)


class Report(unittest.TestCase):
    def report(self, *arguments, **environment_changes):
        result = quell("report", kept / "trace.qtr", *arguments, **environment_changes)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result

    def test_finds_the_same_in_the_kept_trace(self):
        again = validated(self.report("--format", "json").stdout)
        self.assertEqual([f["identity"] for f in again["findings"]],
                         [f["identity"] for f in validated(first.stdout)["findings"]])
        self.assertFalse(again["database_used"])
        self.assertEqual(again["plans"], [])

    def test_is_valid_with_every_option(self):
        for options in (["--show-values"], ["--explain-silence"], ["--dsn", "dbname=blog", "--top", "3"],
                        ["--dsn", "dbname=blog", "--show-values", "--explain-silence"]):
            with self.subTest(options):
                validated(self.report("--format", "json", *options, **postgres.environment).stdout)

    def test_top_sets_how_many_are_explained(self):
        report = validated(self.report("--format", "json", "--dsn", "dbname=blog", "--top", "2",
                                       **postgres.environment).stdout)
        self.assertEqual(len(report["plans"]), 2)

    def test_values_are_shown_only_when_asked(self):
        hidden = validated(self.report("--format", "json").stdout)
        shown = validated(self.report("--format", "json", "--show-values").stdout)
        self.assertTrue(all("parameters" not in e for f in hidden["findings"] for e in f["examples"]))
        self.assertTrue(any(e["parameters"] for f in shown["findings"] for e in f["examples"]))

    def test_text_says_the_same_as_json(self):
        text = " ".join(self.report().stdout.split())
        for finding in validated(first.stdout)["findings"]:
            self.assertIn(f"identity {finding['identity']}", text)
        self.assertIn("from posts.author_id", text)
        self.assertIn(", complete:", text)

    def test_markdown_fits_into_a_comment(self):
        markdown = self.report("--format", "markdown").stdout
        self.assertTrue(markdown.startswith("## Quell: "))
        self.assertLess(len(markdown), 65536)

    def test_output_is_the_same_as_stdout(self):
        file = scratch.path / "report.json"
        self.assertEqual(self.report("--format", "json", "--output", file).stdout, "")
        self.assertEqual(file.read_text(), self.report("--format", "json").stdout)

    def test_a_full_disk_is_a_failure(self):
        with open("/dev/full", "w") as full:
            result = subprocess.run([str(BIN / "quell"), "report", str(kept / "trace.qtr")], stdout=full,
                                    stderr=subprocess.PIPE, text=True, env=environment())
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr, "quell: cannot write to stdout: No space left on device\n")

    def test_a_cut_trace_is_read_and_called_incomplete(self):
        whole = (kept / "trace.qtr").read_bytes()
        cut = scratch.path / "cut.qtr"
        cut.write_bytes(whole[:len(whole) - 7])
        result = quell("report", cut)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("INCOMPLETE", result.stdout)
        self.assertFalse(validated(quell("report", cut, "--format", "json").stdout)["trace"]["complete"])

    def test_a_refused_dsn_fails_without_the_password_and_without_output(self):
        file = scratch.path / "refused.json"
        for dsn in ("host=127.0.0.1 port=1 user=ann password=sesame dbname=shop",
                    "postgresql://ann:sesame@127.0.0.1:1/shop",
                    "dbname=no_such_database password=sesame"):
            with self.subTest(dsn):
                result = quell("report", kept / "trace.qtr", "--dsn", dsn, "--output", file, **postgres.environment)
                self.assertEqual(result.returncode, 1)
                self.assertEqual(result.stdout, "")
                self.assertTrue(result.stderr.startswith("quell: "), result.stderr)
                self.assertNotIn("sesame", result.stderr)
                self.assertFalse(file.exists())


class Explain(unittest.TestCase):
    def test_explains_one_statement_by_its_fingerprint(self):
        child = next(f["child"]["id"] for f in validated(first.stdout)["findings"])
        result = quell("explain", kept / "trace.qtr", "--dsn", "dbname=blog", "--statement", child, "--format", "json",
                       **postgres.environment)
        self.assertEqual(result.returncode, 0, result.stderr)
        report = validated(result.stdout)
        self.assertEqual([plan["statement"] for plan in report["plans"]], [child])
        self.assertTrue(report["plans"][0]["ok"])
        self.assertEqual(report["index_advice"], [])

    def test_refuses_a_fingerprint_that_is_not_in_the_trace(self):
        result = quell("explain", kept / "trace.qtr", "--dsn", "dbname=blog", "--statement", "0" * 16,
                       **postgres.environment)
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr, "quell: no statement of the trace has the fingerprint '0000000000000000'; "
                                        "quell report lists them\n")

    def test_text_is_plans_and_nothing_else(self):
        result = quell("explain", kept / "trace.qtr", "--dsn", "dbname=blog", "--top", "1", **postgres.environment)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("EXPLAIN (ANALYZE, BUFFERS)", result.stdout)
        self.assertNotIn("finding", result.stdout)


class Documentation(unittest.TestCase):
    """Lines that begin with "$ " in a console block are commands; they run in a folder with the demo's trace."""

    def test_every_command_shown_works(self):
        folder = scratch.path / "documentation"
        folder.mkdir()
        (folder / "service.qtr").write_bytes((kept / "trace.qtr").read_bytes())
        for name, analyze in (("before.txt", "analyze"), ("after.txt", "analyze, buffers")):
            (folder / name).write_text(postgres.psql(f"explain ({analyze}) select count(*) from posts"))
        with_psql = environment(TMPDIR=scratch.tmp, PGDATABASE="blog", **postgres.environment)
        with_psql["PATH"] = f"{postgres.bin}{os.pathsep}{with_psql['PATH']}"
        child = next(f["child"]["id"] for f in validated(first.stdout)["findings"])
        seen = set()
        for page in ("cli.md", "report.md", "demo.md", "index-advisor.md"):
            text = (ROOT / "docs" / page).read_text()
            for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
                for line in block.splitlines():
                    if not re.match(r"\$ (quell |psql .*\| quell )", line) or line in seen:
                        continue
                    seen.add(line)
                    # The fingerprint of an example belongs to the example's trace.
                    command = re.sub(r"--statement [0-9a-f]{16}", f"--statement {child}", line[2:])
                    with self.subTest(page=page, command=command):
                        result = subprocess.run(["bash", "-c", command], cwd=folder, stdin=subprocess.DEVNULL,
                                                capture_output=True, text=True, timeout=120, env=with_psql)
                        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertGreater(len(seen), 8)


if __name__ == "__main__":
    unittest.main(verbosity=2)

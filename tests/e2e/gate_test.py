"""`quell check` from end to end: the project's own gate over its reference API, mistakes that it must catch, what must
not disturb it, and the commands around the baseline."""
import json
import os
import re
import shlex
import shutil
import subprocess
import unittest
from xml.etree import ElementTree

import jsonschema

from recorded_api import RecordedApi
from support import BIN, ROOT, Postgres, Scratch, environment, quell

CONFIG = ROOT / "reference_app/quell.toml"
BASELINE = ROOT / "reference_app/quell-baseline/quell-reference.toml"
GATE = jsonschema.Draft202012Validator(json.loads((ROOT / "docs/gate.schema.json").read_text()))
#: Recordings of the same requests in another order. CMake's target gate-flakiness asks for 50.
RECORDINGS = int(os.environ.get("QUELL_GATE_RECORDINGS", "5"))


def setUpModule():
    global scratch, api, plain
    scratch = Scratch()
    unittest.addModuleCleanup(scratch.cleanup)
    postgres = Postgres(scratch)
    unittest.addModuleCleanup(postgres.stop)
    api = RecordedApi(scratch, postgres)
    plain = scratch.path / "plain.qtr"
    api.record(plain, seed=0)


class Folder:
    """A folder of its own with a copy of the committed baseline and a quell.toml that adds nothing."""

    def __init__(self, test, config="version = 1\nroot = true\n"):
        self.path = scratch.path / test.id().replace(" ", "_")
        (self.path / "quell-baseline").mkdir(parents=True)
        self.config = self.path / "quell.toml"
        self.config.write_text(config)
        self.baseline = self.path / "quell-baseline/quell-reference.toml"
        shutil.copy(BASELINE, self.baseline)

    def quell(self, *arguments, **changes):
        return quell(*arguments, cwd=self.path, CI=None, **changes)


class OwnGate(unittest.TestCase):
    def test_shuffled_parallel_recordings_never_fail(self):
        failed = []
        for seed in range(1, RECORDINGS + 1):
            trace = scratch.path / "shuffled.qtr"
            api.record(trace, seed)
            result = quell("check", trace, "--config", CONFIG, "--strict")
            if result.returncode != 0:
                failed.append(f"seed {seed}: {result.stdout}")
        self.assertEqual(failed, [])

    def test_the_demo_runs_what_the_baseline_says(self):
        kept = scratch.path / "kept"
        demo = quell("demo", "--keep", kept, "--output", scratch.path / "demo.txt", TMPDIR=scratch.tmp)
        self.assertEqual(demo.returncode, 0, demo.stderr)
        result = quell("check", kept / "trace.qtr", "--config", CONFIG)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertIn("PASSED: 0 failures in 14 units", result.stdout)
        self.assertIn("transaction_control (up to 2 a run)", result.stdout)

    def test_two_recordings_of_one_commit_are_stable(self):
        trace = scratch.path / "again.qtr"
        api.record(trace, seed=99)
        result = quell("check", plain, trace, "--config", CONFIG, "--format", "json")
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertEqual(json.loads(result.stdout)["breaches"], [])


class Seeded(unittest.TestCase):
    """One mistake each in the code of the reference API, next to its right form."""

    LIST = "GET /posts?loading=selectin"  # 50 posts at most
    USER = "GET /users/{id}"

    def caught(self, regression, unit, rule, statement, was, now, finding=None, differs=None):
        folder = Folder(self)
        trace = folder.path / f"{regression}.qtr"
        api.record(trace, seed=7, program="e2e_regressed_reference", regression=regression)
        result = folder.quell("check", trace, "--output", f"json={folder.path / 'gate.json'}")
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        gate = json.loads((folder.path / "gate.json").read_text())
        found = [b for b in gate["breaches"] if b["unit"] == unit and b["rule"] == rule and b["level"] == "failure"]
        self.assertEqual(len(found), 1, result.stdout)
        breach = found[0]
        named = [s for s in breach["statements"] if statement in s["text"] and s["now"] > s["was"]]
        self.assertEqual(len(named), 1, result.stdout)
        self.assertEqual((named[0]["was"], named[0]["now"]), (was, now))
        self.assert_at_the_mistake(named[0]["call_sites"][0])
        if finding:
            self.assertIn(finding, [f["kind"] for f in breach["findings"]], result.stdout)
        if differs:
            self.assertIn(differs, breach["differs"])
            self.assertIn(differs, result.stdout)
        self.assert_all_is_said(result.stdout, breach, named[0])
        self.assert_accepted(folder, trace, gate)

    def assert_at_the_mistake(self, site):
        self.assertTrue(site["file"].startswith("tests/e2e/regressed/"), site)
        lines = (ROOT / site["file"]).read_text().splitlines()
        self.assertRegex(lines[site["line"] - 1], r"fetch|execute|session\.|load\(", site)

    def assert_all_is_said(self, text, breach, statement):
        flat = " ".join(text.split())
        self.assertIn(breach["unit"], flat)
        self.assertIn(breach["sentence"], flat)
        self.assertIn(statement["fingerprint"], flat)
        self.assertIn(statement["text"][:60], flat)
        site = statement["call_sites"][0]
        self.assertIn(f"{site['file']}:{site['line']}", flat)
        self.assertIn(breach["accept"], text)

    def assert_accepted(self, folder, trace, gate):
        """The commands that the failures name make the gate pass, and change nothing else."""
        before = folder.baseline.read_text()
        for breach in gate["breaches"]:
            if breach["level"] == "failure":
                self.assertTrue(breach["accept"].startswith("quell baseline update "), breach["accept"])
                accepted = subprocess.run(breach["accept"], shell=True, cwd=folder.path, capture_output=True, text=True,
                                          env=environment(CI=None))
                self.assertEqual(accepted.returncode, 0, accepted.stderr)
        self.assertNotEqual(before, folder.baseline.read_text())
        result = folder.quell("check", trace)
        self.assertEqual(result.returncode, 0, result.stdout)

    def test_one_more_query(self):
        self.caught("one_more_query", self.LIST, "growth", "select count(*) from posts", 0, 1)

    def test_count_in_a_loop(self):
        self.caught("count_in_a_loop", self.LIST, "growth", "from comments where post_id = $1", 0, 50, "n_plus_one")

    def test_eager_load_of_tags_removed(self):
        self.caught("eager_load_removed", self.LIST, "growth", 'where j0."post_id" = $1', 0, 50, "n_plus_one")

    def test_eager_load_of_authors_removed(self):
        # 49 different authors wrote the newest 50 posts of the seed: select count(distinct author_id).
        self.caught("lazy_author", self.LIST, "growth", 'from "users" t0 where t0."id" = $1', 0, 49, "n_plus_one")

    def test_comment_authors_one_by_one(self):
        self.caught("lazy_comment_authors", "GET /posts/{id}?loading=selectin", "growth",
                    'from "users" t0 where t0."id" = $1', 0, 5, "n_plus_one")

    def test_same_read_twice(self):
        self.caught("duplicate_read", self.USER, "growth", "from users where id = $1", 1, 2, "duplicate_query")

    def test_same_list_twice(self):
        self.caught("same_list_twice", self.LIST, "growth", "from comments where post_id = any", 1, 2, "duplicate_query")

    def test_small_chunks(self):
        self.caught("small_chunks", self.LIST, "growth", "from comments where post_id = any", 1, 10)

    def test_exists_in_a_loop(self):
        self.caught("exists_in_a_loop", self.LIST, "growth", "select exists", 0, 50, "n_plus_one")

    def test_each_row_read_again(self):
        self.caught("read_each_again", self.LIST, "growth", "select title from posts", 0, 50, "n_plus_one")

    def test_each_row_written(self):
        self.caught("touch_each", self.LIST, "growth", "update posts set title", 0, 50, "n_plus_one_write")

    def test_write_loop(self):
        self.caught("write_loop", "POST /posts", "growth", "insert into tags (name) values ($1)", 0, 4,
                    "n_plus_one_write")

    def test_check_then_insert(self):
        self.caught("check_then_insert", "POST /posts", "growth", "insert into tags (name) values ($1)", 0, 4)

    def test_write_in_a_read(self):
        self.caught("write_in_a_read", self.USER, "growth", "update users set name", 0, 1)

    def test_read_after_write(self):
        self.caught("read_after_write", "POST /users", "growth", "from users where id = $1", 0, 1)

    def test_lost_limit(self):
        self.caught("lost_limit", "GET /users/{id}/posts?loading=selectin", "changed_statement",
                    'from "posts" t0 where t0."author_id" = $1', 0, 1, differs="no LIMIT any more")

    def test_lost_order(self):
        self.caught("lost_order", "GET /posts", "changed_statement", 'from "posts" t0 limit', 0, 1,
                    differs="no ORDER BY any more")

    def test_lost_condition(self):
        self.caught("lost_condition", self.LIST, "changed_statement", "from comments group by post_id", 0, 1,
                    differs="no condition any more")

    def test_extra_join(self):
        self.caught("extra_join", self.LIST, "changed_statement", "from comments c join users u", 0, 1,
                    differs="1 more table")

    def test_rows_locked(self):
        self.caught("locks_rows", self.USER, "changed_statement", "for update", 0, 1, differs="locks rows")

    # What is no regression passes.

    def passes(self, regression):
        folder = Folder(self)
        trace = folder.path / f"{regression}.qtr"
        api.record(trace, seed=8, program="e2e_regressed_reference", regression=regression)
        result = folder.quell("check", trace, "--strict")
        self.assertEqual(result.returncode, 0, result.stdout)
        return result.stdout

    def test_the_program_without_a_mistake_passes(self):
        self.passes("none")

    def test_comments_letter_case_and_spaces_pass(self):
        self.passes("control_comment_and_spelling")

    def test_a_transaction_around_a_read_passes_and_is_shown(self):
        self.assertIn("transaction_control (up to 2 a run)", self.passes("control_transaction"))


class Commands(unittest.TestCase):
    """What the commands write, print and end with; on a folder with a copy of the committed baseline."""

    def grown(self, folder):
        """The baseline says that GET /users/{id} ran nothing but one other statement."""
        text = folder.baseline.read_text()
        folder.baseline.write_text(text.replace('["GET /users/{id}"]\n"', '["GET /users/{id}"]\n"0000000000000001" = 1\n"')
                                   .replace('["POST /users"]\n"', '["POST /users"]\n#"'))

    def check(self, folder, *arguments, code):
        result = folder.quell("check", *arguments)
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        return result

    def test_every_output_at_once(self):
        folder = Folder(self)
        self.grown(folder)
        names = ["text", "markdown", "summary", "github", "sarif", "junit", "gitlab", "rdjson", "json"]
        outputs = [word for name in names for word in ("--output", f"{name}={name}.out")]
        (folder.path / "summary.out").write_text("# an earlier step\n")
        self.check(folder, plain, *outputs, code=1)
        read = {name: (folder.path / f"{name}.out").read_text() for name in names}
        self.assertIn("FAIL  POST /users  (growth)", read["text"])
        self.assertTrue(read["markdown"].startswith("<!-- quell-gate quell-reference -->\n"))
        self.assertTrue(read["summary"].startswith("# an earlier step\n## Quell gate: FAILED"))
        self.assertRegex(read["github"], r"(?m)^::error file=reference_app/domain/users\.cpp,line=\d+,title=")
        gate = json.loads(read["json"])
        errors = [f"{e.json_path}: {e.message}" for e in GATE.iter_errors(gate)]
        self.assertEqual(errors, [])
        self.assertEqual((gate["outcome"], gate["exit_code"]), ("failed", 1))
        self.assert_junit(ElementTree.fromstring(read["junit"]), gate)
        self.assert_sarif(json.loads(read["sarif"]))
        self.assertEqual(len({entry["fingerprint"] for entry in json.loads(read["gitlab"])}), len(gate["breaches"]))
        self.assertEqual(len(json.loads(read["rdjson"])["diagnostics"]), len(gate["breaches"]))

    def assert_junit(self, suites, gate):
        """The shape that Jenkins' and GitLab's readers share: attributes, order of children, sums."""
        self.assertEqual(suites.tag, "testsuites")
        for suite in suites:
            cases = suite.findall("testcase")
            failures = [case for case in cases if case.find("failure") is not None]
            self.assertEqual((int(suite.get("tests")), int(suite.get("failures"))), (len(cases), len(failures)))
            self.assertEqual(len({(c.get("classname"), c.get("name")) for c in cases}), len(cases))
            for case in cases:
                self.assertGreaterEqual(float(case.get("time")), 0)
                self.assertLessEqual({child.tag for child in case}, {"failure", "error", "skipped", "system-out"})
        self.assertEqual(int(suites.get("failures")), len([b for b in gate["breaches"] if b["level"] == "failure"]))

    def assert_sarif(self, sarif):
        """What the SARIF 2.1.0 schema requires of the parts that are used, and what GitHub asks beyond it."""
        self.assertEqual((sarif["version"], len(sarif["runs"])), ("2.1.0", 1))
        run = sarif["runs"][0]
        rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
        self.assertEqual(len(set(rules)), len(rules))
        for result in run["results"]:
            self.assertEqual(rules[result["ruleIndex"]], result["ruleId"])
            self.assertIn(result["level"], ("none", "note", "warning", "error"))
            self.assertIn(result.get("baselineState", "new"), ("new", "unchanged", "updated", "absent"))
            self.assertTrue(result["message"]["text"])
            self.assertTrue(result["partialFingerprints"])
            for location in result["locations"]:
                place = location["physicalLocation"]
                self.assertRegex(place["artifactLocation"]["uri"], r"^[A-Za-z0-9._~/%-]+$")
                self.assertGreaterEqual(place["region"]["startLine"], 1)

    def test_a_base_trace_in_place_of_the_baseline(self):
        folder = Folder(self)
        shutil.rmtree(folder.path / "quell-baseline")
        self.check(folder, plain, "--base", plain, code=0)
        trace = folder.path / "more.qtr"
        api.record(trace, seed=3, program="e2e_regressed_reference", regression="duplicate_read")
        result = self.check(folder, trace, "--base", plain, code=1)
        self.assertIn("2 queries, was 1", result.stdout)
        self.assertIn("an [[allow]] in quell.toml with fingerprint", result.stdout)

    def test_traces_that_differ_are_named_and_not_written_into_a_baseline(self):
        folder = Folder(self)
        trace = folder.path / "more.qtr"
        api.record(trace, seed=3, program="e2e_regressed_reference", regression="duplicate_read")
        result = self.check(folder, plain, trace, code=1)
        self.assertIn("WARN  GET /users/{id}  (unstable_unit)", result.stdout)
        self.assertIn("ran 1, 2 times", " ".join(result.stdout.split()))
        before = folder.baseline.read_text()
        refused = folder.quell("baseline", "update", plain, trace)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("GET /users/{id}", refused.stderr)
        self.assertEqual(folder.baseline.read_text(), before)
        self.assertEqual(folder.quell("baseline", "update", plain, trace, "--accept-unstable").returncode, 0)
        self.assertNotEqual(folder.baseline.read_text(), before)

    def test_an_incomplete_trace_is_not_judged(self):
        folder = Folder(self)
        torn = folder.path / "torn.qtr"
        torn.write_bytes(plain.read_bytes()[:-100])
        result = self.check(folder, torn, code=3)
        self.assertIn("INCOMPLETE, not judged", result.stdout)
        self.check(folder, torn, "--allow-partial", code=0)
        self.assertEqual(folder.quell("baseline", "update", torn).returncode, 3)

    def test_nothing_checked_is_not_passed(self):
        folder = Folder(self)
        folder.baseline.unlink()
        result = self.check(folder, plain, code=4)
        self.assertIn(f"make it with quell baseline update {shlex.quote(str(plain))}", " ".join(result.stdout.split()))
        folder.baseline.write_text("format = 1\n")
        self.check(folder, plain, code=4)

    def test_a_missing_required_suite_is_not_passed(self):
        folder = Folder(self, 'version = 1\nroot = true\nrequire = ["quell-reference", "worker"]\n')
        self.assertIn("'worker' is required", " ".join(self.check(folder, plain, code=4).stdout.split()))

    def test_unreadable_traces_and_wrong_files_have_codes_of_their_own(self):
        folder = Folder(self)
        self.assertIn("no.qtr", self.check(folder, "no.qtr", code=3).stderr)
        folder.baseline.write_text('format = 1\n["GET /"]\n"12" = 1\n')
        self.assertIn("quell-baseline/quell-reference.toml:3:1: '12' is no fingerprint",
                      self.check(folder, plain, code=2).stderr)
        folder.config.write_text("version = 1\n[defaults]\nmax_querys = 3\n")
        self.assertIn("quell.toml:3:1: unknown key 'max_querys'; did you mean 'max_queries'?",
                      self.check(folder, plain, code=2).stderr)

    def test_wrong_calls_are_refused_before_anything_is_read(self):
        folder = Folder(self)
        for words, said in ((["check"], "TRACE"), (["check", "x.qtr", "--output", "xml=a"], "no output 'xml'"),
                            (["check", "x.qtr", "--output", "json="], "names no file"),
                            (["check", "x.qtr", "--output", "json=no/a.json"], "make it first"),
                            (["baseline"], "update"), (["baseline", "update"], "TRACE"), (["diff", "a"], "AFTER")):
            with self.subTest(words):
                result = folder.quell(*words)
                self.assertEqual(result.returncode, 2, result.stderr)
                self.assertIn(said, result.stderr)

    def test_explain_names_the_line_of_each_limit(self):
        result = quell("check", "--config", CONFIG, "--explain", "GET /posts?loading=lazy")
        self.assertEqual(result.returncode, 0, result.stderr)
        lines = CONFIG.read_text().splitlines()
        for key, value in (("max_queries", "150"), ("max_findings.n_plus_one_write", "0")):
            found = re.search(rf"(?m)^ +{re.escape(key)} = {value} +\S*quell.toml:(\d+)$", result.stdout)
            self.assertTrue(found, result.stdout)
            self.assertIn(value, lines[int(found[1]) - 1])
        self.assertRegex(result.stdout, r'growth = "\+0" +built in')

    def test_update_refuses_in_ci_unless_asked(self):
        folder = Folder(self)
        self.grown(folder)
        before = folder.baseline.read_text()
        result = quell("baseline", "update", plain, cwd=folder.path, CI="true")
        self.assertEqual(result.returncode, 2)
        self.assertIn("--yes-in-ci", result.stderr)
        self.assertEqual(folder.baseline.read_text(), before)
        self.assertEqual(quell("baseline", "update", plain, "--yes-in-ci", cwd=folder.path, CI="true").returncode, 0)
        self.assertNotEqual(folder.baseline.read_text(), before)

    def test_update_from_nothing_makes_the_committed_baseline(self):
        folder = Folder(self)
        folder.baseline.unlink()
        self.assertEqual(folder.quell("baseline", "update", plain).returncode, 0)
        keys = lambda text: [line.split("  #")[0] for line in text.splitlines()]
        self.assertEqual(keys(folder.baseline.read_text()), keys(BASELINE.read_text()))

    def test_prune_removes_what_is_no_longer_run(self):
        folder = Folder(self)
        folder.baseline.write_text(folder.baseline.read_text() + '\n["GET /zombies"]\n"0000000000000001" = 1\n')
        self.assertIn("GET /zombies", self.check(folder, plain, code=0).stdout)
        result = folder.quell("baseline", "prune", plain)
        self.assertIn("1 unit removed\n   GET /zombies\n", result.stdout)
        self.assertEqual(folder.baseline.read_text(), BASELINE.read_text())

    def test_review_asks_and_writes_only_what_is_accepted(self):
        folder = Folder(self)
        self.grown(folder)
        review = subprocess.run([BIN / "quell", "baseline", "review", plain], input="r\na\n", cwd=folder.path,
                                capture_output=True, text=True, env=environment(CI=None))
        self.assertEqual(review.returncode, 0, review.stderr)
        self.assertRegex(review.stdout, r"1 of 2  GET /users/\{id\}\n   gone ")
        self.assertRegex(review.stdout, r"2 of 2  POST /users\n   new ")
        self.assertIn("insert into users", review.stdout)
        self.assertTrue(review.stdout.endswith("1 unit accepted\n   POST /users\n"), review.stdout)
        self.assertIn('"0000000000000001" = 1', folder.baseline.read_text())

    def test_diff_of_two_recordings(self):
        folder = Folder(self)
        trace = folder.path / "worse.qtr"
        api.record(trace, seed=5, program="e2e_regressed_reference", regression="count_in_a_loop")
        same = folder.quell("diff", plain, plain)
        self.assertEqual((same.returncode, same.stdout), (0, f"{plain} runs what {plain} runs.\n"))
        diff = json.loads(folder.quell("diff", plain, trace, "--format", "json").stdout)
        changes = {(c["change"], c["text"]) for c in diff["statements"]}
        self.assertIn(("new", "select count(*) from comments where post_id = $1"), changes)
        self.assertIn(("gone", "select post_id, count(*) from comments where post_id = any($1) group by post_id"), changes)
        self.assertIn("GET /posts?loading=joined", {f["unit"] for f in diff["new_findings"] if f["kind"] == "n_plus_one"})
        text = folder.quell("diff", plain, trace).stdout
        self.assertIn("New findings", text)
        back = folder.quell("diff", trace, plain, "--format", "markdown").stdout
        self.assertIn("Mended findings:", back)

    def test_record_and_check_in_one_command(self):
        folder = Folder(self, "version = 1\nroot = true\n[count]\noutside = true\n")
        database = dict(api.environment, PGDATABASE="blog", PGSSLMODE=None, DATABASE_URL=None)

        def record(*sql, options=("--check",)):
            queries = [word for each in sql for word in ("-c", each)]
            return folder.quell("record", *options, "--", api.psql, "-XqAt", *queries, **database)

        one = "select id from users where id = 1"
        self.assertEqual(record(one).returncode, 4)  # no baseline yet
        self.assertEqual(folder.quell("baseline", "update", "quell.qtr").returncode, 0)
        passed = record(one)
        self.assertEqual(passed.returncode, 0, passed.stdout)
        self.assertIn("PASSED: 0 failures in 1 unit, compared with quell-baseline/psql.toml", passed.stdout)
        failed = record(one, "select id from posts where id = 2")
        self.assertEqual(failed.returncode, 1)
        self.assertIn("FAIL  (outside any unit)  (growth)", failed.stdout)
        broken = record("select nothing from nowhere")
        self.assertEqual(broken.returncode, 1)  # psql's
        self.assertIn("the command failed: not checked", broken.stderr)
        self.assertNotIn("compared with", broken.stdout)


class Documentation(unittest.TestCase):
    TEXT = (ROOT / "docs/gate.md").read_text()

    def block(self, begin):
        return re.search(rf"(?ms)^```toml\n({re.escape(begin)}.*?)^```$", self.TEXT)[1]

    def test_every_command_of_the_page_runs(self):
        folder = Folder(self, "version = 1\nroot = true\n[count]\noutside = true\n")
        for name in ("new.qtr", "main.qtr"):
            shutil.copy(plain, folder.path / name)
        pytest = folder.path / "pytest"  # stands for any command that asks the database something
        pytest.write_text(f"#!/bin/sh\nexec {api.psql} -XqAtc 'select 1' blog\n")
        pytest.chmod(0o755)
        commands = re.findall(r"(?m)^\$ (quell .*?)(?: +#.*)?$", self.TEXT)
        self.assertGreater(len(commands), 6)
        for command in commands:
            with self.subTest(command):
                result = subprocess.run(command, shell=True, cwd=folder.path, capture_output=True, text=True, timeout=60,
                                        env=environment(**api.environment, CI=None, PGSSLMODE=None, DATABASE_URL=None,
                                                        PATH=f"{BIN}:{folder.path}:{os.environ['PATH']}"))
                self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_the_configuration_of_the_page_is_read(self):
        folder = Folder(self, self.block("version = 1"))
        result = folder.quell("check", "--explain", "GET /orders/{id}")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stdout, r"max_queries = 12 ")
        self.assertRegex(result.stdout, r"max_repeat = 20 ")
        self.assertIn("excused   statement a1b2c3d4e5f60718 by quell.toml", folder.quell("check", "--explain", "GET /admin/export").stdout)

    def test_the_baseline_of_the_page_is_read(self):
        folder = Folder(self)
        folder.baseline.write_text(self.block("format = 1"))
        result = folder.quell("check", plain)
        self.assertEqual(result.returncode, 4, result.stderr)
        self.assertIn("holds none of the 14 units", " ".join(result.stdout.split()))


if __name__ == "__main__":
    unittest.main(verbosity=2)

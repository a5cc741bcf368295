"""`quell check` from end to end: the project's own gate over its reference API, mistakes that it must catch, what must
not disturb it, and the commands around the baseline."""
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import unittest

from recorded_api import RecordedApi
from support import BIN, ROOT, Postgres, Scratch, environment, quell

CONFIG = ROOT / "reference_app/quell.toml"
BASELINE = ROOT / "reference_app/quell-baseline/quell-reference.toml"
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
        self.assertIn("PASSED: 0 failures in 13 units", result.stdout)
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


if __name__ == "__main__":
    unittest.main(verbosity=2)

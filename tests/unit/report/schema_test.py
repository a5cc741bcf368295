"""Every JSON report of report_print_samples is valid, and the schema is strict enough to notice a changed one.

usage: schema_test.py SCHEMA PROGRAM
"""
import copy
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import jsonschema

SCHEMA = json.loads(pathlib.Path(sys.argv[1]).read_text())
PROGRAM = sys.argv[2]


class ReportSchema(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        subprocess.run([PROGRAM, cls.folder.name], check=True)
        cls.reports = {path.stem: json.loads(path.read_bytes().decode("utf-8"))
                       for path in pathlib.Path(cls.folder.name).glob("*.json")}
        cls.validator = jsonschema.Draft202012Validator(SCHEMA)

    def test_is_itself_valid(self):
        jsonschema.Draft202012Validator.check_schema(SCHEMA)

    def test_accepts_every_report(self):
        self.assertEqual(sorted(self.reports), ["hostile", "hostile_everything", "quiet", "quiet_everything", "shop",
                                                "shop_everything"])
        for name, report in self.reports.items():
            with self.subTest(name):
                self.assertEqual([error.message for error in self.validator.iter_errors(report)], [])

    def test_refuses_a_missing_an_added_and_a_mistyped_member(self):
        good = self.reports["shop"]
        for path in (["findings", 0], ["trace"], ["statements", 0], ["scopes", 0], ["plans", 0, "root"],
                     ["index_advice", 0], []):
            for change in ("remove", "add", "retype"):
                bad = copy.deepcopy(good)
                at = bad
                for step in path:
                    at = at[step]
                first = next(iter(at))
                if change == "remove":
                    del at[first]
                elif change == "add":
                    at["surprise"] = 1
                else:
                    at[first] = {"not": "this"}
                with self.subTest(path=path, change=change):
                    self.assertFalse(self.validator.is_valid(bad))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]], verbosity=2)

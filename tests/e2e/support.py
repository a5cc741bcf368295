"""What the end-to-end tests share: the built programs, running them, the report's schema."""
import json
import os
import pathlib
import subprocess
import tempfile

import jsonschema

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("QUELL_BIN", ROOT / "build/release/bin"))
VALIDATOR = jsonschema.Draft202012Validator(json.loads((ROOT / "docs/report.schema.json").read_text()))


def environment(**changes):
    """This process's environment with changes; None removes a variable."""
    merged = dict(os.environ, PATH=f"{BIN}{os.pathsep}{os.environ['PATH']}")
    for name, value in changes.items():
        merged.pop(name, None)
        if value is not None:
            merged[name] = str(value)
    return merged


def quell(*arguments, timeout=120, cwd=None, **changes):
    return subprocess.run([str(BIN / "quell"), *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=timeout, cwd=cwd, env=environment(**changes))


def processes_of(folder):
    """Command lines of running processes that name `folder`."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in command:
            found.append(command)
    return found


class Scratch:
    """A temporary folder that is every child's TMPDIR, so that what they leave behind is seen."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="quell-e2e-")
        self.path = pathlib.Path(self._folder.name)
        # PostgreSQL runs as another account where the tests run as root.
        self.path.chmod(0o755)
        self.tmp = self.path / "tmp"
        self.tmp.mkdir()
        self.tmp.chmod(0o755)

    def cleanup(self):
        self._folder.cleanup()


class Postgres:
    """A private PostgreSQL with an empty database `blog`; `environment` leads libpq to it."""

    def __init__(self, scratch):
        self._process = subprocess.Popen([str(BIN / "e2e_postgres")], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         text=True, env=environment(TMPDIR=scratch.tmp))
        host, port, self.bin = self._process.stdout.readline().rstrip("\n").split("\t")
        self.environment = {"PGHOST": host, "PGPORT": port, "PGUSER": "quell"}

    def load(self, dump):
        """As README.txt of a kept folder says."""
        subprocess.run([f"{self.bin}/psql", "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", "--dbname=blog",
                        f"--file={dump}", "--command=analyze"], check=True, capture_output=True,
                       env=environment(**self.environment))

    def psql(self, sql, *options):
        """What psql prints for `sql` on the database `blog`."""
        return subprocess.run([f"{self.bin}/psql", "--no-psqlrc", *options, "--dbname=blog", f"--command={sql}"],
                              check=True, capture_output=True, text=True, env=environment(**self.environment)).stdout

    def stop(self):
        self._process.stdin.close()
        self._process.wait(timeout=30)
        self._process.stdout.close()

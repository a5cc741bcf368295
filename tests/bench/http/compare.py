#!/usr/bin/python3
"""wrk against quell-reference and against its FastAPI twin, and against quell-reference with tracing on and off.

    tests/bench/http/compare.py [--seconds 5] [--rounds 5] [--connections 16]

Not part of scripts/test: it takes minutes and wants a quiet machine. Needs a build (build/release, or QUELL_BIN) and the
Debian packages of PACKAGES. Each service has one worker and one core, PostgreSQL and wrk share the other; before
anything is measured, the replies are compared. Runs of one round follow each other, so that they meet the same weather;
the figures are medians of the rounds. Prints Markdown tables."""
import argparse
import importlib.util
import json
import os
import pathlib
import re
import shutil
import signal
import statistics
import subprocess
import sys
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "e2e"))
PACKAGES = {"fastapi": "python3-fastapi", "sqlalchemy": "python3-sqlalchemy", "asyncpg": "python3-asyncpg",
            "uvicorn": "python3-uvicorn", "uvloop": "python3-uvloop", "httptools": "python3-httptools",
            "jsonschema": "python3-jsonschema"}
ENDPOINTS = ["/posts/334", "/posts?limit=20", "/products/search?q=oak+lamp&limit=20", "/orders?limit=20"]
SERVER_CORE, OTHER_CORE = "0", "1"
PASSWORD = "only for this benchmark"


def require_packages():
    missing = [package for module, package in PACKAGES.items() if importlib.util.find_spec(module) is None]
    if shutil.which("wrk") is None:
        missing.append("wrk")
    if missing:
        sys.exit("needs: apt-get install --no-install-recommends " + " ".join(missing))


class Server:
    def __init__(self, name, command, port, env):
        self.name = name
        self.token = None
        self.base = f"http://127.0.0.1:{port}"
        self._process = subprocess.Popen(["taskset", "-c", SERVER_CORE, *map(str, command)], env=env,
                                         stdout=subprocess.DEVNULL)
        for _ in range(100):
            try:
                self.get(ENDPOINTS[0])
                return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError(f"{name} does not answer")

    def request(self, target, body=None):
        request = urllib.request.Request(self.base + target, data=body and json.dumps(body).encode())
        if body:
            request.add_header("Content-Type", "application/json")
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        with urllib.request.urlopen(request) as reply:
            return json.load(reply)

    def get(self, target):
        """The reply without its cursors, which only quell-reference has."""
        reply = self.request(target)
        reply.pop("next_cursor", None)
        return reply

    def cpu_seconds(self):
        """User and system time of all its threads; unlike throughput it hardly depends on who else runs."""
        fields = pathlib.Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(timeout=30)


def milliseconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


class Run:
    """One run of wrk: requests a second, the 99th percentile in milliseconds, CPU microseconds of the service a request."""

    def __init__(self, server, target, options):
        before = server.cpu_seconds()
        output = subprocess.run(
            ["taskset", "-c", OTHER_CORE, "wrk", "-t1", f"-c{options.connections}", f"-d{options.seconds}s",
             "--latency",
             "-H", f"Authorization: Bearer {server.token}", server.base + target], check=True, capture_output=True, text=True).stdout
        cpu = server.cpu_seconds() - before
        if "Non-2xx" in output or "Socket errors" in output:
            raise RuntimeError(f"{server.name} {target} failed:\n{output}")
        self.rate = float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1])
        self.p99 = milliseconds(re.search(r"99%\s+(\S+)", output)[1])
        self.cpu = 1e6 * cpu / int(re.search(r"(\d+) requests in", output)[1])


def measure(servers, options):
    """The runs by endpoint and server."""
    results = {}
    for target in ENDPOINTS:
        replies = [server.get(target) for server in servers]
        if any(reply != replies[0] for reply in replies):
            raise RuntimeError(f"the replies to {target} differ")
        for round_ in range(options.rounds):
            # The order turns, so that no server always runs on what another left in the caches.
            for server in servers[round_ % len(servers):] + servers[:round_ % len(servers)]:
                results.setdefault((target, server.name), []).append(Run(server, target, options))
    return results


def print_tables(results):
    def median(target, name, figure):
        return statistics.median(getattr(run, figure) for run in results[target, name])

    print("| endpoint | quell-reference | FastAPI twin | ratio | p99 | CPU a request | ratio |\n|---|---|---|---|---|---|---|")
    for target in ENDPOINTS:
        ours, twins = ({figure: median(target, name, figure) for figure in ("rate", "p99", "cpu")}
                       for name in ("plain", "twin"))
        print(f"| `GET {target}` | {ours['rate']:,.0f}/s | {twins['rate']:,.0f}/s | {ours['rate'] / twins['rate']:.1f} | "
              f"{ours['p99']:.0f} ms, {twins['p99']:.0f} ms | {ours['cpu']:,.0f} µs, {twins['cpu']:,.0f} µs | "
              f"{twins['cpu'] / ours['cpu']:.1f} |")
    print("\n| endpoint | throughput with tracing, pairs | median | CPU a request with tracing, pairs | median |\n"
          "|---|---|---|---|---|")
    for target in ENDPOINTS:
        cells = []
        for figure in ("rate", "cpu"):
            changes = sorted(100 * (getattr(traced, figure) / getattr(plain, figure) - 1)
                             for plain, traced in zip(results[target, "plain"], results[target, "traced"]))
            cells += [f"{changes[0]:+.0f} to {changes[-1]:+.0f} %", f"{statistics.median(changes):+.1f} %"]
        print(f"| `GET {target}` | {' | '.join(cells)} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=16)
    options = parser.parse_args()
    require_packages()
    from support import BIN, Postgres, Scratch, environment  # needs jsonschema

    os.sched_setaffinity(0, {int(OTHER_CORE)})  # PostgreSQL inherits it
    scratch = Scratch()
    postgres = Postgres(scratch)
    servers = []
    try:
        reference = BIN / "quell-reference"
        env = environment(QUELL_REFERENCE_DSN="dbname=blog", QUELL_TRACE=None, QUELL_REFERENCE_ADMIN_PASSWORD=PASSWORD,
                          **postgres.environment)
        for command in (["migrate"], ["seed"], ["make-admin", "--email", "admin@example.org"]):
            subprocess.run([reference, *command], check=True, env=env, capture_output=True)
        serve = [reference, "serve", "--workers", "1", "--listen"]
        servers.append(Server("plain", [*serve, "127.0.0.1:18431"], 18431, env))
        servers.append(Server("traced", [*serve, "127.0.0.1:18432"], 18432,
                              dict(env, QUELL_TRACE=str(scratch.path / "trace.qtr"))))
        pg = postgres.environment
        dsn = f"postgresql+asyncpg://{pg['PGUSER']}@/blog?host={pg['PGHOST']}&port={pg['PGPORT']}"
        servers.append(Server("twin", [sys.executable, "-m", "uvicorn", "--app-dir", HERE, "--loop", "uvloop", "--http",
                                       "httptools", "--port", "18433", "--no-access-log", "--log-level", "warning",
                                       "twin:app"], 18433, dict(env, TWIN_DSN=dsn, PYTHONDONTWRITEBYTECODE="1")))
        # The orders are an administrator's to see; the twin gets the header too and does not look at it.
        login = {"email": "admin@example.org", "password": PASSWORD}
        for server in servers[:2]:
            server.token = server.request("/auth/login", login)["access_token"]
        servers[2].token = servers[0].token
        print_tables(measure(servers, options))
    finally:
        for server in servers:
            server.stop()
        postgres.stop()
        scratch.cleanup()


if __name__ == "__main__":
    main()

"""The reference API on a private PostgreSQL, sent the same requests in any order, recorded once for each call."""
import http.client
import json
import random
import signal
import subprocess
import threading
import time

from support import BIN, environment

CLIENTS = 8


def visit(loading, turn):
    return [f"/posts?loading={loading}&limit=20&offset={20 * turn}", f"/posts/{1 + 13 * turn}?loading={loading}",
            f"/users/{1 + turn}/posts?loading={loading}&limit=10", f"/users/{1 + turn}"]


def reads():
    """What the demo reads (cli/demo/traffic.cpp)."""
    targets = [f"/posts?limit=10&offset={10 * page}" for page in range(5)]
    for loading, turns in (("lazy", 8), ("selectin", 9), ("joined", 10)):
        targets += [f"/posts?loading={loading}&limit={limit}" for limit in (5, 10, 20, 50)]
        for turn in range(turns):
            targets += visit(loading, turn)
    return [("GET", target, None) for target in targets]


def writes():
    users = [("POST", "/users", {"name": f"Reader {i}", "email": f"gate{i}@example.org"}) for i in range(5)]
    posts = [("POST", "/posts", {"author_id": i + 1, "title": f"Note {i}", "body": "Written by a test.",
                                 "tags": [f"gate-{i}-{tag}" for tag in range(4)]}) for i in range(5)]
    return users + posts


class RecordedApi:
    def __init__(self, scratch, postgres):
        self._scratch = scratch
        self.psql = f"{postgres.bin}/psql"
        self.environment = dict(postgres.environment, TMPDIR=scratch.tmp)
        self._psql = [self.psql, "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", "--dbname=blog"]
        host, port = postgres.environment["PGHOST"], postgres.environment["PGPORT"]
        self._env = dict(self.environment, QUELL_REFERENCE_DSN=f"host={host} port={port} dbname=blog user=quell")
        for command in (["migrate"], ["seed", "--scale", "1"]):
            subprocess.run([BIN / "quell-reference", *command], check=True, capture_output=True,
                           env=environment(**self._env))
        self._sql("vacuum analyze")

    def record(self, trace, seed, program="quell-reference", regression=None):
        """Sends every request once, the reads before the writes and each in an order of its own, by several clients."""
        order = random.Random(seed)
        port_file = self._scratch.path / "port"
        port_file.unlink(missing_ok=True)
        server = subprocess.Popen([BIN / program, "serve", "--listen", "127.0.0.1:0", "--port-file", port_file,
                                   "--workers", "2"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                  env=environment(**self._env, QUELL_TRACE=trace, SEEDED_REGRESSION=regression))
        try:
            port = self._wait_for(server, port_file)
            for requests in (reads(), writes()):
                order.shuffle(requests)
                self._send(port, requests)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=20)
            # The next recording reads what this one read.
            self._sql("delete from posts where body = 'Written by a test.'; delete from tags where name like 'gate-%'; "
                      "delete from users where email like 'gate%'")

    def _sql(self, text):
        for statement in text.split(";"):
            subprocess.run([*self._psql, "--command", statement], check=True, capture_output=True,
                           env=environment(**self._env))

    @staticmethod
    def _wait_for(server, port_file):
        give_up = time.monotonic() + 20
        while time.monotonic() < give_up and server.poll() is None:
            if port_file.exists():
                return int(port_file.read_text())
            time.sleep(0.01)
        raise RuntimeError("the reference API did not start")

    @staticmethod
    def _send(port, requests):
        failures = []

        def client(mine):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            for method, target, body in mine:
                connection.request(method, target, body and json.dumps(body), {"Content-Type": "application/json"})
                reply = connection.getresponse()
                text = reply.read()
                if reply.status not in (200, 201):
                    failures.append(f"{method} {target}: {reply.status} {text[:200]}")
            connection.close()

        threads = [threading.Thread(target=client, args=(requests[i::CLIENTS],)) for i in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise AssertionError("\n".join(failures))

#!/usr/bin/env python3
"""What the recording proxy costs: pgbench directly, through `quell proxy` with full recording, and through PgBouncer in
session mode where it is installed, interleaved in one run. Prints latencies, throughput, processor time and memory.

    proxy_overhead.py [--bin DIR] [--seconds 5] [--rounds 3] [--clients 1,4] [--modes simple,extended,prepared]

A run whose direct throughput varies by more than 15 % between rounds is marked: the machine was too busy to judge.
"""
import argparse
import os
import pathlib
import pwd
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def processor_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_mib(pid):
    return int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def start_quell(binaries, server_port, folder):
    process = subprocess.Popen([binaries / "quell", "proxy", "--listen", "127.0.0.1:0", "--upstream",
                                f"127.0.0.1:{server_port}", "--upstream-tls", "disable", "-o", folder / "bench.qtr"],
                               stderr=subprocess.PIPE, text=True)
    return process, int(re.search(r"relaying 127\.0\.0\.1:(\d+)", process.stderr.readline())[1])


def start_pgbouncer(program, server_port, folder):
    port = free_port()
    config = folder / "pgbouncer.ini"
    config.write_text(f"[databases]\n* = host=127.0.0.1 port={server_port}\n"
                      f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
                      "auth_type = any\npool_mode = session\nmax_client_conn = 100\ndefault_pool_size = 50\n"
                      "ignore_startup_parameters = extra_float_digits\nlog_connections = 0\nlog_disconnections = 0\n")
    # auth_type any has no user of its own.
    config.write_text(config.read_text().replace(f"port={server_port}", f"port={server_port} user=quell"))
    command = [program, "-q", config]
    if os.geteuid() == 0:
        command[1:1] = ["-u", "postgres" if "postgres" in (p.pw_name for p in pwd.getpwall()) else "nobody"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return process, port
        except OSError:
            time.sleep(0.05)
    sys.exit("pgbouncer does not answer")


def pgbench(tools, port, mode, clients, seconds, folder):
    """Throughput and all latencies (µs) of one run of the select-only script."""
    for old in folder.glob("log.*"):
        old.unlink()
    result = subprocess.run([tools / "pgbench", "-S", "-n", "-M", mode, "-c", str(clients), "-j", "1", "-T",
                             str(seconds), "-l", "--log-prefix", folder / "log", "-h", "127.0.0.1", "-p", str(port),
                             "-U", "quell", "blog"], capture_output=True, text=True, check=True)
    latencies = [int(line.split()[2]) for log in folder.glob("log.*") for line in log.open()]
    return float(re.search(r"tps = ([\d.]+)", result.stdout)[1]), latencies


def percentile(values, share):
    return sorted(values)[int(len(values) * share)]


def measure(arguments, folder, server, tools, server_port):
    targets = {"direct": (None, server_port), "quell": start_quell(arguments.bin, server_port, folder)}
    if arguments.pgbouncer:
        targets["pgbouncer"] = start_pgbouncer(arguments.pgbouncer, server_port, folder)
    subprocess.run([tools / "pgbench", "-i", "-q", "-s", "5", "-h", "127.0.0.1", "-p", str(server_port), "-U", "quell",
                    "blog"], check=True, capture_output=True)
    print(f"load average {os.getloadavg()[0]:.1f}, {os.cpu_count()} processors, {arguments.rounds} rounds of "
          f"{arguments.seconds} s each, interleaved; medians")
    print(f"{'mode':9} {'clients':>7} {'target':10} {'tps':>8} {'p50 µs':>7} {'p99 µs':>7} {'CPU µs/query':>13}")
    for mode in arguments.modes.split(","):
        for clients in map(int, arguments.clients.split(",")):
            runs = {name: [] for name in targets}
            for _ in range(arguments.rounds):
                for name, (process, port) in targets.items():
                    before = processor_seconds(process.pid) if process else 0
                    tps, latencies = pgbench(tools, port, mode, clients, arguments.seconds, folder)
                    used = processor_seconds(process.pid) - before if process else 0
                    runs[name].append((tps, percentile(latencies, 0.5), percentile(latencies, 0.99),
                                       used / len(latencies) * 1e6))
            for name, rows in runs.items():
                tps, p50, p99, cpu = (statistics.median(column) for column in zip(*rows))
                print(f"{mode:9} {clients:7} {name:10} {tps:8.0f} {p50:7.0f} {p99:7.0f} {cpu:13.1f}")
            direct = [row[0] for row in runs["direct"]]
            if (max(direct) - min(direct)) / statistics.median(direct) > 0.15:
                print(f"{'':9} {'':7} the direct runs differ by more than 15 %: this is no basis for a claim")
    for name, (process, _) in targets.items():
        if process:
            print(f"{name}: peak memory {peak_mib(process.pid):.1f} MiB")
            process.terminate()
    quell = targets["quell"][0]
    print(quell.stderr.read().rstrip())
    quell.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/release/bin")
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clients", default="1,4")
    parser.add_argument("--modes", default="simple,extended,prepared")
    parser.add_argument("--pgbouncer", default=shutil.which("pgbouncer", path=os.environ["PATH"] + ":/usr/sbin"),
                        help="its program; default: the one in PATH, or none")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="quell-bench-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        server = subprocess.Popen([arguments.bin / "e2e_postgres", "--tcp"], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True)
        try:
            _, port, tools = server.stdout.readline().rstrip("\n").split("\t")
            measure(arguments, folder, server, pathlib.Path(tools), int(port))
        finally:
            server.stdin.close()
            server.wait(timeout=60)


if __name__ == "__main__":
    main()

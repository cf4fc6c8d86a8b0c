"""How soon the program's own HTTP API answers, and how many readings a second it stores.

    python benchmarks/local_api.py [--stored 1000000] [--rate 500] [--seconds 20] [--clients 16]

Fills a store, runs the real engine on it without a broker and without a window, and asks over
loopback: `history` of 100 readings, `latest`, `stats` (the first time and then), on a
connection that is kept and on one of its own for each request. Then a process of its own posts
readings at the given rate from so many connections, and then as fast as it can; every reading
that was answered with 200 is looked for in the database.
"""

from __future__ import annotations

import argparse
import http.client
import json
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

from benchmarks.journal_commit import make_item  # noqa: E402 - needs the path above
from harit_desktop.app import ProductParts, now_us  # noqa: E402 - needs the path above
from harit_desktop.observability.redact import Redactor  # noqa: E402 - needs the path above
from harit_desktop.runtime.engine import Engine  # noqa: E402 - needs the path above
from harit_desktop.settings.paths import DataPaths  # noqa: E402 - needs the path above
from harit_desktop.settings.secrets import SecretStore  # noqa: E402 - needs the path above
from harit_desktop.settings.store import SettingsStore  # noqa: E402 - needs the path above
from harit_desktop.storage.journal import SqliteJournal  # noqa: E402 - needs the path above
from tests.servers import free_port  # noqa: E402 - needs the path above

ANALYZE = "/api/soil-health/analyze"
_COMMITTED_AT_ONCE = 1000
_KEPT, _OWN = "kept connection", "own connection"


def fill(path: Path, readings: int) -> None:
    journal = SqliteJournal(path, now_us)
    journal.open()
    for first in range(0, readings, _COMMITTED_AT_ONCE):
        last = min(readings, first + _COMMITTED_AT_ONCE)
        journal.commit([make_item(number) for number in range(first, last)])
    journal.close()


def build(data: Path, port: int) -> Engine:
    paths, redactor = DataPaths(data), Redactor()
    settings = {"local_api.enabled": True, "local_api.port": port, "broker.port": free_port()}
    store = SettingsStore(paths.settings, settings)
    secrets = SecretStore(paths.instance_name(), redactor.add)
    return Engine(paths, store, secrets, ProductParts(paths), now_us)


def get(connection: http.client.HTTPConnection, path: str) -> bytes:
    connection.request("GET", path)
    response = connection.getresponse()
    body = response.read()
    if response.status != 200:
        raise RuntimeError(f"{path}: {response.status} {body[:200]!r}")
    return body


def timed_ms(work: Callable[[], object], rounds: int) -> list[float]:
    found = []
    for _ in range(rounds):
        began_s = time.perf_counter()
        work()
        found.append((time.perf_counter() - began_s) * 1000)
    return sorted(found)


def say(name: str, found: list[float]) -> None:
    p95 = found[int(0.95 * (len(found) - 1))]
    print(f"{name:42} {statistics.median(found):7.2f} {p95:7.2f} {found[-1]:7.2f} ms")


def read(port: int) -> None:
    kept = http.client.HTTPConnection("127.0.0.1", port)

    def once(path: str) -> None:
        with closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
            get(connection, path)

    print(f"{'':42} {'median':>7} {'p95':>7} {'longest':>7}")
    say("stats, the first time", timed_ms(lambda: get(kept, "/api/soil-health/stats"), 1))
    for path, rounds in (
        ("/health", 200),
        ("/api/soil-health/latest", 200),
        ("/api/soil-health/history?limit=100", 200),
        ("/api/soil-health/history?limit=10000", 10),
        ("/api/soil-health/stats", 200),
    ):
        name = path.rpartition("/")[2]
        say(f"{name}, {_KEPT}", timed_ms(lambda path=path: get(kept, path), rounds))
        say(f"{name}, {_OWN}", timed_ms(lambda path=path: once(path), rounds))
    kept.close()


class Client:
    """Posts from one connection; `rate` 0 is as fast as it can."""

    def __init__(self, port: int, name: str, rate: float, seconds: float) -> None:
        self.port, self.name, self.rate, self.seconds = port, name, rate, seconds
        self.answered: list[float] = []
        self.refused: dict[str, int] = {}
        self.thread = threading.Thread(target=self.run)

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        began_s, number = time.perf_counter(), 0
        while (due_s := number / self.rate if self.rate else 0.0) < self.seconds:
            passed_s = time.perf_counter() - began_s
            if passed_s >= self.seconds + 5 or (not self.rate and passed_s >= self.seconds):
                break
            if due_s > passed_s:
                time.sleep(due_s - passed_s)
            self.post(connection, number, began_s + due_s if self.rate else time.perf_counter())
            number += 1

    def post(self, connection: http.client.HTTPConnection, number: int, due_s: float) -> None:
        body = {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()) + f".{number:06}Z",
            "publisher_id": self.name,
            "N": 22.5,
            "P": 17.8,
            "K": 152.3,
            "CO2": 498.2,
            "Temperature": 22.1,
            "Moisture": number % 100,
            "pH": 7.18,
        }
        try:
            connection.request(
                "POST", ANALYZE, json.dumps(body), {"Content-Type": "application/json"}
            )
            response = connection.getresponse()
            response.read()
            status = str(response.status)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            status = type(error).__name__
        if status == "200":
            self.answered.append((time.perf_counter() - due_s) * 1000)
        else:
            self.refused[status] = self.refused.get(status, 0) + 1


def run_clients(port: int, name: str, rate: float, seconds: float, clients: int) -> None:
    """The child process: prints what came of it as JSON."""
    running = [Client(port, f"{name}-{n}", rate / clients, seconds) for n in range(clients)]
    began_s = time.perf_counter()
    for client in running:
        client.thread.start()
    for client in running:
        client.thread.join()
    took_s = time.perf_counter() - began_s
    refused: dict[str, int] = {}
    for client in running:
        for status, count in client.refused.items():
            refused[status] = refused.get(status, 0) + count
    times = sorted(ms for client in running for ms in client.answered)
    print(json.dumps({"took_s": took_s, "times": times, "refused": refused}))


def write(port: int, database: Path, name: str, rate: float, seconds: float, clients: int) -> None:
    command = [sys.executable, __file__, "--client", name, "--port", str(port)]
    command += ["--rate", str(rate), "--seconds", str(seconds), "--clients", str(clients)]
    cpu_s = time.process_time()
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    cpu_s = time.process_time() - cpu_s
    found = json.loads(done.stdout)
    times = found["times"]
    with closing(sqlite3.connect(database)) as connection:
        (stored,) = connection.execute(
            "SELECT count(*) FROM sensor_readings WHERE publisher_id GLOB ?", (f"{name}-*",)
        ).fetchone()
    asked = f"{rate:g}/s asked" if rate else "as fast as can be"
    print(
        f"POST, {asked}, {clients} connections: {len(times) / found['took_s']:.0f}/s answered 200"
        f" in {found['took_s']:.1f} s; {stored} of {len(times)} in the database;"
        f" others: {found['refused'] or 'none'}; {cpu_s / max(1, len(times)) * 1e6:.0f} us of"
        " processor time each"
    )
    if times:
        say("  answer after the moment it was due", times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stored", type=int, default=1_000_000)
    parser.add_argument("--rate", type=float, default=500)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--data", type=Path, help="a data folder to keep; filled where empty")
    parser.add_argument("--client", help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.client:
        run_clients(chosen.port, chosen.client, chosen.rate, chosen.seconds, chosen.clients)
        return
    with tempfile.TemporaryDirectory() as folder:
        data = chosen.data or Path(folder)
        database = DataPaths(data).database
        if not database.exists():
            print(f"filling a store with {chosen.stored} readings ...")
            fill(database, chosen.stored)
        port = free_port()
        engine = build(data, port)
        engine.start(connect=False)
        while engine.snapshot().local_api.state != "running":
            time.sleep(0.05)
        read(port)
        at = f"b{int(time.time())}"
        write(port, database, f"{at}r", chosen.rate, chosen.seconds, chosen.clients)
        write(port, database, f"{at}f", 0, chosen.seconds / 2, chosen.clients)
        engine.stop()


if __name__ == "__main__":
    main()

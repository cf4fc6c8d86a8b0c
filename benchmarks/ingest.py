"""Messages a second into the store, beside what `mosquitto_sub` takes in the same run.

    python benchmarks/ingest.py [--messages 60000] [--rounds 3] [--queued] [--offscreen]

Three receivers take as many messages at QoS 1 from one real Mosquitto, in turn: `mosquitto_sub`
that throws them away, the program without a window, and the program with its window open, both
as installed, with message log, live view and CSV files. Two `mosquitto_pub` processes send as
fast as the broker takes the messages. With `--queued` all messages wait at the broker before
the receiver connects to its session.

A run of the program lasts from the first message received to the last one committed; one of
`mosquitto_sub` from the first message sent to its end. `lost` is what the table lacks.
"""

from __future__ import annotations

import argparse
import math
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

import psutil  # noqa: E402 - needs the repository on the path

from tests.displays import VirtualDisplay  # noqa: E402 - needs the repository on the path
from tests.end_to_end.programs import environment  # noqa: E402 - needs the repository on the path
from tests.servers import MosquittoServer, wait_until  # noqa: E402 - needs the repository on the path

TOPIC = "harit-samarth/sensor/data"
WINDOW = 1000
"""Unacknowledged messages that MQTT 5 lets a receiver have: the same for all three."""
PUBLISHERS = 2
MAX_LINES = 50_000
"""Of one `mosquitto_pub`: Mosquitto 2.0 throws out a client near its 65 535th ("out of memory")."""
DEVICES = 3
POLL_S = 0.02
LOOK_S = 0.25
"""Between two looks while the end is far: looking takes time from the program, and nobody looks
at `mosquitto_sub`."""
TIMEOUT_S = 300.0


@dataclass(frozen=True)
class Run:
    """`cpu_us` is the receiver's processor time for one message."""

    rate: float
    cpu_us: float
    stored: int


def message_lines(first: int, count: int) -> str:
    """Readings of three devices of the publisher's own, twenty a second each, with times that
    have just been. Values move as those of soil do: what jumps without end keeps the quality
    tests busy as no field does."""
    begin_s = time.time() - 6 * 3600
    lines = []
    for number in range(first, first + count):
        at_s = begin_s + number / DEVICES * 0.05
        wave = math.sin(number / 3000)
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at_s))
        lines.append(
            f'{{"timestamp":"{stamp}.{number % 1_000_000:06d}Z",'
            f'"publisher_id":"probe-{first}-{number % DEVICES}","sensor_readings":'
            f'{{"N":{22 + wave:.1f},"P":18.1,"K":{150 + 4 * wave:.1f},"CO2":{500 + 9 * wave:.1f},'
            f'"Temperature":{22 + 2 * wave:.2f},"Moisture":{53 - 3 * wave:.1f},"pH":7.1}}}}'
        )
    return "\n".join(lines) + "\n"


class Broker(MosquittoServer):
    def __init__(self, messages: int) -> None:
        super().__init__(
            [f"max_queued_messages {messages + WINDOW}", f"max_inflight_messages {WINDOW}"]
        )

    def remember(self, client_id: str) -> None:
        """Makes a session that keeps messages for a receiver which is not there yet."""
        command = [*self._subscriber(client_id), "-E"]
        subprocess.run(command, check=True, capture_output=True, timeout=10)

    def publish_all(self, first: int, count: int) -> None:
        """Sends the messages from processes in C, and waits for them."""
        publishers = max(PUBLISHERS, -(-count // MAX_LINES))
        share = count // publishers
        with tempfile.TemporaryDirectory() as folder:
            files = [Path(folder) / f"{index}.txt" for index in range(publishers)]
            for index, file in enumerate(files):
                size = share if index + 1 < publishers else count - share * index
                file.write_text(message_lines(first + share * index, size))
            self.began = time.monotonic()
            processes = [self._publisher(file) for file in files]
            for process in processes:
                if process.wait(TIMEOUT_S):
                    raise RuntimeError("mosquitto_pub failed")

    def _publisher(self, lines: Path) -> subprocess.Popen[bytes]:
        command = ["mosquitto_pub", "-h", self.host, "-p", str(self.port)]
        with lines.open("rb") as stdin:
            return subprocess.Popen([*command, "-q", "1", "-t", TOPIC, "-l"], stdin=stdin)

    def _subscriber(self, client_id: str) -> list[str]:
        command = ["mosquitto_sub", "-h", self.host, "-p", str(self.port), "-i", client_id]
        command += ["-V", "mqttv5", "-c", "-x", "3600", "-D", "connect", "receive-maximum"]
        return [*command, str(WINDOW), "-q", "1", "-t", TOPIC]

    def discard(self, client_id: str, count: int) -> subprocess.Popen[bytes]:
        """`mosquitto_sub` that ends after `count` messages."""
        command = [*self._subscriber(client_id), "-C", str(count), "-W", str(int(TIMEOUT_S))]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL)


def run_subscriber(broker: Broker, live: bool, first: int, count: int) -> Run:
    began = time.monotonic()
    process = broker.discard("discards", count)
    if live:
        time.sleep(0.5)
        broker.publish_all(first, count)
        began = broker.began
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    cpu_s = usage.ru_utime + usage.ru_stime
    return Run(count / (time.monotonic() - began), cpu_s / count * 1e6, count)


def committed(database: Path) -> int:
    """How many readings the store says it holds; costs a look at one row."""
    if not database.exists():
        return 0
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)) as db:
        try:
            found = db.execute("SELECT value FROM counters WHERE name = 'readings'").fetchone()
        except sqlite3.OperationalError:
            return 0
    return found[0] if found else 0


def run_program(
    broker: Broker, name: str, display: str | None, live: bool, first: int, count: int
) -> Run:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        command = [sys.executable, "-m", "harit_desktop", "--data-dir", str(data)]
        command += ["--set", f"broker.port={broker.port}", "--set", f"broker.client_id={name}"]
        variables = {"QT_QPA_PLATFORM": "offscreen"}
        if display is None:
            command.append("--headless")
        elif display:
            variables = {"QT_QPA_PLATFORM": "xcb", "DISPLAY": display}
        with (Path(folder) / "stderr").open("wb") as errors:
            process = subprocess.Popen(
                command, env=environment(**variables), cwd=REPOSITORY, stderr=errors
            )
        try:
            if live:
                wait_until(lambda: f"as {name}" in broker.log, 30)
                time.sleep(3.0)
                broker.publish_all(first, count)
            return watch(process, data / "harit.db", count)
        finally:
            process.terminate()
            process.wait(20)


def watch(process: subprocess.Popen[bytes], database: Path, count: int) -> Run:
    """Waits for the last commit; the first message's own time is where the run begins."""
    program = psutil.Process(process.pid)
    ends = time.monotonic() + TIMEOUT_S
    before = at_first = 0.0
    while (stored := committed(database)) < count and time.monotonic() < ends:
        times = program.cpu_times()
        if not stored:
            before = times.user + times.system
        time.sleep(LOOK_S if 0 < stored < 0.9 * count else POLL_S)
    ended_us = time.time_ns() // 1000
    times = program.cpu_times()
    at_first = times.user + times.system - before
    with closing(sqlite3.connect(database)) as db:
        (begun_us,) = db.execute(
            "SELECT received_us FROM sensor_readings ORDER BY id LIMIT 1"
        ).fetchone()
        (stored,) = db.execute("SELECT count(*) FROM sensor_readings").fetchone()
    return Run(count / (ended_us - begun_us) * 1e6, at_first / count * 1e6, stored)


def round_of(
    number: int, options: argparse.Namespace, display: str, kinds: Sequence[str]
) -> dict[str, Run]:
    count: int = options.messages
    first = number * 3 * count
    with Broker(count) as broker:
        runs = {}
        if options.queued:
            for kind in kinds:
                broker.remember(kind)
            broker.publish_all(first, count)
        for turn, kind in enumerate(kinds):
            at = first if options.queued else first + turn * count
            if kind == "discards":
                runs[kind] = run_subscriber(broker, not options.queued, at, count)
            else:
                shown = None if kind == "headless" else display
                runs[kind] = run_program(broker, kind, shown, not options.queued, at, count)
    return runs


def report(rounds: Sequence[dict[str, Run]], count: int) -> None:
    for number, runs in enumerate(rounds, start=1):
        for kind, run in runs.items():
            share = run.rate / runs["discards"].rate
            print(
                f"round {number}  {kind:9} {run.rate:8.0f} messages/s  {share:5.2f} of "
                f"mosquitto_sub  {run.cpu_us:6.1f} us CPU a message  lost {count - run.stored}"
            )
    for kind, base in (("headless", "discards"), ("window", "discards"), ("window", "headless")):
        if all(kind in runs and base in runs for runs in rounds):
            ratio = statistics.median(runs[kind].rate / runs[base].rate for runs in rounds)
            rate = statistics.median(runs[kind].rate for runs in rounds)
            print(f"{kind} to {base}: median ratio {ratio:.2f}, {rate:.0f} messages/s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--messages", type=int, default=60_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--queued", action="store_true", help="publish before it connects")
    parser.add_argument("--offscreen", action="store_true", help="no X server for the window")
    parser.add_argument("--no-window", action="store_true")
    options = parser.parse_args()
    kinds = ["discards", "headless"] if options.no_window else ["discards", "headless", "window"]
    shown = nullcontext() if options.offscreen or options.no_window else VirtualDisplay()
    with shown as display:
        name = display.name if isinstance(display, VirtualDisplay) else ""
        rounds = [
            # Turns are taken in another order each time, so that no receiver is always first.
            round_of(
                number, options, name, kinds[number % len(kinds) :] + kinds[: number % len(kinds)]
            )
            for number in range(options.rounds)
        ]
    report(rounds, options.messages)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    main()

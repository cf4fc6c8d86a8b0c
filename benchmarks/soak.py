"""A million messages through the program with its window: what grows, and what stalls.

    python benchmarks/soak.py [--messages 1000000] [--ahead 20000] [--headless] [--offscreen]

One real Mosquitto, QoS 1, everything as installed. Publishers in C send portions of `--ahead`
messages as the store follows, so that neither they nor the broker's memory are measured. The
first tenth warms up: rings, caches and the message log have reached their bounds by then (the
log at 50 000 messages, the ring of a device at 4096). From there to the end it compares resident
memory, threads and descriptors, and takes the longest gap between two turns of the event loop.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

import psutil  # noqa: E402 - needs the repository on the path

from benchmarks.ingest import TOPIC, message_lines  # noqa: E402 - needs the path above
from tests.displays import VirtualDisplay  # noqa: E402 - needs the repository on the path
from tests.servers import MosquittoServer  # noqa: E402 - needs the repository on the path

WARM_UP_SHARE = 0.1
SILENT_S = 60.0
"""Without a commit for so long the run is over."""


class Gauge:
    """What the process holds at this moment."""

    def __init__(self) -> None:
        process = psutil.Process()
        self.rss_mb = process.memory_info().rss / 2**20
        self.threads = process.num_threads()
        self.descriptors = process.num_fds() if hasattr(process, "num_fds") else 0


def measure(options: argparse.Namespace) -> None:
    """The run itself, in this process; prints its figures as JSON."""
    from benchmarks import harness
    from harit_desktop.domain.batch import CommitItem

    total: int = options.messages
    figures: dict[str, Any] = {"rss": []}
    stored = 0

    def committed(batch: Sequence[CommitItem], _at_us: int) -> None:
        nonlocal stored
        stored += len(batch)

    def wait_for(count: int) -> bool:
        seen, since_s = stored, time.monotonic()
        while stored < count and time.monotonic() - since_s < SILENT_S:
            time.sleep(0.05)
            if stored != seen:
                seen, since_s = stored, time.monotonic()
        return stored >= count

    def send(until: int) -> bool:
        sent = stored
        while sent < until:
            count = min(options.ahead, until - sent)
            send_apart(options.port, sent, count)
            sent += count
            if not wait_for(sent - options.ahead // 2):
                return False
            figures["rss"].append(round(psutil.Process().memory_info().rss / 2**20, 1))
        return wait_for(until)

    def work() -> None:
        harness.connected(engine)
        time.sleep(1.0)
        if not send(round(total * WARM_UP_SHARE)):
            return
        before, began_s, figures["warm"] = Gauge(), time.monotonic(), time.monotonic()
        send(total)
        figures["rate"] = total * (1 - WARM_UP_SHARE) / (time.monotonic() - began_s)
        time.sleep(2.0)
        after = Gauge()
        for name in ("rss_mb", "threads", "descriptors"):
            figures[name] = [getattr(before, name), getattr(after, name)]

    with tempfile.TemporaryDirectory() as folder:
        engine = harness.build(Path(folder), options.port, committed)
        turns = harness.run(engine, work, window=options.measure == "window")
        with closing(sqlite3.connect(Path(folder) / "harit.db")) as db:
            (figures["rows"],) = db.execute("SELECT count(*) FROM sensor_readings").fetchone()
    longest = max(turns, default=harness.Turn(0.0, 0.0))
    figures["turn_max"], figures["turn_starved"] = longest.seconds * 1000, longest.starved_s * 1000
    figures["turns_over_200"] = sum(turn.seconds > 0.2 for turn in turns)
    own_s = [turn.seconds - turn.starved_s for turn in turns]
    figures["own_max"] = max(own_s, default=0.0) * 1000
    print(json.dumps(figures))


def send_apart(port: int, first: int, count: int) -> None:
    """Has another process make and send messages: making them here would hold up the window."""
    arguments = ["--publish", str(first), str(count), "--port", str(port)]
    subprocess.run([sys.executable, __file__, *arguments], check=True, timeout=180)


def publish(port: int, first: int, count: int) -> None:
    command = ["mosquitto_pub", "-h", "127.0.0.1", "-p", str(port), "-q", "1", "-t", TOPIC, "-l"]
    lines = message_lines(first, count).encode()
    subprocess.run(command, input=lines, check=True, timeout=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--ahead", type=int, default=20_000)
    parser.add_argument("--headless", action="store_true", help="without a window")
    parser.add_argument("--offscreen", action="store_true", help="no X server for the window")
    parser.add_argument("--measure", choices=("headless", "window"), help=argparse.SUPPRESS)
    parser.add_argument("--publish", type=int, nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.publish:
        publish(options.port, *options.publish)
        return
    if options.measure:
        measure(options)
        return
    needs_display = not (options.headless or options.offscreen)
    with (
        VirtualDisplay() if needs_display else nullcontext() as display,
        MosquittoServer([f"max_queued_messages {4 * options.ahead}"]) as broker,
    ):
        shown = {"DISPLAY": display.name, "QT_QPA_PLATFORM": "xcb"} if display else {}
        command = [sys.executable, __file__, "--port", str(broker.port), "--measure"]
        command += ["headless" if options.headless else "window"]
        command += ["--messages", str(options.messages), "--ahead", str(options.ahead)]
        done = subprocess.run(
            command,
            env=os.environ
            | {"QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(REPOSITORY)}
            | shown,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
    report(json.loads(done.stdout.splitlines()[-1]), options.messages)


def report(figures: dict[str, Any], messages: int) -> None:
    print(f"lost                 {messages - figures['rows']} of {messages}")
    for name in ("rss_mb", "threads", "descriptors"):
        before, after = figures.get(name, (0, 0))
        print(f"{name:20} {before:.0f} after the warm-up, {after:.0f} at the end")
    print(f"rate                 {figures.get('rate', 0):.0f} messages/s")
    print(
        f"longest stall        {figures['turn_max']:.0f} ms of the window's event loop, of which "
        f"{figures['turn_starved']:.0f} ms without a processor"
    )
    print(f"                     {figures['own_max']:.0f} ms where such waiting does not count")
    print(f"stalls over 200 ms   {figures['turns_over_200']}")
    steps = figures["rss"][:: max(1, len(figures["rss"]) // 12)]
    print(f"memory on the way    {' '.join(f'{mb:.0f}' for mb in steps)} MiB")


if __name__ == "__main__":
    main()

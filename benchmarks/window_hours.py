"""Eight hours of readings through the window in a minute: what its memory does.

    python benchmarks/window_hours.py [--hours 8] [--minutes-real 1.5] [--devices 3]
                                     [--interval 1] [--offscreen]

Every clock of the program goes faster, and so do the probes: a reading a second of each device,
through a real Mosquitto. Prints resident memory at each hour of the program's clock, and what
the second half of the run added. Rings and logs have bounds that are reached on the way: a
device's ring at 4096 readings, the log of messages at 50 000.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sqlite3
import sys
import tempfile
import time
from contextlib import closing, nullcontext
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

import psutil  # noqa: E402 - needs the path above

from benchmarks import harness, window_sensors  # noqa: E402 - needs the path above
from benchmarks.window_runner import WindowRun  # noqa: E402 - needs the path above
from tests.displays import VirtualDisplay  # noqa: E402 - needs the path above
from tests.servers import MosquittoServer  # noqa: E402 - needs the path above

WARM_UP_S = 5.0
HOUR_US = 3_600_000_000


def measure(options: argparse.Namespace, port: int) -> None:
    """The run itself, in this process; prints at each hour."""
    real_s = options.minutes_real * 60
    speed = options.hours * 3600 / real_s
    memory: list[float] = []
    confirmed = 0

    def rss_mb(run: WindowRun) -> float:
        run.on_main(lambda _: gc.collect())
        return float(psutil.Process().memory_info().rss / 2**20)

    def work(run: WindowRun) -> None:
        nonlocal confirmed
        harness.connected(run.engine)
        first = window_sensors.start(port, rate=20, seconds=WARM_UP_S, devices=options.devices)
        confirmed = first.confirmed()
        from_us = time.time_ns() // 1000
        time.time_ns = lambda: window_sensors.clock_us(from_us, speed) * 1000
        rate = options.devices / options.interval * speed
        sensors = window_sensors.start(
            port, rate=rate, seconds=real_s, devices=options.devices, speed=speed, from_us=from_us
        )
        hour = 0
        while sensors.running:
            if time.time_ns() // 1000 >= from_us + hour * HOUR_US:
                memory.append(rss_mb(run))
                if not options.json:
                    print(f"hour {hour:3}   {memory[-1]:6.1f} MiB", flush=True)
                hour += 1
            time.sleep(0.05)
        confirmed += sensors.confirmed()
        while run.engine.snapshot().counters.received < confirmed:
            time.sleep(0.1)
        memory.append(rss_mb(run))
        time.sleep(1.0)

    with tempfile.TemporaryDirectory() as folder:
        WindowRun(harness.build(Path(folder), port), work).run()
        with closing(sqlite3.connect(Path(folder) / "harit.db")) as store:
            (stored,) = store.execute("SELECT count(*) FROM sensor_readings").fetchone()
    figures = {"memory_mb": memory, "confirmed": confirmed, "stored": stored}
    if options.json:
        print(json.dumps(figures))
        return
    middle = memory[len(memory) // 2]
    print(f"end        {memory[-1]:6.1f} MiB, {memory[-1] - middle:+.1f} in the second half")
    print(f"stored     {stored} of {confirmed}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--hours", type=float, default=8)
    parser.add_argument("--minutes-real", type=float, default=1.5)
    parser.add_argument("--devices", type=int, default=3)
    parser.add_argument("--interval", type=float, default=1, help="seconds between readings")
    parser.add_argument("--offscreen", action="store_true", help="no X server for the window")
    parser.add_argument("--json", action="store_true", help="only the figures, for programs")
    options = parser.parse_args()
    with (
        nullcontext() if options.offscreen else VirtualDisplay() as display,
        MosquittoServer(["max_queued_messages 100000"]) as broker,
    ):
        shown = {"DISPLAY": display.name} if display else {}
        os.environ |= {"QT_QPA_PLATFORM": "xcb" if display else "offscreen"} | shown
        measure(options, broker.port)


if __name__ == "__main__":
    main()

"""Two thousand messages a second for a minute: the longest turn of the window's event loop.

    python benchmarks/window_rate.py [--rate 2000] [--seconds 60] [--devices 8] [--offscreen]

One real Mosquitto at QoS 1, the real window under Xvfb. The publisher runs in a process of its
own; afterwards every message that the broker confirmed is to be in the table. "own" leaves out
the time for which the machine had no processor for the main thread.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import sys
import tempfile
import time
from contextlib import closing, nullcontext
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

from benchmarks import harness, window_sensors  # noqa: E402 - needs the path above
from benchmarks.window_runner import WindowRun, line  # noqa: E402 - needs the path above
from tests.displays import VirtualDisplay  # noqa: E402 - needs the path above
from tests.servers import MosquittoServer  # noqa: E402 - needs the path above

SETTLE_S = 20.0
STALL_S = 0.1
WARM_UP_S = 6.0


def measure(rate: float, seconds: float, devices: int, port: int) -> None:
    """The run itself, in this process."""
    confirmed = 0

    def work(run: WindowRun) -> None:
        nonlocal confirmed
        harness.connected(run.engine)
        # The charts are there, and what loads late has loaded.
        first = window_sensors.start(port, rate=devices, seconds=WARM_UP_S, devices=devices)
        confirmed = first.confirmed()
        run.reset()
        began_s = time.monotonic()
        sensors = window_sensors.start(port, rate=rate, seconds=seconds, devices=devices)
        confirmed += sensors.confirmed()
        took_s = time.monotonic() - began_s
        turns, frames = list(run.turns), list(run.frames)
        ends_s = time.monotonic() + SETTLE_S
        while run.engine.snapshot().counters.received < confirmed and time.monotonic() < ends_s:
            time.sleep(0.2)
        time.sleep(1.0)
        print(f"sent                 {rate * seconds / took_s:.0f} messages/s for {took_s:.1f} s")
        print(line("turn of the event loop", [turn.wall_s for turn in turns]))
        print(line("turn of the event loop, own", [turn.own_s for turn in turns]))
        print(line("turn, processor", [turn.processor_s for turn in turns]))
        print(line("beat, own", [frame.own_s for frame in frames]))
        long = sum(turn.own_s > STALL_S for turn in turns)
        print(f"turns over 100 ms    {long} without waiting for a processor")

    with tempfile.TemporaryDirectory() as folder:
        WindowRun(harness.build(Path(folder), port), work).run()
        with closing(sqlite3.connect(Path(folder) / "harit.db")) as store:
            (stored,) = store.execute("SELECT count(*) FROM sensor_readings").fetchone()
    print(f"confirmed by broker  {confirmed}")
    print(f"stored               {stored}")
    print(f"lost                 {confirmed - stored}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rate", type=float, default=2000)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--devices", type=int, default=8)
    parser.add_argument("--offscreen", action="store_true", help="no X server for the window")
    options = parser.parse_args()
    with (
        nullcontext() if options.offscreen else VirtualDisplay() as display,
        MosquittoServer(["max_queued_messages 200000"]) as broker,
    ):
        shown = {"DISPLAY": display.name} if display else {}
        os.environ |= {"QT_QPA_PLATFORM": "xcb" if display else "offscreen"} | shown
        measure(options.rate, options.seconds, options.devices, broker.port)


if __name__ == "__main__":
    main()

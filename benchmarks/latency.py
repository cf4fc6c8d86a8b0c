"""Milliseconds from publish to commit at a steady rate, without a window and with it.

    python benchmarks/latency.py [--rate 1000] [--seconds 20] [--offscreen]

From just before `publish` in another process to just after the commit here, both by the
system clock; one real Mosquitto, QoS 1, message log, live view and CSV files as installed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

from tests.displays import VirtualDisplay  # noqa: E402 - needs the repository on the path
from tests.servers import MosquittoServer  # noqa: E402 - needs the repository on the path

QUIET_S = 20.0


def measure(options: argparse.Namespace) -> None:
    """One run in this process; prints its figures as JSON."""
    from benchmarks import harness
    from harit_desktop.domain.batch import CommitItem

    latencies_us: list[int] = []
    figures: dict[str, float] = {}

    def committed(batch: Sequence[CommitItem], at_us: int) -> None:
        latencies_us.extend(
            at_us - item.analysed.reading.timestamp_us for item in batch if item.analysed
        )

    def publish() -> None:
        harness.connected(engine)
        time.sleep(1.0)
        began_cpu_s, began_s = time.process_time(), time.monotonic()
        command = [sys.executable, str(Path(__file__).with_name("main_path.py"))]
        command += ["--publish", str(options.port), "--rate", str(options.rate)]
        command += ["--seconds", str(options.seconds)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        confirmed = int(done.stdout.split()[0])
        figures["cpu"] = (time.process_time() - began_cpu_s) / (time.monotonic() - began_s)
        ends = time.monotonic() + QUIET_S
        while len(latencies_us) < confirmed and time.monotonic() < ends:
            time.sleep(0.1)
        figures["lost"] = confirmed - len(latencies_us)

    with tempfile.TemporaryDirectory() as folder:
        engine = harness.build(Path(folder), options.port, committed)
        turns = harness.run(engine, publish, window=options.measure == "window")
    turns_s = sorted(turn.seconds for turn in turns)
    latencies_us.sort()
    for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0)):
        figures[name] = harness.percentile(latencies_us, share) / 1000
    figures["turn_p99"] = harness.percentile(turns_s, 0.99) * 1000
    figures["turn_max"] = harness.percentile(turns_s, 1.0) * 1000
    print(json.dumps(figures))


def run_apart(kind: str, port: int, options: argparse.Namespace, display: str) -> dict[str, float]:
    """A run in a process of its own, so that one does not warm up or burden the next."""
    shown = {"DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
    variables = shown if display else {"QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, __file__, "--measure", kind, "--port", str(port)]
    command += ["--rate", str(options.rate), "--seconds", str(options.seconds)]
    done = subprocess.run(
        command,
        env=os.environ | variables | {"PYTHONPATH": str(REPOSITORY)},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rate", type=float, default=1000)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--offscreen", action="store_true", help="no X server for the window")
    parser.add_argument("--measure", choices=("headless", "window"), help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options)
        return
    with nullcontext() if options.offscreen else VirtualDisplay() as display:
        for kind in ("headless", "window"):
            with MosquittoServer(["max_queued_messages 100000"]) as broker:
                found = run_apart(kind, broker.port, options, display.name if display else "")
            print(
                f"{kind:9} publish to commit p50 {found['p50']:.1f}  p99 {found['p99']:.1f}  "
                f"max {found['max']:.1f} ms   lost {found['lost']:.0f}   "
                f"{found['cpu'] * 100:.0f} % of a core"
            )
            if kind == "window":
                p99, longest = found["turn_p99"], found["turn_max"]
                print(f"{'':9} turn of the event loop p99 {p99:.0f}  longest {longest:.0f} ms")


if __name__ == "__main__":
    main()

"""Processor time of the window with three simulated devices every 2 s.

    python benchmarks/idle_cpu.py [--seconds 60]

Counts the program's own process; the built-in broker's child is listed beside it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

import psutil  # noqa: E402 - needs the path above

from tests.displays import VirtualDisplay  # noqa: E402 - needs the path above
from tests.end_to_end.programs import Window, rows, wait_for  # noqa: E402 - needs the path above

WARM_UP_S = 10.0


def cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=60)
    seconds = parser.parse_args().seconds
    with (
        tempfile.TemporaryDirectory() as folder,
        VirtualDisplay() as display,
        Window(
            Path(folder) / "data",
            display.name,
            ["--demo", "--set", "builtin_broker.port=23883"],
        ) as window,
    ):
        wait_for(lambda: rows(window.database, "SELECT 1 FROM sensor_readings LIMIT 1"))
        time.sleep(WARM_UP_S)
        program = psutil.Process(window.process.pid)
        family = [program, *program.children(recursive=True)]
        before = {process.pid: cpu_s(process) for process in family}
        time.sleep(seconds)
        for process in family:
            share = (cpu_s(process) - before[process.pid]) / seconds * 100
            print(f"{process.name():16} {share:5.2f} % of a core")
        print(f"resident memory  {program.memory_info().rss / 1e6:.0f} MB")
        window.close()


if __name__ == "__main__":
    main()

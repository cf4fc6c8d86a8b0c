"""Processor time of the window at rest, and while it draws three devices every two seconds.

    python benchmarks/window_idle.py [--seconds 30] [--devices 3]

The real program under Xvfb on a store with a day of readings, connected to a real Mosquitto.
First nothing comes in; then a reading of each device every two seconds, with fifteen minutes in
view (charts that move with every second) and with a day. Percent of one core of the program's
own process, without broker, probes and X server.
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

from benchmarks import window_farm, window_sensors  # noqa: E402 - needs the path above
from tests.displays import VirtualDisplay  # noqa: E402 - needs the path above
from tests.end_to_end.programs import Window  # noqa: E402 - needs the path above
from tests.servers import MosquittoServer  # noqa: E402 - needs the path above

FARM_ROWS = 46_080
SETTLE_S = 12.0
"""Libraries are loaded, the stored day is drawn, and garbage is frozen."""
CHANGE_S = 4.0
INTERVAL_S = 2.0


def share(process: psutil.Process, seconds: float) -> float:
    """Percent of a core over so many seconds."""
    before = process.cpu_times()
    time.sleep(seconds)
    after = process.cpu_times()
    return (after.user + after.system - before.user - before.system) / seconds * 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--devices", type=int, default=3)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        VirtualDisplay() as display,
        MosquittoServer() as broker,
    ):
        farm = window_farm.make(Path(folder), FARM_ROWS)
        arguments = [f"--set=broker.port={broker.port}", "--set=broker.host=127.0.0.1"]
        with Window(farm, display.name, arguments) as window:
            window.wait("conn.broker.state", state="live")
            time.sleep(SETTLE_S)
            process = psutil.Process(window.process.pid)
            print(f"nothing comes in        {share(process, options.seconds):5.1f} % of a core")
            sensors = window_sensors.start(
                broker.port,
                rate=options.devices / INTERVAL_S,
                seconds=3 * options.seconds + 60,
                devices=options.devices,
            )
            for key in ("15m", "24h"):
                window.do("click", name=f"action.range.{key}")
                time.sleep(CHANGE_S)
                used = share(process, options.seconds)
                print(f"{options.devices} devices, {key} in view  {used:5.1f} % of a core")
            print(f"resident memory         {process.memory_info().rss / 2**20:5.0f} MiB")
            sensors.stop()
            window.close()


if __name__ == "__main__":
    main()

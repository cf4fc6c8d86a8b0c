"""How long the change to the API and back takes when a broker is killed and comes again.

    python benchmarks/api_fallback.py [--keepalive 15] [--down 120]

A real Mosquitto, the stand-in of the existing backend, `harit-desktop publish` (a reading a
second) and the program without a window. Takes about five minutes. Prints seconds, and at the
end how many readings were lost or doubled.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

from tests.end_to_end.programs import PROGRAM, environment, rows  # noqa: E402 - needs the path
from tests.faults.program import Program, at  # noqa: E402 - needs the path
from tests.faults.sensors import COLUMNS  # noqa: E402 - needs the path
from tests.flask_backend import FlaskBackend  # noqa: E402 - needs the path
from tests.servers import MosquittoServer  # noqa: E402 - needs the path

WAIT_S = 240.0
VALUES = " || ' ' || ".join(COLUMNS)


def seconds_until(condition: Callable[[], object]) -> float:
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > WAIT_S:
            raise RuntimeError("did not come")
        time.sleep(0.05)
    return time.monotonic() - began


def log_of(file: Path) -> list[str]:
    return file.read_text(errors="replace").splitlines() if file.exists() else []


def measure(keepalive_s: int, down_s: float, folder: Path) -> None:
    errors = folder / "publisher.log"
    with (
        MosquittoServer(["max_queued_messages 100000"], persistence=True) as broker,
        FlaskBackend() as backend,
    ):
        api = f"api.url={backend.url}"
        options = at(broker, api, "api.poll_s=2", f"broker.keepalive_s={keepalive_s}")
        with Program(folder / "monitor", *options) as program, errors.open("wb") as log:
            program.wait_for_state("connected", 20)
            command = [*PROGRAM, "publish", "--data-dir", str(folder / "publisher")]
            command += ["--interval", "1", *at(broker, api)]
            publisher = subprocess.Popen(command, env=environment(), stderr=log)
            seconds_until(lambda: program.reports and program.report["stored"] >= 5)
            broker.kill()
            killed = time.monotonic()
            seconds_until(backend.readings)
            print(f"publisher: first POST after the kill      {time.monotonic() - killed:6.1f} s")
            seconds_until(lambda: program.report["connection"] == "lost")
            seconds_until(lambda: program.report["api"] == "in_use")
            print(
                f"monitor: API in use after the kill        {time.monotonic() - killed:6.1f} s "
                f"(2 x keepalive is {2 * keepalive_s})"
            )
            time.sleep(max(0.0, down_s - (time.monotonic() - killed)))
            broker.start()
            back = seconds_until(lambda: program.report["connection"] == "connected")
            print(f"monitor: connected again after            {back:6.1f} s")
            lines = len(log_of(errors))
            standby = seconds_until(lambda: program.report["api"] == "standby")
            print(f"monitor: API on standby after             {standby:6.1f} s (60 stable)")
            posts = len(backend.readings())
            seconds_until(lambda: any("by MQTT" in line for line in log_of(errors)[lines:]))
            print(f"publisher: posted by then                 {posts:6d}")
            # The history is read on for ten minutes, once a minute: until what was posted last.
            time.sleep(65)
            publisher.send_signal(signal.SIGTERM)
            publisher.wait(20)
            time.sleep(5)
            (made,) = [int(x.split()[2]) for x in log_of(errors) if x.startswith("stopped  pub")]
            stored = rows(
                program.database,
                f"SELECT count(*), count(DISTINCT {VALUES}) FROM sensor_readings",
            )[0]
            print(f"readings confirmed, stored, different     {made}, {stored[0]}, {stored[1]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--keepalive", type=int, default=15)
    parser.add_argument("--down", type=float, default=120.0, help="seconds without a broker")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(options.keepalive, options.down, Path(folder))


if __name__ == "__main__":
    main()

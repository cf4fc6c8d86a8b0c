"""Broker and API go and come at random; what the publisher made is stored once, all of it.

The backend is the stand-in of the existing one: it ignores times and ids, so that only the
values tell that a row and a message are the same reading.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.end_to_end.programs import PROGRAM, environment, rows, wait_for
from tests.faults.program import Program, at
from tests.faults.sensors import CHANNELS, COLUMNS, TOPIC
from tests.flask_backend import FlaskBackend
from tests.servers import MosquittoServer

pytestmark = [pytest.mark.e2e, pytest.mark.broker]

CHAOS_S = float(os.environ.get("HARIT_TEST_CHAOS_S", "60"))
LATE_S = 5.0
DEVICES = 3
INTERVAL_S = 0.5
KEEPALIVE_S = 5
BROKER = ["max_queued_messages 100000", "max_inflight_messages 200"]

Values = tuple[float, ...]


def rounded(values: dict[str, float]) -> Values:
    """As the backend's FLOAT columns give them back."""
    return tuple(float(f"{values[key]:.6g}") for key in CHANNELS)


def stored(program: Program) -> list[Values]:
    found = rows(program.database, f"SELECT {', '.join(COLUMNS)} FROM sensor_readings")
    return [tuple(float(f"{value:.6g}") for value in row) for row in found]


class Publisher:
    """`harit-desktop publish` in a data folder of its own; may be killed and started again."""

    def __init__(self, folder: Path, broker: MosquittoServer, backend: FlaskBackend) -> None:
        self.folder = folder
        self._errors = folder.parent / "publisher.log"
        self._command = [*PROGRAM, "publish", "--data-dir", str(folder)]
        self._command += ["--interval", str(INTERVAL_S), "--devices", str(DEVICES)]
        for setting in at(broker, f"api.url={backend.url}", "api.timeout_s=2"):
            self._command.append(setting)

    def start(self, *options: str) -> None:
        with self._errors.open("ab") as errors:
            self.process = subprocess.Popen(
                [*self._command, *options], env=environment(), stderr=errors
            )

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        return self.process.wait(10)

    @property
    def confirmed(self) -> int:
        """Of all runs that have ended."""
        ends = [line for line in self.log.splitlines() if line.startswith("stopped  published")]
        return sum(int(line.split()[2]) for line in ends)

    @property
    def waiting(self) -> int:
        """In the outbox, once the run has ended."""
        database = self.folder / "outbox-publish.db"
        return int(rows(database, "SELECT count(*) FROM outbox")[0][0])

    @property
    def log(self) -> str:
        return self._errors.read_text(errors="replace")


@contextmanager
def captured(broker: MosquittoServer, file: Path) -> Iterator[None]:
    """What the broker passes on, over its restarts, written down by `mosquitto_sub`."""
    command = ["mosquitto_sub", "-h", broker.host, "-p", str(broker.port), "-c", "-i", "capture"]
    with file.open("wb") as out:
        process = subprocess.Popen(
            [*command, "-q", "1", "-t", TOPIC], stdout=out, stderr=subprocess.DEVNULL
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


def values_in(file: Path) -> set[Values]:
    lines = file.read_text().splitlines()
    return {rounded(json.loads(line)["sensor_readings"]) for line in lines}


def make_trouble(broker: MosquittoServer, backend: FlaskBackend, rng: random.Random) -> None:
    """For `CHAOS_S`: one of the two goes or comes back every few seconds."""
    ends = time.monotonic() + CHAOS_S
    while time.monotonic() < ends:
        server = rng.choice((broker, backend))
        if server.process is None:
            server.start()
        elif server is broker:
            # A clean stop: what Mosquitto confirmed in the moment before a SIGKILL may be
            # in nobody's file yet.
            server.stop()
        else:
            server.kill()
        time.sleep(rng.uniform(1, 9))
    for server in (broker, backend):
        if server.process is None:
            server.start()


@pytest.mark.slow
@pytest.mark.timeout(CHAOS_S + 240)
def test_both_ways_go_and_come_at_random(tmp_path: Path) -> None:
    rng = random.Random(int(os.environ.get("HARIT_TEST_SEED", "4")))
    capture = tmp_path / "capture.txt"
    with (
        MosquittoServer(BROKER, persistence=True) as broker,
        FlaskBackend() as backend,
        captured(broker, capture),
    ):
        settings = (f"broker.keepalive_s={KEEPALIVE_S}", f"api.url={backend.url}", "api.poll_s=1")
        with Program(tmp_path / "monitor", *at(broker, *settings, "api.timeout_s=2")) as program:
            program.wait_for_state("connected", 20)
            publisher = Publisher(tmp_path / "publisher", broker, backend)
            publisher.start()
            try:
                make_trouble(broker, backend, rng)
            finally:
                assert publisher.end(signal.SIGTERM) == 0, publisher.log[-2000:]
            # What the end left in the outbox goes out before the readings of the next run.
            # Another seed: sensors without a past begin with the values that they began with.
            publisher.start("--count", str(DEVICES), "--set", "publisher.seed=2")
            assert publisher.process.wait(90) == 0, publisher.log[-2000:]
            assert publisher.waiting == 0

            def seen() -> set[Values]:
                posted = {rounded(row["sensor_readings"]) for row in backend.readings()}
                return values_in(capture) | posted

            wait_for(lambda: seen() <= set(stored(program)), 90)
            time.sleep(LATE_S)
            kept = stored(program)
            assert len(seen()) == publisher.confirmed
            assert set(kept) == seen()
            assert len(kept) == len(set(kept)), doubled(kept)
            assert rows(program.database, "SELECT count(*) FROM rejected_messages") == [(0,)]
            program.stop_in_time()


def doubled(kept: list[Values]) -> list[Values]:
    return [each for each in set(kept) if kept.count(each) > 1]

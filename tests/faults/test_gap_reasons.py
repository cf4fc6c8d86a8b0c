"""The reasons of gaps that really happened: a kill, a broker that is away, a silent device."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from harit_desktop.domain.gaps import GapKind
from harit_desktop.storage.gap_reasons import gap_reasons
from tests.end_to_end.programs import rows, wait_for
from tests.faults.program import Program, at
from tests.faults.sensors import TOPIC
from tests.servers import MosquittoServer

pytestmark = [pytest.mark.e2e, pytest.mark.broker, pytest.mark.slow]

DEVICE = "probe-1"
VALUES = {"N": 22.5, "P": 17.8, "K": 152.3, "CO2": 498.2, "Temperature": 22.1, "pH": 7.18}
AWAY_S = 16.0
"""Longer than what counts as a trouble."""


def instants(program: Program) -> list[int]:
    """When the device's readings were, in the order of time."""
    query = "SELECT timestamp_us FROM sensor_readings WHERE publisher_id = ? ORDER BY timestamp_us"
    return [row[0] for row in rows(program.database, query, DEVICE)]


def send(broker: MosquittoServer, **changes: object) -> None:
    """A message of the device that bears no time of its own."""
    message = {"publisher_id": DEVICE, "sensor_readings": VALUES} | changes
    broker.publish(TOPIC, json.dumps(message))


def read(program: Program, broker: MosquittoServer) -> int:
    """Sends a reading and waits until it is stored; its instant."""
    before = len(instants(program))
    send(broker)
    wait_for(lambda: len(instants(program)) > before, 20)
    return instants(program)[-1]


def reason(program: Program, from_us: int, until_us: int) -> tuple[GapKind, int]:
    (part,) = gap_reasons(program.database, DEVICE, [(from_us, until_us)])
    assert (part.from_us, part.until_us) == (from_us, until_us)
    return part.kind, part.count


def test_killed_and_started_again(broker: MosquittoServer, tmp_path: Path) -> None:
    with Program(tmp_path / "data", *at(broker)) as program:
        program.wait_for_state("connected")
        first = read(program, broker)
        program.kill()
    time.sleep(4)
    with Program(tmp_path / "data", *at(broker)) as program:
        program.wait_for_state("connected")
        second = read(program, broker)
        assert reason(program, first, second) == (GapKind.APP_CLOSED, 0)
        program.stop_in_time()
    runs = rows(program.database, "SELECT from_us, until_us FROM recording_log WHERE kind = 'run'")
    assert len(runs) == 2
    assert runs[1][1] > second, "the end of an ordinary stop was not written"


def test_what_happens_while_it_runs(broker: MosquittoServer, tmp_path: Path) -> None:
    with Program(tmp_path / "data", *at(broker)) as program:
        program.wait_for_state("connected")
        first = read(program, broker)
        time.sleep(3)
        second = read(program, broker)
        assert reason(program, first, second) == (GapKind.SILENT, 0)
        for _ in range(5):
            send(broker, sensor_readings={"N": "lots"})
            time.sleep(0.5)
        third = read(program, broker)
        assert reason(program, second, third) == (GapKind.REJECTED, 5)
        broker.stop()
        time.sleep(AWAY_S)
        broker.start()
        program.wait_for_state("connected", 60)
        fourth = read(program, broker)
        assert reason(program, third, fourth) == (GapKind.BROKER_DOWN, 0)
        program.stop_in_time()


def test_stopped_in_its_tracks(broker: MosquittoServer, tmp_path: Path) -> None:
    """Broken off while the broker is away: what was noted until then stays."""
    with Program(tmp_path / "data", *at(broker)) as program:
        program.wait_for_state("connected")
        first = read(program, broker)
        broker.stop()
        time.sleep(AWAY_S)
        program.kill()
    broker.start()
    noted = rows(program.database, "SELECT kind, until_us FROM recording_log ORDER BY id")
    assert [kind for kind, _ in noted] == ["run", "broker_down"]
    assert all(until_us > first for _, until_us in noted)


def test_a_clock_that_is_set_forward_is_neither_sleep_nor_an_end(
    broker: MosquittoServer, tmp_path: Path
) -> None:
    clock = tmp_path / "clock"
    clock.write_text("0")
    with Program(tmp_path / "data", *at(broker), inject=[f"clock:{clock}"]) as program:
        program.wait_for_state("connected")
        first = read(program, broker)
        clock.write_text("3600")
        time.sleep(2)
        second = read(program, broker)
        assert second - first > 3600 * 1_000_000
        assert reason(program, first, second) == (GapKind.UNKNOWN, 0)
        program.stop_in_time()
    kinds = rows(program.database, "SELECT kind FROM recording_log ORDER BY id")
    assert sorted(kind for (kind,) in kinds) == ["clock_set", "run", "run"]

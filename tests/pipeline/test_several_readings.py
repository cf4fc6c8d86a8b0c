"""One message, several readings: all in one transaction, acknowledged once, stored once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harit_desktop.domain.errors import Problem
from harit_desktop.domain.message import Outcome, RawMessage
from harit_desktop.domain.reading import Reading
from tests.pipeline.gateway import NOW_US, Station, several

TWO = {"bed 1": {"Moisture": 31.5, "EC": 450.0}, "bed 2": {"Moisture": 44.25}}
TIMED = {name: {**values, "at": NOW_US - 1000} for name, values in TWO.items()}
STORED = [
    {"device": "bed 1", "Moisture": 31.5, "EC": 450.0},
    {"device": "bed 2", "Moisture": 44.25},
]


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    made = Station(tmp_path)
    yield made
    made.close()


def test_each_reading_is_stored_and_logged_and_the_message_acknowledged_once(
    station: Station,
) -> None:
    station.receive(several(7, TWO), several(8, {"bed 3": {"N": 20.0}}))
    station.turn()
    assert station.stored == [*STORED, {"device": "bed 3", "N": 20.0}]
    assert station.acknowledged.ids == [7, 8]
    lines = station.rows("SELECT publisher_id, reading_id, payload FROM message_log ORDER BY id")
    assert [line[:2] for line in lines] == [("bed 1", 1), ("bed 2", 2), ("bed 3", 3)]
    assert lines[0][2] == lines[1][2] != lines[2][2]
    assert [state.publisher_id for state in station.live.devices()] == ["bed 1", "bed 2", "bed 3"]


@pytest.mark.parametrize("devices", [TWO, TIMED], ids=["without time", "with time"])
def test_a_redelivery_stores_none_again(
    station: Station, devices: dict[str, dict[str, float]]
) -> None:
    station.receive(several(7, devices))
    station.turn()
    station.receive(several(7, devices, again=True, epoch=2))
    station.turn()
    assert station.stored == STORED
    assert station.outcomes == ["stored", "stored", "duplicate", "duplicate"]
    assert station.acknowledged.ids == [7, 7]


def test_a_redelivery_of_more_readings_than_messages_can_be_unacknowledged_stores_none_again(
    station: Station,
) -> None:
    devices = {f"bed {number}": {"N": 1.0} for number in range(32)}
    for again in (False, True):
        station.receive(*(several(n, devices, again=again, epoch=1 + again) for n in range(1, 201)))
        station.turn()
    assert len(station.stored) == 200 * 32
    assert station.acknowledged.ids == [*range(1, 201)] * 2


def test_the_same_message_anew_is_stored_anew(station: Station) -> None:
    station.receive(several(7, TWO), several(8, TWO))
    station.turn()
    assert station.stored == STORED * 2


def test_one_that_cannot_be_judged_does_not_cost_the_others(station: Station) -> None:
    station.receive(several(7, {"bed 1": {"N": 1.0}, "odd": {"N": 2.0}, "bed 2": {"N": 3.0}}))
    station.turn()
    assert [reading["device"] for reading in station.stored] == ["bed 1", "bed 2"]
    assert station.outcomes == ["stored", "rejected", "stored"]
    rejected = station.rows("SELECT reason_code, publisher_id, part FROM rejected_messages")
    assert rejected == [("internal_error", "odd", 2)]
    assert station.acknowledged.ids == [7]


def test_of_very_many_readings_the_later_lines_go_without_the_payload(station: Station) -> None:
    devices = {f"bed {number}": {"N": float(number)} for number in range(100)}
    station.receive(several(7, devices))
    station.turn()
    (kept,) = station.rows("SELECT sum(length(payload)) FROM message_log")[0]
    assert len(station.stored) == 100
    assert kept <= 2 * 64 * 1024


def test_what_the_routing_rules_leave_out_is_logged_and_nothing_else(tmp_path: Path) -> None:
    def router(message: RawMessage, reading: Reading) -> Problem | None:
        blocked = reading.publisher_id == "bed 2"
        return Problem("routing.device", {"device": "bed 2"}) if blocked else None

    station = Station(tmp_path, router=router)
    station.receive(several(7, TWO))
    station.turn()
    assert [reading["device"] for reading in station.stored] == ["bed 1"]
    lines = station.rows("SELECT outcome, publisher_id, reason_code FROM message_log ORDER BY id")
    assert lines == [("stored", "bed 1", None), ("skipped", "bed 2", "routing.device")]
    assert station.rows("SELECT count(*) FROM rejected_messages") == [(0,)]
    assert station.acknowledged.ids == [7]
    assert station.pipeline.metrics.total(Outcome.SKIPPED) == 1
    station.close()

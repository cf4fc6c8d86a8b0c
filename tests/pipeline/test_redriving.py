"""Rejected messages are tried again, and each is stored at most once."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from harit_desktop.domain.message import Origin, RawMessage
from harit_desktop.pipeline.redriving import Redriven, Redriving
from harit_desktop.storage.history import HistoryReader
from harit_desktop.storage.redrive import MAX_WHOLE_BYTES, RejectedMessages
from tests.pipeline.gateway import NOW_US, Station, piece, several


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    made = Station(tmp_path, unmapped=["odd plot", "esp"])
    yield made
    made.close()


@contextmanager
def working(station: Station) -> Iterator[None]:
    stop = threading.Event()
    worker = threading.Thread(target=station.pipeline.run, args=(station.journal, stop))
    worker.start()
    try:
        yield
    finally:
        stop.set()
        station.pipeline.wake()
        worker.join(10)


def redriving(station: Station) -> Redriving:
    return Redriving(
        RejectedMessages(station.path),
        lambda message: station.pipeline.stages.understands(message),
        station.inbox.put,
        station.answers,
        answer_s=10,
    )


def redrive(station: Station, *codes: str) -> Redriven:
    with working(station):
        return redriving(station).run(codes or ("not_mapped",))


def unmapped(packet_id: int, n: float, **more: float) -> RawMessage:
    return msgspec.structs.replace(
        several(packet_id, {"plot": {"N": n, **more}}), topic="gateway/odd plot"
    )


def rejected(station: Station) -> list[tuple[object, ...]]:
    return station.rows("SELECT id, reason_code FROM rejected_messages ORDER BY id")


def test_messages_are_stored_with_the_time_of_their_arrival(station: Station) -> None:
    station.receive(unmapped(1, 20.0), unmapped(2, 21.0, at=NOW_US - 5_000_000))
    station.receive(RawMessage("gateway", b"no json", NOW_US))
    station.turn()
    assert len(rejected(station)) == 3
    station.map_all()
    assert redrive(station) == Redriven(stored=2)
    assert station.stored == [{"device": "plot", "N": 20.0}, {"device": "plot", "N": 21.0}]
    times = station.rows("SELECT timestamp_us, received_us FROM sensor_readings ORDER BY id")
    assert times == [(NOW_US, NOW_US), (NOW_US - 5_000_000, NOW_US)]
    assert rejected(station) == [(3, "not_json")]
    counted = dict(station.rows("SELECT name, value FROM counters"))
    assert (counted["rejected_rows"], counted["rejected_total"]) == (1, 3)
    (real,) = station.rows("SELECT sum(kept_bytes) FROM rejected_messages")[0]
    assert counted["rejected_bytes"] == real
    (real,) = station.rows("SELECT sum(kept_bytes) FROM message_log")[0]
    assert counted["log_bytes"] == real


def test_the_line_of_then_says_so_and_names_the_reading(station: Station) -> None:
    station.receive(unmapped(1, 20.0))
    station.turn()
    station.map_all()
    redrive(station)
    history = HistoryReader(station.path)
    new, old = history.messages(None, 10)
    assert (new.origin, new.outcome) == (Origin.REDRIVEN, "stored")
    assert old.outcome == "rejected"
    assert old.problem is not None
    assert (old.problem.code, old.problem.params) == ("not_mapped", {"understood_later": 1})
    decoded = history.decoded(old.id)
    assert decoded is not None
    assert decoded.reading.values[0] == 20.0
    assert history.payload(old.id) == history.payload(new.id) is not None


def test_what_is_still_not_understood_stays_one_row(station: Station) -> None:
    station.receive(unmapped(1, 20.0))
    station.turn()
    assert redrive(station) == Redriven(still_rejected=1)
    assert (len(rejected(station)), station.outcomes) == (1, ["rejected"])


def test_what_is_rejected_again_by_the_pipeline_stays_one_row(station: Station) -> None:
    """The mapping is taken back between the look and the way through."""
    station.receive(unmapped(1, 20.0))
    station.turn()
    run = Redriving(
        RejectedMessages(station.path), lambda _: True, station.inbox.put, station.answers
    )
    with working(station):
        assert run.run(["not_mapped"]) == Redriven(still_rejected=1)
    assert len(rejected(station)) == 1
    station.map_all()
    assert redrive(station) == Redriven(stored=1)
    assert station.outcomes == ["rejected", "rejected", "stored"]
    (real,) = station.rows("SELECT sum(kept_bytes) FROM message_log")[0]
    assert dict(station.rows("SELECT name, value FROM counters"))["log_bytes"] == real


def test_driven_twice_at_once_it_is_stored_once(station: Station) -> None:
    station.receive(unmapped(1, 20.0))
    station.turn()
    station.map_all()
    ((_, message),) = RejectedMessages(station.path).redrivable(["not_mapped"], 10)
    station.receive(message, message)
    station.turn()
    station.receive(message)
    station.turn()
    assert station.stored == [{"device": "plot", "N": 20.0}]
    assert station.outcomes == ["rejected", "stored", "duplicate", "duplicate"]


def test_what_was_sent_again_since_is_a_duplicate(station: Station) -> None:
    station.receive(unmapped(1, 21.0, at=NOW_US - 5_000_000))
    station.turn()
    station.map_all()
    station.receive(unmapped(2, 21.0, at=NOW_US - 5_000_000))
    station.turn()
    assert redrive(station) == Redriven(duplicate=1)
    assert (len(station.stored), rejected(station)) == (1, [])


def again(message: RawMessage) -> RawMessage:
    """The same message, delivered again within the session."""
    assert message.receipt is not None
    receipt = msgspec.structs.replace(message.receipt, epoch=2, resumed=True)
    return msgspec.structs.replace(message, receipt=receipt, duplicate_flag=True)


def test_a_rejected_message_that_is_delivered_again_is_one_reading(station: Station) -> None:
    """Its acknowledgement was lost."""
    station.receive(unmapped(1, 20.0))
    station.turn()
    station.receive(again(unmapped(1, 20.0)))
    station.turn()
    assert (len(rejected(station)), station.outcomes) == (1, ["rejected", "duplicate"])
    assert station.acknowledged.ids == [1, 1]
    station.map_all()
    assert redrive(station) == Redriven(stored=1)
    assert (len(station.stored), rejected(station)) == (1, [])


@pytest.mark.parametrize("first", ["delivered", "redriven"])
def test_delivered_again_when_it_is_mapped_it_is_one_reading(station: Station, first: str) -> None:
    station.receive(unmapped(1, 20.0))
    station.turn()
    station.map_all()
    if first == "redriven":
        assert redrive(station) == Redriven(stored=1)
    station.receive(again(unmapped(1, 20.0)))
    station.turn()
    assert redrive(station) == Redriven()
    assert station.stored == [{"device": "plot", "N": 20.0}]
    assert rejected(station) == []


def test_pieces_that_were_rejected_and_are_delivered_again_are_one_reading(
    station: Station,
) -> None:
    pieces = piece(1, "N", 20.0), piece(2, "EC", 450.0, 0.5)
    station.receive(*pieces)
    station.turn()
    assert len(rejected(station)) == 2
    station.map_all()
    station.receive(*map(again, pieces))
    station.turn()
    station.drain()
    assert station.stored == [{"device": "esp", "N": 20.0, "EC": 450.0}]
    assert rejected(station) == []
    station.receive(*map(again, pieces))
    station.turn()
    station.drain()
    assert redrive(station) == Redriven()
    assert len(station.stored) == 1


def test_a_rejected_piece_and_one_that_never_came_are_merged_when_they_come_again(
    station: Station,
) -> None:
    pieces = piece(1, "N", 20.0), piece(2, "EC", 450.0, 0.5)
    station.receive(pieces[0])
    station.turn()
    station.map_all()
    station.receive(*map(again, pieces))
    station.turn()
    station.drain()
    assert station.stored == [{"device": "esp", "N": 20.0, "EC": 450.0}]
    assert rejected(station) == []


def test_one_refused_reading_of_several_is_tried_alone(station: Station) -> None:
    station.receive(several(7, {"bed 1": {"N": 1.0}, "odd": {"N": 2.0}, "bed 2": {"N": 3.0}}))
    station.turn()
    station.analyser.__class__ = station.analyser.__class__.__mro__[1]
    assert redrive(station, "internal_error") == Redriven(stored=1)
    assert [reading["device"] for reading in station.stored] == ["bed 1", "bed 2", "odd"]
    assert rejected(station) == []


def test_pieces_are_merged(station: Station) -> None:
    station.receive(piece(1, "N", 20.0), piece(2, "EC", 450.0, 0.5), piece(3, "N", 21.0, 60.0))
    station.turn()
    station.map_all()
    for _, message in RejectedMessages(station.path).redrivable(["not_mapped"], 10):
        station.receive(message)
    station.drain()
    assert station.stored == [
        {"device": "esp", "N": 20.0, "EC": 450.0},
        {"device": "esp", "N": 21.0},
    ]
    assert station.outcomes == ["rejected"] * 3 + ["stored", "merged", "stored"]
    assert rejected(station) == []


def test_old_values_and_talk_of_others_are_set_aside(station: Station) -> None:
    old = msgspec.structs.replace(unmapped(1, 20.0), retained=True)
    talk = RawMessage("status/odd plot", b"Online", NOW_US)
    station.receive(old, talk)
    station.turn()
    station.map_all()
    assert redrive(station) == Redriven(set_aside=2)
    assert (station.stored, rejected(station)) == ([], [])
    assert station.outcomes == ["rejected", "rejected", "shown", "heard"]


def test_what_was_cut_and_what_came_over_http_stays(station: Station) -> None:
    station.receive(
        RawMessage("gateway/odd plot", b"x" * (MAX_WHOLE_BYTES + 1), NOW_US),
        RawMessage("gateway/odd plot", b"{}", NOW_US, origin=Origin.API),
    )
    station.turn()
    assert RejectedMessages(station.path).redrivable(["not_mapped"], 10) == []


def test_a_run_ends_when_it_is_cancelled_or_nobody_answers(station: Station) -> None:
    station.receive(unmapped(1, 20.0))
    station.turn()
    station.map_all()
    run = redriving(station)
    assert run.run(["not_mapped"], cancelled=lambda: True) == Redriven(complete=False)
    run = Redriving(
        RejectedMessages(station.path), lambda _: True, station.inbox.put, station.answers, 0.05
    )
    assert run.run(["not_mapped"]) == Redriven(unanswered=1, complete=False)
    station.drain()
    assert redrive(station) == Redriven()
    assert station.stored == [{"device": "plot", "N": 20.0}]


def test_pieces_of_two_slices_are_one_reading(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harit_desktop.pipeline.redriving.SLICE", 2)
    keys = ("N", "P", "K")
    station.receive(
        *(piece(n + 1, keys[n % 3], float(n), n // 3 * 60.0 + n % 3 / 10) for n in range(9))
    )
    station.turn()
    station.map_all()
    station.merger.clock_s = time.monotonic
    with working(station):
        assert redriving(station).run(["not_mapped"]) == Redriven(stored=3, merged=6)
    assert [len(reading) for reading in station.stored] == [4, 4, 4]


def test_many_messages_go_in_slices(station: Station) -> None:
    station.receive(*(unmapped(n, float(n)) for n in range(1, 451)))
    station.turn()
    station.map_all()
    seen: list[int] = []
    with working(station):
        result = redriving(station).run(["not_mapped"], seen.append)
    assert (result, seen) == (Redriven(stored=450), [200, 400, 450])
    assert len(station.stored) == 450

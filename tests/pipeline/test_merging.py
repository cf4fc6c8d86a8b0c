"""Pieces of a reading become one reading, and none is lost or held for long."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harit_desktop.domain.message import Receipt
from harit_desktop.pipeline.merging import WINDOW_S
from harit_desktop.pipeline.pipeline import BATCH_LIMIT
from harit_desktop.pipeline.receipts import ReceiptOrder
from tests.pipeline.gateway import Station, piece, several

ESP = {"device": "esp", "N": 20.0, "Moisture": 31.5, "EC": 450.0}


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    made = Station(tmp_path)
    yield made
    made.close()


def later(station: Station, seconds: float = WINDOW_S) -> None:
    station.clock.now_s += seconds
    station.turn()


def esp(first_id: int = 1, **of_piece: object) -> tuple[object, ...]:
    pieces = (("N", 20.0, 0.0), ("Moisture", 31.5, 0.4), ("EC", 450.0, 1.9))
    return tuple(
        piece(first_id + number, key, value, at_s, **of_piece)  # type: ignore[arg-type]  # as given
        for number, (key, value, at_s) in enumerate(pieces)
    )


def test_pieces_within_the_window_become_one_reading(station: Station) -> None:
    for message in esp():
        station.receive(message)  # type: ignore[arg-type]  # messages
        station.turn()
    assert (station.stored, station.acknowledged.ids) == ([], [])
    assert station.pipeline.unacked == 3
    later(station)
    assert station.stored == [ESP]
    assert station.acknowledged.ids == [1, 2, 3]
    assert station.outcomes == ["stored", "merged", "merged"]
    lines = station.rows("SELECT DISTINCT reading_id FROM message_log")
    assert lines == [(1,)]
    assert station.pipeline.unacked == 0


def test_a_quantity_that_is_there_already_begins_the_next_reading(station: Station) -> None:
    station.receive(piece(1, "N", 20.0), piece(2, "K", 5.0), piece(3, "N", 21.0, 0.5))
    station.turn()
    assert station.stored == [{"device": "esp", "N": 20.0, "K": 5.0}]
    assert station.acknowledged.ids == [1, 2]
    station.receive(piece(4, "K", 6.0, 0.6))
    station.turn()
    later(station)
    assert station.stored[1:] == [{"device": "esp", "N": 21.0, "K": 6.0}]


def test_pieces_of_other_times_devices_and_kinds_stay_apart(station: Station) -> None:
    station.receive(
        piece(1, "N", 1.0),
        piece(2, "P", 2.0, 2.5),
        piece(3, "K", 3.0, 2.5, "other"),
        piece(4, "K", 4.0, 2.5, retained=True),
    )
    station.turn()
    later(station)
    assert sorted(station.stored, key=str) == [
        {"device": "esp", "N": 1.0},
        {"device": "esp", "P": 2.0},
        {"device": "other", "K": 3.0},
    ]
    assert station.acknowledged.ids == [1, 2, 3, 4]
    assert sorted(station.outcomes) == ["shown", "stored", "stored", "stored"]


def test_others_are_stored_at_once_and_acknowledged_in_order(station: Station) -> None:
    station.receive(several(1, {"bed": {"N": 1.0}}), piece(2, "N", 20.0))
    station.receive(several(3, {"bed": {"N": 2.0}}), piece(4, "K", 5.0, device="other"))
    station.turn()
    station.receive(several(5, {"bed": {"N": 3.0}}))
    station.turn()
    assert [reading["N"] for reading in station.stored] == [1.0, 2.0, 3.0]
    assert station.acknowledged.ids == [1]
    later(station)
    assert station.acknowledged.ids == [1, 2, 3, 4, 5]
    station.receive(several(6, {"bed": {"N": 4.0}}))
    station.turn()
    assert station.acknowledged.ids[-1] == 6


def test_pieces_closed_in_their_own_batch_are_acknowledged_in_order(station: Station) -> None:
    whole = [several(n, {"bed": {"N": float(n)}}) for n in (2, 4)]
    station.receive(piece(1, "N", 20.0), whole[0], piece(3, "N", 21.0), whole[1])
    station.drain()
    assert station.acknowledged.ids == [1, 2, 3, 4]


def test_a_full_batch_is_not_held_up(station: Station) -> None:
    plain = [several(n, {"bed": {"N": float(n), "at": n}}) for n in range(2, BATCH_LIMIT + 1)]
    station.receive(piece(1, "N", 20.0), *plain)
    station.turn()
    assert len(station.stored) == BATCH_LIMIT
    assert station.acknowledged.ids == list(range(1, BATCH_LIMIT + 1))


def test_holding_ends_before_the_broker_has_nothing_more_to_send(station: Station) -> None:
    station.receive(*(piece(n, "N", n, device=f"esp {n}", window=20) for n in range(1, 15)))
    station.turn()
    assert station.acknowledged.ids == []
    station.receive(piece(15, "N", 1.0, device="esp 15", window=20))
    station.turn()
    assert station.acknowledged.ids == list(range(1, 16))


def test_holding_ends_where_the_broker_falls_silent_over_it(station: Station) -> None:
    """It may allow itself less than we allow it."""
    plain = [several(n, {"bed": {"N": float(n)}}) for n in range(2, 11)]
    station.receive(piece(1, "N", 20.0), *plain)
    station.turn()
    later(station, 0.1)
    assert station.acknowledged.ids == []
    later(station, 0.2)
    assert station.acknowledged.ids == list(range(1, 11))


def test_what_is_held_is_stored_at_the_end(station: Station) -> None:
    station.receive(piece(1, "N", 20.0), piece(2, "Moisture", 31.5))
    station.turn()
    station.drain()
    assert station.stored == [{"device": "esp", "N": 20.0, "Moisture": 31.5}]
    assert station.acknowledged.ids == [1, 2]


def test_redelivered_pieces_are_one_duplicate(station: Station) -> None:
    station.receive(*esp())  # type: ignore[arg-type]  # messages
    station.turn()
    later(station)
    station.receive(*esp(again=True, epoch=2))  # type: ignore[arg-type]  # messages
    station.turn()
    later(station)
    assert station.stored == [ESP]
    assert station.outcomes[3:] == ["duplicate"] * 3
    assert station.acknowledged.ids == [1, 2, 3] * 2


def test_of_redelivered_pieces_only_the_new_ones_are_stored(station: Station) -> None:
    station.receive(piece(1, "N", 20.0))
    station.turn()
    later(station)
    station.receive(*esp(again=True, epoch=2))  # type: ignore[arg-type]  # messages
    station.turn()
    later(station)
    assert station.stored == [
        {"device": "esp", "N": 20.0},
        {"device": "esp", "Moisture": 31.5, "EC": 450.0},
    ]
    assert sorted(station.acknowledged.ids) == [1, 1, 2, 3]


def test_a_new_message_does_not_make_the_store_forget_held_redeliveries(station: Station) -> None:
    """What the store remembers of deliveries ends with the first new one of a connection."""
    station.receive(*esp())  # type: ignore[arg-type]  # messages
    station.turn()
    later(station)
    station.receive(*esp(again=True, epoch=2))  # type: ignore[arg-type]  # messages
    station.turn()
    station.receive(several(9, {"bed": {"N": 1.0}}, epoch=2))
    station.turn()
    assert station.stored == [ESP, {"device": "bed", "N": 1.0}]
    assert station.acknowledged.ids == [1, 2, 3, 1, 2, 3, 9]


def test_pieces_held_over_a_lost_connection_are_stored_once(station: Station) -> None:
    station.receive(*esp())  # type: ignore[arg-type]  # messages
    station.turn()
    station.receive(*esp(again=True, epoch=2))  # type: ignore[arg-type]  # messages
    station.turn()
    later(station)
    assert station.stored == [ESP]
    assert station.acknowledged.ids[-3:] == [1, 2, 3]


def test_a_piece_that_is_new_beside_held_ones_that_come_again(station: Station) -> None:
    station.receive(piece(1, "N", 20.0))
    station.turn()
    station.receive(*(esp(again=True, epoch=2)))  # type: ignore[arg-type]  # messages
    station.turn()
    later(station)
    assert [set(reading) - {"device"} for reading in station.stored] == [{"N"}, {"Moisture", "EC"}]


def test_new_pieces_are_not_merged_with_redelivered_ones(station: Station) -> None:
    station.receive(piece(1, "N", 20.0, again=True, epoch=2), piece(2, "P", 2.0, epoch=2))
    station.turn()
    later(station)
    assert station.stored == [{"device": "esp", "N": 20.0}, {"device": "esp", "P": 2.0}]


def test_nor_where_a_redelivered_one_has_just_begun_another_reading(station: Station) -> None:
    again = (piece(n, "N", 20.0 + n, again=True, epoch=2) for n in (1, 2))
    station.receive(*again, piece(3, "P", 2.0, epoch=2))
    station.turn()
    later(station)
    assert [set(reading) - {"device"} for reading in station.stored] == [{"N"}, {"N"}, {"P"}]


def test_pieces_that_cannot_be_judged_are_kept_each(station: Station) -> None:
    station.receive(piece(1, "N", 20.0, device="odd"), piece(2, "P", 2.0, device="odd"))
    station.turn()
    later(station)
    assert station.rows("SELECT topic FROM rejected_messages") == [
        ("piece/odd/N",),
        ("piece/odd/P",),
    ]
    assert station.acknowledged.ids == [1, 2]


def test_receipts_of_a_connection_that_is_gone_hold_nothing_up() -> None:
    order = ReceiptOrder()
    order.arrived([piece(1, "N", 1.0), piece(2, "N", 1.0)], 0.0)
    order.arrived([piece(1, "N", 1.0, epoch=2)], 0.0)
    assert order.committed([Receipt(1, 2, 1)]) == []
    ready = order.committed([Receipt(2, 1, 1)])
    assert [(receipt.epoch, receipt.packet_id) for receipt in ready] == [(2, 1)]
    assert len(order) == 0


def test_health_without_a_measurement_is_heard_and_makes_no_device(station: Station) -> None:
    station.receive(piece(1, "RSSI", -63.0), piece(2, "Battery", 80.0, 0.2))
    station.turn()
    later(station)
    assert station.stored == []
    assert station.outcomes == ["heard", "heard"]
    assert station.acknowledged.ids == [1, 2]
    station.receive(piece(3, "RSSI", -60.0, 9.0), piece(4, "Moisture", 30.0, 9.2))
    station.turn()
    later(station, 12.0)
    assert station.stored == [{"device": "esp", "Moisture": 30.0, "RSSI": -60.0}]

"""Readings without a time: a redelivery is known again, an equal reading is not."""

from __future__ import annotations

import secrets
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from harit_desktop.domain.analysis import Analysis, Band
from harit_desktop.domain.batch import CommitItem
from harit_desktop.domain.channels import CHANNEL_COUNT
from harit_desktop.domain.errors import Problem
from harit_desktop.domain.message import Outcome, RawMessage, Receipt, Rejected, Rejection
from harit_desktop.domain.reading import AnalysedReading, Reading, Source, TimeSource
from harit_desktop.storage import timeless
from harit_desktop.storage.batch_writer import BatchWriter
from harit_desktop.storage.bounded import Bounds
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.storage.redrive import RejectedMessages
from harit_desktop.storage.tally import load_tally
from harit_desktop.transport.mqtt_client import RECEIVE_MAXIMUM

NOW_US = 1_764_000_000_000_000
JUDGED = Analysis(65, Band.GOOD, False, 0.0, (), (1,) * CHANNEL_COUNT, "classic")


def delivered(packet_id: int, payload: bytes = b"{}", **of_receipt: object) -> CommitItem:
    fields = {"session": "harit@farm:1883", "resumed": True, **of_receipt}
    duplicate_flag = bool(fields.pop("again", False))
    receipt = msgspec.structs.replace(Receipt(1, packet_id, 1), **fields)
    message = RawMessage("t", payload, NOW_US, receipt, qos=1, duplicate_flag=duplicate_flag)
    reading = Reading(
        "probe", NOW_US, NOW_US, (1.0,) * CHANNEL_COUNT, Source.MQTT, TimeSource.RECEIVED
    )
    return CommitItem(message, AnalysedReading(reading, JUDGED, secrets.token_bytes(32)))


def refused(packet_id: int, part: int = 0, **of_delivery: object) -> CommitItem:
    """The same message, not understood."""
    message = delivered(packet_id, **of_delivery).message  # type: ignore[arg-type]  # as above
    return CommitItem(message, rejection=Rejection(Problem("not_mapped")), part=part)


def parts(packet_id: int, count: int, **of_delivery: object) -> list[CommitItem]:
    """The same message, understood as several readings."""
    item = delivered(packet_id, **of_delivery)  # type: ignore[arg-type]  # as above
    assert item.analysed is not None
    return [
        msgspec.structs.replace(
            item,
            part=part,
            analysed=msgspec.structs.replace(item.analysed, key=secrets.token_bytes(32)),
        )
        for part in range(1, count + 1)
    ]


def tried_again(item: CommitItem, rejected_id: int, part: int = 0) -> CommitItem:
    """What redriving makes of a rejected message."""
    message = msgspec.structs.replace(
        item.message, receipt=None, duplicate_flag=False, rejected=Rejected(rejected_id, part)
    )
    return msgspec.structs.replace(item, message=message)


@pytest.fixture
def journal(tmp_path: Path) -> SqliteJournal:
    made = SqliteJournal(tmp_path / "harit.db", lambda: NOW_US)
    made.open()
    return made


def rows(tmp_path: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(tmp_path / "harit.db")) as connection:
        return connection.execute(query).fetchall()


def kept(tmp_path: Path) -> list[object]:
    """The ids of the rejected messages, after a look at their counts."""
    found = rows(tmp_path, "SELECT id, kept_bytes FROM rejected_messages ORDER BY id")
    log_bytes = rows(tmp_path, "SELECT sum(kept_bytes) FROM message_log")[0][0]
    with closing(sqlite3.connect(tmp_path / "harit.db")) as connection:
        tally = load_tally(connection)
    assert (tally.rejected_rows, tally.log_bytes) == (len(found), log_bytes)
    assert tally.rejected_bytes == sum(int(str(size)) for _, size in found)
    return [row_id for row_id, _ in found]


def outcomes(journal: SqliteJournal, *items: CommitItem) -> list[Outcome]:
    return list(journal.commit(items).outcomes)


def test_a_redelivery_is_known_within_a_batch_and_after_a_restart(tmp_path: Path) -> None:
    first = SqliteJournal(tmp_path / "harit.db", lambda: NOW_US)
    first.open()
    again = delivered(1, again=True)
    assert outcomes(first, delivered(1), again) == [Outcome.STORED, Outcome.DUPLICATE]
    first.close()
    second = SqliteJournal(tmp_path / "harit.db", lambda: NOW_US)
    second.open()
    assert outcomes(second, again) == [Outcome.DUPLICATE]
    second.close()


@pytest.mark.parametrize(
    "other",
    [
        delivered(2, again=True),
        delivered(1, b"{ }", again=True),
        delivered(1, again=True, session="harit@other:1883"),
        delivered(1, again=True, resumed=False),
        delivered(1),
    ],
    ids=["another packet", "other bytes", "another session", "a new session", "not marked"],
)
def test_what_is_not_certainly_the_same_delivery_is_stored(
    journal: SqliteJournal, other: CommitItem
) -> None:
    assert outcomes(journal, delivered(1), other) == [Outcome.STORED, Outcome.STORED]
    journal.close()


def test_a_packet_id_that_is_used_again_stands_for_the_newer_message(
    journal: SqliteJournal,
) -> None:
    newer = delivered(1, b"{ }", again=True)
    first, second = delivered(1), delivered(1, b"{ }")
    assert outcomes(journal, first, second, newer)[-1] is Outcome.DUPLICATE
    assert outcomes(journal, delivered(1, again=True)) == [Outcome.STORED]
    journal.close()


def test_what_a_connection_did_not_redeliver_is_forgotten_at_its_first_new_message(
    journal: SqliteJournal,
) -> None:
    """The broker gives packet id 1 to another message of equal bytes, which is lost on the
    second connection and comes as a redelivery on the third: to us it is new."""
    assert outcomes(journal, delivered(1), delivered(2)) == [Outcome.STORED] * 2
    second = [delivered(2, epoch=2, again=True), delivered(7, b"new", epoch=2)]
    assert outcomes(journal, *second) == [Outcome.DUPLICATE, Outcome.STORED]
    third = [delivered(n, epoch=3, again=True) for n in (1, 2)]
    assert outcomes(journal, *third) == [Outcome.STORED, Outcome.DUPLICATE]
    journal.close()


def test_any_new_message_settles_a_connection_also_one_with_a_time(journal: SqliteJournal) -> None:
    timed = delivered(9, b"timed", epoch=2)
    assert timed.analysed is not None
    reading = msgspec.structs.replace(timed.analysed.reading, sent_us=NOW_US, sent_timestamp="t")
    analysed = msgspec.structs.replace(timed.analysed, reading=reading)
    outcomes(journal, delivered(1))
    outcomes(journal, msgspec.structs.replace(timed, analysed=analysed))
    assert outcomes(journal, delivered(1, epoch=3, again=True)) == [Outcome.STORED]
    journal.close()


def test_redeliveries_alone_forget_nothing(journal: SqliteJournal) -> None:
    """A connection that breaks again before anything new came."""
    outcomes(journal, delivered(1), delivered(2), delivered(3))
    assert outcomes(journal, delivered(1, epoch=2, again=True)) == [Outcome.DUPLICATE]
    third = [delivered(n, epoch=3, again=True) for n in (1, 2, 3)]
    assert outcomes(journal, *third) == [Outcome.DUPLICATE] * 3
    journal.close()


def test_a_session_forgets_nothing_of_another(journal: SqliteJournal) -> None:
    other = "harit@other:1883"
    outcomes(journal, delivered(1), delivered(1, epoch=2, session=other))
    outcomes(journal, delivered(5, b"new", epoch=3, session=other))
    assert outcomes(journal, delivered(1, epoch=4, again=True)) == [Outcome.DUPLICATE]
    journal.close()


def test_a_transaction_that_failed_settled_nothing(
    journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes(journal, delivered(1))
    new = delivered(7, b"new", epoch=2)
    with monkeypatch.context() as patched:
        patched.setattr(BatchWriter, "_prune", lambda _: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            journal.commit([new])
    again = [delivered(1, epoch=2, again=True), new]
    assert outcomes(journal, *again) == [Outcome.DUPLICATE, Outcome.STORED]
    journal.close()


def test_a_rejected_message_that_comes_again_is_kept_once(
    journal: SqliteJournal, tmp_path: Path
) -> None:
    again = refused(1, epoch=2, again=True)
    assert outcomes(journal, refused(1), refused(2)) == [Outcome.REJECTED] * 2
    assert outcomes(journal, again, again) == [Outcome.DUPLICATE] * 2
    assert kept(tmp_path) == [1, 2]
    lines = rows(tmp_path, "SELECT rejected_id, reading_id FROM message_log ORDER BY id")
    assert lines == [(1, None), (2, None), (1, None), (1, None)]
    journal.close()


@pytest.mark.parametrize(
    "other",
    [
        refused(2, again=True),
        refused(1, again=True, payload=b"{ }"),
        refused(1, again=True, resumed=False),
        refused(1),
    ],
    ids=["another packet", "other bytes", "a new session", "not marked"],
)
def test_a_rejected_message_that_may_be_another_is_kept_too(
    journal: SqliteJournal, tmp_path: Path, other: CommitItem
) -> None:
    assert outcomes(journal, refused(1), other) == [Outcome.REJECTED] * 2
    assert kept(tmp_path) == [1, 2]
    journal.close()


def test_what_is_understood_when_it_comes_again_is_stored_once(
    journal: SqliteJournal, tmp_path: Path
) -> None:
    outcomes(journal, refused(1), refused(2))
    ((_, taken), _) = RejectedMessages(tmp_path / "harit.db").redrivable(["not_mapped"], 10)
    again = delivered(1, epoch=2, again=True)
    assert outcomes(journal, again) == [Outcome.STORED]
    assert kept(tmp_path) == [2]
    (line,) = rows(tmp_path, "SELECT reading_id, rejected_id FROM message_log WHERE id = 1")
    assert line == (1, None)
    # Taken to be tried again before that, it is a duplicate; and so is yet another delivery.
    late = msgspec.structs.replace(delivered(1), message=taken)
    assert outcomes(journal, late, again) == [Outcome.DUPLICATE] * 2
    assert outcomes(journal, refused(1, epoch=3, again=True)) == [Outcome.DUPLICATE]
    assert kept(tmp_path) == [2]
    journal.close()


def test_what_was_tried_again_is_known_when_it_comes_again(
    journal: SqliteJournal, tmp_path: Path
) -> None:
    outcomes(journal, refused(1))
    assert outcomes(journal, tried_again(delivered(1), 1)) == [Outcome.STORED]
    for again in (delivered(1, epoch=2, again=True), refused(1, epoch=3, again=True)):
        assert outcomes(journal, again) == [Outcome.DUPLICATE]
    assert kept(tmp_path) == []
    assert rows(tmp_path, "SELECT reading_id FROM message_log") == [(1,)] * 4
    journal.close()


def test_what_was_stored_and_is_not_understood_any_more_is_a_duplicate(
    journal: SqliteJournal, tmp_path: Path
) -> None:
    outcomes(journal, delivered(1), *parts(2, 2))
    found = outcomes(journal, *(refused(n, epoch=2, again=True) for n in (1, 2)))
    assert (found, kept(tmp_path)) == ([Outcome.DUPLICATE] * 2, [])
    journal.close()


def test_what_was_rejected_whole_and_is_several_readings_is_stored_once(
    journal: SqliteJournal, tmp_path: Path
) -> None:
    outcomes(journal, refused(1))
    again = parts(1, 3, epoch=2, again=True)
    assert outcomes(journal, *again) == [Outcome.STORED] * 3
    assert kept(tmp_path) == []
    late = [tried_again(part, 1) for part in parts(1, 3)]
    assert outcomes(journal, *late, *again) == [Outcome.DUPLICATE] * 6
    journal.close()


def test_what_was_tried_again_as_several_readings_is_known_when_it_comes_again(
    journal: SqliteJournal,
) -> None:
    outcomes(journal, refused(1))
    again = [tried_again(part, 1) for part in parts(1, 3)]
    assert outcomes(journal, *again) == [Outcome.STORED] * 3
    assert outcomes(journal, *parts(1, 3, epoch=2, again=True)) == [Outcome.DUPLICATE] * 3
    journal.close()


def test_one_part_that_was_refused_is_stored_when_it_comes_again(
    journal: SqliteJournal, tmp_path: Path
) -> None:
    message = parts(1, 3)
    message[1] = msgspec.structs.replace(
        message[1], analysed=None, rejection=Rejection(Problem("internal_error"))
    )
    expected = [Outcome.STORED, Outcome.REJECTED, Outcome.STORED]
    assert outcomes(journal, *message) == expected
    assert outcomes(journal, *_again(message, 2)) == [Outcome.DUPLICATE] * 3
    assert kept(tmp_path) == [1]
    again = parts(1, 3, epoch=3, again=True)
    assert outcomes(journal, *again) == [Outcome.DUPLICATE, Outcome.STORED, Outcome.DUPLICATE]
    assert kept(tmp_path) == []
    assert outcomes(journal, tried_again(again[1], 1, 2)) == [Outcome.DUPLICATE]
    journal.close()


@pytest.mark.parametrize("refused_part", [0, 1])
def test_a_part_that_is_refused_of_what_was_rejected_whole_is_still_kept(
    journal: SqliteJournal, tmp_path: Path, refused_part: int
) -> None:
    outcomes(journal, refused(1))
    again = parts(1, 2, epoch=2, again=True)
    again[refused_part] = msgspec.structs.replace(
        again[refused_part], analysed=None, rejection=Rejection(Problem("internal_error"))
    )
    assert sorted(outcomes(journal, *again)) == [Outcome.REJECTED, Outcome.STORED]
    assert rows(tmp_path, "SELECT id, part FROM rejected_messages") == [(2, refused_part + 1)]
    journal.close()


def test_parts_that_are_all_refused_take_the_place_of_the_message(
    journal: SqliteJournal, tmp_path: Path
) -> None:
    outcomes(journal, refused(1))
    again = [refused(1, part, epoch=2, again=True) for part in (1, 2)]
    assert outcomes(journal, *_again(again, 2)) == [Outcome.REJECTED] * 2
    assert rows(tmp_path, "SELECT id, part FROM rejected_messages") == [(2, 1), (3, 2)]
    journal.close()


def test_of_a_message_stored_in_part_the_whole_is_not_kept_when_it_is_refused(
    journal: SqliteJournal, tmp_path: Path
) -> None:
    message = _again([refused(1, 1), *parts(1, 2)[1:]], 1)
    assert outcomes(journal, *message) == [Outcome.REJECTED, Outcome.STORED]
    assert outcomes(journal, refused(1, epoch=2, again=True)) == [Outcome.DUPLICATE]
    assert rows(tmp_path, "SELECT id, part FROM rejected_messages") == [(1, 1)]
    journal.close()


def test_a_rejected_message_that_made_room_is_kept_when_it_comes_again(tmp_path: Path) -> None:
    bounded = SqliteJournal(
        tmp_path / "harit.db", lambda: NOW_US, rejected_bounds=Bounds(1, 1_000_000)
    )
    bounded.open()
    outcomes(bounded, refused(1))
    outcomes(bounded, refused(2))
    again = [refused(n, epoch=2, again=True) for n in (2, 1)]
    assert outcomes(bounded, *again) == [Outcome.DUPLICATE, Outcome.REJECTED]
    assert kept(tmp_path) == [3]
    bounded.close()


def test_a_new_message_of_equal_bytes_under_the_same_packet_id_is_another(
    journal: SqliteJournal, tmp_path: Path
) -> None:
    """The row of the first one waits to be tried again; the second one was stored in parts."""
    outcomes(journal, refused(1))
    assert outcomes(journal, *parts(1, 2)) == [Outcome.STORED] * 2
    again = [tried_again(part, 1) for part in parts(1, 2)]
    assert outcomes(journal, *again) == [Outcome.STORED] * 2
    assert kept(tmp_path) == []
    journal.close()


def timed(item: CommitItem) -> CommitItem:
    """The same reading, by a decoder that also finds its time."""
    assert item.analysed is not None
    reading = msgspec.structs.replace(item.analysed.reading, sent_us=NOW_US, sent_timestamp="t")
    analysed = msgspec.structs.replace(item.analysed, reading=reading)
    return msgspec.structs.replace(item, analysed=analysed)


def test_what_was_stored_without_its_time_is_not_stored_again_with_it(
    journal: SqliteJournal,
) -> None:
    outcomes(journal, delivered(1))
    assert outcomes(journal, timed(delivered(1, epoch=2, again=True))) == [Outcome.DUPLICATE]
    journal.close()


def test_a_rejection_that_is_understood_with_a_time_is_settled(
    journal: SqliteJournal, tmp_path: Path
) -> None:
    outcomes(journal, refused(1))
    again = timed(delivered(1, epoch=2, again=True))
    assert outcomes(journal, again) == [Outcome.STORED]
    assert kept(tmp_path) == []
    assert outcomes(journal, again) == [Outcome.DUPLICATE]
    journal.close()


def test_the_ledger_keeps_messages_however_many_readings_they_have(
    journal: SqliteJournal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many as can be unacknowledged; and it forgets the others."""
    monkeypatch.setattr(timeless, "KEPT", 128)
    for first in range(1, 401, 50):
        journal.commit([part for n in range(first, first + 50) for part in parts(n, 6)])
    (known,) = rows(tmp_path, "SELECT count(DISTINCT packet_id) FROM timeless_deliveries")
    assert 128 <= int(str(known[0])) < 128 + 64
    again = [part for n in range(273, 401) for part in parts(n, 6, epoch=2, again=True)]
    assert set(outcomes(journal, *again)) == {Outcome.DUPLICATE}
    journal.close()


def test_the_ledger_covers_all_that_can_be_unacknowledged() -> None:
    assert timeless.KEPT >= 4 * RECEIVE_MAXIMUM


def _again(items: list[CommitItem], epoch: int) -> list[CommitItem]:
    """The same items of another delivery."""
    receipt = items[0].message.receipt
    assert receipt is not None
    message = msgspec.structs.replace(
        items[0].message,
        receipt=msgspec.structs.replace(receipt, epoch=epoch),
        duplicate_flag=True,
    )
    return [msgspec.structs.replace(item, message=message) for item in items]

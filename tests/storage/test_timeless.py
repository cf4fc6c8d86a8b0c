"""Readings without a time: a redelivery is known again, an equal reading is not."""

from __future__ import annotations

import secrets
from pathlib import Path

import msgspec
import pytest

from harit_desktop.domain.analysis import Analysis, Band
from harit_desktop.domain.batch import CommitItem
from harit_desktop.domain.channels import CHANNEL_COUNT
from harit_desktop.domain.message import Outcome, RawMessage, Receipt
from harit_desktop.domain.reading import AnalysedReading, Reading, Source, TimeSource
from harit_desktop.storage.batch_writer import BatchWriter
from harit_desktop.storage.journal import SqliteJournal

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


@pytest.fixture
def journal(tmp_path: Path) -> SqliteJournal:
    made = SqliteJournal(tmp_path / "harit.db", lambda: NOW_US)
    made.open()
    return made


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

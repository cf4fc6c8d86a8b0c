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

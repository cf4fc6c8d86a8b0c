"""Rows of a remote history, as the pipeline hands them to the store."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec

from harit_desktop.domain.api import POLLED_TOPIC
from harit_desktop.domain.batch import CommitItem
from harit_desktop.domain.channels import Values
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.message import Origin
from harit_desktop.domain.reading import UNKNOWN_PUBLISHER, Source, TimeSource
from tests.storage.builders import EXAMPLE, START_US, make_item


def values_of(number: int) -> Values:
    """Seven values that no other number has."""
    return (20.0 + number / 8, *EXAMPLE[1:])


def polled(
    at_s: float,
    values: Values = EXAMPLE,
    publisher_id: str = UNKNOWN_PUBLISHER,
    received_s: float | None = None,
    source: Source = Source.API,
) -> CommitItem:
    """A row with the server's time `at_s`, in seconds after START_US."""
    time_us = START_US + round(at_s * US_PER_S)
    received_us = time_us + 5 if received_s is None else START_US + round(received_s * US_PER_S)
    item = make_item(
        0,
        publisher_id,
        values,
        source,
        time_us=time_us,
        topic=POLLED_TOPIC,
        origin=Origin.API,
    )
    return _changed(item, topic=POLLED_TOPIC, received_us=received_us)


def heard(
    at_s: float,
    values: Values = EXAMPLE,
    publisher_id: str = "probe",
    received_s: float | None = None,
    source: Source = Source.MQTT,
) -> CommitItem:
    """A reading of that instant that came over MQTT, at once or at `received_s`."""
    time_us = START_US + round(at_s * US_PER_S)
    received_us = time_us if received_s is None else START_US + round(received_s * US_PER_S)
    item = make_item(0, publisher_id, values, source, time_us=time_us)
    return _changed(item, received_us=received_us)


def timeless(at_s: float, values: Values = EXAMPLE, publisher_id: str = "probe") -> CommitItem:
    """One that names no time: it has that of its receipt."""
    item = heard(at_s, values, publisher_id)
    assert item.analysed is not None
    reading = msgspec.structs.replace(
        item.analysed.reading, sent_us=None, sent_timestamp=None, time_source=TimeSource.RECEIVED
    )
    key = b"random" + item.analysed.key[6:]
    analysed = msgspec.structs.replace(item.analysed, reading=reading, key=key)
    return msgspec.structs.replace(item, analysed=analysed)


def _changed(item: CommitItem, **changes: object) -> CommitItem:
    assert item.analysed is not None
    message_changes = {k: v for k, v in changes.items() if k == "received_us"}
    return CommitItem(
        msgspec.structs.replace(item.message, **message_changes),
        msgspec.structs.replace(
            item.analysed, reading=msgspec.structs.replace(item.analysed.reading, **changes)
        ),
    )


def stored(path: Path) -> list[tuple[float, str, str]]:
    """Second, publisher and source of every reading, in the order of time."""
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute(
            "SELECT timestamp_us, publisher_id, source FROM sensor_readings ORDER BY 1, 2, 3"
        ).fetchall()
    return [((time_us - START_US) / US_PER_S, who, source) for time_us, who, source in found]

"""Readings and messages as the pipeline hands them to the store."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from harit_desktop.domain.analysis import Analysis, Band
from harit_desktop.domain.batch import CommitItem
from harit_desktop.domain.channels import CHANNEL_COUNT, Values
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.errors import Problem
from harit_desktop.domain.message import Origin, RawMessage, Rejection
from harit_desktop.domain.reading import (
    AnalysedReading,
    Reading,
    Source,
    TimeSource,
    reading_key,
)
from harit_desktop.storage.sqlite import open_reader

START_US = 1_764_000_000 * US_PER_S
"""2025-11-24T16:00:00Z."""

TOPIC = "harit-samarth/sensor/data"
EXAMPLE: Values = (22.5, 17.8, 152.3, 498.2, 22.1, 54.8, 7.18)
ALL_PASS = (1,) * CHANNEL_COUNT


def make_reading(
    number: int = 0,
    publisher_id: str = "probe",
    values: Values = EXAMPLE,
    source: Source = Source.MQTT,
    time_us: int | None = None,
    message_id: str | None = None,
) -> Reading:
    """The reading of second `number`."""
    time_us = START_US + number * US_PER_S if time_us is None else time_us
    return Reading(
        publisher_id=publisher_id,
        timestamp_us=time_us,
        received_us=time_us + 5,
        values=values,
        source=source,
        time_source=TimeSource.SENT,
        sent_us=time_us,
        sent_timestamp="as sent",
        message_id=message_id,
        topic=TOPIC,
    )


def make_item(
    number: int = 0,
    publisher_id: str = "probe",
    values: Values = EXAMPLE,
    source: Source = Source.MQTT,
    *,
    time_us: int | None = None,
    payload: bytes = b"{}",
    flags: tuple[int, ...] = ALL_PASS,
    index: int | None = 65,
    factors: tuple[str, ...] = (),
    topic: str = TOPIC,
    origin: Origin = Origin.MQTT,
    show_only: bool = False,
) -> CommitItem:
    """A message with its decoded and judged reading."""
    reading = make_reading(number, publisher_id, values, source, time_us)
    band = Band.UNKNOWN if index is None else Band.GOOD
    analysis = Analysis(index, band, bool(factors), 0.25, factors, flags, "classic")
    message = RawMessage(topic, payload, reading.received_us, origin=origin, qos=1)
    key = reading_key(reading) or os.urandom(32)
    return CommitItem(message, AnalysedReading(reading, analysis, key), show_only=show_only)


def wave(number: int, publisher_id: str = "probe") -> CommitItem:
    """Changing values, now and then a fault, a gap or a withheld index."""
    first = -5.0 if number % 10 == 3 else 20.0 + number % 7
    last = None if number % 4 == 1 else 6.0 + (number % 11) / 10
    flags = (
        4 if first < 0 else 1,
        1,
        1,
        3 if number % 5 == 0 else 1,
        1,
        1,
        9 if last is None else 1,
    )
    return make_item(
        number,
        publisher_id,
        values=(first, *EXAMPLE[1:6], last),
        flags=flags,
        index=None if number % 6 == 2 else 40 + number % 50,
    )


def make_items(first: int, count: int, publisher_id: str = "probe") -> list[CommitItem]:
    return [make_item(first + i, publisher_id) for i in range(count)]


def make_rejected(
    number: int = 0, payload: bytes = b"{", code: str = "not_json", topic: str = TOPIC
) -> CommitItem:
    """A message that could not be understood."""
    message = RawMessage(topic, payload, START_US + number, qos=1)
    return CommitItem(message, rejection=Rejection(Problem(code, {"position": number})))


class StoreCounts(NamedTuple):
    """`rejected_total` also counts rejected messages that are no longer kept."""

    readings: int
    simulated_readings: int
    devices: int
    messages: int
    rejected_kept: int
    rejected_total: int


class DeviceRow(NamedTuple):
    """What the store knows of a publisher without its readings."""

    first_us: int
    last_us: int
    readings: int
    simulated_readings: int


def counts_of(path: Path) -> StoreCounts:
    """What the store says of itself, without counting row by row."""
    with closing(open_reader(path)) as connection:
        counters = dict(connection.execute("SELECT name, value FROM counters"))
        (devices,) = connection.execute("SELECT count(*) FROM devices").fetchone()
    names = ("log_rows", "rejected_rows", "rejected_total")
    readings, simulated = (counters.get(n, 0) for n in ("readings", "simulated_readings"))
    return StoreCounts(readings, simulated, devices, *(counters.get(name, 0) for name in names))


def devices_of(path: Path) -> dict[str, DeviceRow]:
    """What the store knows of its publishers."""
    columns = "publisher_id, first_us, last_us, reading_count, simulated_count"
    with closing(open_reader(path)) as connection:
        rows = connection.execute(f"SELECT {columns} FROM devices").fetchall()
    return {name: DeviceRow(*values) for name, *values in rows}

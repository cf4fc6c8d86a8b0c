"""What the store knows: for charts, lists and the message page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, func, select

from harit_desktop.domain.channels import Values
from harit_desktop.domain.device import (
    INTERVAL_WINDOW,
    MAX_DEVICES,
    DeviceState,
    reporting_interval_s,
)
from harit_desktop.domain.message import MessageRecord
from harit_desktop.domain.reading import AnalysedReading, TimeSource
from harit_desktop.storage.reader import Cancelled, StoreReader, never
from harit_desktop.storage.rows import (
    RECORD_COLUMNS,
    VALUE_COLUMNS,
    reading_of,
    record_of,
    values_of,
)
from harit_desktop.storage.schema import (
    counters,
    devices,
    message_log,
    rejected_messages,
    sensor_readings,
)
from harit_desktop.storage.series import Series, empty_series, read_series

_NEWEST = (sensor_readings.c.timestamp_us.desc(), sensor_readings.c.id.desc())


class DeviceSummary(msgspec.Struct, frozen=True):
    """A publisher's readings at a glance. Times are canonical, in UTC microseconds."""

    publisher_id: str
    first_us: int
    last_us: int
    readings: int
    simulated_readings: int


class StoreCounts(msgspec.Struct, frozen=True):
    """`rejected_total` also counts rejected messages that are no longer kept."""

    readings: int = 0
    simulated_readings: int = 0
    devices: int = 0
    messages: int = 0
    rejected_kept: int = 0
    rejected_total: int = 0


class HistoryReader:
    """Answers from the store, on short-lived read-only connections; for any thread.

    A store that does not exist yet gives empty answers. Every method raises KnownError
    (store.locked, store.failed, ...) where the store cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._store = StoreReader(path)

    def series(
        self,
        publisher_id: str,
        from_us: int,
        to_us: int,
        max_points: int,
        cancelled: Cancelled = never,
    ) -> Series:
        """One device's readings, both times inclusive, in at most `max_points` rows.

        Raises QueryCancelled soon after `cancelled()` becomes true.
        """
        return self._store.read(
            lambda c: read_series(c, publisher_id, from_us, to_us, max_points, cancelled),
            empty=empty_series(),
            cancelled=cancelled,
        )

    def last_states(self, now_us: int) -> list[DeviceState]:
        """The newest reading of each of the `MAX_DEVICES` devices heard last.

        In the order in which they became known. A receive time after `now_us` (the clock
        was set back) counts as now. `stored_readings` is 0: it counts a run's readings.
        """
        return self._store.read(lambda c: _last_states(c, now_us), empty=[])

    def last_values(self, publisher_id: str) -> Values | None:
        """The values of the device's newest reading; None for an unknown device."""
        statement = (
            select(*VALUE_COLUMNS)
            .where(sensor_readings.c.publisher_id == publisher_id)
            .order_by(*_NEWEST)
            .limit(1)
        )

        def query(connection: Connection) -> Values | None:
            row = connection.execute(statement).first()
            return None if row is None else values_of(row)

        return self._store.read(query, empty=None)

    def messages(self, before_id: int | None, limit: int) -> list[MessageRecord]:
        """Lines of the message log, newest first, from before `before_id` (None: the end)."""
        statement = select(*RECORD_COLUMNS).order_by(message_log.c.id.desc()).limit(limit)
        if before_id is not None:
            statement = statement.where(message_log.c.id < before_id)
        return self._store.read(
            lambda c: [record_of(row) for row in c.execute(statement)], empty=[]
        )

    def payload(self, message_id: int) -> bytes | None:
        """The message's bytes as received (at most the first 64 KiB); None once let go."""
        statement = (
            select(func.coalesce(message_log.c.payload, rejected_messages.c.payload))
            .select_from(message_log)
            .outerjoin(rejected_messages, rejected_messages.c.id == message_log.c.rejected_id)
            .where(message_log.c.id == message_id)
        )

        def query(connection: Connection) -> bytes | None:
            row = connection.execute(statement).first()
            return None if row is None else row[0]

        return self._store.read(query, empty=None)

    def decoded(self, message_id: int) -> AnalysedReading | None:
        """The stored reading that the message brought, or of which it was a duplicate."""
        statement = (
            select(sensor_readings)
            .join(message_log, message_log.c.reading_id == sensor_readings.c.id)
            .where(message_log.c.id == message_id)
        )

        def query(connection: Connection) -> AnalysedReading | None:
            row = connection.execute(statement).first()
            return None if row is None else reading_of(row)

        return self._store.read(query, empty=None)

    def devices(self) -> list[DeviceSummary]:
        """Every publisher with stored readings, by name."""
        statement = select(devices).order_by(devices.c.publisher_id)
        return self._store.read(lambda c: [_summary(row) for row in c.execute(statement)], empty=[])

    def span(self, publisher_ids: Sequence[str] | None = None) -> tuple[int, int] | None:
        """First and last time of the devices' readings (None: of all); None without any."""
        statement = select(func.min(devices.c.first_us), func.max(devices.c.last_us))
        if publisher_ids is not None:
            statement = statement.where(devices.c.publisher_id.in_(publisher_ids))

        def query(connection: Connection) -> tuple[int, int] | None:
            first_us, last_us = connection.execute(statement).one()
            return None if first_us is None else (first_us, last_us)

        return self._store.read(query, empty=None)

    def counts(self) -> StoreCounts:
        """How much the store holds, without counting row by row."""
        return self._store.read(_counts, empty=StoreCounts())


_HEARD_LAST = (
    select(devices.c.publisher_id).order_by(devices.c.last_received_us.desc()).limit(MAX_DEVICES)
)
_BY_FIRST = (
    select(devices.c.publisher_id)
    .where(devices.c.publisher_id.in_(_HEARD_LAST))
    .order_by(devices.c.first_us, devices.c.publisher_id)
)
_NEWEST_READING = (
    select(sensor_readings)
    .where(sensor_readings.c.publisher_id == bindparam("publisher_id"))
    .order_by(*_NEWEST)
    .limit(1)
)
_NEWEST_TIMES = (
    select(sensor_readings.c.timestamp_us)
    .where(sensor_readings.c.publisher_id == bindparam("publisher_id"))
    .order_by(*_NEWEST)
    .limit(INTERVAL_WINDOW)
)


def _last_states(connection: Connection, now_us: int) -> list[DeviceState]:
    states = []
    for publisher_id in connection.scalars(_BY_FIRST).all():
        scope = {"publisher_id": publisher_id}
        row = connection.execute(_NEWEST_READING, scope).first()
        if row is None:
            continue
        analysed = reading_of(row)
        reading = analysed.reading
        states.append(
            DeviceState(
                publisher_id=publisher_id,
                timestamp_us=reading.timestamp_us,
                received_us=min(reading.received_us, now_us),
                values=reading.values,
                analysis=analysed.analysis,
                simulated=reading.simulated,
                topic=reading.topic,
                interval_s=reporting_interval_s(connection.scalars(_NEWEST_TIMES, scope).all()),
                stored_readings=0,
                clock_suspect=reading.time_source is TimeSource.SUSPECT,
            )
        )
    return states


def _summary(row: Row[Any]) -> DeviceSummary:
    return DeviceSummary(
        row.publisher_id, row.first_us, row.last_us, row.reading_count, row.simulated_count
    )


def _counts(connection: Connection) -> StoreCounts:
    tally = {row.name: row.value for row in connection.execute(select(counters))}
    return StoreCounts(
        readings=tally.get("readings", 0),
        simulated_readings=tally.get("simulated_readings", 0),
        devices=connection.scalar(select(func.count()).select_from(devices)) or 0,
        messages=tally.get("log_rows", 0),
        rejected_kept=tally.get("rejected_rows", 0),
        rejected_total=tally.get("rejected_total", 0),
    )

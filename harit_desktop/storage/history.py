"""What the store knows: for charts, lists and the message page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import Connection, bindparam, func, select

from harit_desktop.domain.alert import Alert, AlertState, AlertTransition
from harit_desktop.domain.api import ApiReading, ApiStats
from harit_desktop.domain.channels import Values
from harit_desktop.domain.device import (
    INTERVAL_WINDOW,
    MAX_DEVICES,
    DeviceState,
    reporting_interval_s,
)
from harit_desktop.domain.export import ExportPreview, ExportRequest
from harit_desktop.domain.gaps import GapReason
from harit_desktop.domain.message import MessageRecord
from harit_desktop.domain.notes import ChartNote
from harit_desktop.domain.quality import QualityDay, StoredEvent
from harit_desktop.domain.reading import AnalysedReading, TimeSource
from harit_desktop.storage.alert_store import AlertStore
from harit_desktop.storage.api_answers import StoreCounter, newest_readings
from harit_desktop.storage.chart_notes import read_notes
from harit_desktop.storage.export import count_rows, export_readings, preview_rows
from harit_desktop.storage.extras import (
    ExtraSeries,
    empty_extra_series,
    read_extra_series,
    read_extras,
    read_newest_extras,
)
from harit_desktop.storage.gap_reasons import read_gap_reasons
from harit_desktop.storage.quality_reads import read_events, read_quality_days, read_reasons
from harit_desktop.storage.reader import Cancelled, StoreReader, never
from harit_desktop.storage.rows import (
    RECORD_COLUMNS,
    VALUE_COLUMNS,
    reading_of,
    record_of,
    values_of,
)
from harit_desktop.storage.schema import devices, message_log, rejected_messages, sensor_readings
from harit_desktop.storage.series import Series, empty_series, read_series

if TYPE_CHECKING:
    from harit_desktop.storage.mysql.address import ServerAddress
    from harit_desktop.storage.mysql.read_views import ServerViews

_NEWEST = (sensor_readings.c.timestamp_us.desc(), sensor_readings.c.id.desc())


class HistoryReader:
    """Answers from the store, on connections of its own; for any thread.

    With a server, readings come from there and from the journal as far as it is not sent
    yet, each once. Where the server does not answer, charts and lists show what the journal
    holds, the last weeks at least; an export is refused. Messages are kept locally only.

    A store that does not exist yet gives empty answers. Every method raises KnownError
    (store.locked, store.failed, ...) where the local store cannot be read.
    """

    def __init__(self, path: Path, server: ServerAddress | None = None) -> None:
        self._path = path
        self._store = StoreReader(path)
        self._counter = StoreCounter(self._store)
        self._alerts = AlertStore(path)
        self._server = server
        self._views: ServerViews | None = None
        if server is not None:
            from harit_desktop.storage.mysql.read_views import ServerViews

            self._views = ServerViews(self._store, server)

    def close(self) -> None:
        """Gives up idle connections to the server; a read after it opens new ones."""
        if self._views is not None:
            self._views.close()

    def series(
        self,
        publisher_id: str,
        from_us: int,
        to_us: int,
        max_points: int,
        cancelled: Cancelled = never,
        bucket_us: int = 0,
    ) -> Series:
        """One device's readings, both times inclusive, in at most `max_points` rows.

        With `bucket_us`, a size that an earlier answer had, in buckets of that size however
        many they are; a server chooses the size nevertheless.

        Raises QueryCancelled soon after `cancelled()` becomes true.
        """
        if self._views is not None:
            found = self._views.series(publisher_id, from_us, to_us, max_points, cancelled)
            if found is not None:
                return found
        return self._store.read(
            lambda c: read_series(
                c, publisher_id, from_us, to_us, max_points, cancelled, bucket_us
            ),
            empty=empty_series(),
            cancelled=cancelled,
        )

    def last_states(self, now_us: int) -> list[DeviceState]:
        """The newest reading of each of the `MAX_DEVICES` devices heard last.

        In the order in which they became known. A receive time after `now_us` (the clock
        was set back) counts as now. `stored_readings` is 0: it counts a run's readings.
        """
        states: list[tuple[int, DeviceState]] = self._store.read(
            lambda c: _last_states(c, now_us), empty=[]
        )
        found = self._views.states(now_us) if self._views is not None else None
        return _in_order(states, found or [])

    def last_values(self, publisher_id: str) -> Values | None:
        """The values of the device's newest reading; None for an unknown device."""
        statement = (
            select(sensor_readings.c.timestamp_us, *VALUE_COLUMNS)
            .where(sensor_readings.c.publisher_id == publisher_id)
            .order_by(*_NEWEST)
            .limit(1)
        )

        def query(connection: Connection) -> tuple[int, Values] | None:
            row = connection.execute(statement).first()
            return None if row is None else (row.timestamp_us, values_of(row))

        newest = [self._store.read(query, empty=None)]
        if self._views is not None:
            newest.append(self._views.values(publisher_id))
        known = [found for found in newest if found is not None]
        return max(known, key=lambda found: found[0])[1] if known else None

    def quality_days(
        self,
        publisher_id: str,
        days: Sequence[tuple[int, int]],
        cancelled: Cancelled = never,
    ) -> tuple[QualityDay, ...]:
        """The quality of a device's readings on each of the days, given from their begin up to
        their end without it. What counts as silence is at `quality_reads.silent_us`.

        Takes about a tenth of a second for a day of a reading a second; raises QueryCancelled
        soon after `cancelled()` becomes true. A store that does not exist yet has no days.
        """
        if self._views is not None:
            found = self._views.quality_days(publisher_id, days, cancelled)
            if found is not None:
                return found
        return self._store.read(
            lambda c: read_quality_days(c, publisher_id, days, cancelled),
            empty=(),
            cancelled=cancelled,
        )

    def quality_events(
        self, publisher_id: str | None, from_us: int, to_us: int, limit: int
    ) -> tuple[StoredEvent, ...]:
        """Events of a device (None: of all) that were under way at any moment of the range,
        those that began last first. Kept locally only."""
        return self._store.read(
            lambda c: read_events(c, publisher_id, from_us, to_us, limit), empty=()
        )

    def reasons(
        self,
        publisher_id: str,
        from_us: int,
        to_us: int,
        limit: int,
        cancelled: Cancelled = never,
    ) -> tuple[tuple[int, Mapping[str, str]], ...]:
        """Times of readings of the range, both ends inclusive, that have a suspect or failed
        channel, with the codes of these by channel key: the newest `limit`, oldest first.

        Raises QueryCancelled soon after `cancelled()` becomes true.
        """
        if self._views is not None:
            found = self._views.reasons(publisher_id, from_us, to_us, limit, cancelled)
            if found is not None:
                return found
        return self._store.read(
            lambda c: read_reasons(c, publisher_id, from_us, to_us, limit),
            empty=(),
            cancelled=cancelled,
        )

    def gap_reasons(
        self,
        publisher_id: str,
        gaps: Sequence[tuple[int, int]],
        cancelled: Cancelled = never,
    ) -> tuple[GapReason, ...]:
        """Why a device has no readings in each of the stretches, in parts without holes. As
        far as this program noted it: kept locally only.

        Raises QueryCancelled soon after `cancelled()` becomes true.
        """
        return self._store.read(
            lambda c: read_gap_reasons(c, publisher_id, gaps, cancelled),
            empty=(),
            cancelled=cancelled,
        )

    def notes(self, from_us: int, to_us: int) -> tuple[ChartNote, ...]:
        """Notes of all devices from the range, both ends inclusive, in the order of time. Kept
        locally only."""
        return self._store.read(lambda c: read_notes(c, from_us, to_us), empty=())

    def alerts(
        self,
        state: AlertState | None = None,
        publisher_id: str | None = None,
        text: str = "",
        before_id: int | None = None,
        limit: int = 200,
        cancelled: Cancelled = never,
    ) -> Sequence[Alert]:
        """See `AlertStore.read`. Kept locally only."""
        return self._alerts.read(state, publisher_id, text, before_id, limit, cancelled)

    def alert_log(self, alert_id: int) -> Sequence[AlertTransition]:
        """See `AlertStore.read_log`."""
        return self._alerts.read_log(alert_id)

    def api_latest(self) -> ApiReading | None:
        """The newest reading that is not simulated."""
        found = self.api_history(1)
        return found[0] if found else None

    def api_history(self, limit: int) -> Sequence[ApiReading]:
        """The newest readings that are not simulated, newest first."""
        if self._views is not None:
            found = self._views.api_history(limit)
            if found is not None:
                return found
        return self._store.read(lambda c: newest_readings(c, limit), empty=[])

    def api_stats(self) -> ApiStats:
        """Counts of all readings that are not simulated.

        With a server also raises KnownError (server.*) rather than count a part of them.
        """
        return self._counter.stats() if self._views is None else self._views.api_stats()

    def extras_series(
        self,
        publisher_id: str,
        key: str,
        from_us: int,
        to_us: int,
        limit: int,
        cancelled: Cancelled = never,
    ) -> ExtraSeries:
        """Times and values of an extra channel of a device, both ends inclusive, in at most
        `limit` points. Kept locally only, as the next two.

        Raises QueryCancelled soon after `cancelled()` becomes true.
        """
        return self._store.read(
            lambda c: read_extra_series(c, publisher_id, key, from_us, to_us, limit),
            empty=empty_extra_series(),
            cancelled=cancelled,
        )

    def newest_extras(self, publisher_id: str) -> Mapping[str, tuple[int, float]]:
        """Time and value of the newest of each extra channel that the device's newest
        readings have, in the order of the catalogue."""
        return self._store.read(lambda c: read_newest_extras(c, publisher_id), empty={})

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
            if row is None:
                return None
            found = reading_of(row)
            extras = read_extras(connection, row.id)
            reading = msgspec.structs.replace(found.reading, extras=extras)
            return msgspec.structs.replace(found, reading=reading)

        return self._store.read(query, empty=None)

    def export(
        self,
        request: ExportRequest,
        progress: Callable[[float], None] = lambda _: None,
        cancelled: Cancelled = never,
        zone: tzinfo | None = None,
    ) -> int:
        """Writes the chosen readings to a file; see `storage.export.export_readings`.

        With a server also raises KnownError (server.*) rather than write a part of them.
        """
        return export_readings(self._path, request, zone, progress, cancelled, self._server)

    def count_export(self, request: ExportRequest, cancelled: Cancelled = never) -> int:
        """How many rows the export would write now. Raises what the export raises."""
        return count_rows(self._path, request, cancelled, self._server)

    def preview_export(
        self, request: ExportRequest, cancelled: Cancelled = never, zone: tzinfo | None = None
    ) -> ExportPreview:
        """The head of the file as it would be now. Raises what the export raises."""
        return preview_rows(self._path, request, zone, cancelled, self._server)


_HEARD_LAST = (
    select(devices.c.publisher_id, devices.c.first_us)
    .order_by(devices.c.last_received_us.desc())
    .limit(MAX_DEVICES)
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


def _last_states(connection: Connection, now_us: int) -> list[tuple[int, DeviceState]]:
    """The devices' states with the times of their first readings."""
    states = []
    for publisher_id, first_us in connection.execute(_HEARD_LAST).all():
        scope = {"publisher_id": publisher_id}
        row = connection.execute(_NEWEST_READING, scope).first()
        if row is None:
            continue
        analysed = reading_of(row)
        reading = analysed.reading
        state = DeviceState(
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
        states.append((first_us, state))
    return states


def _in_order(
    local: list[tuple[int, DeviceState]], found: list[tuple[int, DeviceState]]
) -> list[DeviceState]:
    """The newer state of each device of two stores, as far as a view holds them."""
    known = {state.publisher_id: (first_us, state) for first_us, state in found}
    for first_us, state in local:
        if state.publisher_id in known:
            other_first_us, other = known[state.publisher_id]
            first_us = min(first_us, other_first_us)
            newer, older = (
                (other, state) if other.timestamp_us > state.timestamp_us else (state, other)
            )
            interval_s = newer.interval_s or older.interval_s
            state = msgspec.structs.replace(newer, interval_s=interval_s)
        known[state.publisher_id] = (first_us, state)
    heard_last = sorted(known.values(), key=lambda pair: pair[1].received_us, reverse=True)
    heard_last = sorted(heard_last[:MAX_DEVICES], key=lambda pair: (pair[0], pair[1].publisher_id))
    return [state for _, state in heard_last]

"""Devices with their newest readings, and the span of readings, from the server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Select, func, select

from harit_desktop.domain.channels import Values
from harit_desktop.domain.device import (
    INTERVAL_WINDOW,
    MAX_DEVICES,
    DeviceState,
    reporting_interval_s,
)
from harit_desktop.domain.reading import Source
from harit_desktop.storage.mysql.read_rows import STATE_COLUMNS, state_of, values_of
from harit_desktop.storage.mysql.reading import Snapshot

Span = tuple[int, int]
"""Time of the first and of the newest reading."""


def _devices(snapshot: Snapshot) -> dict[str, Span]:
    """Every publisher with readings that are shown."""
    c = snapshot.columns.c
    # Without a further condition, the index answers with one step for each publisher.
    statement = select(c.publisher_id, func.min(c.timestamp_us), func.max(c.timestamp_us)).group_by(
        c.publisher_id
    )
    found: dict[str, Span] = {}
    for publisher_id, first_us, last_us in snapshot.connection.execute(statement):
        if publisher_id is None or first_us is None:
            # Rows of the old backend that were not taken over yet.
            continue
        if publisher_id != Source.LEGACY.value:
            found[publisher_id] = (first_us, last_us)
        elif (span := server_span(snapshot, publisher_id)) is not None:
            found[publisher_id] = span
    return found


def server_span(snapshot: Snapshot, publisher_id: str | None = None) -> Span | None:
    """First and last time of a device's readings (None: of all); None without any."""
    time_us = snapshot.columns.c.timestamp_us
    scope = _shown(snapshot, time_us).limit(1)
    if publisher_id is not None:
        scope = scope.where(snapshot.columns.c.publisher_id == publisher_id)
    first_us = snapshot.connection.scalar(scope.order_by(time_us))
    if first_us is None:
        return None
    return first_us, snapshot.connection.scalar(scope.order_by(time_us.desc()))


def server_states(snapshot: Snapshot, now_us: int) -> list[tuple[int, DeviceState]]:
    """The newest reading of each of the `MAX_DEVICES` devices with the newest readings, and
    the time of the device's first one."""
    devices = _devices(snapshot)
    names = sorted(devices, key=lambda name: devices[name][1], reverse=True)
    states = []
    for name in names[:MAX_DEVICES]:
        rows = _newest(snapshot, name, STATE_COLUMNS, INTERVAL_WINDOW)
        if rows:
            interval_s = reporting_interval_s([row.timestamp_us for row in rows])
            state = state_of(rows[0], snapshot.columns, name, now_us, interval_s)
            states.append((devices[name][0], state))
    return states


def server_values(snapshot: Snapshot, publisher_id: str) -> tuple[int, Values] | None:
    """Time and values of the device's newest reading; None for an unknown device."""
    rows = _newest(snapshot, publisher_id, ["timestamp_us"], 1)
    return (rows[0].timestamp_us, values_of(rows[0], snapshot.columns)) if rows else None


def _newest(
    snapshot: Snapshot, publisher_id: str, names: Sequence[str], limit: int
) -> Sequence[Row[Any]]:
    columns = snapshot.columns
    c = columns.c
    statement = _shown(
        snapshot,
        *(c[name] for name in names),
        *columns.values,
        *columns.flags,
        columns.score,
        columns.written_by_old,
    )
    statement = statement.where(c.publisher_id == publisher_id)
    statement = statement.order_by(c.timestamp_us.desc(), c.id.desc()).limit(limit)
    return snapshot.connection.execute(statement).all()


def _shown(snapshot: Snapshot, *columns: Any) -> Select[Any]:
    return select(*columns).where(*snapshot.columns.shown)

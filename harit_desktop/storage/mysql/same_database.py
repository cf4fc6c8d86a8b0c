"""Whether an API of the existing system writes into our own database.

What is posted to such an API would come into the table a second time. Its history shows the
rows of that table as they are: with the server's own local time and the stored judgement, so
that they can be looked up here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from harit_desktop.domain.channels import CHANNELS
from harit_desktop.storage.mysql.address import ServerAddress
from harit_desktop.storage.mysql.connection import ServerConnection, connect
from harit_desktop.storage.mysql.errors import PROTOCOL_ERRORS, server_error
from harit_desktop.storage.mysql.legacy import _digits
from harit_desktop.storage.mysql.tables import READINGS

COMPARED = 20
"""Newest rows of the answer that are looked up."""

ENOUGH = 3
"""So many rows of ours are no coincidence: their time to the last digit, their values and
their judgement are the same."""

FRESH_S = 600
_SETTLED_S = 60
_READ_TIMEOUT_S = 5.0

_VALUES = ", ".join(f"`{channel.column}` + 0e0" for channel in CHANNELS)
_LOOK_UP = f"""
SELECT `timestamp`, {_VALUES}, health_index, {{is_ours}},
    `timestamp` > NOW() - INTERVAL %s SECOND
FROM sensor_readings WHERE `timestamp` IN %s
"""  # noqa: S608 - the names are of the channel catalogue
_NEWER = """
SELECT COUNT(*) FROM (
    SELECT 1 FROM sensor_readings
    WHERE `timestamp` > %s AND `timestamp` < NOW() - INTERVAL %s SECOND LIMIT 1
) found
"""


class _Row(msgspec.Struct):
    """A row of the API's history. A Harit's rows name their instant."""

    timestamp: Any = None
    sensor_readings: dict[str, Any] = {}
    health_index: Any = None
    soil_health_index: Any = None
    timestamp_us: int | None = None


class _History(msgspec.Struct):
    readings: list[_Row] = []


class _Found(msgspec.Struct, frozen=True):
    """A row of our table: the same as one of the answer, by time and values."""

    index: int | None
    ours: bool
    fresh: bool


def same_database(address: ServerAddress, history: bytes) -> str | None:
    """The name of our database where the newest rows of the answer are its rows.

    None where they are not, and where nothing tells: an answer without rows, or with few. Ask
    again then after the first post, which shows in both at once. None for another Harit, too:
    it knows what it has by its identity. Raises KnownError(server.*).
    """
    theirs = _newest(history)
    if not theirs:
        return None
    try:
        connection = connect(address, read_timeout_s=_READ_TIMEOUT_S)
        try:
            connection.autocommit(True)
            same = _is_same(connection, theirs)
        finally:
            connection.close()
    except PROTOCOL_ERRORS as error:
        raise server_error(error, address.host, address.port, _READ_TIMEOUT_S) from error
    return address.database if same else None


def _is_same(connection: ServerConnection, theirs: Sequence[tuple[datetime, _Row]]) -> bool:
    if not connection.value("SHOW TABLES LIKE %s", READINGS):
        return False
    found = [_match(row, rows) for row, rows in _looked_up(connection, theirs)]
    if any(match is not None and match.fresh and not match.ours for match in found):
        # Written by the existing system a moment ago, in both at the same instant.
        return True
    matches = [match for match in found if match is not None]
    if len(matches) < len(theirs) or len(matches) < ENOUGH:
        return False
    # A copy of the database has the same old rows: only its newest one tells them apart.
    return not int(connection.value(_NEWER, theirs[0][0], _SETTLED_S))


def _looked_up(
    connection: ServerConnection, theirs: Sequence[tuple[datetime, _Row]]
) -> Iterable[tuple[_Row, Sequence[tuple[tuple[str, ...], _Found]]]]:
    """Each of their rows with our rows of the same instant."""
    has_key = connection.value("SHOW COLUMNS FROM sensor_readings LIKE 'reading_key'")
    statement = _LOOK_UP.format(is_ours="reading_key IS NOT NULL" if has_key else "FALSE")
    by_time: dict[datetime, list[tuple[tuple[str, ...], _Found]]] = {}
    for when, *rest in connection.rows(statement, FRESH_S, sorted({when for when, _ in theirs})):
        values, (index, ours, fresh) = rest[: len(CHANNELS)], rest[len(CHANNELS) :]
        match = _Found(index, bool(ours), bool(fresh))
        by_time.setdefault(when, []).append((_digits(values), match))
    return [(row, by_time.get(when, ())) for when, row in theirs]


def _match(row: _Row, ours: Sequence[tuple[tuple[str, ...], _Found]]) -> _Found | None:
    """Our row that is theirs: the same values, and the same judgement in a row of ours, which
    the existing system would have judged in another way."""
    values = _digits([_number(row.sensor_readings.get(channel.key)) for channel in CHANNELS])
    index = row.health_index if row.health_index is not None else row.soil_health_index
    for digits, found in ours:
        if digits == values and (not found.ours or found.index == index):
            return found
    return None


def _newest(history: bytes) -> list[tuple[datetime, _Row]]:
    """The newest rows of the answer with their naive time; empty for another Harit's."""
    try:
        rows = msgspec.json.decode(history, type=_History).readings[:COMPARED]
    except (msgspec.DecodeError, UnicodeDecodeError):
        return []
    if any(row.timestamp_us is not None for row in rows):
        return []
    timed = ((_naive(row.timestamp), row) for row in rows)
    return [(when, row) for when, row in timed if when is not None]


def _naive(stamp: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(stamp)).replace(tzinfo=None)
    except ValueError:
        return None


def _number(value: object) -> float | None:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number else None  # type: ignore[arg-type]  # a number, as was asked

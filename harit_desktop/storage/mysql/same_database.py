"""Whether an API of the existing system writes into our own database.

What is posted to such an API would come into the table a second time. Its history shows the
rows of that table as they are: with the server's own local time and the stored judgement, so
that they can be looked up here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from harit_desktop.domain.api import ApiPage, ApiRow
from harit_desktop.domain.channels import CHANNELS
from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.sameness import digits
from harit_desktop.storage.mysql.address import ServerAddress
from harit_desktop.storage.mysql.connection import ServerConnection, connect
from harit_desktop.storage.mysql.errors import PROTOCOL_ERRORS, server_error
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


class _Found(msgspec.Struct, frozen=True):
    """A row of our table: the same as one of the answer, by time and values."""

    index: int | None
    ours: bool
    fresh: bool


def same_database(address: ServerAddress, page: ApiPage) -> str | None:
    """The name of our database where the newest rows of the API's history are its rows.

    None where they are not, and where nothing tells: a history without rows, or with few. Ask
    again then after the first post, which shows in both at once. None for another Harit, too:
    it knows what it has by its identity. Where rows that could not be understood may be ours,
    nobody may post there: raises KnownError(api.not_json{host}), `host` empty because it is not
    known here. Also raises KnownError(server.*).
    """
    if any(row.publisher_id is not None for row in page.rows):
        return None
    theirs = [
        (row.sent_at.replace(tzinfo=None), row)
        for row in page.rows[:COMPARED]
        if row.sent_at is not None
    ]
    if not theirs and not page.unreadable:
        return None
    try:
        connection = connect(address, read_timeout_s=_READ_TIMEOUT_S)
        try:
            connection.autocommit(True)
            same = _is_same(connection, theirs, decided=not page.unreadable)
        finally:
            connection.close()
    except PROTOCOL_ERRORS as error:
        raise server_error(error, address.host, address.port, _READ_TIMEOUT_S) from error
    if same is None:
        raise KnownError("api.not_json", host="")
    return address.database if same else None


def _is_same(
    connection: ServerConnection, theirs: Sequence[tuple[datetime, ApiRow]], *, decided: bool
) -> bool | None:
    """None where it may be: no row differs, and not all could be looked up (`decided`)."""
    if not connection.value("SHOW TABLES LIKE %s", READINGS):
        return False
    found = [_match(row, rows) for row, rows in _looked_up(connection, theirs)]
    if any(match is not None and match.fresh and not match.ours for match in found):
        # Written by the existing system a moment ago, in both at the same instant.
        return True
    if None in found:
        return False
    if len(found) >= ENOUGH:
        # A copy of the database has the same old rows: only its newest one tells them apart.
        newest = max(when for when, _ in theirs)
        if not int(connection.value(_NEWER, newest, _SETTLED_S)):
            return True
    return False if decided else None


def _looked_up(
    connection: ServerConnection, theirs: Sequence[tuple[datetime, ApiRow]]
) -> Iterable[tuple[ApiRow, Sequence[tuple[tuple[str, ...], _Found]]]]:
    """Each of their rows with our rows of the same instant."""
    if not theirs:
        return []
    has_key = connection.value("SHOW COLUMNS FROM sensor_readings LIKE 'reading_key'")
    statement = _LOOK_UP.format(is_ours="reading_key IS NOT NULL" if has_key else "FALSE")
    by_time: dict[datetime, list[tuple[tuple[str, ...], _Found]]] = {}
    for when, *rest in connection.rows(statement, FRESH_S, sorted({when for when, _ in theirs})):
        values, (index, ours, fresh) = rest[: len(CHANNELS)], rest[len(CHANNELS) :]
        match = _Found(index, bool(ours), bool(fresh))
        by_time.setdefault(when, []).append((digits(values), match))
    return [(row, by_time.get(when, ())) for when, row in theirs]


def _match(row: ApiRow, ours: Sequence[tuple[tuple[str, ...], _Found]]) -> _Found | None:
    """Our row that is theirs: the same values, and the same judgement in a row of ours, which
    the existing system would have judged in another way."""
    values = digits(row.values)
    for our_digits, found in ours:
        if our_digits == values and (not found.ours or found.index == row.health_index):
            return found
    return None

"""The journal's readings as one INSERT statement.

The text of the statement is made here and not by the driver, which takes three times as long:
ten thousand readings a second pass through.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from pymysql.converters import escape_string

from harit_desktop.domain.channels import CHANNEL_COUNT, CHANNELS
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.storage.mysql.tables import EXACT_COLUMNS, JOURNAL_COLUMNS, Layout
from harit_desktop.storage.schema import quality_column

JournalRow = tuple[Any, ...]
"""A row of the journal's `sensor_readings`, in the order of `JOURNAL_COLUMNS`."""

KEY = JOURNAL_COLUMNS.index("reading_key")
TIME_US = JOURNAL_COLUMNS.index("timestamp_us")
TIME_SOURCE = JOURNAL_COLUMNS.index("time_source")
SENT_TIMESTAMP = JOURNAL_COLUMNS.index("sent_timestamp")
MESSAGE_ID = JOURNAL_COLUMNS.index("message_id")
_FIRST_NUMBER = JOURNAL_COLUMNS.index("timestamp") + 1
VALUES = slice(_FIRST_NUMBER, _FIRST_NUMBER + CHANNEL_COUNT)


class NotStorable(Exception):
    """A value that SQL has no literal for."""


def statements(
    rows: Sequence[JournalRow], layout: Layout, max_bytes: int
) -> list[tuple[bytes, Sequence[JournalRow]]]:
    """INSERT statements of at most `max_bytes` each, with the rows of each.

    A row whose key is on the server already changes nothing. One row that is longer than
    `max_bytes` gets a statement all the same, which the server refuses. Raises NotStorable.
    """
    head = _head(layout.adopted)
    made: list[tuple[bytes, Sequence[JournalRow]]] = []
    parts: list[bytes] = []
    begun_at = size = 0
    for number, row in enumerate(rows):
        part = _row_text(row, layout).encode("utf-8", "surrogatepass")
        if parts and size + len(part) + 1 > max_bytes - len(head) - len(_TAIL):
            made.append((head + b",".join(parts) + _TAIL, rows[begun_at:number]))
            parts, begun_at, size = [], number, 0
        parts.append(part)
        size += len(part) + 1
    if parts:
        made.append((head + b",".join(parts) + _TAIL, rows[begun_at:]))
    return made


_TAIL = b" ON DUPLICATE KEY UPDATE id=id"


@lru_cache(maxsize=2)
def _head(adopted: bool) -> bytes:
    names = [*JOURNAL_COLUMNS[1:], *(EXACT_COLUMNS.values() if adopted else ())]
    columns = ",".join(f"`{name}`" for name in names)
    return b"INSERT INTO sensor_readings (%s) VALUES " % columns.encode()


def _number(value: float | None) -> str:
    if value is None:
        return "NULL"
    if not math.isfinite(value):
        raise NotStorable("a value is not finite")
    text = repr(float(value))
    # The exponent makes it a DOUBLE: without one it would pass through a decimal number.
    return text if "e" in text else text + "e0"


def _integer(value: int | None) -> str:
    return "NULL" if value is None else str(int(value))


@lru_cache(maxsize=4096)
def _repeated_text(value: str | None) -> str:
    return _text(value)


def _text(value: str | None) -> str:
    return "NULL" if value is None else f"'{escape_string(value)}'"


def _key(value: bytes) -> str:
    return f"0x{value.hex()}" if value else "''"


_INTEGERS = {
    "health_index",
    "is_anomalous",
    "timestamp_us",
    "received_us",
    "retained",
    *(quality_column(channel) for channel in CHANNELS),
}
_OWN_TEXTS = {"sent_timestamp", "message_id"}


def _literal_of(name: str) -> Callable[[Any], str]:
    if name in EXACT_COLUMNS:
        return _number
    if name in _INTEGERS:
        return _integer
    if name == "reading_key":
        return _key
    return _text if name in _OWN_TEXTS else _repeated_text


_LITERALS = tuple(_literal_of(name) for name in JOURNAL_COLUMNS[_FIRST_NUMBER:])
_EXACT_AT = tuple(JOURNAL_COLUMNS[_FIRST_NUMBER:].index(name) for name in EXACT_COLUMNS)


def _row_text(row: JournalRow, layout: Layout) -> str:
    literals = [
        literal(value) for literal, value in zip(_LITERALS, row[_FIRST_NUMBER:], strict=True)
    ]
    if layout.adopted:
        literals += [literals[index] for index in _EXACT_AT]
    # A column without a fraction would round up, to a time that has not come yet.
    second, microsecond = divmod(row[TIME_US], US_PER_S)
    time_s = str(second) if layout.whole_seconds else f"{second}.{microsecond:06d}"
    return f"(FROM_UNIXTIME({time_s}),{','.join(literals)})"

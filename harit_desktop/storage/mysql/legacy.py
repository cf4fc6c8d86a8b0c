"""Rows that the existing system writes into the same table.

They get the columns by which this program reads them, and are linked to the row of ours that
holds the same reading, one to one: linked rows are kept, and counted, drawn and exported once.
The columns that the existing system knows are never touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pymysql

from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.sameness import SAME_WITHIN_US, digits, windows
from harit_desktop.storage.mysql.connection import ServerConnection
from harit_desktop.storage.mysql.tables import Layout, exact_values

SLICE_ROWS = 2000
"""Rows taken over in one step, some tens of milliseconds: forwarding goes on in between."""

_LIVE_US = 600 * US_PER_S
_UPDATED_AT_ONCE = 500
_DUPLICATE = 1062

# Only rows of the existing system have no `timestamp_us`; forced, because the optimizer
# likes to read the whole table for the first rows by id.
_FIND_NEW = """
SELECT id, CAST(UNIX_TIMESTAMP(`timestamp`) * 1000000 AS SIGNED),
    CASE WHEN FROM_UNIXTIME(UNIX_TIMESTAMP(`timestamp`) + 3600) = `timestamp` THEN 3600
        WHEN FROM_UNIXTIME(UNIX_TIMESTAMP(`timestamp`) - 3600) = `timestamp` THEN -3600
        ELSE 0 END,
    UNIX_TIMESTAMP()
FROM sensor_readings FORCE INDEX (ix_readings_time)
WHERE timestamp_us IS NULL AND source IS NULL ORDER BY id LIMIT %s
"""
_TAKE_OVER = """
UPDATE sensor_readings SET
    timestamp_us = CAST(UNIX_TIMESTAMP(`timestamp`) * 1000000 AS SIGNED) + %s,
    received_us = CAST(UNIX_TIMESTAMP(`timestamp`) * 1000000 AS SIGNED) + %s,
    publisher_id = 'legacy', source = 'legacy', time_source = 'received'
WHERE id IN %s AND timestamp_us IS NULL AND source IS NULL
"""
_BEGIN_LINKS = (
    "INSERT INTO harit_store (name, value) VALUES (%s, '') ON DUPLICATE KEY UPDATE value = ''"
)
_OPEN_LINKS = "SELECT name FROM harit_store WHERE name LIKE 'link:%' LIMIT 20"
_END_LINKS = "DELETE FROM harit_store WHERE name = %s"

_UNLINKED = f"""
SELECT id, timestamp_us, {exact_values(adopted=False)} FROM sensor_readings
WHERE publisher_id = 'legacy' AND reading_key IS NULL AND same_as IS NULL
    AND timestamp_us BETWEEN %s AND %s
ORDER BY timestamp_us LIMIT %s
"""  # noqa: S608 - the names are of the channel catalogue
_OURS = """
SELECT id, timestamp_us, {} FROM sensor_readings
WHERE reading_key IS NOT NULL AND same_as IS NULL AND timestamp_us BETWEEN %s AND %s
"""
_TAKEN = "SELECT same_as FROM sensor_readings WHERE same_as IN %s"
_SET_LINKS = """
UPDATE sensor_readings SET same_as = CASE id{} END WHERE id IN %s AND same_as IS NULL
"""


def take_over(connection: ServerConnection, layout: Layout) -> bool:
    """Takes over and links the next slice of new rows; whether more may be waiting.

    What a crash left between the two is linked first. Needs autocommit.
    """
    for (name,) in connection.rows(_OPEN_LINKS):
        _finish_links(connection, layout, str(name))
    found = connection.rows(_FIND_NEW, SLICE_ROWS)
    if not found:
        return False
    times: list[int] = []
    by_shift: dict[int, list[int]] = {}
    for row_id, time_us, other_s, now_s in found:
        shift_us = 0 if time_us is None else _shift_us(time_us, other_s, now_s)
        by_shift.setdefault(shift_us, []).append(row_id)
        if time_us is not None:
            times.append(int(time_us) + shift_us)
    name = f"link:{min(times)}:{max(times)}" if times else ""
    connection.begin()
    if name:
        connection.run(_BEGIN_LINKS, name)
    for shift_us, ids in by_shift.items():
        connection.run(_TAKE_OVER, shift_us, shift_us, ids)
    connection.commit()
    if name:
        _finish_links(connection, layout, name)
    return len(found) == SLICE_ROWS


def _shift_us(time_us: int, other_s: int, now_s: int) -> int:
    """What to add to a time that the clock showed twice, when it was set back.

    A row that is taken over right after it was written is of now; of older ones nobody knows.
    """
    distance_us = abs(time_us - now_s * US_PER_S)
    other_us = abs(time_us + (other_s - now_s) * US_PER_S)
    is_live = other_us < min(distance_us, _LIVE_US)
    return other_s * US_PER_S if is_live else 0


def link_near(connection: ServerConnection, layout: Layout, times_us: Iterable[int]) -> None:
    """Links rows of the existing system to new ones of ours at these times."""
    for from_us, to_us in windows(times_us):
        _link(connection, layout, from_us, to_us)


def _finish_links(connection: ServerConnection, layout: Layout, name: str) -> None:
    _, from_us, to_us = name.split(":")
    _link(connection, layout, int(from_us), int(to_us))
    connection.run(_END_LINKS, name)


def _link(connection: ServerConnection, layout: Layout, from_us: int, to_us: int) -> None:
    """Links the unlinked rows of the existing system from `from_us` to `to_us`."""
    while from_us <= to_us:
        page = connection.rows(_UNLINKED, from_us, to_us, SLICE_ROWS)
        if not page:
            return
        for window in windows(row[1] for row in page):
            inside = [row for row in page if window[0] <= row[1] <= window[1]]
            ours = connection.rows(_OURS.format(exact_values(adopted=layout.adopted)), *window)
            _store_links(connection, pairs(inside, ours))
        if len(page) < SLICE_ROWS:
            return
        # Those that found no partner are passed over; equal times beyond a page are rare.
        from_us = max(page[-1][1], from_us + 1)


def pairs(
    theirs: Sequence[tuple[Any, ...]], ours: Sequence[tuple[Any, ...]]
) -> list[tuple[int, int, int]]:
    """Which rows are the same reading, nearest in time first: (distance, theirs, ours).

    Rows are (id, time, seven values). Each distance is at most SAME_WITHIN_US; an id may be
    in several pairs.
    """
    by_values: dict[tuple[str, ...], list[tuple[int, int]]] = {}
    for row_id, time_us, *values in ours:
        by_values.setdefault(digits(values), []).append((row_id, time_us))
    found = [
        (abs(our_time_us - time_us), row_id, our_id)
        for row_id, time_us, *values in theirs
        for our_id, our_time_us in by_values.get(digits(values), ())
        if abs(our_time_us - time_us) <= SAME_WITHIN_US
    ]
    return sorted(found)


def _store_links(connection: ServerConnection, found: list[tuple[int, int, int]]) -> None:
    if not found:
        return
    candidates = sorted({our_id for _, _, our_id in found})
    taken = {int(our_id) for (our_id,) in connection.rows(_TAKEN, candidates)}
    chosen: dict[int, int] = {}
    for _, row_id, our_id in found:
        if row_id not in chosen and our_id not in taken:
            chosen[row_id] = our_id
            taken.add(our_id)
    links = sorted(chosen.items())
    for first in range(0, len(links), _UPDATED_AT_ONCE):
        _update(connection, links[first : first + _UPDATED_AT_ONCE])


def _update(connection: ServerConnection, links: list[tuple[int, int]]) -> None:
    numbers = [number for link in links for number in link]
    statement = _SET_LINKS.format(" WHEN %s THEN %s" * len(links))
    try:
        connection.run(statement, *numbers, [row_id for row_id, _ in links])
    except pymysql.err.IntegrityError as error:
        if error.args[0] != _DUPLICATE:
            raise
        # Another program linked one of them at this moment; the others are still to do.
        if len(links) > 1:
            for link in links:
                _update(connection, [link])

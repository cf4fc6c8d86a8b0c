"""Deleting what the simulator made, in slices that let commits pass in between."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator

from harit_desktop.domain.reading import Source
from harit_desktop.storage.baselines import forget_baseline
from harit_desktop.storage.deletion import LOOK_ROWS, Condemned, delete_in, in_transaction
from harit_desktop.storage.quality_events import forget_events
from harit_desktop.storage.rollup import minute_of
from harit_desktop.storage.sqlite import transaction
from harit_desktop.storage.tally import Tally, load_tally

SLICE_ROWS = 500
PAUSE_S = 0.01
"""A waiting writer looks every few milliseconds whether the lock is free."""

_DEVICES = "SELECT publisher_id FROM devices WHERE simulated_count > 0 ORDER BY publisher_id"

_NEXT_READINGS = """
SELECT timestamp_us, id, source FROM sensor_readings
WHERE publisher_id = ? AND (timestamp_us, id) > (?, ?)
ORDER BY timestamp_us, id LIMIT ?
"""

_NEXT_MESSAGES = """
SELECT id, kept_bytes, simulated FROM message_log WHERE id > ? AND id < ? ORDER BY id LIMIT ?
"""

_SIMULATED = Condemned("source = :source", {"source": Source.SIMULATOR.value})


def delete_simulated(connection: sqlite3.Connection) -> tuple[str, ...]:
    """Deletes simulated readings, their log lines and what the quality tests made of them;
    returns whose readings they were.

    Raises sqlite3.Error with no transaction open and all finished slices kept.
    """
    publishers = [row[0] for row in connection.execute(_DEVICES).fetchall()]
    for publisher_id in publishers:
        for _ in _delete_of_device(connection, publisher_id):
            time.sleep(PAUSE_S)
        _forget(connection, publisher_id)
    for _ in _delete_messages(connection):
        time.sleep(PAUSE_S)
    return tuple(publishers)


def _delete_of_device(connection: sqlite3.Connection, publisher_id: str) -> Iterator[int]:
    position = (-(2**63), 0)
    while rows := connection.execute(
        _NEXT_READINGS, (publisher_id, *position, LOOK_ROWS)
    ).fetchall():
        minutes = dict.fromkeys(
            (publisher_id, minute_of(time_us))
            for time_us, _, source in rows
            if source == Source.SIMULATOR.value
        )
        yield from delete_in(connection, minutes, _SIMULATED)
        position = (rows[-1][0], rows[-1][1])


def _forget(connection: sqlite3.Connection, publisher_id: str) -> None:
    """What was learnt from simulated readings too, nobody can take apart again."""
    with transaction(connection):
        forget_baseline(connection, publisher_id)
        forget_events(connection, publisher_id)


def _delete_messages(connection: sqlite3.Connection) -> Iterator[int]:
    end = load_tally(connection).next_message_id
    position = 0

    def work(tally: Tally) -> tuple[int, bool]:
        """One slice after `position`; returns where it ended and whether there is more."""
        rows = connection.execute(_NEXT_MESSAGES, (position, end, SLICE_ROWS)).fetchall()
        gone = [(row_id, size) for row_id, size, simulated in rows if simulated]
        connection.executemany(
            "DELETE FROM message_log WHERE id = ?", [(row_id,) for row_id, _ in gone]
        )
        tally.log_rows -= len(gone)
        tally.log_bytes -= sum(size for _, size in gone)
        return (rows[-1][0] if rows else end), len(rows) == SLICE_ROWS

    more = True
    while more:
        position, more = in_transaction(connection, work)
        yield position

"""Small jobs on the server beside forwarding: retention, counting, simulated readings."""

from __future__ import annotations

from collections.abc import Iterator

from harit_desktop.domain.reading import Source
from harit_desktop.storage.mysql.connection import ServerConnection
from harit_desktop.storage.mysql.errors import PROTOCOL_ERRORS, server_error

SLICE_ROWS = 1000
_WALKED_IDS = 5000
_UNKNOWN_VARIABLE = 1193

_PUBLISHERS = "SELECT DISTINCT publisher_id FROM sensor_readings WHERE publisher_id > ''"
# By publisher, so that the rows of the existing system are not walked over each time.
_DELETE_OLD = """
DELETE FROM sensor_readings
WHERE publisher_id = %s AND timestamp_us < %s AND reading_key IS NOT NULL
ORDER BY timestamp_us LIMIT %s
"""
# Linked rows of the existing system are counted once with ours, or not at all.
_ROWS = "SELECT COUNT(*) FROM sensor_readings WHERE same_as IS NULL"
_IDS = """
SELECT MIN(id), MAX(id) FROM
    (SELECT id FROM sensor_readings WHERE id > %s ORDER BY id LIMIT %s) AS walked
"""
_DELETE_SIMULATED = (
    "DELETE FROM sensor_readings WHERE id BETWEEN %s AND %s AND source = 'simulator'"
)


def is_durable(connection: ServerConnection) -> bool:
    """Whether a commit is on the server's disk when it is confirmed."""
    try:
        flush = connection.value("SELECT @@innodb_flush_log_at_trx_commit")
    except PROTOCOL_ERRORS as error:
        if server_error(error).error_number == _UNKNOWN_VARIABLE:
            return True
        raise
    return int(flush) == 1


def count_rows(connection: ServerConnection) -> int:
    """The readings that the server holds, each counted once."""
    return int(connection.value(_ROWS))


def delete_old(connection: ServerConnection, before_us: int) -> Iterator[int]:
    """Deletes our rows older than that, one slice per step; yields the rows of each.

    The existing system's rows stay: they are not ours to delete.
    """
    for (publisher_id,) in connection.rows(_PUBLISHERS):
        if publisher_id == Source.LEGACY.value:
            continue
        deleted = SLICE_ROWS
        while deleted == SLICE_ROWS:
            deleted = connection.run(_DELETE_OLD, publisher_id, before_us, SLICE_ROWS)
            yield deleted


def delete_simulated(connection: ServerConnection) -> int:
    """Deletes every simulated reading in slices; how many there were. Needs autocommit."""
    deleted, last_id = 0, 0
    while True:
        first, last = connection.rows(_IDS, last_id, _WALKED_IDS)[0]
        if first is None:
            return deleted
        deleted += connection.run(_DELETE_SIMULATED, first, last)
        last_id = last

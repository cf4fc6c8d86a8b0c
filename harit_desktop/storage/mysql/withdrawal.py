"""Readings on the server that gave way to another one, as the journal says.

Such a row was read from a remote API, and later the reading itself came. It is kept and
hidden: its `same_as` is its own id. That of the other reading would take away the place of a
row of the existing system, of which at most one can be the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from harit_desktop.storage.mysql import legacy
from harit_desktop.storage.mysql.connection import ServerConnection
from harit_desktop.storage.mysql.tables import Layout

_PRESENT = "SELECT reading_key FROM sensor_readings WHERE reading_key IN %s"
_ROWS = "SELECT id, timestamp_us FROM sensor_readings WHERE reading_key IN %s"
_FREE = "UPDATE sensor_readings SET same_as = NULL WHERE same_as IN %s AND id NOT IN %s"
_HIDE = "UPDATE sensor_readings SET same_as = id WHERE id IN %s AND same_as IS NULL"


class Withdrawn(NamedTuple):
    """A reading's key, and that of the one that took its place; `id` is for the cursor."""

    id: int
    reading_key: bytes
    successor_key: bytes


def hide(connection: ServerConnection, layout: Layout, withdrawn: Sequence[Withdrawn]) -> int:
    """Hides these readings as far as the server has their successors; how many it hid.

    A row of the existing system that was linked to one of them is linked anew. Done twice, it
    changes nothing. Needs autocommit.
    """
    successors = [w.successor_key for w in withdrawn]
    present = {bytes(key) for (key,) in connection.rows(_PRESENT, successors)}
    keys = [w.reading_key for w in withdrawn if w.successor_key in present]
    found = connection.rows(_ROWS, keys) if keys else []
    if not found:
        return 0
    ids = [row_id for row_id, _ in found]
    connection.begin()
    connection.run(_FREE, ids, ids)
    hidden = connection.run(_HIDE, ids)
    connection.commit()
    legacy.link_near(connection, layout, (time_us for _, time_us in found))
    return hidden

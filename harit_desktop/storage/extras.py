"""What readings have beyond the channels: written with them, read on demand. Kept locally only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, text

from harit_desktop.domain.extras import EXTRA_CHANNELS, Extras
from harit_desktop.storage.reader import has_extras
from harit_desktop.storage.series import bucket_size_us

NEWEST_READINGS = 2000
"""Of so many readings the newest extras are looked for: some milliseconds."""

ExtraSeries = tuple[NDArray[np.int64], NDArray[np.float64]]
"""Times (UTC microseconds, ascending) and values, as long as each other."""

_ORDER = {extra.key: place for place, extra in enumerate(EXTRA_CHANNELS)}

_FOUND = """
FROM sensor_readings AS r JOIN reading_extras AS e ON e.reading_id = r.id AND e.key = :key
WHERE r.publisher_id = :publisher_id AND r.timestamp_us BETWEEN :from_us AND :to_us
"""
_EXTENT = text(f"SELECT count(*), min(r.timestamp_us), max(r.timestamp_us) {_FOUND}")
_RAW = text(f"SELECT r.timestamp_us, e.value {_FOUND} ORDER BY r.timestamp_us, r.id")
# Also before 1970, where SQLite rounds towards zero.
_THINNED = text(f"""
SELECT start_us + CAST(avg(timestamp_us - start_us) AS INTEGER), avg(value) FROM (
    SELECT r.timestamp_us, e.value,
        r.timestamp_us - (r.timestamp_us % :size + :size) % :size AS start_us {_FOUND})
GROUP BY start_us ORDER BY start_us
""")  # noqa: S608 - a text of ours
_NEWEST = text("""
SELECT r.timestamp_us, e.key, e.value
FROM (SELECT id, timestamp_us FROM sensor_readings WHERE publisher_id = :publisher_id
    ORDER BY timestamp_us DESC, id DESC LIMIT :limit) AS r
JOIN reading_extras AS e ON e.reading_id = r.id
ORDER BY r.timestamp_us, r.id
""")
_OF_READING = text("SELECT key, value FROM reading_extras WHERE reading_id = :reading_id")


def empty_extra_series() -> ExtraSeries:
    """No value at all."""
    return np.empty(0, np.int64), np.empty(0, np.float64)


def read_extra_series(
    connection: Connection, publisher_id: str, key: str, from_us: int, to_us: int, limit: int
) -> ExtraSeries:
    """A device's values of an extra channel, both times inclusive: each where they are at most
    `limit`, else the means of as many buckets of time, at their mean times."""
    if not has_extras(connection):
        return empty_extra_series()
    span = {"publisher_id": publisher_id, "key": key, "from_us": from_us, "to_us": to_us}
    count, first_us, last_us = connection.execute(_EXTENT, span).one()
    if count <= limit:
        rows = connection.execute(_RAW, span).all()
    else:
        size_us = bucket_size_us(last_us - first_us, limit)
        rows = connection.execute(_THINNED, {**span, "size": size_us}).all()
    return (
        np.array([row[0] for row in rows], np.int64),
        np.array([row[1] for row in rows], np.float64),
    )


def read_newest_extras(
    connection: Connection, publisher_id: str
) -> Mapping[str, tuple[int, float]]:
    """Time and value of the newest of each extra channel, in the order of the catalogue, as
    far as one of the device's `NEWEST_READINGS` newest readings has it."""
    if not has_extras(connection):
        return {}
    scope = {"publisher_id": publisher_id, "limit": NEWEST_READINGS}
    found = {key: (time_us, value) for time_us, key, value in connection.execute(_NEWEST, scope)}
    return dict(sorted(found.items(), key=lambda pair: _place(pair[0])))


def read_extras(connection: Connection, reading_id: int) -> Extras:
    """Those of one reading."""
    if not has_extras(connection):
        return ()
    found = connection.execute(_OF_READING, {"reading_id": reading_id}).all()
    return in_order([(key, value) for key, value in found])


def in_order(found: Sequence[tuple[str, float]]) -> Extras:
    """In the order of the catalogue."""
    return tuple(sorted(found, key=lambda pair: _place(pair[0])))


def _place(key: str) -> int:
    return _ORDER.get(key, len(_ORDER))

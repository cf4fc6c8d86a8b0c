"""By which profile a device's readings were judged, as far as the journal tells."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, select

from harit_desktop.storage.reader import Cancelled, StoreReader, never
from harit_desktop.storage.schema import sensor_readings


class JudgedBy:
    """Answers from the journal on connections of its own; for any thread.

    It holds the last weeks also where a server is the store. Readings that only the server
    has are not known to it.
    """

    def __init__(self, path: Path) -> None:
        self._store = StoreReader(path)

    def last_other_us(
        self, publisher_id: str, from_us: int, to_us: int, cancelled: Cancelled = never
    ) -> int:
        """When the newest reading of the range was measured that another profile judged than
        the newest reading of all; 0 where there is none.

        Raises QueryCancelled soon after `cancelled()`, and KnownError where the store cannot
        be read. In the worst case it walks over all readings of the range.
        """
        return self._store.read(
            lambda connection: _last_other_us(connection, publisher_id, from_us, to_us),
            empty=0,
            cancelled=cancelled,
        )


def _last_other_us(connection: Connection, publisher_id: str, from_us: int, to_us: int) -> int:
    rows = sensor_readings.c
    newest_first = (
        select(rows.timestamp_us, rows.profile)
        .where(rows.publisher_id == publisher_id, rows.timestamp_us.between(from_us, to_us))
        .order_by(rows.timestamp_us.desc(), rows.id.desc())
        .limit(1)
    )
    newest = connection.execute(newest_first).first()
    if newest is None:
        return 0
    other = connection.execute(newest_first.where(rows.profile != newest.profile)).first()
    return 0 if other is None else int(other.timestamp_us)

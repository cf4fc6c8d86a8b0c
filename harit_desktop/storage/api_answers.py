"""What our own HTTP API gives out: the newest readings and counts of all, none simulated."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import Connection, Integer, Select, bindparam, func, select, type_coerce

from harit_desktop.domain.analysis import Analysis, Band
from harit_desktop.domain.api import ApiReading, ApiStats
from harit_desktop.domain.channels import CHANNEL_COUNT
from harit_desktop.domain.clock import US_PER_DAY
from harit_desktop.domain.reading import Source
from harit_desktop.storage.reader import StoreReader
from harit_desktop.storage.rows import QUALITY_COLUMNS, VALUE_COLUMNS
from harit_desktop.storage.schema import counters, devices, sensor_readings

_readings = sensor_readings.c
_SIMULATOR = Source.SIMULATOR.value

_FEW_DEVICES = 16
"""So many are asked one by one for their newest readings; beyond, all readings by time."""

BLOCK_US = US_PER_DAY // 4
"""The counts are kept for so long a part of time each."""

COLUMNS = (
    _readings.publisher_id,
    _readings.timestamp_us,
    _readings.health_index,
    _readings.health_status,
    _readings.is_anomalous,
    _readings.anomaly_score,
    _readings.critical_factors,
    _readings.profile,
    *VALUE_COLUMNS,
    *QUALITY_COLUMNS,
)
"""What `api_reading` needs, in its order."""
_FIRST_VALUE = len(COLUMNS) - 2 * CHANNEL_COUNT

_REAL = _readings.source != _SIMULATOR
_NEWEST = (
    select(*COLUMNS)
    .where(_REAL)
    .order_by(_readings.timestamp_us.desc(), _readings.id.desc())
    .limit(bindparam("limit"))
)
_NEWEST_OF_DEVICE = _NEWEST.where(_readings.publisher_id == bindparam("publisher_id"))

_SIMULATED_ROWS = select(counters.c.value).where(counters.c.name == "simulated_readings")
_REAL_DEVICES = (
    select(devices.c.publisher_id)
    .where(devices.c.reading_count > devices.c.simulated_count)
    .limit(_FEW_DEVICES + 1)
)


def newest_readings(connection: Connection, limit: int) -> list[ApiReading]:
    """The newest readings that are not simulated, newest first."""
    scope: dict[str, Any] = {"limit": limit}
    if connection.scalar(_SIMULATED_ROWS):
        # Those of a simulator alone could be a million, and newer than all others.
        names = connection.scalars(_REAL_DEVICES).all()
        if len(names) <= _FEW_DEVICES:
            rows: list[Sequence[Any]] = []
            for name in names:
                rows += connection.execute(_NEWEST_OF_DEVICE, {**scope, "publisher_id": name})
            rows.sort(key=lambda row: row[1], reverse=True)
            return [api_reading(row) for row in rows[:limit]]
    return [api_reading(row) for row in connection.execute(_NEWEST, scope)]


def api_reading(row: Sequence[Any]) -> ApiReading:
    """A row of `COLUMNS`."""
    publisher_id, timestamp_us, index, status, is_anomalous, score, factors, profile = row[
        :_FIRST_VALUE
    ]
    analysis = Analysis(
        index=index,
        band=band_of_word(status),
        is_anomalous=bool(is_anomalous),
        anomaly_score=score,
        critical_factors=factors_of(factors),
        flags=tuple(row[_FIRST_VALUE + CHANNEL_COUNT :]),
        profile=profile,
    )
    values = tuple(row[_FIRST_VALUE : _FIRST_VALUE + CHANNEL_COUNT])
    return ApiReading(publisher_id, timestamp_us, values, analysis)


_BANDS = {band.value: band for band in Band}


def band_of_word(status: str | None) -> Band:
    """UNKNOWN for a word that is not ours."""
    return _BANDS.get(status or "", Band.UNKNOWN)


@lru_cache(maxsize=1024)
def factors_of(text: str | None) -> tuple[str, ...]:
    """The names in a JSON list; none where it is something else."""
    try:
        found = json.loads(text or "[]")
    except ValueError:
        return ()
    return tuple(map(str, found)) if isinstance(found, list) else ()


class Counts(msgspec.Struct):
    """`rows` of a part of the store, and of those that are not simulated the rest. `by_band`
    has the status words as they are stored."""

    rows: int = 0
    readings: int = 0
    with_index: int = 0
    index_sum: int = 0
    anomalous: int = 0
    by_band: dict[str, int] = {}

    def add(self, group: Sequence[Any]) -> None:
        """A group of rows: `GROUP_COLUMNS`."""
        simulated, status, rows, with_index, index_sum, anomalous = group
        self.rows += rows
        if simulated:
            return
        self.readings += rows
        self.with_index += with_index
        self.index_sum += int(index_sum or 0)
        self.anomalous += int(anomalous or 0)
        word = band_of_word(status).value
        self.by_band[word] = self.by_band.get(word, 0) + rows

    def merge(self, other: Counts) -> None:
        self.rows += other.rows
        self.readings += other.readings
        self.with_index += other.with_index
        self.index_sum += other.index_sum
        self.anomalous += other.anomalous
        for word, rows in other.by_band.items():
            self.by_band[word] = self.by_band.get(word, 0) + rows

    def as_stats(self) -> ApiStats:
        mean = self.index_sum / self.with_index if self.with_index else None
        words = {band.value: self.by_band[band] for band in Band if self.by_band.get(band)}
        return ApiStats(self.readings, mean, self.anomalous, words)


GROUP_COLUMNS = (
    (_readings.source == _SIMULATOR).label("simulated"),
    _readings.health_status,
    func.count(),
    func.count(_readings.health_index),
    func.sum(_readings.health_index),
    func.sum(type_coerce(_readings.is_anomalous, Integer)),
)
_BLOCK = _readings.timestamp_us.op("/")(BLOCK_US).label("block")


def _grouped() -> Select[Any]:
    return select(_BLOCK, *GROUP_COLUMNS).group_by("block", "simulated", _readings.health_status)


_OF_NEW = _grouped().where(_readings.id > bindparam("after"), _readings.id <= bindparam("last_id"))
_OF_BLOCK = _grouped().where(
    _readings.timestamp_us.between(bindparam("first_us"), bindparam("last_us"))
)
_ROWS_OF_BLOCKS = select(_BLOCK, func.count()).group_by("block")
_LAST_ID = select(func.coalesce(func.max(_readings.id), 0))
_STORED_ROWS = select(counters.c.value).where(counters.c.name == "readings")


class StoreCounter:
    """Counts of all readings, without looking at all of them each time.

    Only readings stored since the last question are looked at. Where the store then has not
    as many rows as were counted, some were deleted: the parts of time in which the numbers
    differ are counted anew.
    """

    def __init__(self, store: StoreReader) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._blocks: dict[int, Counts] = {}
        self._last_id = 0
        self._surplus = 0

    def stats(self) -> ApiStats:
        """Of the store as it is now. From any thread; others wait while one counts.

        Raises KnownError (store.*).
        """
        # Held around the read, so that no reader comes with an earlier state than the last.
        with self._lock:
            self._store.read(self._follow, empty=None)
            total = Counts()
            for block in self._blocks.values():
                total.merge(block)
        return total.as_stats()

    def _follow(self, connection: Connection) -> None:
        last_id = connection.scalar(_LAST_ID) or 0
        if last_id < self._last_id:
            # The newest were deleted, or it is another file.
            self._blocks, self._last_id = {}, 0
        scope = {"after": self._last_id, "last_id": last_id}
        self._add(connection.execute(_OF_NEW, scope).all())
        self._last_id = last_id
        stored = connection.scalar(_STORED_ROWS) or 0
        if self._counted() - stored != self._surplus:
            self._count_changed(connection)
            # Were the store's own number wrong, nobody would be served by counting for ever.
            self._surplus = self._counted() - stored

    def _counted(self) -> int:
        return sum(block.rows for block in self._blocks.values())

    def _add(self, rows: Iterable[Sequence[Any]]) -> None:
        for row in rows:
            block = self._blocks.get(row[0])
            if block is None:
                block = self._blocks[row[0]] = Counts()
            block.add(row[1:])

    def _count_changed(self, connection: Connection) -> None:
        rows = connection.execute(_ROWS_OF_BLOCKS)
        found: dict[int, int] = {row[0]: row[1] for row in rows}
        for number in self._blocks.keys() | found.keys():
            known = self._blocks.get(number)
            if known is not None and known.rows == found.get(number):
                continue
            self._blocks.pop(number, None)
            if number in found:
                first_us, last_us = _span(number)
                scope = {"first_us": first_us, "last_us": last_us}
                self._add(connection.execute(_OF_BLOCK, scope).all())


def _span(block: int) -> tuple[int, int]:
    """First and last instant of a block; SQLite divides towards zero."""
    first_us = (block - 1) * BLOCK_US + 1 if block <= 0 else block * BLOCK_US
    last_us = block * BLOCK_US if block < 0 else (block + 1) * BLOCK_US - 1
    return first_us, last_us

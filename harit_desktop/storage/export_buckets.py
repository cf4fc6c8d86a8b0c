"""Minutes and hours of an export: made of readings, whatever store these come from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.channels import CHANNEL_COUNT
from harit_desktop.domain.export import ExportContent
from harit_desktop.storage.export_rows import ExportRow
from harit_desktop.storage.rollup import HOUR_US, MINUTE_US

BUCKET_US = {ExportContent.MINUTE: MINUTE_US, ExportContent.HOUR: HOUR_US}


class ChannelStats(NamedTuple):
    """Of a channel's values in a bucket, without failed ones; None where there are none."""

    mean: float | None = None
    low: float | None = None
    high: float | None = None


class BucketRow(NamedTuple):
    """A device's minute or hour that begins at `timestamp_us` and holds a reading."""

    timestamp_us: int
    publisher_id: str
    reading_count: int
    index_mean: float | None
    stats: tuple[ChannelStats, ...]


_NOTHING = ChannelStats()


class BucketSums:
    """What is known of a bucket so far; parts of it add up in any order."""

    __slots__ = ("counts", "highs", "index_count", "index_sum", "lows", "readings", "sums")

    def __init__(self) -> None:
        self.readings = 0
        self.index_count = 0
        self.index_sum = 0
        self.counts = [0] * CHANNEL_COUNT
        self.sums = [0.0] * CHANNEL_COUNT
        self.lows: list[float | None] = [None] * CHANNEL_COUNT
        self.highs: list[float | None] = [None] * CHANNEL_COUNT

    def add_reading(self, row: ExportRow) -> None:
        self.readings += 1
        if row.health_index is not None:
            self.index_count += 1
            self.index_sum += row.health_index
        for place, (value, flag) in enumerate(zip(row.values, row.flags, strict=True)):
            if value is not None and flag != Flag.FAIL:
                self.add_values(place, 1, value, value, value)

    def add_values(
        self, place: int, count: int, total: float, low: float | None, high: float | None
    ) -> None:
        """Adds values of one channel by their count, sum and both extremes."""
        if not count or low is None or high is None:
            return
        self.counts[place] += count
        self.sums[place] += total
        least, most = self.lows[place], self.highs[place]
        self.lows[place] = low if least is None or low < least else least
        self.highs[place] = high if most is None or high > most else most

    def row(self, start_us: int, publisher_id: str) -> BucketRow:
        index = self.index_sum / self.index_count if self.index_count else None
        stats = tuple(
            ChannelStats(total / count, low, high) if count else _NOTHING
            for count, total, low, high in zip(
                self.counts, self.sums, self.lows, self.highs, strict=True
            )
        )
        return BucketRow(start_us, publisher_id, self.readings, index, stats)


def buckets_of(rows: Iterable[ExportRow], size_us: int) -> Iterator[BucketRow]:
    """The buckets of readings that come in the order of time, by time and device.

    Rows need their flags. Holds one bucket of each device at a time.
    """
    start_us: int | None = None
    open_buckets: dict[str, BucketSums] = {}
    for row in rows:
        begin_us = row.timestamp_us // size_us * size_us
        if begin_us != start_us:
            if start_us is not None:
                yield from _closed(start_us, open_buckets)
            start_us, open_buckets = begin_us, {}
        sums = open_buckets.get(row.publisher_id)
        if sums is None:
            sums = open_buckets[row.publisher_id] = BucketSums()
        sums.add_reading(row)
    if start_us is not None:
        yield from _closed(start_us, open_buckets)


def _closed(start_us: int, buckets: dict[str, BucketSums]) -> Iterator[BucketRow]:
    for publisher_id in sorted(buckets):
        yield buckets[publisher_id].row(start_us, publisher_id)

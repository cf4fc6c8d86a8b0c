"""A device's readings over time as arrays, and how fetched and live readings are joined."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.channels import CHANNEL_COUNT
from harit_desktop.pipeline.ring import LivePoints, Reasons

MAX_LIVE_POINTS = 20_000
"""Live readings kept beside a fetched series; beyond it the series is asked for again."""

Times = NDArray[np.int64]
Values = NDArray[np.float64]
Flags = NDArray[np.uint8]
Marks = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class SeriesData:
    """Readings of one device in the order of their time.

    `time_us` (n,) int64 UTC microseconds; `values` (n, channels) float64, NaN where absent;
    `flags` (n, channels) uint8 quality flags; `index` (n,) float64, NaN where withheld.
    `low`/`high` (n, channels) are the extremes of a row that stands for many readings, None
    for single readings; `bucket_us` is the width of such a row in time, 0 for none. `via_api`
    (n,) marks readings that came through the API, None where nothing did or is known.
    """

    time_us: Times
    values: Values
    flags: Flags
    index: Values
    low: Values | None = None
    high: Values | None = None
    bucket_us: int = 0
    via_api: Marks | None = None

    @classmethod
    def from_arrays(
        cls,
        time_us: Times,
        values: Values,
        flags: Flags | None = None,
        index: Values | None = None,
        low: Values | None = None,
        high: Values | None = None,
        bucket_us: int = 0,
        via_api: Marks | None = None,
    ) -> "SeriesData":
        """A series from arrays in any order of time; absent flags mean "pass".

        Raises ValueError where the shapes do not fit one another or the catalogue.
        """
        times = np.asarray(time_us, np.int64)
        matrix = np.asarray(values, np.float64)
        if times.ndim != 1 or matrix.shape != (times.size, CHANNEL_COUNT):
            raise ValueError(f"{matrix.shape} values do not fit {times.shape} times")
        quality = np.full(matrix.shape, Flag.PASS, np.uint8) if flags is None else flags
        indexes = np.full(times.shape, np.nan) if index is None else index
        made = cls(
            times,
            matrix,
            np.asarray(quality, np.uint8),
            np.asarray(indexes, np.float64),
            low,
            high,
            bucket_us,
            via_api,
        )
        if times.size > 1 and (np.diff(times) < 0).any():
            return made.take(np.argsort(times, kind="stable"))
        return made

    @property
    def size(self) -> int:
        return int(self.time_us.size)

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_] | slice) -> "SeriesData":
        """The chosen rows, in the order given."""
        return replace(
            self,
            time_us=self.time_us[rows],
            values=self.values[rows],
            flags=self.flags[rows],
            index=self.index[rows],
            low=None if self.low is None else self.low[rows],
            high=None if self.high is None else self.high[rows],
            via_api=None if self.via_api is None else self.via_api[rows],
        )

    def since(self, start_us: int) -> "SeriesData":
        """The rows from `start_us` on and the one before, so that a line enters the view."""
        first = max(0, int(np.searchsorted(self.time_us, start_us)) - 1)
        return self if first == 0 else self.take(slice(first, None))


EMPTY = SeriesData.from_arrays(np.empty(0, np.int64), np.empty((0, CHANNEL_COUNT)), bucket_us=0)


def of_points(points: LivePoints) -> SeriesData:
    """The live model's points as a series in the order of time."""
    via_api = points.via_api if points.via_api.any() else None
    return SeriesData.from_arrays(
        points.time_us, points.values, points.flags, points.index, via_api=via_api
    )


def reasons_of(points: LivePoints) -> list[tuple[int, Reasons]]:
    """When the doubted points of the live model were measured, and why they are doubted."""
    if not points.reasons:
        return []
    times = dict(zip(points.sequence.tolist(), points.time_us.tolist(), strict=True))
    return [(times[at], reasons) for at, reasons in points.reasons.items() if at in times]


def merge(base: SeriesData, added: SeriesData) -> SeriesData:
    """Both series as one, by time; of rows with equal time and values one remains.

    Rows of single readings that join rows of buckets stand for themselves: their extremes
    are the value, NaN where it is refused.
    """
    if added.size == 0:
        return base
    if base.size == 0:
        return replace(added, bucket_us=base.bucket_us or added.bucket_us)
    joined = _concatenated(base, added)
    if added.time_us[0] > base.time_us[-1]:
        return joined
    # Only rows from the first added instant on can be out of order or double.
    start = int(np.searchsorted(base.time_us, added.time_us[0]))
    tail = joined.take(slice(start, None))
    keys = (*tail.values.T, tail.time_us)
    ordered = tail.take(np.lexsort(keys))
    return _concatenated(joined.take(slice(0, start)), ordered.take(~_repeats(ordered)))


def _behind(known: SeriesData, fetched: SeriesData) -> SeriesData:
    """A fetched series, led by what is known from before its begin."""
    if fetched.size == 0:
        return known
    older = known.take(known.time_us < fetched.time_us[0])
    return _concatenated(older, fetched) if older.size else fetched


def _repeats(series: SeriesData) -> NDArray[np.bool_]:
    """Marks rows equal in time and values to the row before them."""
    before, after = series.values[:-1], series.values[1:]
    same = (before == after) | (np.isnan(before) & np.isnan(after))
    repeated = np.zeros(series.size, np.bool_)
    repeated[1:] = same.all(axis=1) & (np.diff(series.time_us) == 0)
    return repeated


def _merged(parts: Sequence[SeriesData]) -> SeriesData:
    """Some series as one, by time."""
    whole = parts[0]
    for part in parts[1:]:
        whole = merge(whole, part)
    return whole


def _concatenated(first: SeriesData, second: SeriesData) -> SeriesData:
    low = high = None
    if first.low is not None or second.low is not None:
        low = np.concatenate([_or_values(first.low, first), _or_values(second.low, second)])
        high = np.concatenate([_or_values(first.high, first), _or_values(second.high, second)])
    via_api = None
    if first.via_api is not None or second.via_api is not None:
        via_api = np.concatenate([api_marks(first), api_marks(second)])
    return SeriesData(
        np.concatenate([first.time_us, second.time_us]),
        np.concatenate([first.values, second.values]),
        np.concatenate([first.flags, second.flags]),
        np.concatenate([first.index, second.index]),
        low,
        high,
        first.bucket_us or second.bucket_us,
        via_api,
    )


def api_marks(series: SeriesData) -> Marks:
    """Which rows came through the API, also where the series does not say it of any."""
    return np.zeros(series.size, np.bool_) if series.via_api is None else series.via_api


def _or_values(extremes: Values | None, series: SeriesData) -> Values:
    """The extremes of rows; those of single readings are the values that count."""
    if extremes is not None:
        return extremes
    return np.where(series.flags == Flag.FAIL, np.nan, series.values)


def _marked(fetched: SeriesData, known: SeriesData) -> SeriesData:
    """A fetched series with the marks of what is known to have come through the API: the
    store's answer does not tell."""
    if known.via_api is None or fetched.via_api is not None or fetched.bucket_us:
        return fetched
    marks = np.isin(fetched.time_us, known.time_us[known.via_api])
    return replace(fetched, via_api=marks) if marks.any() else fetched


def _gave_way(live: SeriesData, fetched: SeriesData) -> Marks:
    """The readings of the API that a series fetched after them lacks."""
    return api_marks(live) & ~np.isin(live.time_us, fetched.time_us)


class DeviceSeries:
    """What the live page holds of one device: a fetched series and what came since.

    `overflowed` says that more came since than `MAX_LIVE_POINTS`; the page then asks for the
    series again, and until it comes the oldest rows give way beyond twice that number.
    """

    def __init__(self) -> None:
        self.version = 0
        self.fetched = False
        self._data = EMPTY
        self._live = EMPTY
        self._fetched_size = 0
        self._waiting: list[SeriesData] = []
        self._waiting_size = 0

    @property
    def data(self) -> SeriesData:
        """All readings. Joined when they are asked for: what comes ten times a second to a
        device in the background is drawn once a second."""
        self._join()
        return self._data

    @property
    def overflowed(self) -> bool:
        return self._live.size + self._waiting_size > MAX_LIVE_POINTS

    def replace(self, series: SeriesData, keep_older: bool = False) -> None:
        """Takes a fetched series; live readings that it cannot contain stay, and with
        `keep_older` what is known from before its first reading.

        A series of single readings is joined with all live ones, for one that came late may
        lie before its end. In a series of buckets it is counted already. One of the API that
        the store no longer has gave way to what the broker delivered later.
        """
        self.fetched = True
        self._join()
        series = _marked(series, self._data)
        if keep_older:
            series = _behind(self._data, series)
        if series.size:
            later = self._live.time_us > series.time_us[-1]
            stays = later if series.bucket_us else later | ~_gave_way(self._live, series)
            joining = self._live.take(stays)
            self._live = self._live.take(later)
        else:
            joining = self._live
        self._fetched_size = series.size
        self._data = merge(series, joining)
        self.version += 1

    def append(self, points: SeriesData) -> None:
        """Adds live readings, in whatever order of time they come."""
        if points.size == 0:
            return
        self._waiting.append(points)
        self._waiting_size += points.size
        self.version += 1
        if self._waiting_size > MAX_LIVE_POINTS:
            self._join()

    def _join(self) -> None:
        if not self._waiting:
            return
        points = _merged(self._waiting)
        self._waiting, self._waiting_size = [], 0
        self._live = merge(self._live, points)
        self._data = merge(self._data, points)
        spare = self._data.size - self._fetched_size - 2 * MAX_LIVE_POINTS
        if spare > 0:
            self._data = self._data.take(slice(spare, None))
            self._live = self._live.take(slice(-2 * MAX_LIVE_POINTS, None))

    def trim(self, start_us: int) -> None:
        """Forgets rows before `start_us`, but for the last of them."""
        data = self.data
        kept = data.since(start_us)
        if kept.size != data.size:
            self._fetched_size = max(0, self._fetched_size - (data.size - kept.size))
            self._data = kept
            self._live = self._live.since(start_us)
            self.version += 1

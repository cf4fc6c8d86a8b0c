"""What the soil-health panel asks the store about one device, and the answers made ready."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from harit_desktop.analysis.trends import TREND_DAYS
from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.clock import US_PER_DAY, US_PER_S
from harit_desktop.ui.words import local_time

if TYPE_CHECKING:
    from harit_desktop.domain.quality import QualityDay
    from harit_desktop.runtime.engine import Engine
    from harit_desktop.runtime.queries import QueryHandle
    from harit_desktop.storage.judged_by import JudgedBy

RETRY_US = 2 * US_PER_S
TREND_POINTS = 240
WEEK_POINTS = 24 * (TREND_DAYS + 1)

T = TypeVar("T")
Span = tuple[int, int]
Cancelled = Callable[[], bool]


class Question(Generic[T]):
    """Asks about the device in focus again and again, never twice at a time.

    `read(device, now_us, cancelled)` runs on a thread of the query pool.
    """

    def __init__(
        self,
        engine: Engine,
        slot: str,
        every_us: int,
        read: Callable[[str, int, Cancelled], T],
    ) -> None:
        self._engine = engine
        self._slot = slot
        self._every_us = every_us
        self._read = read
        self._of = ""
        self._due_us = 0
        self._loading: QueryHandle[tuple[str, T]] | None = None

    def about(self, publisher_id: str) -> None:
        """Turns to another device, "" for none."""
        self._of, self._due_us = publisher_id, 0

    def ask_by(self, at_us: int) -> None:
        """Asks again at that time at the latest."""
        self._due_us = min(self._due_us, at_us)

    def poll(self, now_us: int) -> T | None:
        """An answer about the device that has just come, else None."""
        answer = self._taken(now_us)
        if self._of and self._loading is None and now_us >= self._due_us:
            self._due_us = now_us + self._every_us
            self._loading = self._ask(self._of, now_us)
        return answer

    def _taken(self, now_us: int) -> T | None:
        if self._loading is None or not self._loading.done:
            return None
        handle, self._loading = self._loading, None
        if handle.value is None:
            self._due_us = min(self._due_us, now_us + RETRY_US)
            return None
        publisher_id, answer = handle.value
        return answer if publisher_id == self._of else None

    def _ask(self, publisher_id: str, now_us: int) -> QueryHandle[tuple[str, T]]:
        def job(handle: QueryHandle[Any]) -> tuple[str, T]:
            return publisher_id, self._read(publisher_id, now_us, lambda: handle.token.cancelled)

        return self._engine.queries.submit(self._slot, job)


def last_days(now_us: int, days: int) -> list[Span]:
    """The last local days, today first, each from its midnight to the next."""
    today = local_time(now_us).date()
    midnights = [
        today.addDays(1 - back).startOfDay().toMSecsSinceEpoch() * 1000 for back in range(days + 1)
    ]
    return [(midnights[back + 1], midnights[back]) for back in range(days)]


def index_question(engine: Engine, every_us: int) -> Question[tuple[Any, Any, int, int]]:
    """The index of the last 24 hours: instants, values, up to which instant another profile
    judged (0: none did), and the width in time of what a value stands for."""

    @cache
    def judged_by() -> JudgedBy:
        # Not before the first question: the store's library is slow to load.
        from harit_desktop.storage.judged_by import JudgedBy

        return JudgedBy(engine.paths.database)

    def read(publisher_id: str, now_us: int, cancelled: Cancelled) -> tuple[Any, Any, int, int]:
        begin, end = now_us - US_PER_DAY, now_us + US_PER_S
        series = engine.history.series(publisher_id, begin, end, TREND_POINTS, cancelled)
        after_us = judged_by().last_other_us(publisher_id, begin, end, cancelled)
        return series.time_us, series.index, after_us, series.bucket_us

    return Question(engine, "trend", every_us, read)


def quality_question(engine: Engine, every_us: int) -> Question[tuple[QualityDay, ...]]:
    """The data quality of today and yesterday."""

    def read(publisher_id: str, now_us: int, cancelled: Cancelled) -> tuple[QualityDay, ...]:
        return tuple(engine.history.quality_days(publisher_id, last_days(now_us, 2), cancelled))

    return Question(engine, "quality", every_us, read)


def change_question(engine: Engine, every_us: int) -> Question[Mapping[str, float]]:
    """How the nutrients of a device have changed in a week, in %."""

    def read(publisher_id: str, now_us: int, cancelled: Cancelled) -> Mapping[str, float]:
        days = last_days(now_us, TREND_DAYS)
        begin, end = days[-1][0], days[0][1]
        series = engine.history.series(publisher_id, begin, end, WEEK_POINTS, cancelled)
        return engine.judgement.changes(_daily_means(series, days), publisher_id, now_us)

    return Question(engine, "nutrients", every_us, read)


def _daily_means(series: Any, days: list[Span]) -> list[tuple[int, tuple[float | None, ...]]]:
    """The middle of each day and the mean of each channel on it, without failed values."""
    usable = series.values == series.values
    if not series.bucketed:
        # The means of buckets leave failed values out already.
        usable &= series.flags != int(Flag.FAIL)
    found = []
    for begin, end in days:
        inside = (series.time_us >= begin) & (series.time_us < end)
        values, used = series.values[inside], usable[inside]
        means = [
            float(values[used[:, at], at].mean()) if used[:, at].any() else None
            for at in range(values.shape[1])
        ]
        found.append(((begin + end) // 2, tuple(means)))
    return [(at, means) for at, means in found if any(mean is not None for mean in means)]

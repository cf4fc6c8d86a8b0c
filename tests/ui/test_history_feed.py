"""What the History page asks the store for while its view moves, and how pieces are joined."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from msgspec import structs

from harit_desktop.domain.channels import CHANNEL_COUNT
from harit_desktop.runtime.queries import QueryHandle
from harit_desktop.storage.series import BUCKET_SIZES_US
from harit_desktop.ui.charts.series import SeriesData
from harit_desktop.ui.history.history_data import KEEP_PART, HistoryData, Request
from harit_desktop.ui.history.history_feed import HistoryFeed
from harit_desktop.ui.history.spans import Span
from tests.ui.chart_samples import HOUR_US, MINUTE_US, NOW_US, SECOND_US, device

DAY_US = 24 * HOUR_US
WIDTH_PX = 700
SIZE_US = 5 * MINUTE_US
BEGIN_US = NOW_US - 60 * DAY_US
SILENT = Span(NOW_US - 40 * HOUR_US, NOW_US - 38 * HOUR_US)


class Queries:
    """Takes requests as the pool does, but answers when the test says so."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Callable[..., Any], QueryHandle[Any]]] = []

    def submit(self, slot: str, job: Callable[..., Any]) -> QueryHandle[Any]:
        for before, _, handle in self.asked:
            if before == slot and not handle.done:
                handle.cancel()
                handle.finish(None, None)
        made: QueryHandle[Any] = QueryHandle()
        self.asked.append((slot, job, made))
        return made

    def waiting(self, begin: str) -> list[str]:
        return [
            slot for slot, _, handle in self.asked if slot.startswith(begin) and not handle.done
        ]

    def answer(self, begin: str) -> None:
        for slot, job, handle in self.asked:
            if slot.startswith(begin) and not handle.done:
                handle.finish(job(handle), None)

    def cancelled(self) -> int:
        return sum(handle.token.cancelled for _, _, handle in self.asked)


class Store:
    """A reading a minute, but for a silence and one that leaps up, always in buckets."""

    def __init__(self) -> None:
        self.spans: list[tuple[Span, int]] = []
        self.size_us = 0

    def notes(self, *_: object) -> tuple[()]:
        return ()

    def gap_reasons(self, *_: object) -> tuple[()]:
        return ()

    def series(
        self, _: str, from_us: int, to_us: int, points: int, __: object, bucket_us: int = 0
    ) -> SeriesData:
        self.spans.append((Span(from_us, to_us), bucket_us))
        fits = (size for size in BUCKET_SIZES_US if (to_us - from_us) // size <= points - 2)
        return buckets(Span(from_us, min(to_us, NOW_US)), self.size_us or bucket_us or next(fits))


def buckets(span: Span, size_us: int) -> SeriesData:
    first_us = -(-max(span.from_us, BEGIN_US) // MINUTE_US) * MINUTE_US
    times = np.arange(first_us, span.to_us + 1, MINUTE_US)
    times = times[(times < SILENT.from_us) | (times >= SILENT.to_us)]
    value = np.sin(times / DAY_US) + np.where(times // MINUTE_US % 420 == 210, 50, 0)
    starts, first = np.unique(times // size_us, return_index=True)
    if not times.size:
        empty = np.empty((0, CHANNEL_COUNT))
        return SeriesData.from_arrays(times, empty, None, None, empty, empty, size_us)
    counts = np.diff([*first, times.size])
    mean, low, high, middle = (
        np.add.reduceat(value, first) / counts,
        np.minimum.reduceat(value, first),
        np.maximum.reduceat(value, first),
        np.add.reduceat(times - times[0], first) // counts + times[0],
    )
    assert (middle // size_us == starts).all()
    three = (np.repeat(one[:, None], CHANNEL_COUNT, axis=1) for one in (mean, low, high))
    values, lows, highs = three
    return SeriesData.from_arrays(middle, values, None, None, lows, highs, size_us)


class Desk:
    """A feed for some devices, with the clocks in the test's hand."""

    def __init__(self, devices: int = 1) -> None:
        self.queries, self.store, self.now_s = Queries(), Store(), 0.0
        self.ids = [f"soil-{n}" for n in range(devices)]
        self.data = HistoryData()
        self.data.set_devices(
            [structs.replace(device(known), interval_s=60.0) for known in self.ids]
        )
        for known in self.ids:
            self.data.compare(known)
        engine: Any = SimpleNamespace(queries=self.queries, history=self.store)
        self.feed = HistoryFeed(engine, self.data, lambda: self.now_s)

    def poll(self, view: Span, now_us: int = NOW_US, moving: bool = False) -> bool:
        return self.feed.poll(view, WIDTH_PX, now_us, moving)

    def settle(self, view: Span, now_us: int = NOW_US, moving: bool = False) -> None:
        for _ in range(40):
            self.poll(view, now_us, moving)
            if not self.feed.busy:
                return
            self.queries.answer("history.")
        raise AssertionError("it asks and asks")

    def loaded(self, known: str = "soil-0") -> SeriesData:
        found = self.data.series(known)
        assert found is not None
        return found


def moved(view: Span, by_us: int) -> Span:
    return Span(view.from_us + by_us, view.to_us + by_us)


@pytest.mark.parametrize("length_us", [15 * MINUTE_US, HOUR_US, DAY_US, 7 * DAY_US])
def test_a_beat_cancels_no_read_and_a_view_that_moves_on_gets_its_answer(length_us: int) -> None:
    desk = Desk(6)
    view = Span(NOW_US - length_us, NOW_US)
    for beat in range(30):
        desk.poll(moved(view, beat * 100_000), NOW_US + beat * 100_000)
        desk.now_s += 0.1
    assert sorted(desk.queries.waiting("history.series")) == [
        f"history.series.{known}" for known in desk.ids
    ]
    assert desk.queries.cancelled() == 0
    desk.queries.answer("history.series")
    now_us = NOW_US + 3 * SECOND_US
    assert desk.poll(moved(view, 3 * SECOND_US), now_us)
    assert not desk.feed.incomplete
    assert all(desk.data.is_loaded(known, moved(view, 3 * SECOND_US), now_us) for known in desk.ids)


def test_another_range_does_replace_what_is_read() -> None:
    desk = Desk()
    desk.poll(Span(NOW_US - DAY_US, NOW_US))
    desk.poll(Span(NOW_US - HOUR_US, NOW_US))
    assert desk.queries.cancelled() == 1


def test_the_whole_history_waits_for_what_is_in_view() -> None:
    desk = Desk(2)
    view = Span(NOW_US - DAY_US, NOW_US)
    desk.poll(view)
    assert desk.queries.waiting("history.overview") == []
    desk.queries.answer("history.series")
    desk.poll(view)
    assert desk.queries.waiting("history.overview") != []


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_panned_view_reads_only_what_it_lacks_and_shows_what_the_whole_would(sign: int) -> None:
    desk = Desk()
    view = Span(NOW_US - 3 * DAY_US + 12345, NOW_US - 2 * DAY_US + 12345)
    desk.settle(view)
    size_us = desk.loaded().bucket_us
    assert size_us
    desk.store.spans.clear()
    for _ in range(12):
        view = moved(view, sign * DAY_US // 10)
        desk.poll(view, moving=True)
        desk.queries.answer("history.series")
        desk.poll(view, moving=True)
        assert desk.data.is_loaded("soil-0", view, NOW_US)
    desk.settle(view)
    assert desk.store.spans
    assert all(bucket_us == size_us for _, bucket_us in desk.store.spans)
    assert sum(span.length_us for span, _ in desk.store.spans) < 2.5 * DAY_US
    whole, shown = buckets(Span(NOW_US - 9 * DAY_US, NOW_US), size_us), desk.loaded()
    inside = Span(view.from_us + size_us, min(view.to_us, NOW_US) - size_us)
    for one in ("time_us", "values", "low", "high", "flags"):
        parts = [
            getattr(series, one)[
                (series.time_us >= inside.from_us) & (series.time_us <= inside.to_us)
            ]
            for series in (whole, shown)
        ]
        np.testing.assert_array_equal(*parts)
    assert (np.diff(shown.time_us) > 0).all()


def test_what_lies_far_from_the_view_is_given_up() -> None:
    desk = Desk()
    view = Span(NOW_US - 30 * DAY_US, NOW_US - 29 * DAY_US)
    desk.settle(view)
    for _ in range(80):
        view = moved(view, DAY_US // 4)
        desk.settle(view, moving=True)
    shown = desk.loaded()
    assert shown.time_us[-1] - shown.time_us[0] <= (2 * KEEP_PART + 1) * DAY_US
    assert desk.data.is_loaded("soil-0", view, NOW_US)


def test_a_piece_that_is_not_in_view_draws_nothing() -> None:
    desk = Desk()
    view = Span(NOW_US - 3 * DAY_US, NOW_US - 2 * DAY_US)
    desk.poll(view)
    desk.queries.answer("history.series")
    assert desk.poll(view)
    desk.queries.answer("history.overview")
    desk.poll(view)
    assert desk.queries.waiting("history.series")
    desk.queries.answer("history.series")
    assert not desk.poll(view)


def test_pieces_of_another_size_are_not_joined_and_the_whole_is_asked() -> None:
    """As a server answers, which chooses the size by itself."""
    desk = Desk()
    view = Span(NOW_US - 3 * DAY_US, NOW_US - 2 * DAY_US)
    desk.settle(view)
    before = desk.loaded()
    desk.store.size_us = before.bucket_us * 2
    desk.store.spans.clear()
    view = moved(view, -DAY_US)
    desk.settle(view)
    assert desk.store.spans[0][1]
    assert not any(bucket_us for _, bucket_us in desk.store.spans[1:])
    assert desk.loaded().bucket_us == desk.store.size_us
    assert desk.data.is_loaded("soil-0", view, NOW_US)


def test_nothing_is_joined_to_what_was_read_long_ago() -> None:
    """Readings that came late would stay unseen."""
    desk = Desk()
    view = Span(NOW_US - 3 * DAY_US, NOW_US - 2 * DAY_US)
    desk.settle(view)
    later_us = NOW_US + 2 * MINUTE_US
    (request,) = desk.data.wanted(moved(view, -DAY_US), WIDTH_PX, later_us, settled=True)
    assert (request.span, request.bucket_us) == (moved(view, -DAY_US), 0)


def test_a_piece_that_no_longer_touches_is_left_out() -> None:
    desk = Desk()
    view = Span(NOW_US - 3 * DAY_US, NOW_US - 2 * DAY_US)
    desk.settle(view)
    before = desk.loaded()
    far = Span(NOW_US - 9 * DAY_US, NOW_US - 8 * DAY_US)
    piece = Request("soil-0", far, 700, True, far, before.bucket_us)
    desk.data.take(piece, buckets(far, before.bucket_us), NOW_US)
    assert desk.loaded() is before

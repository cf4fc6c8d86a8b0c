"""A store with days of made-up readings, and a History page that reads it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from pytestqt.qtbot import QtBot

from harit_desktop.domain.batch import CommitItem
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.runtime.engine import Engine
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.ui.history.history_page import HistoryPage
from harit_desktop.ui.theme import LIGHT
from tests.storage.builders import make_item
from tests.ui.chart_samples import device

MINUTE_US = 60 * US_PER_S
HOUR_US = 60 * MINUTE_US
BATCH = 500
VALUES = (22.0, 18.0, 150.0, 500.0, 22.0, 55.0, 7.2)


def fill(
    path: Path,
    publisher_id: str,
    times_us: Sequence[int],
    moisture: Callable[[int], float] = lambda _: 55.0,
) -> None:
    """Stores readings that differ in their moisture alone."""
    journal = SqliteJournal(path, lambda: times_us[-1])
    journal.open()
    items: list[CommitItem] = []
    for at_us in times_us:
        values = (*VALUES[:5], moisture(at_us), VALUES[6])
        items.append(make_item(publisher_id=publisher_id, time_us=at_us, values=values))
    for first in range(0, len(items), BATCH):
        journal.commit(items[first : first + BATCH])
    journal.close()


def every_minute(hours: float, until_us: int) -> list[int]:
    """Instants at each minute, the last at `until_us`."""
    count = int(hours * 60)
    return [until_us - (count - 1 - number) * MINUTE_US for number in range(count)]


class Pages:
    """Makes History pages and waits for them."""

    def __init__(self, qtbot: QtBot, engine: Engine, now_us: int) -> None:
        self.qtbot = qtbot
        self.engine = engine
        self.now_us = now_us

    def make(self, *ids: str, size: tuple[int, int] = (840, 611)) -> HistoryPage:
        """A shown page that knows these devices, the first one in focus."""
        page = HistoryPage(self.engine, LIGHT)
        self.qtbot.addWidget(page)
        self.qtbot.addWidget(page.selection_panel)
        page.resize(*size)
        page.show()
        times = {"received_us": self.now_us, "timestamp_us": self.now_us, "interval_s": 60.0}
        states = [msgspec.structs.replace(device(known), **times) for known in ids]
        page.set_devices(states, self.now_us)
        page.set_active(True)
        self.settle(page)
        return page

    def settle(self, page: HistoryPage) -> None:
        """Waits until everything that was asked for is there and drawn."""

        def is_settled() -> bool:
            page.poll(self.now_us)
            return not page.busy and not page.stack.moving and not page._dirty

        self.qtbot.waitUntil(is_settled, timeout=10_000)
        # The gaps in what was drawn are asked about once it is drawn.
        deadline_s = time.monotonic() + 0.1
        while time.monotonic() < deadline_s:
            self.qtbot.wait(5)
            page.poll(self.now_us)
        self.qtbot.waitUntil(is_settled, timeout=10_000)

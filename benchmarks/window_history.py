"""How long the History page takes on a store of ten million readings: each range, and panning.

    python benchmarks/window_history.py [--rows 10000000] [--folder DIR] [--rounds 3]
                                       [--devices 1 6] [--steps 40] [--offscreen]

Drives the real page of the real window under Xvfb at 1366 x 768. Each range is asked for by a
page that knows nothing yet: `drawn` is the time from the request until everything it shows has
been read and painted, `first` until the first of the compared devices was. A pan step is a
tenth of the view, as Shift and the wheel do it: from the step until it is painted, without
waiting for a fuller drawing once it rests, which is `rest`. The main thread's longest stretch
without a turn is beside them; `own` is without the time for which the machine had no
processor for that thread. Nothing is awaited for more than 10 s. Makes the store with
`window_farm.py` where it is not there yet.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

from benchmarks import window_farm  # noqa: E402 - needs the path above
from benchmarks.window_runner import Span as Lap  # noqa: E402 - needs the path above
from benchmarks.window_runner import Stopwatch, percentile  # noqa: E402 - needs the path above
from tests.displays import VirtualDisplay  # noqa: E402 - needs the path above

if TYPE_CHECKING:
    from harit_desktop.ui.history.history_page import HistoryPage
    from harit_desktop.ui.main_window import MainWindow

WAIT_S = 10.0
"""What takes longer is given up, and its figure is no more than that."""
PAN_SHARE = 0.1


class Driver:
    """A window on the store, whose clock stands where the store ends."""

    def __init__(self, folder: Path) -> None:
        from PySide6.QtWidgets import QApplication

        from harit_desktop.app import build_engine
        from harit_desktop.observability.redact import Redactor
        from harit_desktop.settings.paths import DataPaths
        from harit_desktop.settings.store import SettingsStore
        from harit_desktop.ui.fonts import load_fonts
        from harit_desktop.ui.main_window import MainWindow
        from harit_desktop.ui.theme import ThemeController

        self.app = QApplication([])
        load_fonts()
        paths = DataPaths(folder)
        given = {"storage.backup_hours": 0, "storage.csv_mirror": False, "ui.prevent_sleep": False}
        self.engine = build_engine(paths, SettingsStore(paths.settings, given, {}), Redactor())
        self.window: MainWindow = MainWindow(self.engine, ThemeController(self.app, "light"))
        self.window.resize(1366, 768)
        self.window.show()
        self.engine.start()
        self._longest_s = 0.0
        self.until(lambda: self.engine.snapshot().store.opened)
        self.until(lambda: self.engine.live.devices())
        self.window.pages.show_page("history")
        self.until(lambda: self.window.presenter.history.page is not None)
        self.settle()

    @property
    def page(self) -> HistoryPage:
        page = self.window.presenter.history.page
        assert page is not None
        return page

    def turn(self) -> None:
        watch = Stopwatch()
        self.app.processEvents()
        self._longest_s = max(self._longest_s, watch.lap().own_s)
        time.sleep(0.001)

    def until(self, holds: Callable[[], object]) -> None:
        ends_s = time.monotonic() + WAIT_S
        while not holds() and time.monotonic() < ends_s:
            self.turn()

    def is_settled(self) -> bool:
        page = self.page
        return not (page._feed.incomplete or page.stack.moving or page._dirty) and not (
            page._draw_soon.isActive()
        )

    def settle(self) -> None:
        """Everything is read and painted, what is read ahead of the view too."""
        self.until(lambda: self.is_settled() and not self.page.busy)
        for _ in range(20):
            self.turn()
        self.until(lambda: self.is_settled() and not self.page.busy)

    def compare(self, count: int) -> list[str]:
        page, ids = self.page, list(window_farm.DEVICES[:count])
        page.set_focus(ids[0])
        for publisher_id in sorted(window_farm.DEVICES, key=lambda one: one in ids):
            # Those that leave first: there are only so many places.
            page._toggle(publisher_id, publisher_id in ids)
        self.settle()
        assert sorted(page.compared) == ids, page.compared
        return page.compared

    def request(self, key: str) -> tuple[float, float, float]:
        """Seconds until the first device was drawn, until all were, and of the longest turn."""
        page = self.page
        page.forget()
        self._longest_s, began_s = 0.0, time.monotonic()
        page.set_range(key)
        self._until_drawn(1)
        first_s = time.monotonic() - began_s
        self._until_drawn(len(page.compared))
        return first_s, time.monotonic() - began_s, self._longest_s

    def _until_drawn(self, count: int) -> None:
        page = self.page
        # Not those of which only the whole history is there, coarsely.
        self.until(lambda: sum(one in page._data._loaded for one in page.compared) >= count)
        read_s = time.monotonic()
        # What is read in the background meanwhile is not waited for.
        self.until(lambda: page._drawn_s > read_s or not page._dirty)
        self.turn()

    def pan(self, steps: int) -> tuple[list[Lap], float]:
        """How long each step took until it was painted, and seconds from the last one until
        the rest."""
        page, took = self.page, []
        by_us = -round((page.span.to_us - page.span.from_us) * PAN_SHARE)
        for _ in range(steps):
            watch, began_s, drawn_s = Stopwatch(), time.monotonic(), page._drawn_s
            page._pan(by_us, "wheel")
            while page._drawn_s == drawn_s and time.monotonic() - began_s < WAIT_S:
                self.app.processEvents()
            self.app.processEvents()
            took.append(watch.lap())
            self.turn()
        began_s = time.monotonic()
        self.until(self.is_settled)
        return took, time.monotonic() - began_s

    def end(self) -> None:
        self.window.quit()
        self.engine.stop(4.0)


def measure(folder: Path, rounds: int, compared: list[int], steps: int) -> None:
    from harit_desktop.ui.time_ranges import RANGES_S

    driver = Driver(folder)
    for count in compared:
        driver.compare(count)
        print(f"{count} compared, at {driver.page.stack.plot_width()} px (ms)")
        head = ["range", "first", "drawn", "worst", "turn", "pan p50", "p95", "max"]
        head += ["own p95", "rest"]
        print("".join(f"{text:>9}" for text in head))
        for key in RANGES_S:
            asked = []
            for _ in range(rounds):
                asked.append(driver.request(key))
                driver.settle()
            took, rest_s = driver.pan(steps)
            took_s = [lap.wall_s for lap in took]
            figures = (
                percentile([one[0] for one in asked], 0.5),
                percentile([one[1] for one in asked], 0.5),
                max(one[1] for one in asked),
                max(one[2] for one in asked),
                percentile(took_s, 0.5),
                percentile(took_s, 0.95),
                max(took_s),
                percentile([lap.own_s for lap in took], 0.95),
                rest_s,
            )
            print(f"{key:>9}" + "".join(f"{value_s * 1000:9.0f}" for value_s in figures))
            driver.settle()
    driver.end()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=window_farm.ROWS)
    parser.add_argument("--folder", type=Path, default=window_farm.FOLDER)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--devices", type=int, nargs="+", default=[1, 6], help="how many compared")
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--offscreen", action="store_true", help="no X server for the window")
    options = parser.parse_args()
    farm = window_farm.make(options.folder, options.rows)
    # Every clock of the process: ranges end now, and the store ended a while ago.
    behind_ns, clock_ns = time.time_ns() - window_farm.end_us(farm) * 1000, time.time_ns
    time.time_ns = lambda: clock_ns() - behind_ns
    with nullcontext() if options.offscreen else VirtualDisplay() as display:
        shown = {"DISPLAY": display.name} if display else {}
        os.environ |= {"QT_QPA_PLATFORM": "xcb" if display else "offscreen"} | shown
        measure(farm, options.rounds, options.devices, options.steps)


if __name__ == "__main__":
    main()

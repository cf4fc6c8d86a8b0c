"""How long the live page takes to draw: seven strips of three devices, a day at two seconds.

`python benchmarks/draw_strips.py [--width PX] [--height PX] [--frames N]`. Prints
milliseconds for a whole redraw (reduction and painting), for one without new readings, for
a cursor move and for a refresh of the headers, and the share of a core while idle.
"""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from PySide6.QtWidgets import QApplication

from harit_desktop.domain.analysis import Analysis, Band
from harit_desktop.domain.channels import CHANNELS
from harit_desktop.domain.device import DeviceState
from harit_desktop.domain.status import LinkState
from harit_desktop.pipeline.ring import LivePoints
from harit_desktop.ui.live_page import LivePage, SeriesData
from harit_desktop.ui.theme import ThemeController

NOW_US = 1_795_444_207_000_000
INTERVAL_US = 2_000_000
READINGS = 43_200
DEVICES = ("soil-01", "soil-02", "soil-03")
LIMITS = {channel.key: (0.0, 1e4, -1e4, 2e4) for channel in CHANNELS}


def noisy_day(seed: int) -> SeriesData:
    rng = np.random.default_rng(seed)
    times = NOW_US - np.arange(READINGS)[::-1] * INTERVAL_US
    starts = np.array([channel.start for channel in CHANNELS])
    steps = rng.normal(0, 1, (READINGS, len(CHANNELS))) * starts / 3000
    noise = rng.normal(0, 1, (READINGS, len(CHANNELS))) * starts / 300
    return SeriesData.from_arrays(times, starts + np.cumsum(steps, axis=0) + noise)


def state(name: str, series: SeriesData, received_us: int) -> DeviceState:
    analysis = Analysis(70, Band.GOOD, False, 0.0, (), (1,) * len(CHANNELS), "classic")
    values = tuple(float(value) for value in series.values[-1])
    at = int(series.time_us[-1])
    return DeviceState(name, at, received_us, values, analysis, False, "t", 2.0, 1)


def points(values: np.ndarray, time_us: int) -> LivePoints:
    return LivePoints(
        np.array([1]),
        np.array([time_us]),
        values[None, :],
        np.ones((1, len(CHANNELS)), np.uint8),
        np.array([70.0]),
        np.zeros(1, np.bool_),
    )


def costs_ms(work: Callable[[], None], frames: int) -> tuple[float, float]:
    """Median and best; the best is what the work costs when no one else wants the core."""
    work()
    costs = []
    for _ in range(frames):
        began = perf_counter()
        work()
        costs.append((perf_counter() - began) * 1000)
    return median(costs), min(costs)


class Bench:
    def __init__(self, app: QApplication, width: int, height: int) -> None:
        self.app = app
        self.page = LivePage()
        self.page.resize(width, height)
        self.series = {name: noisy_day(i) for i, name in enumerate(DEVICES)}
        self.states = [state(name, data, NOW_US) for name, data in self.series.items()]
        self.page.set_limits(LIMITS)
        self.page.set_link(LinkState.CONNECTED)
        self.page.set_focus(DEVICES[0])
        self.page.set_devices(self.states, NOW_US)
        for name, data in self.series.items():
            self.page.set_series(name, data)
        self.page.show()
        self.page.tick(NOW_US)
        self.app.processEvents()

    def whole(self) -> None:
        """Everything anew, as after a fetch of all three series."""
        for name, data in self.series.items():
            self.page.set_series(name, data)
        self.again()

    def again(self) -> None:
        """The same readings drawn once more, as when the view moves by a pixel."""
        self.page._draw_soon = True
        self.page.tick(NOW_US)
        self.app.processEvents()

    def cursor(self) -> None:
        self.page.strip("N").cursor_stepped.emit(-40)
        self.app.processEvents()

    def headers(self) -> None:
        self.page._refresh_headers()
        self.app.processEvents()

    def idle_share(self, seconds: int) -> float:
        """CPU seconds per second of three devices at 2 s, the clock at 10 Hz, in part real."""
        began, draws = process_time(), self.page.stack.draw_count
        for beat in range(seconds * 10):
            now_us = NOW_US + beat * 100_000
            if beat % 20 == 0:
                for name, data in self.series.items():
                    self.page.append_points(name, points(data.values[-1 - beat % 500], now_us))
                self.page.set_devices(
                    [state(name, data, now_us) for name, data in self.series.items()], now_us
                )
            self.page.tick(now_us)
            self.app.processEvents()
        self.draws = self.page.stack.draw_count - draws
        return (process_time() - began) / seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--width", type=int, default=840)
    parser.add_argument("--height", type=int, default=580)
    parser.add_argument("--frames", type=int, default=20)
    options = parser.parse_args()
    app = QApplication([])
    ThemeController(app, "light")
    bench = Bench(app, options.width, options.height)
    size = f"{options.width}x{options.height}"
    print(f"seven strips, {len(DEVICES)} devices, {READINGS} readings each, {size}")
    for label, work in (
        ("whole redraw of new series", bench.whole),
        ("redraw of the same readings", bench.again),
        ("cursor move", bench.cursor),
        ("header refresh", bench.headers),
    ):
        middle, best = costs_ms(work, options.frames)
        print(f"{label:32s}{middle:8.2f} ms median {best:8.2f} best")
    for key in ("24h", "15m"):
        bench.page.set_range(key)
        share = bench.idle_share(60)
        print(f"idle at {key:24s}{share * 100:8.2f} % of a core, {bench.draws} draws a minute")


if __name__ == "__main__":
    main()

"""Draws the live page and the side panels with made-up readings into PNG files.

For the eyes of whoever changes them: `python build_scripts/live_gallery.py OUT_DIR`.
"""

import argparse
import os
import re
import sys
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from msgspec import structs
from PySide6.QtCore import QLocale, Qt, QTranslator
from PySide6.QtWidgets import QApplication, QHBoxLayout, QVBoxLayout, QWidget

from harit_desktop.domain.analysis import Analysis, Contribution, Explanation, band_of
from harit_desktop.domain.channels import CHANNELS
from harit_desktop.domain.device import DeviceState
from harit_desktop.domain.errors import Problem
from harit_desktop.domain.status import (
    EngineStatus,
    LinkState,
    LinkStatus,
    PublisherState,
    PublisherStatus,
    StoreState,
    StoreStatus,
)
from harit_desktop.ui.live_page import LivePage, SeriesData
from harit_desktop.ui.panels.data_path import DataPathPanel
from harit_desktop.ui.panels.devices import DevicesPanel
from harit_desktop.ui.panels.soil_health import SoilHealthPanel
from harit_desktop.ui.theme import ThemeController

NOW_US = 1_795_444_207_000_000
STEP_S = 60
LIMITS = {
    "N": (195.0, 235.0, 180.0, 250.0),
    "P": (26.0, 36.0, 20.0, 45.0),
    "K": (180.0, 230.0, 150.0, 260.0),
    "CO2": (400.0, 1000.0, 300.0, 1200.0),
    "Temperature": (15.0, 28.0, 10.0, 32.0),
    "Moisture": (25.0, 40.0, 25.0, 45.0),
    "pH": (6.4, 7.0, 6.0, 7.5),
}
CENTRES = (212.0, 31.0, 207.0, 700.0, 22.0, 31.5, 6.7)


def made_up(seed: int, hours: float = 24, step_s: int = STEP_S, dry: bool = False) -> SeriesData:
    """A day of readings with daily cycles, an irrigation, a gap and, if `dry`, a drought."""
    rng = np.random.default_rng(seed)
    n = int(hours * 3600 / step_s)
    time_us = NOW_US - np.arange(n)[::-1] * step_s * 1_000_000
    hour = (time_us / 3.6e9) % 24
    day = np.sin((hour - 9) / 24 * 2 * np.pi)
    values = np.empty((n, len(CHANNELS)))
    spread = (7.0, 1.5, 8.0, 20.0, 0.6, 1.2, 0.06)
    for i, centre in enumerate(CENTRES):
        walk = np.cumsum(rng.normal(0, 1, n))
        walk -= np.linspace(walk[0], walk[-1], n)
        scale = spread[i] / max(np.ptp(walk), 1e-9)
        offset = rng.normal(0, 1) * spread[i]
        values[:, i] = centre + offset + walk * scale + rng.normal(0, spread[i] / 40, n)
    values[:, 3] += 140 * -day
    values[:, 4] += 3 * day
    wet = time_us > NOW_US - 17.5 * 3.6e9
    values[wet, 5] += 3 * np.exp(-(time_us[wet] - time_us[wet][0]) / (20 * 3.6e9))
    if dry:
        late = time_us > NOW_US - 2.6 * 3.6e9
        since = (time_us[late] - time_us[late][0]) / 3.6e9
        values[late, 5] -= 15 * (1 - np.exp(-since / 0.8))
    hole = (time_us > NOW_US - 15.2 * 3.6e9) & (time_us < NOW_US - 14.5 * 3.6e9)
    return SeriesData.from_arrays(time_us[~hole], values[~hole])


def device(name: str, series: SeriesData, index: int | None, age_s: float = 3) -> DeviceState:
    """The state that goes with the end of a series."""
    return DeviceState(
        publisher_id=name,
        timestamp_us=int(series.time_us[-1]),
        received_us=NOW_US - int(age_s * 1_000_000),
        values=tuple(float(value) for value in series.values[-1]),
        analysis=Analysis(index, band_of(index), False, 0.1, (), (1,) * 7, "classic"),
        simulated=False,
        topic="harit-samarth/sensor/data",
        interval_s=float(STEP_S),
        stored_readings=series.size,
    )


def explanation(values: tuple[tuple[str, float, float, bool], ...]) -> Explanation:
    """An explanation from (channel, earned, maximum, critical)."""
    parts = tuple(
        Contribution(key, 100 * earned / maximum, earned, maximum, critical)
        for key, earned, maximum, critical in values
    )
    return Explanation(sum(p.earned for p in parts), parts, 100 / 7, ())


CALM = explanation(
    (
        ("N", 12.6, 18, False),
        ("Moisture", 16.2, 20, False),
        ("P", 10.6, 14, False),
        ("K", 11.0, 14, False),
        ("CO2", 5.4, 8, False),
        ("Temperature", 10.1, 12, False),
        ("pH", 12.1, 14, False),
    )
)
DRY = explanation(
    (
        ("Moisture", 0.0, 20, True),
        ("N", 8.4, 18, False),
        ("CO2", 1.9, 8, False),
        ("P", 8.0, 14, False),
        ("Temperature", 6.1, 12, False),
        ("K", 8.2, 14, False),
        ("pH", 9.6, 14, False),
    )
)


STATUS = EngineStatus(
    link=LinkStatus(LinkState.CONNECTED, "192.168.1.20", 8883, tls=True),
    store=StoreStatus(StoreState.OK, "sqlite", True, rows=1_284_302, size_bytes=212_000_000),
    publisher=PublisherStatus(PublisherState.RUNNING, 3, 2.0),
)
TROUBLE = EngineStatus(
    link=LinkStatus(
        LinkState.LOST,
        "192.168.1.20",
        8883,
        since_us=NOW_US - 130_000_000,
        retry_at_us=NOW_US + 8_000_000,
    ),
    store=StoreStatus(StoreState.DOWN, opened=True, problem=Problem("store.full")),
    publisher=PublisherStatus(PublisherState.ERROR),
)


class Longer(QTranslator):
    """Stands in for a language whose words are 40 % longer."""

    def translate(
        self, context: str, text: str, disambiguation: str | None = None, n: int = -1
    ) -> str:
        if not re.search(r"[A-Za-z]", re.sub(r"{.*?}", "", text)):
            return text
        more = " abcdefgh" * len(text)
        return text + more[: max(1, round(len(text) * 0.4))]


class Gallery:
    """The page between its panels, as in the window."""

    def __init__(self, theme: ThemeController) -> None:
        self.theme = theme
        self.window = QWidget()
        self.window.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.window.setProperty("class", "panel")
        self.devices = DevicesPanel()
        self.path = DataPathPanel()
        self.health = SoilHealthPanel()
        self.page = LivePage()
        row = QHBoxLayout(self.window)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(1)
        left = QVBoxLayout()
        left.setSpacing(0)
        left.addWidget(self.devices, 1)
        left.addWidget(self.path)
        row.addLayout(left)
        row.addWidget(self.page, 1)
        row.addWidget(self.health)
        self.paint()

    def paint(self) -> None:
        """Takes the colours that the theme has now."""
        for panel in (self.devices, self.path, self.health, self.page):
            panel.set_tokens(self.theme.tokens)

    def fill(
        self,
        states: list[DeviceState],
        series: dict[str, SeriesData],
        focus: str,
        explained: Explanation,
        link: LinkState = LinkState.CONNECTED,
    ) -> None:
        """Shows devices with their series, one of them in focus."""
        self.devices.set_limits(LIMITS)
        self.devices.set_devices(states, NOW_US)
        self.devices.set_focus(focus)
        self.path.set_status(STATUS if link is LinkState.CONNECTED else TROUBLE, NOW_US)
        chosen = next(state for state in states if state.publisher_id == focus)
        self.health.set_reading(chosen, explained, NOW_US)
        times = series[focus].time_us[::10]
        index = 77 + np.sin(np.arange(times.size) / 9.0)
        if chosen.analysis.index is not None:
            index[-1] = chosen.analysis.index
        self.health.set_trend(times.tolist(), index.tolist())
        self.page.set_limits(LIMITS)
        self.page.set_link(link)
        self.page.set_focus(focus)
        self.page.set_devices(states, NOW_US)
        for name, data in series.items():
            self.page.set_series(name, data)

    def shoot(
        self, file: Path, width: int = 1366, height: int = 642, left: int = 236, right: int = 288
    ) -> None:
        """Grabs everything at a size, with panels of the given widths (0 hides one)."""
        for panel in (self.devices, self.path):
            panel.setFixedWidth(max(1, left))
        self.health.setVisible(right > 0)
        self.health.setFixedWidth(max(1, right))
        self.window.resize(width, height)
        self.window.show()
        QApplication.processEvents()
        self.page.tick(NOW_US)
        QApplication.processEvents()
        self.window.grab().save(str(file))


def calm(theme: ThemeController, out: Path) -> None:
    """Everything in order, in three window sizes and with the cursor."""
    gallery = Gallery(theme)
    series = {f"soil-0{i}": made_up(i) for i in (1, 2, 3, 4)}
    states = [
        device(name, data, index)
        for (name, data), index in zip(series.items(), (78, 74, 71, 69), strict=True)
    ]
    states[3] = device("soil-04", series["soil-04"], 69, age_s=360)
    gallery.fill(states, series, "soil-01", CALM)
    gallery.shoot(out / "calm_1366.png")
    for _ in range(200):
        gallery.page.strip("N").cursor_stepped.emit(-2)
    gallery.shoot(out / "calm_cursor_1366.png")
    gallery.shoot(out / "calm_1920.png", 1920, 950, 272, 340)
    gallery.shoot(out / "calm_1024.png", 1024, 514, 236, 0)
    made = [structs.replace(state, simulated=True) for state in states]
    gallery.page.stack.drop_cursor()
    gallery.page.set_frozen(True)
    gallery.fill(made, series, "soil-01", CALM)
    gallery.shoot(out / "simulated_frozen_1366.png")


def dry(theme: ThemeController, out: Path) -> None:
    """One channel beyond its alarm limit, in both schemes."""
    gallery = Gallery(theme)
    series = {f"soil-0{i}": made_up(i, dry=i == 2) for i in (1, 2, 3, 4)}
    states = [device(name, data, 74) for name, data in series.items()]
    low = Analysis(43, band_of(43), True, 0.9, ("Moisture",), (1,) * 7, "classic")
    states[1] = structs.replace(states[1], analysis=low)
    gallery.fill(states, series, "soil-02", DRY)
    gallery.shoot(out / "dry_light_1366.png")
    theme.set_scheme("dark")
    gallery.paint()
    gallery.shoot(out / "dry_dark_1366.png")


def trouble(theme: ThemeController, out: Path) -> None:
    """The link is lost, the store full, one channel missing and one impossible."""
    gallery = Gallery(theme)
    series = {f"soil-0{i}": made_up(i) for i in (1, 2)}
    series["soil-01"].values[300:320, 2] = 9999.0
    series["soil-01"].flags[300:320, 2] = 4
    cut = series["soil-01"].take(slice(0, -42))
    states = [device("soil-01", cut, 78, age_s=42 * 60), device("soil-02", series["soil-02"], 71)]
    gallery.fill(states, {**series, "soil-01": cut}, "soil-01", CALM, LinkState.LOST)
    gallery.shoot(out / f"trouble_{theme.tokens.name}_1366.png")
    values = (None, *states[1].values[1:6], 15.2)
    analysis = Analysis(None, band_of(None), True, 1.0, (), (9, 1, 1, 1, 1, 1, 4), "classic")
    states[1] = structs.replace(states[1], values=values, analysis=analysis)
    withheld = Explanation(None, CALM.contributions, 100 / 7, ("N", "pH"), "no_key_channel")
    gallery.fill(states, series, "soil-02", withheld)
    gallery.shoot(out / f"withheld_{theme.tokens.name}_1366.png")


def main() -> None:
    """Writes one PNG per scene."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    app = QApplication([])
    QLocale.setDefault(QLocale(QLocale.Language.English, QLocale.Country.India))
    theme = ThemeController(app, "light")
    calm(theme, out)
    dry(theme, out)
    trouble(theme, out)
    theme.set_scheme("light")
    Gallery(theme).shoot(out / "empty_light_1366.png")
    trouble(theme, out)
    longer = Longer()
    app.installTranslator(longer)
    theme.set_text_scale(1.25)
    (out / "longer").mkdir(exist_ok=True)
    calm(theme, out / "longer")
    trouble(theme, out / "longer")


if __name__ == "__main__":
    main()

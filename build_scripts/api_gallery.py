"""Draws the window in each state of the API fallback, with made-up states, into PNG files.

For the eyes of whoever changes it: `python build_scripts/api_gallery.py OUT_DIR`. Nothing
connects: the engine is not started, and its snapshot is replaced.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from types import MappingProxyType
from typing import Any
from unittest.mock import patch

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from msgspec import structs
from PySide6.QtCore import QLocale
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from harit_desktop.app import build_engine
from harit_desktop.domain.analysis import Analysis, band_of
from harit_desktop.domain.api import ApiTest
from harit_desktop.domain.channels import CHANNELS
from harit_desktop.domain.errors import Problem
from harit_desktop.domain.reading import AnalysedReading, Reading, Source, TimeSource
from harit_desktop.domain.status import (
    ApiForwardStatus,
    ApiState,
    ApiStatus,
    Counters,
    EngineStatus,
    ForwardState,
    LinkState,
    LinkStatus,
    LocalApiState,
    LocalApiStatus,
    PublisherRoute,
    PublisherState,
    PublisherStatus,
    StoreState,
    StoreStatus,
)
from harit_desktop.observability.redact import Redactor
from harit_desktop.runtime.engine import Engine
from harit_desktop.runtime.queries import QueryHandle
from harit_desktop.settings.paths import DataPaths
from harit_desktop.settings.store import SettingsStore
from harit_desktop.ui.fonts import load_fonts
from harit_desktop.ui.main_window import MainWindow
from harit_desktop.ui.theme import ThemeController

NOW_US = time.time_ns() // 1000
S = 1_000_000
STEP_S = 5
SPAN_S = 14 * 60
LOST_S = 5 * 60
SETTINGS = {
    "broker.host": "192.168.1.20",
    "broker.port": 8883,
    "api.url": "https://api.farm.example",
}
CENTRES = tuple(channel.start for channel in CHANNELS)

REFUSED = Problem("broker.refused", {"host": "192.168.1.20", "port": 8883})
GONE = Problem("broker.lost", {"host": "192.168.1.20", "port": 8883})
BUSY = Problem("api.busy", {"host": "api.farm.example", "status": 503, "seconds": 16})
SLOW = Problem("api.timeout", {"host": "api.farm.example", "seconds": 10})

LINK = LinkStatus(LinkState.CONNECTED, "192.168.1.20", 8883, tls=True, session_present=True)
LOST = structs.replace(
    LINK,
    state=LinkState.LOST,
    since_us=NOW_US - LOST_S * S,
    retry_at_us=NOW_US + 8 * S,
    problem=GONE,
)
STANDBY = ApiStatus(ApiState.STANDBY, "api.farm.example:443", checked_us=NOW_US - 40 * S)
IN_USE = ApiStatus(
    ApiState.IN_USE,
    "api.farm.example:443",
    since_us=NOW_US - 4 * 60 * S,
    checked_us=NOW_US - 4 * S,
    needed=True,
    readings=24,
)
DEAD = ApiStatus(
    ApiState.UNREACHABLE,
    "api.farm.example:443",
    retry_at_us=NOW_US + 16 * S,
    needed=True,
    problem=SLOW,
)
RUNNING = PublisherStatus(PublisherState.RUNNING, 3, 2.0, published=1200)
CALM = EngineStatus(
    link=LINK,
    store=StoreStatus(StoreState.OK, "sqlite", True, rows=12_302, size_bytes=212_000_000),
    publisher=RUNNING,
    api=STANDBY,
    counters=Counters(received=900, stored=900, msgs_per_s=0.8),
    last_received_us=NOW_US - 4 * S,
)


def changed(**parts: Any) -> EngineStatus:
    """All is well, but for these parts."""
    return structs.replace(CALM, **parts)


def publishing(route: PublisherRoute, **more: Any) -> PublisherStatus:
    """A publisher that runs, its readings on this way."""
    return structs.replace(RUNNING, route=route, **more)


API_ROUTE = publishing(PublisherRoute.API, via_api=96, waiting=2)
HOLDING = publishing(PublisherRoute.HOLDING, waiting=12, retry_at_us=NOW_US + 4 * S)

SCENES: MappingProxyType[str, EngineStatus] = MappingProxyType(
    {
        "standby": changed(
            api_forward=ApiForwardStatus(ForwardState.SENDING, "api.farm.example:443", sent=900),
            local_api=LocalApiStatus(LocalApiState.RUNNING, "127.0.0.1", 5000, answered=31),
        ),
        "checking": changed(api=ApiStatus(ApiState.CHECKING, "api.farm.example:443")),
        "lost_takes_over": changed(
            link=LOST,
            api=structs.replace(STANDBY, switch_at_us=NOW_US + 20 * S, needed=True),
            publisher=publishing(
                PublisherRoute.RETRYING, attempt=2, retry_at_us=NOW_US + 4 * S, waiting=1
            ),
        ),
        "in_use": changed(link=LOST, api=IN_USE, publisher=API_ROUTE),
        "going_back": changed(
            api=structs.replace(IN_USE, back_at_us=NOW_US + 40 * S),
            publisher=structs.replace(API_ROUTE, back_at_us=NOW_US + 35 * S, waiting=0),
        ),
        "both_down": changed(
            link=structs.replace(LOST, problem=REFUSED),
            api=DEAD,
            publisher=HOLDING,
            last_received_us=NOW_US - LOST_S * S,
            api_forward=ApiForwardStatus(
                ForwardState.WAITING,
                "api.farm.example:443",
                waiting=1_904,
                retry_at_us=NOW_US + 30 * S,
                problem=SLOW,
            ),
        ),
        "standby_unreachable": changed(
            api=structs.replace(DEAD, needed=False, problem=BUSY),
            local_api=LocalApiStatus(
                LocalApiState.FAILED,
                "127.0.0.1",
                5000,
                problem=Problem("local_api.port_busy", {"host": "127.0.0.1", "port": 5000}),
            ),
        ),
        "forward_refused": changed(
            api=structs.replace(
                DEAD,
                state=ApiState.REFUSED,
                needed=False,
                retry_at_us=None,
                problem=Problem("api.auth", {"host": "api.farm.example", "status": 401}),
            ),
            api_forward=ApiForwardStatus(
                ForwardState.REFUSED,
                "api.farm.example:443",
                problem=Problem("api.forward_own_database", {"database": "soil_health_db"}),
            ),
            publisher=publishing(PublisherRoute.API, via_api=5, waiting=0),
        ),
        "api_only": changed(link=LinkStatus(), api=IN_USE),
        "api_only_down": changed(link=LinkStatus(), api=structs.replace(DEAD, problem=BUSY)),
    }
)
WITHOUT_BROKER = ("in_use", "lost_takes_over", "both_down", "api_only", "api_only_down")


def fill(engine: Engine, name: str, seed: int, through_api: bool, silent: bool) -> None:
    """A quarter of an hour of readings, the end of it through the API every ten seconds, or
    none at all."""
    rng = np.random.default_rng(seed)
    made = []
    values = np.array(CENTRES) * (1 + seed / 40)
    for age_s in range(SPAN_S, 0, -STEP_S):
        values = values * (1 + rng.normal(0, 0.002, len(CHANNELS)))
        late = age_s < LOST_S
        if late and (silent or (through_api and age_s % 10 != 4 % STEP_S and age_s % 10)):
            continue
        at_us = NOW_US - (age_s - 1) * S
        reading = Reading(
            publisher_id=name,
            timestamp_us=at_us,
            received_us=at_us,
            values=tuple(float(v) for v in values),
            source=Source.API if late and through_api else Source.MQTT,
            time_source=TimeSource.SENT,
            topic="harit-samarth/sensor/data",
        )
        analysis = Analysis(74, band_of(74), False, 0.1, (), (1,) * len(CHANNELS), "classic")
        made.append(AnalysedReading(reading, analysis, bytes(32)))
    engine.live.publish(made)


class Stage:
    """A window on an engine that says what it is told to say."""

    def __init__(self, folder: Path, theme: ThemeController, out: Path) -> None:
        self._folder, self._theme, self._out = folder, theme, out

    def settle(self, window: MainWindow, seconds: float = 0.8) -> None:
        ends_s = time.monotonic() + seconds
        while time.monotonic() < ends_s:
            QApplication.processEvents()
            window.presenter.refresh()
            time.sleep(0.02)

    def shoot(self, scene: str, size: tuple[int, int], scheme: str) -> None:
        """One picture of the whole window."""
        window = self.window(scene, size, scheme)
        self.save(window, f"{scene}_{scheme}_{size[0]}")
        window.close()

    def save(self, widget: QWidget, name: str) -> None:
        file = self._out / f"{name}.png"
        widget.grab().save(str(file))
        print(file)

    def window(self, scene: str, size: tuple[int, int], scheme: str, **settings: Any) -> MainWindow:
        self._theme.set_scheme(scheme)
        mode = "api_only" if scene.startswith("api_only") else "auto"
        chosen = {**SETTINGS, "ui.theme": scheme, "api.mode": mode, **settings}
        paths = DataPaths(self._folder / f"{scene}-{size[0]}-{time.monotonic_ns()}")
        engine = build_engine(paths, SettingsStore(paths.settings, chosen, {}), Redactor())
        status = SCENES[scene]
        engine.snapshot = lambda: status  # type: ignore[method-assign]  # made-up states
        through_api = status.api.state is ApiState.IN_USE
        for seed, name in enumerate(("soil-01", "soil-02", "soil-03")):
            fill(engine, name, seed, through_api, scene in WITHOUT_BROKER and not through_api)
        window = MainWindow(engine, self._theme)
        window.resize(*size)
        window.show()
        window.presenter.build_live_page()
        window.presenter.set_range("15m")
        self.settle(window)
        return window

    def settings(self, scheme: str) -> None:
        """The two pages of the settings, and what a test says."""
        window = self.window("standby", (1366, 768), scheme)
        window.dialogs.open_settings("api")
        dialog = window.dialogs.settings
        assert dialog is not None
        self.settle(window, 0.3)
        self.save(dialog, f"settings_api_{scheme}")
        answers = {
            "ok": ApiTest(True, 84, 12_345, time.time_ns() // 1000 - 40 * S),
            "bad": ApiTest(False, 12, problem=Problem("api.auth", {"host": "x", "status": 401})),
        }
        for name, answer in answers.items():
            handle: QueryHandle[ApiTest] = QueryHandle()
            handle.finish(answer, None)
            dialog.api._ask = lambda _changes, _token, handle=handle: handle
            dialog.api.test.click()
            self.settle(window, 0.2)
            self.save(dialog, f"settings_api_{name}_{scheme}")
        dialog.open_page("local_api")
        fields = dialog.pages["local_api"].fields
        fields["local_api.enabled"].set_value(True)
        fields["local_api.host"].set_value("0.0.0.0")
        dialog.pages["local_api"].check()
        dialog._update_buttons()
        self.settle(window, 0.2)
        self.save(dialog, f"settings_local_api_{scheme}")
        dialog.reject()
        window.close()

    def menu(self) -> None:
        """The broker's menu with the three sources."""
        window = self.window("in_use", (1366, 768), "light")
        menu = window.toolbar.broker_button.menu()
        menu.popup(window.mapToGlobal(window.toolbar.broker_button.pos()))
        self.settle(window, 0.2)
        self.save(menu, "menu_broker")
        sources = window.actions_.source_group.actions()[0]
        inner = next(m for m in menu.findChildren(QMenu) if sources in m.actions())
        inner.popup(window.mapToGlobal(window.toolbar.broker_button.pos()))
        self.settle(window, 0.2)
        self.save(inner, "menu_source")
        menu.close()
        window.close()


def main() -> None:
    """Writes one PNG per scene, then a few in dark, small, and with larger text."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--scene", choices=(*SCENES, "settings", "menu"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    app = QApplication([])
    load_fonts()
    QLocale.setDefault(QLocale(QLocale.Language.English, QLocale.Country.India))
    theme = ThemeController(app, "light")
    # Time stands still, or a state of the last picture would be older than that of the first.
    still = patch.object(time, "time_ns", lambda: NOW_US * 1000)
    with tempfile.TemporaryDirectory() as folder, still:
        stage = Stage(Path(folder), theme, options.out)
        for scene in SCENES:
            if options.scene in (None, scene):
                stage.shoot(scene, (1366, 768), "light")
        if options.scene in (None, "settings"):
            stage.settings("light")
            stage.settings("dark")
        if options.scene in (None, "menu"):
            stage.menu()
        if options.scene is None:
            stage.shoot("in_use", (1366, 768), "dark")
            stage.shoot("both_down", (1024, 640), "dark")
            stage.shoot("in_use", (1920, 1080), "light")


if __name__ == "__main__":
    main()

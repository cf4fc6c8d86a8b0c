"""Widgets without a screen: every Qt warning and every window left open fails its test."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QLocale, QtMsgType
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from harit_desktop.app import build_engine
from harit_desktop.observability.redact import Redactor
from harit_desktop.runtime.engine import Engine
from harit_desktop.settings.paths import DataPaths
from harit_desktop.settings.store import SettingsStore
from harit_desktop.ui.main_window import MainWindow
from harit_desktop.ui.theme import ThemeController

# What the offscreen platform says of itself, not of a fault in a widget.
HARMLESS = ("This plugin does not support propagateSizeHints()",)
FAILING = (QtMsgType.QtWarningMsg, QtMsgType.QtCriticalMsg, QtMsgType.QtFatalMsg)


@pytest.fixture(autouse=True)
def quiet_qt(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fails a test in which Qt complained."""
    yield
    log = getattr(request.node, "qt_log_capture", None)
    records = log.records if log is not None else []
    said = [r.message for r in records if r.type in FAILING and r.message not in HARMLESS]
    assert said == []


_TESTS_PER_COLLECTION = 10
_HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def cycles_end_on_the_main_thread(qapp: QApplication) -> Iterator[None]:
    """As in the program (`ui.garbage`): a worker's thread that happens to make the object which
    starts the collector would destroy the widgets of earlier windows under Qt's feet."""
    gc.disable()
    yield
    _ran.append(None)
    if len(_ran) % _TESTS_PER_COLLECTION == 0:
        gc.collect()


_ran: list[None] = []


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    """The tests of other folders get the collector back: without it, sockets and files that
    only cycles hold stay open until the process has no more of them."""
    if nextitem is None or _HERE not in nextitem.path.parents:
        gc.collect()
        gc.enable()


@pytest.fixture(autouse=True)
def no_window_left_open(qapp: QApplication) -> Iterator[None]:
    """Fails a test that leaves a visible window for the next one."""
    yield
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    left = [window for window in QApplication.topLevelWidgets() if window.isVisible()]
    names = [window.objectName() or type(window).__name__ for window in left]
    for window in left:
        window.close()
    assert names == []


@pytest.fixture(autouse=True)
def american_numbers() -> Iterator[None]:
    """Numbers and dates as in the United States, wherever the tests run."""
    before = QLocale()
    QLocale.setDefault(QLocale(QLocale.Language.English, QLocale.Country.UnitedStates))
    yield
    QLocale.setDefault(before)


@pytest.fixture(scope="session")
def theme(qapp: QApplication) -> ThemeController:
    """One look for all tests, in the light scheme."""
    return ThemeController(qapp, "light")


EngineMaker = Callable[..., Engine]


@pytest.fixture
def make_engine(tmp_path: Path) -> Iterator[EngineMaker]:
    """Builds real engines on real files; `make_engine(start=True, **{"broker.port": 1})`.

    The engine does not connect unless a broker was chosen among the settings.
    """
    made: list[Engine] = []

    def make(start: bool = True, folder: str = "data", **settings: Any) -> Engine:
        paths = DataPaths(tmp_path / folder)
        # No test is to keep the computer awake that it runs on.
        settings = {"ui.prevent_sleep": False, **settings}
        engine = build_engine(paths, SettingsStore(paths.settings, settings, {}), Redactor())
        made.append(engine)
        if start:
            engine.start()
        return engine

    yield make
    for engine in made:
        engine.stop(4.0)


WindowMaker = Callable[..., MainWindow]


@pytest.fixture
def make_window(
    qtbot: QtBot, theme: ThemeController, make_engine: EngineMaker
) -> Iterator[WindowMaker]:
    """Shows a window around an engine; `make_window(engine=..., size=(w, h))`."""
    windows: list[MainWindow] = []

    def make(
        engine: Engine | None = None, size: tuple[int, int] = (1366, 768), **settings: Any
    ) -> MainWindow:
        engine = engine or make_engine(**settings)
        window = MainWindow(engine, theme)
        windows.append(window)
        window.resize(*size)
        window.show()
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow)
        return window

    yield make
    for window in windows:
        window.quit()
        window.deleteLater()

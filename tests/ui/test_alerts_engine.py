"""Banner and page with the real engine: what a click asks for becomes so, and is stored."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QMainWindow, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from harit_desktop.domain.alert import AlertChange, AlertState, AlertTransition
from harit_desktop.settings.paths import DataPaths
from harit_desktop.storage.alert_store import AlertStore
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.ui.alerts.alert_center import AlertCenter
from harit_desktop.ui.theme import ThemeController
from tests.ui.alert_samples import MIN_US, alert, ended
from tests.ui.conftest import EngineMaker


def _stored(folder: Path) -> AlertStore:
    """A store in which an alert of an hour ago is open and another is over."""
    now_us = time.time_ns() // 1000
    path = DataPaths(folder).database
    journal = SqliteJournal(path, lambda: now_us, busy_ms=500)
    journal.open()
    journal.close()
    store = AlertStore(path)
    begun_us = now_us - 60 * MIN_US
    alerts = (
        ended(1, raised_us=begun_us - 600 * MIN_US, ended_us=begun_us - 500 * MIN_US),
        alert(2, raised_us=begun_us, told_us=begun_us),
    )
    store.save(alerts, [AlertTransition(2, begun_us, AlertChange.RAISED)])
    return store


def test_an_alert_of_an_earlier_run_is_acknowledged_in_the_window(
    qtbot: QtBot, theme: ThemeController, make_engine: EngineMaker, tmp_path: Path
) -> None:
    store = _stored(tmp_path / "data")
    engine = make_engine(start=True, **{"alerts.person": "Asha"})
    window = QMainWindow()
    qtbot.addWidget(window)
    center = AlertCenter(engine, theme, window)
    middle = QWidget()
    column = QVBoxLayout(middle)
    column.addWidget(center.banner)
    column.addWidget(center.page)
    window.setCentralWidget(middle)
    center.page.hide()
    window.show()

    def until(holds: Callable[[], bool]) -> None:
        def beat() -> bool:
            center.poll(time.time_ns() // 1000, True)
            return holds()

        qtbot.waitUntil(beat, timeout=8000)

    until(lambda: center.banner.isVisible() and center.banner.alert is not None)
    center.page.show()
    # The page says it itself.
    until(lambda: not center.banner.isVisible() and center.page.model.total == 2)
    center.page.hide()
    until(center.banner.isVisible)
    qtbot.mouseClick(center.banner.acknowledge, Qt.MouseButton.LeftButton)
    until(lambda: not center.banner.isVisible())
    until(lambda: store.find([2])[0].acknowledged_us is not None)
    found = store.find([2])[0]
    assert (found.state, found.acknowledged_by) == (AlertState.ACTIVE_ACKNOWLEDGED, "Asha")
    center.page.show()
    until(lambda: center.page.model.find(2) == found)
    assert [line.change for line in store.read_log(2)][-1] is AlertChange.ACKNOWLEDGED
    QApplication.processEvents()

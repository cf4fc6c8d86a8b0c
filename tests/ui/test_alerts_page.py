"""The Alerts page: what it lists, what it says of one, and what a click asks for."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QItemSelectionModel, QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLabel, QLineEdit, QMainWindow, QWidget
from pytestqt.qtbot import QtBot

from harit_desktop.domain.alert import RuleKind
from harit_desktop.runtime.commands import AcknowledgeAlerts, MuteAlert, NoteAlert, SeeEnded
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.ui.alerts.alert_center import AlertCenter
from harit_desktop.ui.alerts.alert_filter import Shown
from harit_desktop.ui.alerts.alert_model import AlertModel, Column
from harit_desktop.ui.theme import LIGHT, ThemeController
from tests.storage.builders import make_item
from tests.ui.alert_samples import (
    BOOK,
    HOUR_US,
    MIN_US,
    NOW_US,
    AlertHouse,
    alert,
    ended,
    silent,
)


class Opened:
    """The page in a window of its own, and the stand-in of the engine."""

    def __init__(self, qtbot: QtBot, theme: ThemeController, path: Path) -> None:
        self.qtbot = qtbot
        self.house = AlertHouse(path)
        self.window = QMainWindow()
        self.center = AlertCenter(self.house, theme, self.window)
        self.page = self.center.page
        self.now_us = NOW_US
        self.window.setCentralWidget(self.page)
        self.window.resize(1130, 640)
        qtbot.addWidget(self.window)
        self.window.show()
        self.window.activateWindow()
        qtbot.waitUntil(self.window.isActiveWindow)

    def beat(self, seconds: int = 1) -> None:
        self.now_us += seconds * 1_000_000
        self.center.poll(self.now_us, True)

    def settle(self) -> None:
        """Until the store has been read."""
        self.beat()
        self.qtbot.wait(30)
        for _ in range(5):
            self.beat()
            self.qtbot.wait(10)

    def ids(self) -> list[int]:
        model = self.page.model
        return [model.alert_at(row).id for row in range(model.rowCount())]

    def choose(self, alert_id: int) -> None:
        row = self.page.model.row_of(alert_id)
        assert row is not None
        flags = QItemSelectionModel.SelectionFlag
        self.page.table.selectionModel().setCurrentIndex(
            self.page.model.index(row, 0), flags.ClearAndSelect | flags.Rows
        )

    def find(self, name: str) -> QWidget:
        found = self.page.findChild(QWidget, name)
        assert found is not None, name
        return found

    def click(self, name: str) -> None:
        button = self.find(name)
        assert isinstance(button, QAbstractButton)
        assert button.isVisible(), name
        self.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)

    def label(self, name: str) -> str:
        found = self.find(name)
        assert isinstance(found, QLabel)
        return found.text() if found.isVisible() else ""


@pytest.fixture
def store_path(tmp_path: Path) -> Path:
    path = tmp_path / "harit.db"
    journal = SqliteJournal(path, lambda: NOW_US, busy_ms=100)
    journal.open()
    journal.close()
    return path


@pytest.fixture
def opened(qtbot: QtBot, theme: ThemeController, store_path: Path) -> Iterator[Opened]:
    made = Opened(qtbot, theme, store_path)
    yield made
    made.window.close()
    made.house.queries.stop(2.0)


def test_the_model_keeps_the_rules_of_qt(qapp: object) -> None:
    model = AlertModel(LIGHT)
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    model.set_book(BOOK)
    model.set_alerts([alert(), silent(), ended()], NOW_US)
    assert [model.alert_at(row).id for row in range(2)] == [1, 2]
    model.set_alerts([silent()], NOW_US)
    assert model.rowCount() == 1


def test_what_goes_on_comes_first_and_what_is_over_is_under_all(opened: Opened) -> None:
    opened.house.put(ended(5), silent(2), alert(1))
    opened.settle()
    assert opened.ids() == [1, 2]
    assert opened.find("button.alerts.show.open").text() == "Open 2"
    opened.click("button.alerts.show.all")
    assert opened.ids() == [1, 2, 5]
    opened.click("button.alerts.show.acknowledged")
    assert opened.ids() == [5]


def test_the_filter_by_text_device_and_time(opened: Opened) -> None:
    old = ended(6, raised_us=NOW_US - 20 * 24 * HOUR_US, ended_us=NOW_US - 19 * 24 * HOUR_US)
    opened.house.put(old, ended(5), silent(2), alert(1))
    opened.settle()
    opened.click("button.alerts.show.all")
    assert opened.ids() == [1, 2, 5]
    times, devices = opened.find("combo.alerts.time"), opened.find("combo.alerts.device")
    assert isinstance(times, QComboBox)
    assert isinstance(devices, QComboBox)
    times.setCurrentIndex(times.findText("All times"))
    times.activated.emit(0)
    opened.settle()
    assert opened.ids() == [1, 2, 5, 6]
    devices.setCurrentIndex(devices.findText("North plot"))
    devices.activated.emit(0)
    assert opened.ids() == [2]
    devices.setCurrentIndex(0)
    devices.activated.emit(0)
    edit = opened.find("edit.alerts.filter")
    assert isinstance(edit, QLineEdit)
    edit.setText("canal office")
    opened.qtbot.waitUntil(lambda: opened.ids() == [5, 6])
    edit.setText("nothing like it")
    opened.qtbot.waitUntil(lambda: opened.ids() == [])
    assert opened.label("label.alerts.empty") == "No alert matches the filter."


def test_acknowledging_the_selected_rows(opened: Opened) -> None:
    opened.house.put(silent(2), alert(1))
    opened.settle()
    opened.page.table.selectAll()
    opened.click("button.alerts.ack")
    assert opened.house.sent == [AcknowledgeAlerts((1, 2))]
    # What is acknowledged needs it no more; its colour stays.
    opened.house.put(silent(2), alert(1, acknowledged_us=NOW_US, acknowledged_by="Asha"))
    opened.settle()
    opened.choose(1)
    assert not opened.find("button.alerts.ack").isEnabled()
    assert opened.page.model.text(opened.page.selected[0], Column.SEVERITY) == "Critical"


def test_the_detail_pane_says_rule_end_and_what_was_told(opened: Opened) -> None:
    opened.house.put(alert(1))
    opened.settle()
    assert opened.label("label.alert.title") == "Canal side · Moisture below 25 %"
    assert opened.label("label.alert.rule") == "Moisture below 25 % for 1 min (3 readings)"
    assert opened.label("label.alert.clears") == "at 26 % for 5 min"
    assert opened.label("label.alert.told").startswith("On screen")
    assert "began" in opened.label("label.alert.course")
    opened.click("button.alert.ack")
    opened.click("button.alert.mute")
    assert opened.house.sent == [AcknowledgeAlerts((1,)), MuteAlert(1)]
    opened.house.put(alert(1, muted_until_us=NOW_US + HOUR_US))
    opened.settle()
    assert "Muted until" in opened.label("label.alert.told")
    assert not opened.find("button.alert.mute").isEnabled()


def test_the_chart_shows_the_stored_readings_around_the_onset(
    opened: Opened, store_path: Path
) -> None:
    journal = SqliteJournal(store_path, lambda: NOW_US, busy_ms=100)
    journal.open()
    values = [30.0] * 30 + [20.0] * 30
    items = [
        make_item(
            n,
            publisher_id="soil-02",
            time_us=NOW_US - (60 - n) * MIN_US,
            values=(1.0, 1.0, 1.0, 400.0, 20.0, value, 7.0),
        )
        for n, value in enumerate(values)
    ]
    journal.commit(items)
    journal.close()
    opened.house.put(alert(1, raised_us=NOW_US - 30 * MIN_US))
    opened.settle()
    chart = opened.page.detail.chart
    assert chart is not None
    opened.qtbot.waitUntil(lambda: (opened.beat(), chart.points == 60)[1])
    assert "20.0 % now." in opened.label("label.alert.text")
    assert chart.accessibleName() == "Moisture of Canal side around the alert"
    assert chart.accessibleDescription() == "From 20.0 % to 30.0 %, limit 25 %"
    image = chart.grab().toImage()
    colors = {
        image.pixelColor(x, y).name()
        for x in range(0, image.width(), 2)
        for y in range(0, image.height(), 2)
    }
    assert LIGHT.crit.lower() in colors


def test_what_is_over_is_told_as_the_past(opened: Opened) -> None:
    lost = silent(
        7,
        code="system.store",
        kind=RuleKind.SYSTEM,
        publisher_id="",
        seen_us=NOW_US,
        ended_us=NOW_US - MIN_US,
    )
    opened.house.put(ended(5), lost)
    opened.settle()
    opened.click("button.alerts.show.all")
    opened.choose(7)
    assert opened.label("label.alert.text") == "It is over. New readings could not be saved."
    assert not opened.find("button.alert.ack").isVisible()
    assert not opened.find("button.alert.history").isVisible()
    chart = opened.page.detail.chart
    assert chart is None or not chart.isVisible()
    opened.choose(5)
    assert "the lowest was 16.4 %." in opened.label("label.alert.text")
    assert opened.label("label.alert.acknowledged").startswith("Farm office")


def test_see_in_history_names_device_and_time(opened: Opened) -> None:
    asked: list[tuple[str, int, int]] = []
    opened.center.history_asked.connect(lambda *all_of_it: asked.append(all_of_it))
    opened.house.put(alert(1))
    opened.settle()
    opened.click("button.alert.history")
    device, from_us, to_us = asked[0]
    assert device == "soil-02"
    assert from_us < alert(1).raised_us < to_us <= opened.now_us


def test_a_note_is_written_and_can_be_given_up(opened: Opened) -> None:
    opened.house.put(alert(1))
    opened.settle()
    opened.click("button.alert.note")
    edit = opened.find("edit.alert.note")
    opened.qtbot.keyClicks(edit, "canal gate shut")
    opened.beat()
    assert edit.isVisible()
    opened.qtbot.keyClick(edit, Qt.Key.Key_Escape)
    assert opened.house.sent == []
    opened.click("button.alert.note")
    opened.qtbot.keyClicks(edit, "canal gate shut")
    opened.qtbot.keyClick(edit, Qt.Key.Key_Return)
    assert opened.house.sent == [NoteAlert(1, "canal gate shut")]
    opened.house.put(alert(1, note="<b>shut</b>"))
    opened.settle()
    assert opened.label("label.alert.note") == "<b>shut</b>"


def test_what_is_over_is_seen_when_somebody_goes_on(opened: Opened) -> None:
    over = alert(3, ended_us=NOW_US - MIN_US)
    opened.house.put(over, alert(1))
    opened.settle()
    opened.choose(3)
    opened.beat()
    assert opened.house.sent == []
    assert opened.find("button.alert.ack").text() == "Mark as seen"
    opened.choose(1)
    assert opened.house.sent == [SeeEnded((3,))]


def test_the_chosen_row_stays_while_others_come_and_go(opened: Opened) -> None:
    opened.house.put(silent(2), alert(1))
    opened.settle()
    opened.choose(2)
    opened.house.put(alert(9, raised_us=NOW_US), silent(2), alert(1))
    opened.settle()
    assert opened.ids() == [9, 1, 2]
    assert [one.id for one in opened.page.selected] == [2]
    # It ends and would not be open any more: it stays as long as it is read.
    opened.house.put(silent(2, ended_us=NOW_US, seen_us=NOW_US), alert(1))
    opened.settle()
    assert 2 in opened.ids()
    opened.choose(1)
    opened.settle()
    assert 2 not in opened.ids()


def test_a_flood_lists_what_it_stands_for(opened: Opened) -> None:
    flood = alert(
        20,
        code="many",
        rule_id="flood",
        kind=RuleKind.SYSTEM,
        publisher_id="",
        channel="",
        flood=2,
        value=None,
        limit=None,
        worst=None,
    )
    opened.house.put(flood, alert(1, flood_id=20), silent(2, flood_id=20))
    opened.settle()
    assert opened.ids() == [20]
    assert "Canal side, Moisture: Fell to 16.4 %" in opened.label("label.alert.text")
    opened.click("button.alerts.show.all")
    assert set(opened.ids()) == {20, 1, 2}
    assert not opened.find("button.alert.mute").isVisible() or opened.page.detail.alert != flood


def test_copy_and_export_are_complete(opened: Opened, tmp_path: Path) -> None:
    opened.house.put(ended(5, note="=1+1"), silent(2), alert(1))
    opened.settle()
    opened.page.table.selectRow(0)
    opened.page.table.setFocus()
    opened.qtbot.keyClick(opened.page.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert "Canal side\tMoisture\tFell to 16.4 %" in QGuiApplication.clipboard().text()
    out = tmp_path / "alerts.csv"
    opened.page.export_asked.emit(out, None)
    opened.qtbot.waitUntil(
        lambda: (opened.beat(), "Saved 3 alerts" in opened.label("label.alerts.export"))[1]
    )
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert [row["id"] for row in rows] == ["5", "2", "1"]
    assert rows[0]["note"] == "'=1+1"
    opened.page.export_asked.emit(tmp_path / "none" / "alerts.csv", "soil-02")
    opened.qtbot.waitUntil(lambda: (opened.beat(), "▲" in opened.label("label.alerts.export"))[1])


@pytest.mark.parametrize(("width", "scale"), [(1130, 1.0), (788, 1.0), (788, 1.5)])
def test_nothing_is_cut_in_a_narrow_page(
    opened: Opened, theme: ThemeController, width: int, scale: float
) -> None:
    theme.set_text_scale(scale)
    try:
        opened.window.resize(width, 500)
        opened.house.put(silent(2), alert(1))
        opened.settle()
        assert opened.window.width() == width
        for button in opened.page.findChildren(QAbstractButton):
            if button.isVisible() and button.window() is opened.window:
                assert button.width() >= button.sizeHint().width() - 1, button.objectName()
                right = button.mapTo(opened.window, QPoint(button.width(), 0)).x()
                assert right <= opened.window.width(), button.objectName()
        table = opened.page.table
        started = table.columnWidth(Column.STARTED)
        text = opened.page.model.text(opened.page.model.alert_at(0), Column.STARTED)
        assert table.fontMetrics().horizontalAdvance(text) <= started
        assert table.columnWidth(Column.WHAT) >= 150
    finally:
        theme.set_text_scale(1.0)


def test_every_control_has_a_name(opened: Opened) -> None:
    opened.house.put(alert(1))
    opened.settle()
    for widget in opened.page.findChildren(QWidget):
        if widget.isVisible() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
            text = widget.text() if isinstance(widget, QAbstractButton) else ""
            assert widget.accessibleName() or text, (widget.objectName(), type(widget).__name__)


def test_a_value_that_gets_worse_moves_nothing(opened: Opened) -> None:
    opened.house.put(silent(2), alert(1))
    opened.settle()
    opened.choose(2)
    for worst in (16.0, 15.0, 14.0):
        opened.house.put(silent(2), alert(1, worst=worst))
        opened.beat()
        assert [one.id for one in opened.page.selected] == [2]
    assert "14.0 %" in opened.page.model.text(opened.page.model.alert_at(0), Column.WHAT)
    assert opened.page.bar.filter.shown is Shown.OPEN

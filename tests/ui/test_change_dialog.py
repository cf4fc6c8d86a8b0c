"""The question before a database that is not ours is changed."""

from __future__ import annotations

import pytest
from msgspec import structs
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from harit_desktop.domain.status import DatabaseChange, ServerState, ServerStatus
from harit_desktop.ui.change_dialog import ChangeDialog, dump_command
from harit_desktop.ui.theme import ThemeController

CHANGE = DatabaseChange(
    "adopt",
    "soil_health_db",
    12_340,
    ("harit_store",),
    ("sensor_readings.publisher_id", "sensor_readings.timestamp_us"),
)
SERVER = ServerStatus(ServerState.CONSENT, "10.0.0.5", 3306, "soil_health_db", change=CHANGE)


class Opened:
    """An open dialog, the server's state behind it, and how often it approved."""

    def __init__(self, qtbot: QtBot, server: ServerStatus = SERVER) -> None:
        self.qtbot = qtbot
        self.server = server
        self.approvals = 0
        self.dialog = ChangeDialog(lambda: self.server, "harit", self._approve)
        qtbot.addWidget(self.dialog)
        self.dialog.open()
        qtbot.waitExposed(self.dialog)

    def _approve(self) -> None:
        self.approvals += 1

    def text(self, name: str) -> str:
        label = self.dialog.findChild(QLabel, f"dialog.change.{name}")
        return label.text()

    def listed(self) -> str:
        return self.dialog.findChild(QPlainTextEdit, "dialog.change.list").toPlainText()

    def click(self, name: str) -> None:
        button = self.dialog.findChild(QPushButton, f"dialog.change.{name}")
        self.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


@pytest.fixture
def opened(qtbot: QtBot, theme: ThemeController) -> Opened:
    return Opened(qtbot)


def test_it_names_the_database_and_every_addition(opened: Opened) -> None:
    assert opened.dialog.windowTitle() == "Use the existing database?"
    assert opened.text("heading") == 'Use the existing database "soil_health_db" on 10.0.0.5?'
    assert "12,340 readings of another program" in opened.text("summary")
    lines = [line.strip() for line in opened.listed().splitlines()]
    assert lines == [
        "New columns: 2",
        "sensor_readings.publisher_id",
        "sensor_readings.timestamp_us",
        "New tables: 1",
        "harit_store",
    ]
    assert "Nothing is removed or renamed" in opened.text("promises")
    assert "keep working" in opened.text("promises")
    command = opened.dialog.findChild(QPlainTextEdit, "dialog.change.command").toPlainText()
    assert command.startswith("mysqldump --single-transaction -h 10.0.0.5 -P 3306 -u harit -p ")


def test_a_yes_approves_once_and_closes(opened: Opened) -> None:
    opened.click("add")
    assert opened.approvals == 1
    assert not opened.dialog.isVisible()


def test_not_now_is_what_enter_and_escape_do(opened: Opened, qtbot: QtBot) -> None:
    assert opened.dialog.findChild(QPushButton, "dialog.change.notNow").isDefault()
    qtbot.keyClick(opened.dialog, Qt.Key.Key_Return)
    assert opened.approvals == 0
    assert not opened.dialog.isVisible()


def test_a_yes_does_not_count_for_another_change(opened: Opened) -> None:
    more = structs.replace(CHANGE, columns=(*CHANGE.columns, "sensor_readings.topic"))
    opened.server = structs.replace(SERVER, change=more)
    opened.click("add")
    assert opened.approvals == 0
    assert opened.dialog.isVisible()
    assert "sensor_readings.topic" in opened.listed()
    opened.click("add")
    assert opened.approvals == 1


def test_it_closes_where_nothing_is_asked_any_more(opened: Opened) -> None:
    opened.dialog.poll()
    assert opened.dialog.isVisible()
    opened.server = structs.replace(SERVER, state=ServerState.READY, change=None)
    opened.dialog.poll()
    assert not opened.dialog.isVisible()
    assert opened.approvals == 0


def test_an_older_version_of_ours_is_an_update(qtbot: QtBot, theme: ThemeController) -> None:
    change = structs.replace(CHANGE, kind="migrate", tables=())
    opened = Opened(qtbot, structs.replace(SERVER, change=change))
    assert opened.dialog.windowTitle() == "Update the database?"
    assert "New tables" not in opened.listed()


def test_names_from_outside_stay_text_and_safe(qtbot: QtBot, theme: ThemeController) -> None:
    change = structs.replace(CHANGE, database="<b>x</b>", columns=("a.<img src=x>",))
    opened = Opened(qtbot, structs.replace(SERVER, change=change))
    assert "<b>x</b>" in opened.text("heading")
    for label in opened.dialog.findChildren(QLabel):
        assert label.textFormat() == Qt.TextFormat.PlainText
    command = dump_command(structs.replace(SERVER, database="a; rm -rf ~"), "x'y")
    assert "'a; rm -rf ~'" in command
    assert command.endswith("> 'a; rm -rf ~.sql'")


def test_every_control_has_a_spoken_name(opened: Opened) -> None:
    nameless = [
        widget.objectName()
        for widget in opened.dialog.findChildren(QWidget)
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and widget.isVisible()
        and not (widget.accessibleName() or getattr(widget, "text", str)())
    ]
    assert nameless == []

"""The device dialog: name, zone and the list; the id is never touched."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from harit_desktop.domain.device_book import DeviceBook, DeviceRecord
from harit_desktop.runtime.commands import Command, SaveDevice
from harit_desktop.runtime.engine import Engine
from harit_desktop.ui.device_dialog import DeviceDialog
from harit_desktop.ui.device_names import device_label
from harit_desktop.ui.theme import ThemeController
from tests.ui.conftest import EngineMaker, WindowMaker

RECORDS = (
    DeviceRecord("probe-1", "North plot", "north", position=3),
    DeviceRecord("probe-2", "", "north"),
    DeviceRecord("probe-3", "Canal", "canal", hidden=True),
    DeviceRecord("probe-4"),
)


class Opened:
    def __init__(self, qtbot: QtBot, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
        self.qtbot = qtbot
        self.sent: list[Command] = []
        self.book = DeviceBook({record.publisher_id: record for record in RECORDS})
        monkeypatch.setattr(Engine, "book", property(lambda _: self.book))
        monkeypatch.setattr(engine, "submit", self.sent.append)
        self.dialog = DeviceDialog(engine, "probe-1")
        qtbot.addWidget(self.dialog)
        self.dialog.open()
        qtbot.waitExposed(self.dialog)

    def save(self) -> None:
        save = self.dialog.findChild(QPushButton, "dialog.device.save")
        self.qtbot.mouseClick(save, Qt.MouseButton.LeftButton)

    def neighbours(self) -> str:
        return self.dialog.findChild(QLabel, "dialog.device.neighbours").text()


@pytest.fixture
def opened(
    qtbot: QtBot,
    theme: ThemeController,
    make_engine: EngineMaker,
    monkeypatch: pytest.MonkeyPatch,
) -> Opened:
    return Opened(qtbot, make_engine(start=False), monkeypatch)


def test_it_saves_what_was_changed_and_keeps_id_and_place(opened: Opened) -> None:
    dialog = opened.dialog
    assert dialog.name_edit.text() == "North plot"
    dialog.name_edit.setText("  North\u202e  field ")
    dialog.zone.setEditText("canal")
    dialog.hidden.setChecked(True)
    opened.save()
    assert opened.sent == [
        SaveDevice(DeviceRecord("probe-1", "North field", "canal", True, position=3))
    ]
    assert not dialog.isVisible()


def test_nothing_changed_is_nothing_saved(opened: Opened) -> None:
    opened.dialog.choose("probe-2")
    opened.save()
    assert opened.sent == []


def test_cancel_keeps_what_was(opened: Opened) -> None:
    opened.dialog.name_edit.setText("Other")
    opened.dialog.reject()
    assert opened.sent == []


def test_a_hidden_device_comes_back_and_edits_of_both_are_saved(opened: Opened) -> None:
    dialog = opened.dialog
    dialog.name_edit.setText("A")
    assert dialog.devices.itemText(2) == "probe-3 (hidden)"
    dialog.choose("probe-3")
    assert dialog.name_edit.text() == "Canal"
    dialog.hidden.setChecked(False)
    dialog.choose("probe-1")
    assert dialog.name_edit.text() == "A"
    opened.save()
    saved = {c.record.publisher_id: c.record for c in opened.sent if isinstance(c, SaveDevice)}
    assert saved["probe-1"].name == "A"
    assert saved["probe-3"] == DeviceRecord("probe-3", "Canal", "canal", False)


def test_it_says_which_probes_are_compared(opened: Opened) -> None:
    dialog = opened.dialog
    assert opened.neighbours() == "Compared with probe-2."
    dialog.zone.setEditText("canal")
    assert opened.neighbours() == "Compared with Canal."
    dialog.zone.setEditText("hill")
    assert "drift cannot be judged" in opened.neighbours()
    dialog.zone.setEditText(" ")
    assert opened.neighbours() == "Compared with those that have no zone either: probe-4."


def test_the_zones_that_exist_are_offered(opened: Opened) -> None:
    zone = opened.dialog.zone
    assert [zone.itemText(n) for n in range(zone.count())] == ["canal", "north"]
    assert zone.currentText() == "north"


def test_a_device_is_called_by_its_name_else_by_its_id(opened: Opened) -> None:
    assert device_label(opened.book, "probe-1") == "North plot"
    assert device_label(opened.book, "probe-2") == "probe-2"
    assert device_label(opened.book, "new\n<b>") == "new <b>"


def test_every_field_has_a_name_for_a_screen_reader(opened: Opened) -> None:
    dialog = opened.dialog
    for field in (dialog.devices, dialog.name_edit, dialog.zone):
        assert field.accessibleName()


def test_the_window_opens_it_once(make_window: WindowMaker) -> None:
    window = make_window(start=False)
    window.dialogs.open_device("probe-1")
    first = window.dialogs.device
    window.dialogs.open_device("probe-1")
    assert window.dialogs.device is first
    assert first is not None
    first.close()
    assert window.dialogs.device is None

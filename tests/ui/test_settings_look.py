"""The Appearance page shows its choices at once, and takes them back with Cancel."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QTimeZone
from PySide6.QtWidgets import QLabel, QLineEdit
from pytestqt.qtbot import QtBot

from harit_desktop.runtime.commands import ApplySettings, Command
from harit_desktop.settings.model import Settings
from harit_desktop.ui.settings.dialog import SettingsDialog
from harit_desktop.ui.theme import ThemeController


@pytest.fixture
def sent() -> list[Command]:
    return []


@pytest.fixture
def dialog(qtbot: QtBot, theme: ThemeController, sent: list[Command]) -> Iterator[SettingsDialog]:
    made = SettingsDialog(Settings(), Path("/data"), sent.append, theme)
    qtbot.addWidget(made)
    made.open_page("appearance")
    made.open()
    yield made
    theme.set_scheme("light")
    theme.set_text_scale(1.0)


def size_line(dialog: SettingsDialog) -> QLineEdit:
    line = dialog.findChild(QLineEdit, "settings.appearance.textSize")
    assert isinstance(line, QLineEdit)
    return line


def type_size(qtbot: QtBot, dialog: SettingsDialog, text: str) -> None:
    line = size_line(dialog)
    line.setFocus()
    line.selectAll()
    qtbot.keyClicks(line, text)


def test_the_text_size_is_shown_at_once_and_taken_back(
    qtbot: QtBot, dialog: SettingsDialog, theme: ThemeController, sent: list[Command]
) -> None:
    width = size_line(dialog).width()
    type_size(qtbot, dialog, "150")
    assert theme.text_scale == 1.5
    assert size_line(dialog).width() > 1.4 * width
    dialog.reject()
    assert theme.text_scale == 1.0
    assert sent == []


def test_a_size_that_is_not_possible_is_not_shown(
    qtbot: QtBot, dialog: SettingsDialog, theme: ThemeController
) -> None:
    type_size(qtbot, dialog, "15")
    assert theme.text_scale == 1.0
    type_size(qtbot, dialog, "")
    assert theme.text_scale == 1.0
    dialog.reject()


def test_apply_keeps_it(
    qtbot: QtBot, dialog: SettingsDialog, theme: ThemeController, sent: list[Command]
) -> None:
    type_size(qtbot, dialog, "120")
    assert dialog.apply()
    dialog.reject()
    assert theme.text_scale == 1.2
    assert sent == [ApplySettings(changes={"ui.text_size": 120}, secrets={})]


def test_defaults_are_for_this_page_and_shown_at_once(
    qtbot: QtBot, dialog: SettingsDialog, theme: ThemeController
) -> None:
    dialog.pages["broker"].fields["broker.port"].set_value(1)
    type_size(qtbot, dialog, "120")
    dialog._defaults.click()
    assert theme.text_scale == 1.0
    assert dialog.pages["broker"].fields["broker.port"].value()[0] == 1
    dialog.reject()


def test_the_zone_of_the_times_is_named(dialog: SettingsDialog) -> None:
    note = dialog.findChild(QLabel, "settings.appearance.timeZone")
    assert isinstance(note, QLabel)
    assert bytes(QTimeZone.systemTimeZoneId().data()).decode() in note.text()
    dialog.reject()

"""Import and export of settings from the window: shown first, ticked, then applied."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QTableWidget
from pytestqt.qtbot import QtBot

from harit_desktop.settings.model import FIELD_SPECS
from harit_desktop.settings.transfer import Change
from harit_desktop.ui.main_window import MainWindow
from harit_desktop.ui.settings_transfer import ImportDialog, caution, setting_name, value_text
from tests.ui.conftest import WindowMaker

CONTENT = (
    '[broker]\nport = 70000\n[ui]\ntext_size = 110\ntheme = "dark"\n'
    "[storage]\nretention_days = 30\n[later]\nmore = 1\n"
)


@pytest.fixture
def window(make_window: WindowMaker) -> MainWindow:
    return make_window()


def opened(window: MainWindow, qtbot: QtBot, file: Path) -> ImportDialog:
    window._transfer().import_from(file)
    qtbot.waitUntil(lambda: window._transfer().dialog is not None)
    dialog = window._transfer().dialog
    assert dialog is not None
    return dialog


def apply_button(dialog: ImportDialog) -> QPushButton:
    button = dialog.findChild(QPushButton, "dialog.import.apply")
    assert isinstance(button, QPushButton)
    return button


def rows(dialog: ImportDialog) -> list[list[str]]:
    table: QTableWidget = dialog.table
    return [[table.item(row, c).text() for c in range(3)] for row in range(table.rowCount())]


def test_the_changes_are_shown_before_anything_happens(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    file = tmp_path / "a.toml"
    file.write_text(CONTENT)
    dialog = opened(window, qtbot, file)
    assert rows(dialog) == [
        ["Storage: Keep readings for", "0 d", "▲ 30 d. Deletes older readings for good"],
        ["Appearance: Theme", "As the system", "Dark"],
        ["Appearance: Text size", "100 %", "110 %"],
    ]
    assert "broker.port" in dialog.rest.text()
    assert "later.more" in dialog.rest.text()
    assert apply_button(dialog).text() == "Import 2 settings"
    assert window._engine.settings.ui.text_size == 100
    dialog.reject()
    assert window._engine.settings.ui.text_size == 100


def test_only_what_is_ticked_is_taken(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text(CONTENT)
    dialog = opened(window, qtbot, file)
    dialog.table.item(1, 0).setCheckState(Qt.CheckState.Unchecked)
    assert apply_button(dialog).text() == "Import 1 setting"
    assert apply_button(dialog).isDefault()
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window._engine.settings.ui.text_size == 110)
    assert window._engine.settings.ui.theme == "auto"
    assert window._engine.settings.storage.retention_days == 0
    qtbot.waitUntil(lambda: window._theme.text_scale == 1.1)
    window._theme.set_text_scale(1.0)


def test_the_space_bar_ticks_a_row(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text(CONTENT)
    dialog = opened(window, qtbot, file)
    dialog.table.setFocus()
    qtbot.keyClick(dialog.table, Qt.Key.Key_Space)
    assert "storage.retention_days" in dialog.chosen()
    dialog.reject()


def test_a_file_without_changes_has_nothing_to_import(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    file = tmp_path / "a.toml"
    file.write_text("[ui]\ntext_size = 100\n")
    dialog = opened(window, qtbot, file)
    assert dialog.table.isHidden()
    assert not apply_button(dialog).isEnabled()
    dialog.reject()


def test_an_export_is_said_and_can_be_read_back(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    file = tmp_path / "a.toml"
    window._transfer().export_to(file)
    qtbot.waitUntil(lambda: window.banner.property("code") == "settings.exported")
    assert "a.toml" in window.banner.accessibleName()
    ok = window.banner.findChild(QPushButton, "button.banner.no")
    assert isinstance(ok, QPushButton)
    assert ok.hasFocus()
    ok.click()
    assert window.banner.property("code") != "settings.exported"
    assert rows(opened(window, qtbot, file)) == []
    dialog = window._transfer().dialog
    assert dialog is not None
    dialog.reject()


def test_a_failure_is_said_in_place(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    window._transfer().import_from(tmp_path / "none.toml")
    qtbot.waitUntil(lambda: window.banner.property("code") == "settings.unreadable")
    assert "none.toml" in window.banner.accessibleName()
    window._transfer().export_to(tmp_path / "none" / "a.toml")
    qtbot.waitUntil(lambda: window.banner.property("code") == "settings.not_saved")
    (tmp_path / "b.toml").write_text("hello")
    window._transfer().import_from(tmp_path / "b.toml")
    qtbot.waitUntil(lambda: window.banner.property("code") == "settings.no_settings")


def test_a_port_is_no_quantity() -> None:
    assert value_text("broker.port", 8883) == "8883"
    assert value_text("storage.mysql_port", 33060) == "33060"


def test_every_setting_has_words(window: MainWindow) -> None:
    for key, spec in FIELD_SPECS.items():
        assert setting_name(key)
        for value in (spec.default, *spec.choices):
            assert value_text(key, value)


@pytest.mark.parametrize(
    ("change", "asked"),
    [
        (Change("storage.retention_days", 0, 7), True),
        (Change("storage.retention_days", 7, 3), True),
        (Change("storage.retention_days", 7, 30), False),
        (Change("storage.retention_days", 7, 0), False),
        (Change("storage.mysql_tls", None, False), True),
        (Change("local_api.host", "127.0.0.1", "0.0.0.0"), True),
        (Change("local_api.host", "0.0.0.0", "127.0.0.1"), False),
        (Change("ui.text_size", 100, 120), False),
    ],
)
def test_what_is_not_taken_without_a_tick(change: Change, asked: bool) -> None:
    assert bool(caution(change)) is asked

"""Closing the window while readings are recorded: asked once, then as the user chose."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QApplication, QCheckBox, QPushButton
from pytestqt.qtbot import QtBot

from harit_desktop.domain.status import (
    EngineStatus,
    LinkState,
    LinkStatus,
    PublisherState,
    PublisherStatus,
)
from harit_desktop.ui import closing
from harit_desktop.ui.closing import is_recording
from harit_desktop.ui.main_window import MainWindow
from harit_desktop.ui.theme import ThemeController
from tests.servers import free_port
from tests.ui.conftest import EngineMaker, WindowMaker


class Icon(QObject):
    show_asked = Signal()
    quit_asked = Signal()
    shown = False

    def set_shown(self, shown: bool) -> None:
        self.shown = shown


@pytest.fixture
def recording(make_window: WindowMaker, qtbot: QtBot) -> MainWindow:
    """A window that wants a broker; nobody answers there, which counts as recording."""
    window = make_window(**{"broker.port": free_port(), "broker.host": "127.0.0.1"})
    qtbot.waitUntil(lambda: is_recording(window._engine.snapshot()))
    return window


def with_tray(window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> Icon:
    icon = Icon(window)
    monkeypatch.setattr(window.closing, "_desktop_has_tray", lambda: True)
    window.closing.attach_tray(icon)
    return icon


def button(window: MainWindow, key: str) -> QPushButton:
    found: Any = window.banner.findChild(QPushButton, f"button.banner.{key}")
    assert found is not None, key
    assert found.isVisible(), key
    return found


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (EngineStatus(), False),
        (EngineStatus(link=LinkStatus(state=LinkState.LOST)), True),
        (EngineStatus(link=LinkStatus(state=LinkState.CONNECTED)), True),
        (EngineStatus(publisher=PublisherStatus(state=PublisherState.RUNNING)), True),
        (EngineStatus(publisher=PublisherStatus(state=PublisherState.ERROR)), False),
    ],
)
def test_what_counts_as_recording(status: EngineStatus, expected: bool) -> None:
    assert is_recording(status) is expected


def test_an_idle_window_closes_without_a_question(make_window: WindowMaker, qtbot: QtBot) -> None:
    window = make_window()
    with qtbot.waitSignal(window.closing.ended):
        assert window.close()


def test_a_recording_window_asks_and_stays(recording: MainWindow) -> None:
    assert not recording.close()
    assert recording.isVisible()
    assert recording.banner.property("code") == closing.ASK_CLOSE
    assert "no tray" in recording.banner.accessibleName()
    assert button(recording, "tray").hasFocus()
    assert QApplication.activeModalWidget() is None


def test_cancel_and_escape_leave_everything_as_it_was(recording: MainWindow, qtbot: QtBot) -> None:
    for leave in (
        lambda: button(recording, "no").click(),
        lambda: qtbot.keyClick(button(recording, "tray"), Qt.Key.Key_Escape),
    ):
        recording.close()
        leave()
        assert recording.banner.property("code") != closing.ASK_CLOSE
        assert recording.isVisible()
        assert not recording.findChild(QCheckBox, "check.banner.remember").isVisible()


def test_keep_hides_the_window_in_the_tray(
    recording: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    icon = with_tray(recording, monkeypatch)
    recording.close()
    assert "tray" in button(recording, "tray").text()
    button(recording, "tray").click()
    assert recording.isHidden()
    assert is_recording(recording._engine.snapshot())
    icon.show_asked.emit()
    assert recording.isVisible()
    with qtbot.waitSignal(recording.closing.ended):
        icon.quit_asked.emit()
    assert recording.isHidden()


def test_without_a_tray_the_window_is_minimised(recording: MainWindow) -> None:
    recording.close()
    button(recording, "tray").click()
    assert recording.isMinimized()


def test_stop_ends_the_program(recording: MainWindow, qtbot: QtBot) -> None:
    recording.close()
    with qtbot.waitSignal(recording.closing.ended):
        button(recording, "stop").click()
    assert recording.isHidden()


def test_the_answer_is_remembered(
    recording: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_tray(recording, monkeypatch)
    recording.close()
    recording.findChild(QCheckBox, "check.banner.remember").click()
    button(recording, "tray").click()
    settings = recording._engine
    qtbot.waitUntil(lambda: settings.settings.ui.close_to_tray == "tray")
    recording.raise_to_front()
    assert not recording.close()
    assert recording.isHidden()
    assert recording.banner.property("code") != closing.ASK_CLOSE


def test_the_menu_quits_without_a_question(recording: MainWindow, qtbot: QtBot) -> None:
    with qtbot.waitSignal(recording.closing.ended):
        recording.actions_.quit.trigger()


def test_the_end_of_the_session_is_no_time_for_questions(recording: MainWindow) -> None:
    recording.closing.session_ends()
    assert recording.close()


def test_the_question_goes_when_recording_ends(recording: MainWindow, qtbot: QtBot) -> None:
    recording.close()
    recording.commands.toggle_connection()
    qtbot.waitUntil(lambda: recording.banner.property("code") != closing.ASK_CLOSE)


def test_a_start_in_the_tray_needs_a_tray(
    make_window: WindowMaker, make_engine: EngineMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = make_window(make_engine(**{"ui.start_in_tray": True}))
    assert not window.closing.hides_at_start
    with_tray(window, monkeypatch)
    assert window.closing.hides_at_start


def test_the_icon_ends_a_program_whose_window_is_hidden(
    recording: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    icon = with_tray(recording, monkeypatch)
    recording.close()
    button(recording, "tray").click()
    assert icon.shown
    with qtbot.waitSignal(recording.closing.ended):
        icon.quit_asked.emit()


def test_a_window_that_was_never_shown_can_be_quit(
    qtbot: QtBot, theme: ThemeController, make_engine: EngineMaker
) -> None:
    window = MainWindow(make_engine(**{"ui.start_in_tray": True}), theme)
    qtbot.addWidget(window)
    window.start_hidden()
    with qtbot.waitSignal(window.closing.ended):
        window.quit()


def test_a_dialog_above_the_window_does_not_keep_it(recording: MainWindow, qtbot: QtBot) -> None:
    recording.dialogs.open_settings()
    with qtbot.waitSignal(recording.closing.ended):
        recording.quit()
    assert recording.dialogs.settings is None or not recording.dialogs.settings.isVisible()

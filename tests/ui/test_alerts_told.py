"""How people are told: banner, button, keys, screen reader, sound, message of the desktop."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QLabel,
    QMainWindow,
    QSystemTrayIcon,
    QVBoxLayout,
    QWidget,
)
from pytestqt.qtbot import QtBot

from harit_desktop.domain.alert import AlertBoard, RuleKind, Severity
from harit_desktop.runtime.commands import AcknowledgeAlerts, MuteAlert
from harit_desktop.settings.model import AlertSettings, Settings
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.ui.alerts.alert_center import AlertCenter
from harit_desktop.ui.alerts.alert_filter import Shown
from harit_desktop.ui.alerts.alert_voice import AlertVoice
from harit_desktop.ui.alerts_button import AlertsButton
from harit_desktop.ui.announcements import announce
from harit_desktop.ui.theme import ThemeController
from harit_desktop.ui.tray import Tray, make_tray
from tests.ui.alert_samples import BOOK, HOUR_US, NOW_US, AlertHouse, alert, ended, silent


class Opened:
    """A window with banner, button and page, without anything else."""

    def __init__(self, qtbot: QtBot, theme: ThemeController, path: Path) -> None:
        journal = SqliteJournal(path, lambda: NOW_US, busy_ms=100)
        journal.open()
        journal.close()
        self.qtbot = qtbot
        self.house = AlertHouse(path)
        self.window = QMainWindow()
        self.center = AlertCenter(self.house, theme, self.window)
        self.banner = self.center.banner
        middle = QWidget()
        column = QVBoxLayout(middle)
        for widget in (self.center.button, self.banner, self.center.page):
            column.addWidget(widget)
        self.center.page.hide()
        self.window.setCentralWidget(middle)
        self.window.resize(900, 600)
        qtbot.addWidget(self.window)
        self.window.show()
        self.window.activateWindow()
        qtbot.waitUntil(self.window.isActiveWindow)

    def beat(self) -> None:
        self.center.poll(NOW_US, True)

    def text(self) -> str:
        return self.banner.accessibleName() if self.banner.isVisible() else ""


@pytest.fixture
def opened(qtbot: QtBot, theme: ThemeController, tmp_path: Path) -> Iterator[Opened]:
    made = Opened(qtbot, theme, tmp_path / "harit.db")
    yield made
    made.window.close()
    made.house.queries.stop(2.0)


def test_the_banner_shows_the_one_that_is_to_be_told(opened: Opened) -> None:
    opened.beat()
    assert opened.text() == ""
    opened.house.put(alert(1), silent(2), silent(4, told_us=None), telling=1)
    opened.beat()
    assert opened.text() == "Alert: Canal side: moisture fell to 16.4 %, below the 25 % limit."
    assert opened.banner.more.text() == "and 1 more"
    assert opened.banner.mute.accessibleName() == "Mute one hour"
    for name, expected in (("ack", AcknowledgeAlerts((1,))), ("mute", MuteAlert(1))):
        button = opened.banner.findChild(QAbstractButton, f"button.banner.{name}")
        opened.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        assert opened.house.sent[-1] == expected
    opened.house.put(alert(1, acknowledged_us=NOW_US), silent(2))
    opened.beat()
    assert opened.text() == ""


def test_names_from_outside_are_no_markup_in_the_banner(opened: Opened) -> None:
    opened.house.put(alert(1, publisher_id="<b>x</b><img src=y>"), telling=1)
    opened.beat()
    assert "<b>x</b>" in opened.text()
    texts = [label.text() for label in opened.banner.findChildren(QLabel)]
    assert any("&lt;img" in text for text in texts)


def test_the_banner_gives_the_focus_back(opened: Opened) -> None:
    released: list[bool] = []
    opened.banner.focus_released.connect(lambda: released.append(True))
    opened.house.put(alert(1), telling=1)
    opened.beat()
    opened.banner.acknowledge.setFocus()
    opened.qtbot.keyClick(opened.banner.acknowledge, Qt.Key.Key_Return)
    assert opened.house.sent == [AcknowledgeAlerts((1,))]
    opened.house.put(alert(1, acknowledged_us=NOW_US))
    opened.beat()
    assert released == [True]


def test_the_keys_mean_the_banner_or_what_is_chosen_on_the_page(opened: Opened) -> None:
    opened.center.acknowledge()
    opened.center.mute()
    assert opened.house.sent == []
    opened.house.put(alert(1), silent(2), telling=1)
    opened.beat()
    opened.center.acknowledge()
    opened.center.mute()
    assert opened.house.sent == [AcknowledgeAlerts((1,)), MuteAlert(1)]
    opened.center.page.show()
    opened.beat()
    row = opened.center.page.model.row_of(2)
    assert row is not None
    opened.center.page._select(row)
    opened.center.acknowledge()
    opened.center.mute()
    assert opened.house.sent[2:] == [AcknowledgeAlerts((2,)), MuteAlert(2)]


def test_the_button_leads_to_what_is_open(opened: Opened) -> None:
    asked: list[bool] = []
    counts: list[int] = []
    opened.center.page_asked.connect(lambda: asked.append(True))
    opened.center.open_changed.connect(counts.append)
    opened.house.put(ended(5), alert(1), silent(2), telling=1)
    opened.beat()
    assert counts == [2]
    opened.center.page.bar.show_state(Shown.ALL)
    opened.qtbot.mouseClick(opened.center.button, Qt.MouseButton.LeftButton)
    assert asked == [True]
    assert opened.center.page.bar.filter.shown is Shown.OPEN
    opened.qtbot.mouseClick(opened.banner.more, Qt.MouseButton.LeftButton)
    assert asked == [True, True]
    opened.center.page.show()
    assert opened.center.page.detail.alert == alert(1)


def test_the_button_says_how_many_and_how_bad(qtbot: QtBot, theme: ThemeController) -> None:
    button = AlertsButton(theme)
    qtbot.addWidget(button)
    assert button.accessibleName() == "No alerts"
    assert button.toolButtonStyle() is Qt.ToolButtonStyle.ToolButtonIconOnly
    button.show_board(AlertBoard(1, (alert(1), silent(2))))
    assert (button.text(), button.property("severity")) == ("2 alerts", "crit")
    button.show_board(AlertBoard(2, (silent(2),)))
    assert (button.text(), button.property("severity")) == ("1 alert", "warn")
    # What is over is counted until somebody has seen it, without colour.
    button.show_board(AlertBoard(3, (alert(1, ended_us=NOW_US),)))
    assert (button.text(), button.property("severity")) == ("1 alert", "")
    button.set_compact(True)
    assert button.toolButtonStyle() is Qt.ToolButtonStyle.ToolButtonIconOnly
    assert button.toolTip() == "1 alert"


class _Icon(QSystemTrayIcon):
    """Keeps messages instead of showing them, on a desktop that has a tray."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[tuple[str, str]] = []
        self.there = False

    def isVisible(self) -> bool:
        return self.there

    def setVisible(self, visible: bool) -> None:
        self.there = visible

    def showMessage(self, title: str, text: str, *_: Any) -> None:
        self.messages.append((title, text))


class Told:
    """What a voice said."""

    def __init__(self, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(QSystemTrayIcon, "supportsMessages", lambda: True)
        self.window = QWidget()
        qtbot.addWidget(self.window)
        self.said: list[tuple[str, bool]] = []
        self.beeps = 0
        self.voice = AlertVoice(self.window, self._announce, self._beep)
        self.icon = _Icon()
        self.voice.tray = Tray(self.window, self.icon)
        self.voice.tray.set_shown(True)
        self.settings = AlertSettings()

    def _announce(self, _source: object, text: str, *, assertive: bool) -> None:
        self.said.append((text, assertive))

    def _beep(self) -> None:
        self.beeps += 1

    def follow(self, *alerts: Any) -> None:
        self.voice.follow(AlertBoard(1, alerts), BOOK, self.settings, NOW_US)


@pytest.fixture
def told(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Told:
    return Told(qtbot, monkeypatch)


def test_a_critical_alert_interrupts_and_a_warning_waits(told: Told) -> None:
    told.follow(silent(2))
    told.follow(silent(2))
    told.follow(alert(1), silent(2))
    assert [assertive for _, assertive in told.said] == [False, True]
    assert told.said[0][0] == "Silent alert. North plot: no reading for 6 min."
    assert told.said[1][0].startswith("Critical alert. Canal side:")
    # Of several at once the worst is read and the others are counted.
    told.follow(alert(11), silent(12), silent(13))
    assert told.said[2][0].endswith("And 2 more.")


def test_what_is_muted_not_yet_told_or_over_is_not_announced(told: Told) -> None:
    told.follow(alert(1, muted_until_us=NOW_US + HOUR_US), alert(2, told_us=None))
    told.follow(alert(3, ended_us=NOW_US), alert(4, acknowledged_us=NOW_US))
    assert told.said == []
    told.follow(alert(2, told_us=NOW_US))
    assert len(told.said) == 1


def test_an_alert_that_gets_critical_is_told_again(told: Told) -> None:
    told.follow(alert(1, severity=Severity.WARNING))
    told.follow(alert(1))
    told.follow(alert(1, severity=Severity.WARNING))
    assert [assertive for _, assertive in told.said] == [False, True]


def test_sound_only_where_it_was_chosen(told: Told) -> None:
    told.follow(alert(1))
    assert told.beeps == 0
    told.settings = AlertSettings(sound=True)
    told.follow(alert(1), alert(2))
    assert told.beeps == 1


def test_the_desktop_tells_critical_alerts_of_a_hidden_window_alone(told: Told) -> None:
    told.window.show()
    told.follow(alert(1))
    told.window.hide()
    told.follow(alert(1), silent(2))
    assert told.icon.messages == []
    told.follow(alert(1), alert(3), silent(2))
    assert told.icon.messages == [
        ("Critical alert", "Canal side: moisture fell to 16.4 %, below the 25 % limit.")
    ]
    told.settings = AlertSettings(tray=False)
    told.follow(alert(1), alert(4))
    assert len(told.icon.messages) == 1
    assert "alerts" in told.icon.toolTip()


def test_a_flood_is_told_once(told: Told) -> None:
    flood = alert(20, code="many", rule_id="flood", kind=RuleKind.SYSTEM, flood=12)
    told.follow(flood, *(alert(n, flood_id=20) for n in range(1, 13)))
    assert len(told.said) == 1
    assert "Many alerts (12): likely one cause." in told.said[0][0]


def test_the_menu_of_the_tray_shows_and_quits(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    tray = Tray(window, _Icon())
    asked: list[str] = []
    tray.show_asked.connect(lambda: asked.append("show"))
    tray.quit_asked.connect(lambda: asked.append("quit"))
    tray.show_action.trigger()
    tray.quit_action.trigger()
    tray.icon.activated.emit(QSystemTrayIcon.ActivationReason.Trigger)
    tray.icon.activated.emit(QSystemTrayIcon.ActivationReason.Context)
    assert asked == ["show", "quit", "show"]
    names = (tray.icon.objectName(), tray.show_action.objectName(), tray.quit_action.objectName())
    assert names == ("tray.icon", "tray.show", "tray.quit")
    tray.tell("not", "shown", critical=True)
    assert tray.icon.messages == []


def test_without_a_place_for_it_there_is_no_tray(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QSystemTrayIcon, "isSystemTrayAvailable", lambda: False)
    window = QWidget()
    qtbot.addWidget(window)
    assert make_tray(window) is None


def test_an_announcement_is_a_real_event(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    announce(window, "Critical alert.", assertive=True)
    announce(window, "Warning alert.")


def test_settings_reach_the_voice(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    beeps: list[bool] = []
    monkeypatch.setattr(opened.center.voice, "_beep", lambda: beeps.append(True))
    opened.house.settings = replace(Settings(), alerts=AlertSettings(sound=True))
    opened.house.put(alert(1), telling=1)
    opened.beat()
    opened.beat()
    assert beeps == [True]

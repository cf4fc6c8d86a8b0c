"""Tells new alerts beyond the banner: screen reader, sound, message of the desktop."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QObject
from PySide6.QtWidgets import QApplication, QWidget

from harit_desktop.domain.alert import Alert, AlertBoard, AlertState, Severity
from harit_desktop.domain.device_book import DeviceBook
from harit_desktop.settings.model import AlertSettings
from harit_desktop.ui.alerts.alert_texts import headline, spoken
from harit_desktop.ui.alerts.alert_words import without_members
from harit_desktop.ui.announcements import announce
from harit_desktop.ui.tray import Tray
from harit_desktop.ui.words import count

Announce = Callable[..., None]


class AlertVoice(QObject):
    """Every alert is told once, when the board has it as told, and again if it got worse.

    Sound is off unless it was chosen; a message of the desktop comes for a critical alert
    alone, and only while the window is not to be seen.
    """

    def __init__(
        self,
        window: QWidget,
        announce_text: Announce = announce,
        beep: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._announce = announce_text
        self._beep = beep or QApplication.beep
        self._told: dict[int, Severity] = {}
        self.tray: Tray | None = None

    def follow(
        self, board: AlertBoard, book: DeviceBook, settings: AlertSettings, now_us: int
    ) -> None:
        """Tells what is new on the board; at every change of it."""
        running = {
            alert.id: alert
            for alert in without_members(board.alerts)
            if alert.state is AlertState.ACTIVE_NEW and alert.told_us is not None
        }
        new = [
            alert
            for alert in running.values()
            if self._told.get(alert.id) not in (alert.severity, Severity.CRITICAL)
            and not alert.is_muted(now_us)
        ]
        there = {alert.id for alert in board.alerts}
        self._told = {one: severity for one, severity in self._told.items() if one in there}
        self._told.update({alert.id: alert.severity for alert in new})
        self._show_state(board)
        if new:
            self._tell(new, book, settings, now_us)

    def _tell(
        self, new: list[Alert], book: DeviceBook, settings: AlertSettings, now_us: int
    ) -> None:
        """The board has the worst first: one sentence for it, the others are counted."""
        first = new[0]
        critical = first.severity is Severity.CRITICAL
        text = spoken(first, book, now_us)
        self._announce(self._window, _with_others(text, len(new) - 1), assertive=critical)
        if settings.sound:
            self._beep()
        if critical and settings.tray and self.tray is not None and self._is_hidden():
            title = QCoreApplication.translate("Alerts", "Critical alert")
            body = _with_others(headline(first, book, now_us), len(new) - 1)
            self.tray.tell(title, body, critical=True)

    def _show_state(self, board: AlertBoard) -> None:
        if self.tray is None:
            return
        number = len(without_members(board.alerts))
        if number == 0:
            text = QCoreApplication.translate("Alerts", "no alerts")
        elif number == 1:
            text = QCoreApplication.translate("Alerts", "1 alert")
        else:
            text = QCoreApplication.translate("Alerts", "{count} alerts").format(
                count=count(number)
            )
        self.tray.set_tooltip(text)

    def _is_hidden(self) -> bool:
        return not self._window.isVisible() or self._window.isMinimized()


def _with_others(text: str, others: int) -> str:
    if others == 0:
        return text
    template = (
        QCoreApplication.translate("Alerts", "{text} And 1 more.")
        if others == 1
        else QCoreApplication.translate("Alerts", "{text} And {count} more.")
    )
    return template.format(text=text, count=count(others))

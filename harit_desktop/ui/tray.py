"""The icon beside the clock: shows that the program runs, tells critical alerts, brings the
window back.

There is one only where the desktop has a place for it; `make_tray` returns None elsewhere.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QSystemTrayIcon, QWidget

from harit_desktop.ui.icons import app_icon

MESSAGE_MS = 10_000
TOOLTIP_MAX = 120
"""Windows cuts longer ones."""


class Tray(QObject):
    """`tray.icon` with its menu. Hidden until `set_shown`."""

    show_asked = Signal()
    quit_asked = Signal()
    message_clicked = Signal()

    def __init__(self, window: QWidget, icon: QSystemTrayIcon | None = None) -> None:
        super().__init__(window)
        self.icon = icon or QSystemTrayIcon(app_icon(), self)
        self.icon.setObjectName("tray.icon")
        self._menu = QMenu(window)
        self._menu.setObjectName("menu.tray")
        self._menu.setAccessibleName(self.tr("Harit Desktop"))
        self.show_action = self._action("tray.show", self.tr("&Show Harit Desktop"))
        self.show_action.triggered.connect(self.show_asked)
        self._menu.addSeparator()
        self.quit_action = self._action("tray.quit", self.tr("&Quit"))
        self.quit_action.triggered.connect(self.quit_asked)
        self._menu.setDefaultAction(self.show_action)
        self.icon.setContextMenu(self._menu)
        self.icon.activated.connect(self._activated)
        self.icon.messageClicked.connect(self.message_clicked)
        self.set_tooltip("")

    @property
    def shown(self) -> bool:
        return self.icon.isVisible()

    def set_shown(self, shown: bool) -> None:
        """Puts the icon beside the clock, or takes it away."""
        if shown != self.icon.isVisible():
            self.icon.setVisible(shown)

    def set_tooltip(self, state: str) -> None:
        """Says how things are under the name of the program; plain text."""
        name = self.tr("Harit Desktop")
        text = self.tr("{name}: {state}").format(name=name, state=state) if state else name
        self.icon.setToolTip(text[:TOOLTIP_MAX])

    def tell(self, title: str, text: str, *, critical: bool) -> None:
        """A message of the desktop, where the icon is shown and the desktop has messages."""
        if not self.shown or not QSystemTrayIcon.supportsMessages():
            return
        kinds = QSystemTrayIcon.MessageIcon
        kind = kinds.Critical if critical else kinds.Warning
        self.icon.showMessage(title, text, kind, MESSAGE_MS)

    def _action(self, name: str, text: str) -> QAction:
        action = QAction(text, self)
        action.setObjectName(name)
        self._menu.addAction(action)
        return action

    def _activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        reasons = QSystemTrayIcon.ActivationReason
        if reason in (reasons.Trigger, reasons.DoubleClick):
            self.show_asked.emit()


def make_tray(window: QWidget) -> Tray | None:
    """The window's tray icon; None where the desktop has no place for one."""
    return Tray(window) if QSystemTrayIcon.isSystemTrayAvailable() else None

"""The toolbar's button that says how many alerts are open and leads to them."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton

from harit_desktop.domain.alert import AlertBoard, Severity
from harit_desktop.ui.alerts.alert_words import without_members
from harit_desktop.ui.icons import BUTTON_ICON_SIZE, button_icon, icon
from harit_desktop.ui.theme import ThemeController, set_look
from harit_desktop.ui.words import count


class AlertsButton(QToolButton):
    """`button.alerts.open`. A grey bell without words while nothing is open."""

    def __init__(self, theme: ThemeController) -> None:
        super().__init__()
        self._theme = theme
        self._compact = False
        self._severity = ""
        self.setObjectName("button.alerts.open")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setIconSize(BUTTON_ICON_SIZE)
        self.show_board(AlertBoard())
        theme.changed.connect(self._restyle)

    def show_board(self, board: AlertBoard) -> None:
        """Takes what is open now. Colour is for what goes on; what is over is only counted."""
        shown = without_members(board.alerts)
        running = [alert for alert in shown if alert.ended_us is None]
        number = len(shown)
        if number == 0:
            text = self.tr("No alerts")
        else:
            text = self.tr("1 alert") if number == 1 else self.tr("{count} alerts")
        text = text.format(count=count(number))
        critical = any(alert.severity is Severity.CRITICAL for alert in running)
        severity = "crit" if critical else "warn" if running else ""
        if (text, severity) == (self.text(), self._severity) and not self.icon().isNull():
            return
        self._severity = severity
        self.setText(text)
        self.setToolTip(text)
        self.setAccessibleName(text)
        self._restyle()

    def set_compact(self, compact: bool) -> None:
        """Leaves the word to the tool tip where there is no room."""
        self._compact = compact
        self._restyle()

    def _restyle(self) -> None:
        open_ = self.text() != self.tr("No alerts")
        set_look(self, severity=self._severity)
        color = self._severity or "text2"
        words = open_ and not self._compact
        make = button_icon if words else icon
        tokens = self._theme.tokens
        self.setIcon(make("bell", tokens, color=color))
        self.setToolButtonStyle(
            Qt.ToolButtonStyle.ToolButtonTextBesideIcon
            if words
            else Qt.ToolButtonStyle.ToolButtonIconOnly
        )

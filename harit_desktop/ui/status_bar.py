"""The bottom line of the window: the state of the data path in six short texts."""

from __future__ import annotations

import time

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStatusBar, QWidget

from harit_desktop.domain.status import (
    EngineStatus,
    LinkState,
    PublisherState,
    StoreState,
)
from harit_desktop.ui.icons import pixmap
from harit_desktop.ui.theme import SIZES, ThemeController, set_look
from harit_desktop.ui.words import age_text, clock_text, count, number, seconds_between

# Data path rows by the name under which the panel knows them.
_ROWS = {
    "link": "broker",
    "lastReading": "broker",
    "rate": "broker",
    "rows": "database",
    "spool": "spool",
    "publisher": "publisher",
}


class StatusBar(QStatusBar):
    """Says at a glance whether readings arrive. A click asks for the row of the data path."""

    row_asked = Signal(str)

    def __init__(self, theme: ThemeController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setObjectName("status.main")
        self.setSizeGripEnabled(False)
        self._glyph = QLabel()
        self._look = ("", "")
        self.link = self._label("link", "strong")
        self.last_reading = self._label("lastReading", "strong")
        self.rate = self._label("rate")
        self.rows = self._label("rows")
        self.spool = self._label("spool")
        self.publisher = self._label("publisher")
        self.clock = self._label("clock")
        left = QWidget()
        # The theme keeps status texts apart; these three are one sentence.
        left.setStyleSheet("QLabel { padding: 0; }")
        row = QHBoxLayout(left)
        row.setContentsMargins(8, 0, 0, 0)
        row.setSpacing(6)
        for widget in (self._glyph, self.link, self.last_reading):
            row.addWidget(widget)
        self.addWidget(left)
        right = QWidget()
        row = QHBoxLayout(right)
        row.setContentsMargins(0, 0, 4, 0)
        row.setSpacing(4)
        for label in (self.rate, self.rows, self.spool, self.publisher, self.clock):
            row.addWidget(label)
        self.addPermanentWidget(right)
        theme.changed.connect(self._restyle)

    def show_status(self, status: EngineStatus, now_us: int, configured: bool) -> None:
        """Updates every text; cheap when none has changed."""
        self._show_link(status, now_us, configured)
        rate = number(status.counters.msgs_per_s, 0 if status.counters.msgs_per_s >= 10 else 1)
        _set(self.rate, self.tr("{rate} msg/s").format(rate=rate))
        _set(self.rows, self._rows_text(status))
        _set(self.spool, self.tr("Spool {count}").format(count=count(status.counters.waiting)))
        _set(self.publisher, self._publisher_text(status.publisher.state))
        zone = time.tzname[bool(time.localtime().tm_isdst)]
        _set(
            self.clock,
            self.tr("{zone} {time}").format(zone=zone, time=clock_text(now_us, seconds=True)),
        )

    def _show_link(self, status: EngineStatus, now_us: int, configured: bool) -> None:
        text, glyph, color = self._link_text(status, configured)
        _set(self.link, text)
        last = ""
        if status.last_received_us is not None:
            age = age_text(seconds_between(status.last_received_us, now_us))
            last = self.tr("· last reading {age}").format(age=age)
        _set(self.last_reading, last)
        self.last_reading.setVisible(bool(last))
        state = "error" if color == "crit" else status.link.state.value
        self.link.setProperty("state", state)
        if self._look != (glyph, color):
            self._look = (glyph, color)
            self._restyle()

    def _link_text(self, status: EngineStatus, configured: bool) -> tuple[str, str, str]:
        """Text, icon and colour token of the connection."""
        if not configured and status.link.state is LinkState.OFF:
            return self.tr("Not connected — choose how to start"), "dashed-ring", "text2"
        texts = {
            LinkState.OFF: (self.tr("Not connected"), "dashed-ring", "text2"),
            LinkState.CONNECTING: (self.tr("Connecting…"), "dashed-ring", "text2"),
            LinkState.CONNECTED: (self.tr("Live over MQTT"), "broker", "text2"),
            LinkState.LOST: (self.tr("Connection lost"), "triangle", "warn"),
            LinkState.REFUSED: (self.tr("Connection refused"), "diamond", "crit"),
        }
        return texts[status.link.state]

    def _rows_text(self, status: EngineStatus) -> str:
        store = status.store
        if store.state is StoreState.DOWN and store.problem is not None:
            return self.tr("Database not working")
        if not store.opened:
            return self.tr("Database opening…")
        if store.rows == 0:
            return self.tr("Database ready (empty)")
        return self.tr("{count} readings").format(count=count(store.rows))

    def _publisher_text(self, state: PublisherState) -> str:
        texts = {
            PublisherState.STOPPED: self.tr("Publisher stopped"),
            PublisherState.STARTING: self.tr("Publisher starting…"),
            PublisherState.RUNNING: self.tr("Publisher running"),
            PublisherState.UNCONFIRMED: self.tr("Publisher not confirmed"),
            PublisherState.ERROR: self.tr("Publisher failed"),
        }
        return texts[state]

    def _label(self, name: str, look: str = "") -> QLabel:
        label = QLabel()
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setObjectName(f"status.{name}")
        label.installEventFilter(self)
        if look:
            set_look(label, class_=look)
        return label

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.MouseButtonRelease and isinstance(event, QMouseEvent):
            row = _ROWS.get(watched.objectName().removeprefix("status."))
            if row is not None:
                self.row_asked.emit(row)
        return False

    def _restyle(self) -> None:
        glyph, color = self._look
        if glyph:
            tokens = self._theme.tokens
            ratio = self.devicePixelRatioF()
            self._glyph.setPixmap(pixmap(glyph, tokens, SIZES.icon, color, ratio))


def _set(label: QLabel, text: str) -> None:
    if label.text() != text:
        label.setText(text)
        label.setAccessibleName(text)

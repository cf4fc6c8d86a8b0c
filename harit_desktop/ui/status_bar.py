"""The bottom line of the window: the state of the data path in six short texts."""

from __future__ import annotations

import time
from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStatusBar, QWidget

from harit_desktop.domain.status import (
    ApiState,
    EngineStatus,
    LinkState,
    PublisherRoute,
    PublisherState,
    PublisherStatus,
    ServerState,
    StoreState,
)
from harit_desktop.ui.icons import pixmap
from harit_desktop.ui.link_texts import STALLED, link_text
from harit_desktop.ui.panels.store_texts import SENDING_FROM, SPOOL_FULL, stored_rows
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


# Icon and colour token of the connection.
_LINK_LOOKS = {
    LinkState.OFF: ("dashed-ring", "text2"),
    LinkState.CONNECTING: ("dashed-ring", "text2"),
    LinkState.CONNECTED: ("broker", "text2"),
    LinkState.LOST: ("triangle", "warn"),
    LinkState.REFUSED: ("diamond", "crit"),
}
_SENDING = (PublisherState.RUNNING, PublisherState.UNCONFIRMED)
_API_FAILED = (ApiState.UNREACHABLE, ApiState.REFUSED)
_GAP_PX = 4
_EDGE_PX = 10
_PRESSING_KEYS = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)


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
        self._stored = 0
        self._last_stored_us: int | None = None
        self.link = self._label("link", "strong tight")
        self.last_reading = self._label("lastReading", "strong tight")
        self.rate = self._label("rate")
        self.rows = self._label("rows")
        self.spool = self._label("spool")
        self.publisher = self._label("publisher")
        self.clock = self._label("clock")
        left = QWidget()
        row = QHBoxLayout(left)
        row.setContentsMargins(8, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self._glyph)
        row.addSpacing(4)
        row.addWidget(self.link)
        row.addSpacing(3)
        row.addWidget(self.last_reading)
        # Or a shorter text would leave its room between the two.
        row.addStretch(1)
        self.addWidget(left)
        right = QWidget()
        row = QHBoxLayout(right)
        row.setContentsMargins(0, 0, 4, 0)
        row.setSpacing(4)
        for label in (self.rate, self.rows, self.spool, self.publisher, self.clock):
            row.addWidget(label)
        self.addPermanentWidget(right)
        self._halves = (left, right)
        self._texts = (
            *(self.link, self.last_reading, self.rate, self.rows),
            *(self.spool, self.publisher, self.clock),
        )
        theme.changed.connect(self._restyle)

    def show_status(
        self, status: EngineStatus, now_us: int, configured: bool, builtin: bool = False
    ) -> None:
        """Updates every text; cheap when none has changed. `builtin`: our own broker is
        the one in use."""
        before = [label.text() for label in self._texts]
        self._show_link(status, now_us, link_text(status, configured, builtin))
        rate = number(status.counters.msgs_per_s, 0 if status.counters.msgs_per_s >= 10 else 1)
        _set(self.rate, self.tr("{rate} msg/s").format(rate=rate))
        _set(self.rows, self._rows_text(status))
        _set(self.spool, self._spool_text(status))
        _set(self.publisher, self._publisher_text(status.publisher))
        zone = time.tzname[bool(time.localtime().tm_isdst)]
        _set(
            self.clock,
            self.tr("{zone} {time}").format(zone=zone, time=clock_text(now_us, seconds=True)),
        )
        if [len(label.text()) for label in self._texts] != [len(text) for text in before]:
            self._fit()

    def _show_link(self, status: EngineStatus, now_us: int, text: str) -> None:
        problem = status.link.problem
        stalled = problem is not None and problem.code == STALLED
        glyph, color = _LINK_LOOKS[LinkState.LOST if stalled else status.link.state]
        if status.api.state is ApiState.IN_USE:
            glyph, color = "cloud", "info"
        elif status.api.needed and status.api.state in _API_FAILED:
            glyph, color = "diamond", "crit"
        _set(self.link, text)
        last = ""
        self._note_stored(status)
        if self._last_stored_us is not None:
            age = age_text(seconds_between(self._last_stored_us, now_us))
            last = self.tr("· last reading {age}").format(age=age)
        _set(self.last_reading, last)
        self.last_reading.setVisible(bool(last))
        state = "error" if color == "crit" else status.link.state.value
        state = "fallback" if color == "info" else state
        self.link.setProperty("state", state)
        if self._look != (glyph, color):
            self._look = (glyph, color)
            self._restyle()

    def _note_stored(self, status: EngineStatus) -> None:
        """When a reading was last stored: other programs' messages and what lies retained
        come in as well, and are none."""
        stored = status.counters.stored
        if stored != self._stored:
            self._stored, self._last_stored_us = stored, status.last_received_us

    def _rows_text(self, status: EngineStatus) -> str:
        store = status.store
        if store.state is StoreState.DOWN and store.problem is not None:
            return self._down_text(store.problem.code)
        if not store.opened:
            return self.tr("Database opening…")
        rows = stored_rows(status)
        if rows == 0:
            return self.tr("Database ready (empty)")
        # Qt forms the plurals of translations; the English in the source has to do its own.
        if rows == 1:
            return self.tr("1 reading")
        return self.tr("%Ln readings", "", rows)

    def _down_text(self, code: str) -> str:
        texts = {
            "store.full": self.tr("Disk full"),
            "store.locked": self.tr("Database locked"),
            "store.read_only": self.tr("Database read-only"),
            SPOOL_FULL: self.tr("Spool full"),
        }
        return texts.get(code, self.tr("Database not working"))

    def _spool_text(self, status: EngineStatus) -> str:
        """Sending is only said of more than the readings of a moment."""
        waiting = count(status.counters.waiting)
        sending = status.server.state is ServerState.READY
        if sending and status.counters.waiting >= SENDING_FROM:
            return self.tr("Spool {count}, sending").format(count=waiting)
        return self.tr("Spool {count}").format(count=waiting)

    def _publisher_text(self, publisher: PublisherStatus) -> str:
        routes = {
            PublisherRoute.RETRYING: self.tr("Publisher retrying"),
            PublisherRoute.API: self.tr("Publisher through the API"),
            PublisherRoute.HOLDING: self.tr("Publisher waiting"),
        }
        if publisher.state in _SENDING and publisher.route in routes:
            return routes[publisher.route]
        texts = {
            PublisherState.STOPPED: self.tr("Publisher stopped"),
            PublisherState.STARTING: self.tr("Publisher starting…"),
            PublisherState.RUNNING: self.tr("Publisher running"),
            PublisherState.UNCONFIRMED: self.tr("Publisher not confirmed"),
            PublisherState.ERROR: self.tr("Publisher failed"),
        }
        return texts[publisher.state]

    def _label(self, name: str, look: str = "") -> QLabel:
        label = QLabel()
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setObjectName(f"status.{name}")
        label.installEventFilter(self)
        if name in _ROWS:
            label.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        if look:
            set_look(label, class_=look)
        return label

    def minimumSizeHint(self) -> QSize:
        """As narrow as it can be with only what is never left out."""
        return QSize(self._needed_px(()), super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Leaves out what there is no room for, the least important first; the panel of the
        data path has it too."""
        optional = (self.publisher, self.spool, self.rows, self.rate)
        shown: tuple[QLabel, ...] = optional
        while shown and self._needed_px(shown) > self.width():
            shown = shown[:-1]
        for label in optional:
            label.setVisible(label in shown)

    def _needed_px(self, shown: Sequence[QLabel]) -> int:
        left = self._halves[0].sizeHint().width()
        right = [label.sizeHint().width() + _GAP_PX for label in (*shown, self.clock)]
        return left + sum(right) + 2 * _EDGE_PX

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        pressed = event.type() == QEvent.Type.MouseButtonRelease or (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.KeyPress
            and event.key() in _PRESSING_KEYS
        )
        row = _ROWS.get(watched.objectName().removeprefix("status."))
        if pressed and row is not None:
            through_api = row == "broker" and self.link.property("state") == "fallback"
            self.row_asked.emit("api" if through_api else row)
            return True
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

"""The banner of the alert that somebody should see now: at most one, the worst and newest."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal, SignalInstance
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QLabel, QSizePolicy, QWidget

from harit_desktop.domain.alert import Alert, AlertBoard, AlertState, Severity
from harit_desktop.domain.device_book import DeviceBook
from harit_desktop.ui.alerts.alert_texts import headline, spoken
from harit_desktop.ui.alerts.alert_words import stands_for_others
from harit_desktop.ui.icons import status_pixmap
from harit_desktop.ui.message_banner import BannerButton
from harit_desktop.ui.theme import SIZES, ThemeController, set_look
from harit_desktop.ui.words import count, moment_text

_MARGIN_PX = 6
_TEXT_MIN_PX = 120


class AlertBanner(QFrame):
    """`banner.alert`. What it shows is the board's `telling`; the others are counted.

    `focus_released`: what had the focus in here is gone, and Qt would give it to whatever
    comes next.
    """

    acknowledge_asked = Signal(int)
    mute_asked = Signal(int)
    more_asked = Signal(int)
    """Somebody wants to see all that is open; the alert that is shown."""
    focus_released = Signal()

    def __init__(self, theme: ThemeController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("banner.alert")
        set_look(self, class_="banner")
        self._theme = theme
        self._alert: Alert | None = None
        self._glyph = QLabel()
        self._text = QLabel()
        self.more = self._button("button.banner.alerts", "link")
        self.acknowledge = self._button("button.banner.ack", "", self.tr("Acknowledge"))
        self.mute = self._button("button.banner.mute", "", self.tr("Mute 1 h"))
        self.mute.setAccessibleName(self.tr("Mute one hour"))
        self._build()
        self.acknowledge.clicked.connect(lambda: self._emit(self.acknowledge_asked))
        self.mute.clicked.connect(lambda: self._emit(self.mute_asked))
        self.more.clicked.connect(lambda: self._emit(self.more_asked))
        theme.changed.connect(self._restyle)
        self.hide()

    @property
    def alert(self) -> Alert | None:
        """The one that is shown."""
        return self._alert

    def show_board(self, board: AlertBoard, book: DeviceBook, now_us: int) -> None:
        """Shows what is to be told now, or nothing; at every change and second."""
        alert = board.telling
        focused = QApplication.focusWidget()
        inside = focused is not None and self.isAncestorOf(focused)
        self._alert = alert
        if alert is None:
            self.hide()
        else:
            self._say(alert, book, now_us)
            self._show_more(_others(board, alert, now_us))
            self._restyle()
            self.show()
        if inside and (focused is None or not focused.isVisible()):
            self.focus_released.emit()

    def _say(self, alert: Alert, book: DeviceBook, now_us: int) -> None:
        what = headline(alert, book, now_us)
        state = self.tr("Started {time} · not acknowledged").format(
            time=moment_text(alert.raised_us, now_us)
        )
        rich = f'<span style="font-weight:600">{_escaped(what)}</span> {_escaped(state)}'
        if self._text.text() == rich:
            return
        self._text.setText(rich)
        said = self.tr("{alert} {state}").format(alert=spoken(alert, book, now_us), state=state)
        self._text.setAccessibleName(said)
        self.setAccessibleName(self.tr("Alert: {what}").format(what=what))
        # A flood has no rule of its own that could be muted.
        self.mute.setVisible(not stands_for_others(alert))

    def _show_more(self, others: int) -> None:
        text = self.tr("and {count} more").format(count=count(others))
        self.more.setVisible(others > 0)
        if self.more.text() != text:
            self.more.setText(text)
            self.more.setAccessibleName(self.tr("Alerts: {text}").format(text=text))

    def _button(self, name: str, look: str, text: str = "") -> BannerButton:
        button = BannerButton(text)
        button.setObjectName(name)
        set_look(button, class_=look)
        return button

    def _build(self) -> None:
        self._text.setTextFormat(Qt.TextFormat.RichText)
        self._text.setWordWrap(True)
        self._text.setMinimumWidth(_TEXT_MIN_PX)
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, _MARGIN_PX, 8, _MARGIN_PX)
        row.setSpacing(8)
        row.addWidget(self._glyph, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self._text, 1)
        row.addWidget(self.more)
        row.addWidget(self.acknowledge)
        row.addWidget(self.mute)
        self.setMinimumHeight(SIZES.banner_height)

    def _emit(self, signal: SignalInstance) -> None:
        if self._alert is not None:
            signal.emit(self._alert.id)

    def _restyle(self) -> None:
        if self._alert is None:
            return
        severity = "crit" if self._alert.severity is Severity.CRITICAL else "warn"
        pixmap = status_pixmap(severity, self._theme.tokens, SIZES.icon, self.devicePixelRatioF())
        self._glyph.setPixmap(pixmap)
        self._glyph.setFixedSize(QSize(SIZES.icon, SIZES.icon))
        set_look(self, severity=severity)


def _others(board: AlertBoard, shown: Alert, now_us: int) -> int:
    """How many more are new and were told, but those for which the shown one stands."""
    return sum(
        one.state is AlertState.ACTIVE_NEW
        and one.told_us is not None
        and one.id != shown.id
        and one.flood_id is None
        and not one.is_muted(now_us)
        for one in board.alerts
    )


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

"""The Data path panel: the stations of a reading, always in view."""

from dataclasses import replace
from html import escape

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QGridLayout, QLabel, QVBoxLayout, QWidget

from harit_desktop.domain.status import EngineStatus
from harit_desktop.ui.icons import pixmap, status_pixmap
from harit_desktop.ui.panels.elided_label import ElidedLabel
from harit_desktop.ui.panels.path_texts import Choices, PathText, path_texts, row_title
from harit_desktop.ui.theme import SIZES, set_look
from harit_desktop.ui.theme_tokens import LIGHT, Tokens

ROWS: tuple[str, ...] = (
    *("broker", "api", "database", "spool", "publisher"),
    *("forward", "localApi"),
)
_ICONS = {"api": "cloud", "forward": "export", "localApi": "server"}
_DETAIL_NAMES = {"spool": "conn.spool.depth"}
_SIGN_PX = 12


class PathRow(QAbstractButton):
    """One station: `conn.<row>.state` beside its title, `conn.<row>.detail` below.

    A button, because it leads to the settings or the page behind it.
    """

    def __init__(self, row: str, tokens: Tokens) -> None:
        super().__init__()
        self.row = row
        self._tokens = tokens
        self._text: PathText | None = None
        self._by_keyboard = False
        self.setObjectName(f"conn.{row}")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._icon = QLabel()
        self._title = ElidedLabel()
        self._title.setProperty("class", "dense medium")
        self._sign = QLabel()
        self.word = QLabel()
        self.word.setObjectName(f"conn.{row}.state")
        self.word.setProperty("class", "caption muted")
        self.word.setTextFormat(Qt.TextFormat.PlainText)
        self.detail = ElidedLabel()
        self.detail.setObjectName(_DETAIL_NAMES.get(row, f"conn.{row}.detail"))
        self.detail.setProperty("class", "dense muted")
        grid = self._grid = QGridLayout(self)
        grid.setContentsMargins(12, 2, 12, 2)
        grid.setHorizontalSpacing(4)
        grid.setVerticalSpacing(0)
        grid.setColumnMinimumWidth(0, SIZES.icon + 6)
        grid.setColumnStretch(1, 1)
        grid.addWidget(self._icon, 0, 0, 2, 1, Qt.AlignmentFlag.AlignLeft)
        grid.addWidget(self._title, 0, 1)
        grid.addWidget(self._sign, 0, 2)
        grid.addWidget(self.word, 0, 3)
        grid.addWidget(self.detail, 1, 1, 1, 3)
        self.set_tokens(tokens)

    def show_text(self, text: PathText) -> None:
        """Sets the texts of the row; does nothing where they are already shown."""
        if text == self._text:
            return
        self._text = text
        self.word.setText(text.word)
        self.detail.setText(text.detail)
        for widget in (self, self.word, self.detail):
            widget.setProperty("state", text.state)
        set_look(self.word, severity=text.severity)
        set_look(self.detail, severity="" if text.severity == "info" else text.severity)
        self.setToolTip(f"<p>{escape(text.more)}</p>" if text.more else "")
        self.setAccessibleDescription(text.more)
        self._show_sign()
        self._set_names()

    def set_tokens(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._icon.setPixmap(pixmap(_ICONS.get(self.row, self.row), tokens, SIZES.icon))
        self._show_sign()
        self.update()

    def set_words(self) -> None:
        self._title.setText(row_title(self.row))
        self._set_names()

    def _set_names(self) -> None:
        if self._text is None:
            return
        template = (
            self.tr("{row}: {state}, {detail}") if self._text.word else self.tr("{row}: {detail}")
        )
        name = template.format(
            row=row_title(self.row), state=self._text.word, detail=self._text.detail
        )
        self.setAccessibleName(name)
        self.word.setAccessibleName(name)
        self.detail.setAccessibleName(name)

    def _show_sign(self) -> None:
        severity = self._text.severity if self._text else ""
        self._sign.setVisible(bool(severity))
        if severity and self._text:
            sign = "fallback" if self._text.state == "fallback" else severity
            self._sign.setPixmap(status_pixmap(sign, self._tokens, _SIGN_PX))

    def sizeHint(self) -> QSize:
        return self._grid.sizeHint()

    def minimumSizeHint(self) -> QSize:
        return self._grid.minimumSize()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self.isDown() or self.underMouse():
            painter.fillRect(self.rect(), self._tokens.color("sunken"))
        if self.hasFocus() and self._by_keyboard:
            painter.setPen(QPen(self._tokens.color("focus"), SIZES.focus_ring))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))

    def focusInEvent(self, event: QFocusEvent) -> None:
        # A window gives focus to its first button by itself; that needs no ring.
        self._by_keyboard = event.reason() in (
            Qt.FocusReason.TabFocusReason,
            Qt.FocusReason.BacktabFocusReason,
            Qt.FocusReason.ShortcutFocusReason,
        )
        super().focusInEvent(event)

    def enterEvent(self, event: QEvent) -> None:
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self.update()


class DataPathPanel(QWidget):
    """Broker, API, database, spool and publisher, each with its state in words; sending on
    to the API and our own API only where they are switched on."""

    row_clicked = Signal(str)
    """The user pressed this row: one of ROWS."""

    def __init__(self, parent: QWidget | None = None, tokens: Tokens = LIGHT) -> None:
        super().__init__(parent)
        self.setObjectName("panel.path")
        self._tokens = tokens
        self._status: tuple[EngineStatus, int] = (EngineStatus(), 0)
        self._choices = Choices()
        self._title = QLabel()
        self._title.setProperty("class", "caption strong muted")
        self._title.setContentsMargins(12, 0, 12, 2)
        self.rows = {row: PathRow(row, tokens) for row in ROWS}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 10, 0, 8)
        column.setSpacing(0)
        column.addWidget(self._title)
        for name, row in self.rows.items():
            column.addWidget(row)
            row.clicked.connect(lambda _=False, name=name: self.row_clicked.emit(name))
        self._set_words()

    def set_status(self, status: EngineStatus, now_us: int) -> None:
        """Shows a snapshot of the engine; cheap where nothing changed."""
        self._status = (status, now_us)
        for name, text in path_texts(status, now_us, self._choices).items():
            row = self.rows[name]
            row.setVisible(text is not None)
            if text is not None:
                row.show_text(text)

    def set_configured(self, configured: bool) -> None:
        """Takes whether a broker was chosen: one that is only disconnected is set up."""
        self._choose(replace(self._choices, configured=configured))

    def set_choices(self, api_mode: str, has_api: bool, retries: int) -> None:
        """Takes the settings of which the rows speak."""
        self._choose(replace(self._choices, api_mode=api_mode, has_api=has_api, retries=retries))

    def _choose(self, choices: Choices) -> None:
        if choices != self._choices:
            self._choices = choices
            self.set_status(*self._status)

    def set_tokens(self, tokens: Tokens) -> None:
        self._tokens = tokens
        for row in self.rows.values():
            row.set_tokens(tokens)
        self.update()

    def _set_words(self) -> None:
        self._title.setText(self.tr("Data path"))
        for row in self.rows.values():
            row.set_words()
        self.set_status(*self._status)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._set_words()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(0, 0, self.width(), 1, self._tokens.color("line"))

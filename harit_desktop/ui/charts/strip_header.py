"""The header of a strip: what is measured, its newest value, how it moves, what is wrong."""

from dataclasses import dataclass
from html import escape

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from harit_desktop.domain.channels import Channel
from harit_desktop.ui.fonts import scaled_px
from harit_desktop.ui.icons import pixmap, status_pixmap
from harit_desktop.ui.panels.elided_label import ElidedLabel
from harit_desktop.ui.panels.text_scale import text_scale
from harit_desktop.ui.theme import SIZES, Tokens, set_look

_MARGIN_PX = 5
_DIGITS_HEIGHT = 1.09
"""Height of the value line in text sizes: digits need no room for descenders."""
_OLD = ("stale", "connecting")
_SPRING = 2


@dataclass(frozen=True)
class HeaderText:
    """What a header says. `state` is the strip's state; `severity` "", "warn" or "crit"
    colours what is out of range; `note` stands below the value, or beside it in a low strip.
    Without `aged` an old state has no clock: there is no value whose age it would be. In the
    state fallback a cloud stands for the API. `hint` is the tool tip."""

    name: str
    value: float | None
    shown: str
    unit: str
    note: str
    state: str
    severity: str = ""
    aged: bool = True
    hint: str = ""


class StripHeader(QWidget):
    """`value.<Channel>` (property `value`) and `trend.<Channel>` beside a strip's plot."""

    def __init__(self, channel: Channel, tokens: Tokens, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setProperty("class", "panel")
        self._tokens = tokens
        self._text: HeaderText | None = None
        self._compact = False
        self._least_px = 0
        self.name = ElidedLabel()
        self.name.setProperty("class", "dense strong")
        self.sign = QLabel()
        self.value = QLabel()
        self.value.setObjectName(f"value.{channel.key}")
        self.value.setProperty("class", "value")
        self.value.setTextFormat(Qt.TextFormat.PlainText)
        self.unit = QLabel()
        self.unit.setProperty("class", "caption muted")
        self.unit.setTextFormat(Qt.TextFormat.PlainText)
        self.clock = QLabel()
        self.trend = ElidedLabel()
        self.trend.setObjectName(f"trend.{channel.key}")
        self.trend.setProperty("class", "caption muted")
        self._lay_out()

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(4)
        top.addWidget(self.name, 1)
        top.addWidget(self.sign)
        middle = self._middle = QHBoxLayout()
        middle.setSpacing(6)
        middle.addWidget(self.value)
        middle.addWidget(self.unit)
        middle.addStretch(1)  # the item at _SPRING
        bottom = self._bottom = QHBoxLayout()
        bottom.setSpacing(4)
        bottom.addWidget(self.clock)
        bottom.addWidget(self.trend, 1)
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(12, _MARGIN_PX, 8, 0)
        self._box.setSpacing(0)
        for row in (top, middle, bottom):
            self._box.addLayout(row)
        self._box.addStretch(1)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Ignored)

    def show_text(self, text: HeaderText) -> None:
        """Sets the texts; does nothing where they are already shown."""
        if text == self._text:
            return
        self._text = text
        self.name.setText(text.name)
        self.value.setText(text.shown)
        self.value.setProperty("value", text.value)
        self.unit.setText(text.unit)
        self.trend.setText(text.note)
        lines = "<br>".join(map(escape, text.hint.splitlines()))
        self.setToolTip(f"<qt>{lines}</qt>" if lines else "")
        set_look(self.value, state=text.state, severity=text.severity)
        set_look(
            self.trend,
            class_="caption strong" if text.severity else "caption muted",
            severity=text.severity or self._age_look(text),
        )
        self._show_signs(text)

    @staticmethod
    def _age_look(text: HeaderText) -> str:
        if text.state == "fallback":
            return "info"
        return "warn" if text.state in _OLD and text.aged else ""

    def set_tokens(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self.fit_text()
        if self._text is not None:
            self._show_signs(self._text)

    def set_least_height(self, height_px: int) -> None:
        """Takes the height of the lowest of the strips, so that all are laid out alike."""
        if height_px != self._least_px:
            self._least_px = height_px
            self.fit_text()

    def fit_text(self) -> None:
        """Follows a change of the text size."""
        height_px = self._least_px or self.height()
        value_px = round(scaled_px(SIZES.value, text_scale()) * _DIGITS_HEIGHT)
        name_px, note_px = _line_px(self.name), _line_px(self.trend)
        low = height_px < name_px + value_px + note_px
        if low != self._compact:
            self._set_compact(low)
        room_px = max(1, height_px - name_px - 1)
        # Small digits rather than half of large ones.
        set_look(self.value, class_="strong" if room_px < value_px else "value")
        self.value.setFixedHeight(min(value_px, room_px))

    def _set_compact(self, compact: bool) -> None:
        """Moves the note beside the value, where its unit gives way: the axis names it too."""
        self._compact = compact
        self.unit.setVisible(not compact)
        for widget, stretch in ((self.clock, 0), (self.trend, 1)):
            self._bottom.removeWidget(widget)
            self._middle.removeWidget(widget)
            (self._middle if compact else self._bottom).addWidget(widget, stretch)
        self._middle.setStretch(_SPRING, 0 if compact else 1)

    def _show_signs(self, text: HeaderText) -> None:
        self.sign.setVisible(bool(text.severity))
        if text.severity:
            self.sign.setPixmap(status_pixmap(text.severity, self._tokens, 14))
        old = text.state in _OLD and text.aged
        fallback = text.state == "fallback"
        self.clock.setVisible(old or fallback)
        if old:
            self.clock.setPixmap(pixmap("clock", self._tokens, 12, "warn"))
        elif fallback:
            self.clock.setPixmap(pixmap("cloud", self._tokens, 12, "info"))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        spare = (self.height() - round(SIZES.strip_min_height * text_scale())) // 2
        self._box.setContentsMargins(12, min(_MARGIN_PX, max(0, spare)), 8, 0)
        self.fit_text()


def _line_px(label: QLabel) -> int:
    label.ensurePolished()
    return label.fontMetrics().height()

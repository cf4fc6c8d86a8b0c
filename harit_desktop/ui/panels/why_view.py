"""Why an index is what it is: each channel with what it earned, worst first."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from harit_desktop.domain.analysis import Contribution, Explanation
from harit_desktop.domain.channels import CHANNELS
from harit_desktop.domain.device import DeviceState
from harit_desktop.ui.panels.contribution_row import ContributionRow, severity_of
from harit_desktop.ui.panels.elided_label import ElidedLabel
from harit_desktop.ui.panels.health_details import HealthDetails
from harit_desktop.ui.panels.health_texts import ceiling_text, counted
from harit_desktop.ui.panels.row_notes import row_note
from harit_desktop.ui.theme_tokens import Tokens


class WhyView(QWidget):
    """The list of reasons. Of a withheld index only the channels that were left out or
    doubted are listed, with the reason. `severity` is the worst of what is shown."""

    def __init__(self, tokens: Tokens) -> None:
        super().__init__()
        self.severity = ""
        self._withheld = False
        self._title = text_label("label.health.why", "dense strong")
        self._unit = ElidedLabel()
        self._unit.setObjectName("label.health.unit")
        self._unit.setProperty("class", "caption muted")
        self._unit.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._rows = {channel.key: ContributionRow(channel.key, tokens) for channel in CHANNELS}
        self._list = _Rows(list(self._rows.values()))
        self._ceiling = text_label("label.health.ceiling", "caption muted", wrap=True)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._title)
        head.addWidget(self._unit, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self._list)
        column.addWidget(self._ceiling)
        column.addSpacing(8)
        column.addWidget(rule())
        column.addSpacing(8)
        self._set_words()

    def show_reasons(
        self,
        device: DeviceState,
        explanation: Explanation | None,
        details: HealthDetails,
        now_us: int,
    ) -> None:
        """Shows the parts of an index; hides itself where there is nothing to tell."""
        parts = [] if explanation is None else counted(explanation)
        notes = {part.channel: row_note(part, device, details, now_us) for part in parts}
        self._withheld = explanation is not None and explanation.index is None
        if self._withheld:
            parts = [part for part in parts if notes[part.channel].flag]
        self.setVisible(bool(parts) or (explanation is not None and not self._withheld))
        self._set_words()
        most = max((part.maximum for part in parts), default=1.0)
        self._list.arrange([self._rows[part.channel] for part in parts])
        stale = device.is_stale(now_us)
        for part in parts:
            note, severity = notes[part.channel], severity_of(part, details.alarming)
            self._rows[part.channel].show_part(part, most, stale, note, severity)
        text = "" if explanation is None else ceiling_text(device, explanation)
        self._ceiling.setText(text)
        self._ceiling.setVisible(bool(text))
        self.severity = _worst(parts, details.alarming)

    def set_tokens(self, tokens: Tokens) -> None:
        """Takes the colours of a theme, and the text size that the application has now."""
        for row in self._rows.values():
            row.tokens = tokens
            row.updateGeometry()
            row.update()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._set_words()

    def _set_words(self) -> None:
        self._title.setText(
            self.tr("What is missing or in doubt") if self._withheld else self.tr("Why this score")
        )
        self._unit.setText("" if self._withheld else self.tr("points of maximum"))
        self._unit.setVisible(not self._withheld)


class _Rows(QWidget):
    """Rows one below the other. The order changes with every other reading of a busy probe:
    the rows then only change places, and no layout around them is worked out again."""

    def __init__(self, rows: Sequence[ContributionRow]) -> None:
        super().__init__()
        self._rows = rows
        self._order: list[ContributionRow] = []
        self._hint = QSize(0, 0)
        for row in rows:
            row.setParent(self)
            row.hide()
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.hide()

    def arrange(self, order: Sequence[ContributionRow]) -> None:
        """Shows these rows in this order, and no others."""
        if list(order) == self._order:
            return
        for row in self._order:
            if row not in order:
                row.hide()
        fresh = [row for row in order if row not in self._order]
        self._order = list(order)
        self._place()
        for row in fresh:
            row.show()
        self.setVisible(bool(order))

    def sizeHint(self) -> QSize:
        return self._sum([row.sizeHint() for row in self._order])

    def minimumSizeHint(self) -> QSize:
        return self._sum([row.minimumSizeHint() for row in self._order])

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            self._place()
        return super().event(event)

    def _place(self) -> None:
        top = 0
        for row in self._order:
            height = row.sizeHint().height()
            row.setGeometry(0, top, self.width(), height)
            top += height
        hint = self.sizeHint()
        if hint != self._hint:
            self._hint = hint
            self.updateGeometry()

    @staticmethod
    def _sum(hints: Sequence[QSize]) -> QSize:
        return QSize(
            max((hint.width() for hint in hints), default=0), sum(hint.height() for hint in hints)
        )


def text_label(name: str, look: str, wrap: bool = False) -> QLabel:
    """A label of plain text in one of the looks of the theme."""
    label = QLabel()
    label.setObjectName(name)
    label.setProperty("class", look)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(wrap)
    return label


def rule() -> QFrame:
    """A thin line across the panel."""
    line = QFrame()
    line.setFrameShape(QFrame.Shape.HLine)
    line.setProperty("class", "line")
    return line


def _worst(parts: Sequence[Contribution], alarming: frozenset[str] | None) -> str:
    severities = {severity_of(part, alarming) for part in parts}
    return next((word for word in ("crit", "warn") if word in severities), "")

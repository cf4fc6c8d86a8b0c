"""Why an index is what it is: each channel with what it earned, worst first."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

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
        for row in self._rows.values():
            row.setParent(self)
            row.hide()
        self._order: list[str] = []
        self._ceiling = text_label("label.health.ceiling", "caption muted", wrap=True)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._title)
        head.addWidget(self._unit, 1)
        self._list = QVBoxLayout()
        self._list.setSpacing(0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addLayout(self._list)
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
        self._arrange([part.channel for part in parts])
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

    def _arrange(self, order: Sequence[str]) -> None:
        if list(order) == self._order:
            return
        self._order = list(order)
        for row in self._rows.values():
            self._list.removeWidget(row)
            row.setVisible(False)
        for key in order:
            self._list.addWidget(self._rows[key])
            self._rows[key].setVisible(True)


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

"""Another program's judgement beside ours, so that a difference is seen."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from harit_desktop.domain.analysis import Band
from harit_desktop.ui.dialog_parts import say
from harit_desktop.ui.messages.heard import HeardMessage, Ours
from harit_desktop.ui.problem_texts import printable
from harit_desktop.ui.theme import set_look
from harit_desktop.ui.words import DASH, band_word, clock_text, factor_name, joined, number
from harit_desktop.wire.heard import HeardAnalysis, HeardStatus

_ROWS = ("index", "status", "time", "anomalous")


class HeardView(QWidget):
    """A small table (theirs, ours), and a sentence on what differs."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel.message.heard")
        self.verdict = self._label("message.heard.verdict", "dense")
        self.more = self._label("message.heard.more", "dense muted")
        self.cells: dict[str, tuple[QLabel, QLabel, QLabel]] = {}
        self._heads = [self._label(f"message.heard.head.{n}", "caption muted") for n in range(3)]
        self._build()

    def show_heard(self, heard: HeardMessage | None) -> None:
        """Shows what was decoded; None hides the view."""
        self.setVisible(heard is not None)
        if heard is None:
            return
        if isinstance(heard.said, HeardStatus):
            self._show_status(heard.said, heard.at_us)
        else:
            self._show_analysis(heard.said, heard)

    def _show_status(self, said: HeardStatus, at_us: int | None) -> None:
        for head in self._heads[1:]:
            head.hide()
        self._heads[0].setText(self.tr("Status of another program"))
        self._set("status", self.tr("Status"), printable(said.status), "")
        self._set("time", self.tr("Time"), _time(at_us, said.timestamp), "")
        for row in ("index", "anomalous"):
            self._set(row, "", "", "")
        say(self.verdict, printable(said.message or ""))
        source = self.tr("From {device}.").format(device=printable(said.publisher_id))
        say(self.more, source if said.publisher_id else "")

    def _show_analysis(self, said: HeardAnalysis, heard: HeardMessage) -> None:
        ours = heard.ours
        self._heads[0].setText(self.tr("Analysis"))
        for head, text in zip(self._heads[1:], (self.tr("Theirs"), self.tr("Ours")), strict=True):
            head.setText(text)
            head.show()
        self._set(
            "index", self.tr("Index"), _index(said.index), _index(ours.index if ours else None)
        )
        own_band = band_word(ours.band) if ours else DASH
        self._set("status", self.tr("Status"), _band(said.status), own_band)
        times = _time(heard.at_us, said.timestamp), clock_text(ours.at_us, True) if ours else DASH
        self._set("time", self.tr("Time"), *times)
        words = {True: self.tr("yes"), False: self.tr("no"), None: DASH}
        own_word = words[ours.is_anomalous if ours else None]
        self._set("anomalous", self.tr("Anomalous"), words[said.is_anomalous], own_word)
        text, severity = self._verdict(said, ours)
        say(self.verdict, text, severity)
        factors = [factor_name(factor) for factor in said.critical_factors]
        critical = self.tr("Critical for them: {factors}.").format(factors=joined(factors))
        say(self.more, critical if factors else "")

    def _verdict(self, said: HeardAnalysis, ours: Ours | None) -> tuple[str, str]:
        if not said.publisher_id:
            return self.tr("It does not say which device it is about."), ""
        if ours is None:
            return self.tr(
                "We have no reading of {device} within 5 minutes of it to compare with."
            ).format(device=printable(said.publisher_id)), ""
        if said.index is None or ours.index is None:
            one_sided = (said.index is None) != (ours.index is None)
            return (
                (self.tr("Only one of the two gives an index."), "warn") if one_sided else ("", "")
            )
        difference = round(said.index) - ours.index
        same_word = said.status is None or said.status.lower() == ours.band.value.lower()
        both_say = said.is_anomalous is not None and ours.is_anomalous is not None
        if difference == 0 and same_word and both_say and said.is_anomalous != ours.is_anomalous:
            return self.tr("The same index and status; only one calls it anomalous."), "warn"
        if difference == 0 and same_word:
            return self.tr("Both say the same."), ""
        if difference == 0:
            return self.tr("The same index, but another status."), "warn"
        if same_word:
            template = (
                self.tr("Theirs is higher by {n}, with the same status.")
                if difference > 0
                else self.tr("Theirs is lower by {n}, with the same status.")
            )
            return template.format(n=abs(difference)), ""
        template = (
            self.tr("Theirs is higher by {n}, with another status.")
            if difference > 0
            else self.tr("Theirs is lower by {n}, with another status.")
        )
        return template.format(n=abs(difference)), "warn"

    def _set(self, row: str, title: str, theirs: str, ours: str) -> None:
        for label, text in zip(self.cells[row], (title, theirs, ours), strict=True):
            label.setText(text)
            label.setVisible(bool(title))
        spoken = self.tr("{title}: theirs {theirs}, ours {ours}")
        name = spoken.format(title=title, theirs=theirs, ours=ours) if ours else ""
        self.cells[row][1].setAccessibleName(name)

    def _build(self) -> None:
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(4)
        right = Qt.AlignmentFlag.AlignRight
        for place, head in enumerate(self._heads):
            grid.addWidget(head, 0, place, right if place else Qt.AlignmentFlag(0))
        for number_, row in enumerate(_ROWS, start=1):
            title = self._label(f"message.heard.{row}", "dense muted")
            theirs = self._label(f"message.heard.{row}.theirs", "dense medium")
            ours = self._label(f"message.heard.{row}.ours", "dense medium")
            self.cells[row] = (title, theirs, ours)
            grid.addWidget(title, number_, 0)
            grid.addWidget(theirs, number_, 1, right)
            grid.addWidget(ours, number_, 2, right)
        set_look(self._heads[0], class_="caption strong muted")
        grid.setColumnStretch(0, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(grid)
        for label in (self.verdict, self.more):
            label.setWordWrap(True)
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
            column.addWidget(label)

    @staticmethod
    def _label(name: str, look: str) -> QLabel:
        label = QLabel()
        label.setObjectName(name)
        label.setTextFormat(Qt.TextFormat.PlainText)
        set_look(label, class_=look)
        return label


def _index(value: float | None) -> str:
    """Whole, unless the other program is more exact."""
    if value is None:
        return DASH
    return number(value, 0 if round(value, 1) == round(value) else 1)


def _band(status: str | None) -> str:
    """The word of the program, translated where it is one that we know."""
    if status is None:
        return DASH
    known = next((band for band in Band if band.value.lower() == status.lower()), None)
    return band_word(known) if known is not None else _short(status)


def _short(text: str) -> str:
    shown = printable(text)
    return shown if len(shown) <= 24 else f"{shown[:23]}…"


def _time(at_us: int | None, sent: str | None) -> str:
    return clock_text(at_us, True) if at_us is not None else _short(sent or DASH)

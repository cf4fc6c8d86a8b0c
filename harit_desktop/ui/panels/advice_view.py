"""The few pieces of advice about a reading: the most urgent under the index, the rest below."""

from __future__ import annotations

from collections.abc import Container, Sequence

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from harit_desktop.domain.advice import Advice
from harit_desktop.ui.advice_texts import advice_text, urgency_word
from harit_desktop.ui.icons import status_pixmap
from harit_desktop.ui.panels.text_scale import text_scale
from harit_desktop.ui.theme import set_look
from harit_desktop.ui.theme_tokens import Tokens

MOST_SHOWN = 3
_SIGN_PX = 13
_ORDER = ("crit", "warn", "info")
_NO_HURRY = "sensor.calibrate"
"""Worth a word, and nothing that an index is so or so for."""


class AdviceView(QWidget):
    """`label.health.advice`: the title and, one below the other, `health.advice.<n>`.

    `lead` is for a place right under the index, where the most urgent of them is shown; it
    hides itself where there is none. `text()` is all of it, as a screen reader hears it.
    Property `count` is how many are shown.
    """

    def __init__(self, tokens: Tokens) -> None:
        super().__init__()
        self._tokens = tokens
        self._shown: tuple[Advice, ...] = ()
        self._stale = False
        self._confirmed: Container[str] = frozenset()
        self.setObjectName("label.health.advice")
        self._title = QLabel()
        self._title.setProperty("class", "dense strong")
        self._none = _label("label.health.noAdvice")
        self.lead = _Row()
        self._rows = [_Row() for _ in range(MOST_SHOWN)]
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        column.addWidget(self._title)
        column.addWidget(self._none)
        for row in self._rows:
            column.addWidget(row)
        self._refresh()

    def text(self) -> str:
        """Everything it says, a line each."""
        return self.accessibleDescription()

    def set_advice(
        self,
        advice: Sequence[Advice],
        stale: bool,
        certain: bool = True,
        confirmed: Container[str] = frozenset(),
    ) -> None:
        """Shows at most three; those of an old reading in grey, for they may be overtaken.

        That nothing needs doing is said only where the present state is `certain`. `confirmed`
        channels were compared with a laboratory not long ago.
        """
        ordered = sorted(
            advice, key=lambda one: _ORDER.index(one.urgency) if one.urgency in _ORDER else 9
        )
        shown = tuple(ordered[:MOST_SHOWN])
        if (shown, stale, confirmed) != (self._shown, self._stale, self._confirmed):
            self._shown, self._stale, self._confirmed = shown, stale, confirmed
            self._refresh()
        self.setVisible(bool(self._below()) or (certain and not shown))

    def blocks(self) -> tuple[QWidget, ...]:
        """Everything with a layout of its own, the innermost first."""
        return (self.lead, *self._rows, self)

    def set_tokens(self, tokens: Tokens) -> None:
        """Takes the colours of a theme."""
        self._tokens = tokens
        self._refresh()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._refresh()

    def _below(self) -> tuple[Advice, ...]:
        """What is not shown under the index."""
        leads = bool(self._shown) and self._shown[0].code != _NO_HURRY
        return self._shown[1:] if leads else self._shown

    def _refresh(self) -> None:
        below = self._below()
        leads = len(below) < len(self._shown)
        self._title.setText(self.tr("More advice") if leads else self.tr("Advice"))
        self._none.setText(self.tr("Nothing needs doing at present."))
        self._none.setVisible(not self._shown)
        used = ([self.lead] if leads else []) + self._rows[: len(below)]
        for number, (row, advice) in enumerate(zip(used, self._shown, strict=True)):
            row.show_advice(number, advice, self._tokens, self._stale, self._confirmed)
        for row in (self.lead, *self._rows):
            if row not in used:
                row.name("unused")
            row.setVisible(row in used)
        lines = [row.spoken for row in used] or [self._none.text()]
        self.setAccessibleName(self._title.text())
        self.setAccessibleDescription("\n".join(lines))
        self.setProperty("count", len(self._shown))


class _Row(QWidget):
    """A sign for the urgency, and the sentences beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.spoken = ""
        self._sign = QLabel()
        self._sign.setContentsMargins(0, 1, 0, 0)
        self._text = _label("health.advice.unused")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._text, 1)

    def name(self, number: int | str) -> None:
        self._text.setObjectName(f"health.advice.{number}")

    def show_advice(
        self,
        number: int,
        advice: Advice,
        tokens: Tokens,
        stale: bool,
        confirmed: Container[str],
    ) -> None:
        self.name(number)
        size = round(_SIGN_PX * max(1.0, text_scale()))
        self._sign.setPixmap(status_pixmap(advice.urgency, tokens, size))
        text = advice_text(advice, confirmed)
        self.spoken = self.tr("{urgency}: {advice}").format(
            urgency=urgency_word(advice.urgency), advice=text
        )
        self._text.setText(text)
        self._text.setAccessibleName(self.spoken)
        set_look(self._text, class_="dense faint" if stale else "dense")


def _label(name: str) -> QLabel:
    label = QLabel()
    label.setObjectName(name)
    label.setProperty("class", "dense muted")
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    return label

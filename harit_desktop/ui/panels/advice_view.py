"""The few pieces of advice below an index, the most urgent first."""

from __future__ import annotations

from collections.abc import Sequence

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


class AdviceView(QWidget):
    """`label.health.advice`: the title and, one below the other, `health.advice.<n>`.

    `text()` is all of it, as a screen reader hears it. Property `count` is how many are shown.
    """

    def __init__(self, tokens: Tokens) -> None:
        super().__init__()
        self._tokens = tokens
        self._shown: tuple[Advice, ...] = ()
        self._stale = False
        self.setObjectName("label.health.advice")
        self._title = QLabel()
        self._title.setProperty("class", "dense strong")
        self._none = _label("label.health.noAdvice")
        self._rows = [_Row(number) for number in range(MOST_SHOWN)]
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

    def set_advice(self, advice: Sequence[Advice], stale: bool, certain: bool = True) -> None:
        """Shows at most three; those of an old reading in grey, for they may be overtaken.

        That nothing needs doing is said only where the present state is `certain`.
        """
        ordered = sorted(
            advice, key=lambda one: _ORDER.index(one.urgency) if one.urgency in _ORDER else 9
        )
        shown = tuple(ordered[:MOST_SHOWN])
        self.setVisible(bool(shown) or certain)
        if (shown, stale) != (self._shown, self._stale):
            self._shown, self._stale = shown, stale
            self._refresh()

    def set_tokens(self, tokens: Tokens) -> None:
        """Takes the colours of a theme."""
        self._tokens = tokens
        self._refresh()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._refresh()

    def _refresh(self) -> None:
        self._title.setText(self.tr("Advice"))
        self._none.setText(self.tr("Nothing needs doing at present."))
        self._none.setVisible(not self._shown)
        for row, advice in zip(self._rows, self._shown, strict=False):
            row.show_advice(advice, self._tokens, self._stale)
        for number, row in enumerate(self._rows):
            row.setVisible(number < len(self._shown))
        lines = [row.spoken for row in self._rows[: len(self._shown)]] or [self._none.text()]
        self.setAccessibleName(self._title.text())
        self.setAccessibleDescription("\n".join(lines))
        self.setProperty("count", len(self._shown))


class _Row(QWidget):
    """A sign for the urgency, and the sentences beside it."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.spoken = ""
        self._sign = QLabel()
        self._sign.setContentsMargins(0, 1, 0, 0)
        self._text = _label(f"health.advice.{number}")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._text, 1)

    def show_advice(self, advice: Advice, tokens: Tokens, stale: bool) -> None:
        size = round(_SIGN_PX * max(1.0, text_scale()))
        self._sign.setPixmap(status_pixmap(advice.urgency, tokens, size))
        text = advice_text(advice)
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

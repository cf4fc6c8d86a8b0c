"""A question inside a dialog, above what it is about: a name, a yes, or what a file would do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QCheckBox, QFrame, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from harit_desktop.ui.dialog_parts import button, say, sentences
from harit_desktop.ui.text_widths import scaled
from harit_desktop.ui.theme import set_look

_NAME_PX = 260


@dataclass(frozen=True)
class Ask:
    """One question. With `name` there is a line to type in, with `consent` a box that has to
    be checked first. `answer` takes what was typed; its answer True closes the panel."""

    heading: str
    yes: str
    answer: Callable[[str], None]
    lines: Sequence[str] = ()
    name: str | None = None
    consent: str = ""
    danger: bool = False


class AskPanel(QFrame):
    """`profiles.ask`: hidden until something is asked; `asked` says whether something is."""

    asked = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("profiles.ask")
        set_look(self, class_="inset")
        self._ask: Ask | None = None
        self._heading = sentences("profiles.ask.heading", "strong")
        self._lines = sentences("profiles.ask.lines", "dense")
        self._problem = sentences("profiles.ask.problem", "dense", "crit")
        self.name = QLineEdit()
        self.name.setObjectName("profiles.ask.name")
        self.name.setMaxLength(60)
        self.name.setMaximumWidth(scaled(_NAME_PX))
        self.name.setAccessibleName(self.tr("Name of the profile"))
        self.name.textEdited.connect(lambda: self.show_problem(""))
        self.name.returnPressed.connect(self._accept)
        self.consent = QCheckBox()
        self.consent.setObjectName("profiles.ask.consent")
        self.consent.toggled.connect(self._update)
        self.yes = button("profiles.ask.yes")
        self.yes.clicked.connect(self._accept)
        self.no = button("profiles.ask.no", self.tr("Cancel"))
        self.no.clicked.connect(self.close_ask)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.yes)
        row.addWidget(self.no)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 10)
        column.setSpacing(6)
        for widget in (self._heading, self._lines, self.name, self._problem, self.consent):
            column.addWidget(widget)
        column.addLayout(row)
        self.hide()

    def ask(self, ask: Ask) -> None:
        """Asks in the place of whatever was asked before."""
        self._ask = ask
        say(self._heading, ask.heading)
        say(self._lines, "\n".join(ask.lines))
        self.name.setVisible(ask.name is not None)
        self.name.setText(ask.name or "")
        self.consent.setVisible(bool(ask.consent))
        self.consent.setChecked(False)
        self.consent.setText(ask.consent)
        self.consent.setAccessibleDescription(" ".join(ask.lines))
        self.yes.setText(ask.yes)
        set_look(self.yes, class_="danger" if ask.danger else "")
        self.show_problem("")
        self._update()
        self.show()
        self.asked.emit(True)
        first = self.name if ask.name is not None else self.consent if ask.consent else self.yes
        first.setFocus(Qt.FocusReason.OtherFocusReason)
        if ask.name is not None:
            self.name.selectAll()

    def show_problem(self, text: str) -> None:
        """What is wrong with the answer; it stays open."""
        say(self._problem, self.tr("▲ {problem}").format(problem=text) if text else "", "crit")
        set_look(self.name, invalid="true" if text and self.name.isVisible() else "false")

    def close_ask(self) -> None:
        """Nothing is asked any more."""
        self._ask = None
        self.hide()
        self.asked.emit(False)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape takes the question back, and not the whole dialog."""
        if event.key() == Qt.Key.Key_Escape:
            self.close_ask()
        else:
            super().keyPressEvent(event)

    def _update(self) -> None:
        self.yes.setEnabled(self.consent.isHidden() or self.consent.isChecked())

    def _accept(self) -> None:
        if self._ask is not None and self.yes.isEnabled():
            self._ask.answer(self.name.text())

"""A warning under a setting, with the box that has to be checked before it can be applied."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from harit_desktop.ui.dialog_parts import sentences


class Consent(QWidget):
    """Hidden until something is asked. A changed question needs a new yes."""

    changed = Signal()

    def __init__(self, name: str, yes: str) -> None:
        super().__init__()
        self._warning = sentences(f"{name}.warning", "dense", "warn")
        self._box = QCheckBox(yes)
        self._box.setObjectName(f"{name}.confirm")
        self._box.toggled.connect(self.changed)
        self._matter: object = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 4)
        column.setSpacing(4)
        column.addWidget(self._warning)
        column.addWidget(self._box)
        self.hide()

    @property
    def missing(self) -> bool:
        """Whether an answer is still needed."""
        return self._matter is not None and not self._box.isChecked()

    def ask(self, matter: object, text: str) -> None:
        """Asks about `matter`; the same matter in other words keeps its answer."""
        if matter != self._matter:
            self._matter = matter
            self._box.setChecked(False)
        shown = self.tr("▲ {warning}").format(warning=text)
        if shown != self._warning.text():
            self._warning.setText(shown)
            self._box.setAccessibleDescription(text)
        self.show()

    def withdraw(self) -> None:
        """Nothing needs an answer any more."""
        self._matter = None
        self._box.setChecked(False)
        self.hide()

    def focus(self) -> None:
        """Leads to the box."""
        self._box.setFocus()

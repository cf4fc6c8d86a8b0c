"""The button from whose menu extra channels are chosen."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from harit_desktop.domain.extras import EXTRA_CHANNELS
from harit_desktop.ui.extras.names import extra_name
from harit_desktop.ui.theme import set_look
from harit_desktop.ui.words import count

MOST_EXTRAS = 4
"""More strips than these below the others would be too low to be read."""


class ExtraMenu(QToolButton):
    """`history.extras`. Lists what the devices have and nothing else; disabled where that is
    nothing. What is chosen stays chosen while no device has it."""

    chosen_changed = Signal(object)
    """The keys that are wanted, in the order of the catalogue."""
    resized = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("history.extras")
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        set_look(self, class_="outlined menu")
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        self.setMenu(menu)
        self._offered: tuple[str, ...] = ()
        self._wanted: set[str] = set()
        self._actions = {extra.key: self._make_action(extra.key) for extra in EXTRA_CHANNELS}
        self.set_words()

    @property
    def shown(self) -> tuple[str, ...]:
        """The chosen channels that a device has."""
        return tuple(key for key in self._offered if key in self._wanted)

    @property
    def wanted(self) -> tuple[str, ...]:
        """The chosen channels, in the order of the catalogue."""
        return tuple(key for key in self._actions if key in self._wanted)

    def offer(self, keys: Sequence[str]) -> None:
        """Takes the extra channels that the devices have."""
        offered = tuple(key for key in self._actions if key in keys)
        if offered != self._offered:
            self._offered = offered
            self._show()

    def choose(self, keys: Sequence[str]) -> None:
        """Marks channels as chosen; says nothing about it."""
        self._wanted = set([key for key in self._actions if key in keys][:MOST_EXTRAS])
        self._show()

    def _make_action(self, key: str) -> QAction:
        action = self.menu().addAction(extra_name(key))
        action.setObjectName(f"history.extras.{key}")
        action.setCheckable(True)
        action.setVisible(False)
        action.toggled.connect(lambda on: self._toggle(key, on))
        return action

    def _toggle(self, key: str, on: bool) -> None:
        # Those that no device has any more give way to the one that is chosen now.
        if on and len(self._wanted) >= MOST_EXTRAS:
            self._wanted &= set(self._offered)
        (self._wanted.add if on else self._wanted.discard)(key)
        self._show()
        self.chosen_changed.emit(self.wanted)

    def _show(self) -> None:
        full = len(self.shown) >= MOST_EXTRAS
        most = self.tr("At most {n} further channels are shown.").format(n=count(MOST_EXTRAS))
        for key, action in self._actions.items():
            action.blockSignals(True)
            action.setChecked(key in self._wanted)
            action.blockSignals(False)
            action.setVisible(key in self._offered)
            held = full and key not in self._wanted
            action.setEnabled(not held)
            action.setToolTip(most if held else "")
        self.setEnabled(bool(self._offered))
        text = self.tr("More channels…")
        none = self.tr("No further channels: these devices send none.")
        if self.shown:
            one, many = self.tr("1 more channel"), self.tr("{n} more channels")
            number = len(self.shown)
            text = one if number == 1 else many.format(n=count(number))
        self.setText(text)
        self.setAccessibleName(text)
        self.setAccessibleDescription("" if self._offered else none)
        self.setToolTip("" if self._offered else none)
        self.resized.emit()

    def set_words(self) -> None:
        """Names everything in the present language."""
        for key, action in self._actions.items():
            action.setText(extra_name(key))
        self._show()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.set_words()

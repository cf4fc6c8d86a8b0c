"""Keeps the menu of crop profiles up to date: which there are, and which one is in force."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from harit_desktop.analysis.profiles import BUILT_IN

if TYPE_CHECKING:
    from harit_desktop.runtime.engine import Engine
    from harit_desktop.runtime.queries import QueryHandle
    from harit_desktop.ui.actions import Actions


class ProfileChoice(QObject):
    """Looks for the user's own profiles whenever the menu is opened."""

    def __init__(self, engine: Engine, actions: Actions, parent: QObject) -> None:
        super().__init__(parent)
        self._engine = engine
        self._actions = actions
        self._profiles: tuple[str, ...] = BUILT_IN
        self._asked: QueryHandle[tuple[str, ...]] | None = None
        actions.profile_menu.aboutToShow.connect(self.refresh)
        self._show()

    def refresh(self) -> None:
        """Asks for the profiles again, unless an answer is on its way."""
        if self._asked is None:
            self._asked = self._engine.judgement.profiles()
        self._show()

    def poll(self) -> None:
        """Takes an answer that has come, and follows the settings; called by the frame clock."""
        if self._asked is not None and self._asked.done:
            found, self._asked = self._asked.value, None
            if found:
                self._profiles = tuple(found)
        self._show()

    def _show(self) -> None:
        self._actions.set_profiles(self._profiles, self._engine.settings.analysis.profile)

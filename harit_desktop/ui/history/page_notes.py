"""Writing and removing the notes of the History page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtWidgets import QMenu, QWidget

from harit_desktop.domain.notes import ChartNote
from harit_desktop.runtime.commands import AddNote, RemoveNote
from harit_desktop.ui.history.history_feed import HistoryFeed
from harit_desktop.ui.history.note_dialog import NoteDialog
from harit_desktop.ui.history.note_lane import NoteLane, note_words

if TYPE_CHECKING:
    from harit_desktop.runtime.engine import Engine

_MENU_CHARS = 60


class PageNotes(QObject):
    """Asks the engine to keep or forget notes; the feed reads them again soon after."""

    def __init__(self, engine: Engine, feed: HistoryFeed, lane: NoteLane, page: QWidget) -> None:
        super().__init__(page)
        self._engine = engine
        self._feed = feed
        lane.menu_asked.connect(self._open_menu)
        lane.remove_asked.connect(self.remove)

    def add(self, at_us: int, device: tuple[str, str] | None, now_us: int) -> None:
        """Asks for a note at an instant; `device` is the id and name of the one shown."""
        dialog = NoteDialog(at_us, device, now_us, self._page())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(lambda: self._keep(dialog.note()))
        dialog.open()

    def remove(self, note: ChartNote) -> None:
        """Forgets a note."""
        self._engine.submit(RemoveNote(note.id))
        self._feed.notes_changed()

    def _page(self) -> QWidget:
        """Asked of Qt: a reference here would keep the page from going with its window."""
        page = self.parent()
        assert isinstance(page, QWidget)
        return page

    def _keep(self, note: ChartNote) -> None:
        self._engine.submit(AddNote(note))
        self._feed.notes_changed()

    def _open_menu(self, point: QPoint, note: ChartNote) -> None:
        menu = QMenu(self._page())
        said = note_words(note)[:_MENU_CHARS].replace("&", "&&")
        menu.addAction(self.tr("&Remove “{note}”").format(note=said), lambda: self.remove(note))
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(point)

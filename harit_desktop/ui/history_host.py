"""Makes the History page when it is first visited, and keeps it in line with the window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from harit_desktop.domain.device import DeviceState
from harit_desktop.domain.status import EngineStatus
from harit_desktop.ui.pages import PageArea
from harit_desktop.ui.panels.store_texts import away_text
from harit_desktop.ui.side_dock import SideDock, scrolling

if TYPE_CHECKING:
    from harit_desktop.runtime.engine import Engine
    from harit_desktop.ui.history.history_page import HistoryPage
    from harit_desktop.ui.theme import ThemeController


class HistoryHost(QObject):
    """The page with its panel; before the first visit it only remembers what it is told.

    Charts need libraries that take a while to load: `set_ready` says that they are there.
    """

    export_asked = Signal(object, object, object)
    """As of `HistoryPage`."""

    def __init__(
        self,
        engine: Engine,
        pages: PageArea,
        side: SideDock,
        theme: ThemeController,
        state: Mapping[str, str],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._engine, self._pages, self._side, self._theme = engine, pages, side, theme
        self._saved = dict(state)
        self._ready = False
        self._devices: Sequence[DeviceState] = ()
        self._focus: str | None = None
        self._away = ""
        self.page: HistoryPage | None = None
        pages.page_changed.connect(self._follow_page)
        theme.changed.connect(self._restyle)

    def set_ready(self) -> None:
        """The libraries of the charts are loaded."""
        self._ready = True
        self._follow_page(self._pages.page)

    def set_devices(self, devices: Sequence[DeviceState], now_us: int) -> None:
        self._devices = devices
        if self.page is not None:
            self.page.set_devices(devices, now_us)

    def set_focus(self, publisher_id: str | None) -> None:
        self._focus = publisher_id
        if self.page is not None:
            self.page.set_focus(publisher_id)

    def follow(self, status: EngineStatus) -> None:
        """Takes whether the store server, if one is used, answers."""
        self._away = away_text(status)
        if self.page is not None:
            self.page.set_away(self._away)

    def poll(self, now_us: int, _new_second: bool) -> None:
        if self.page is not None:
            self.page.poll(now_us)

    def read_again(self) -> None:
        """Stored judgements were changed."""
        if self.page is not None:
            self.page.read_again()

    def forget(self) -> None:
        """Another store is open, or readings were deleted."""
        if self.page is not None:
            self.page.forget()

    def set_range(self, key: str) -> None:
        """Shows a range of RANGES_S, if the page is there."""
        if self.page is not None:
            self.page.set_range(key)

    def show_span(self, from_us: int, to_us: int, publisher_id: str | None) -> None:
        """Goes to the page with a stretch of time: "See in History"."""
        self._pages.show_page("history")
        if self.page is not None:
            self.page.show_span(from_us, to_us, publisher_id)

    def state(self) -> Mapping[str, str]:
        """What to show again at the next start."""
        return self._saved if self.page is None else self.page.state()

    def _follow_page(self, name: str) -> None:
        if name == "history" and self.page is None and self._ready:
            self._build()
        if self.page is not None:
            self.page.set_active(name == "history")

    def _build(self) -> None:
        from harit_desktop.ui.history.history_page import HistoryPage

        page = HistoryPage(self._engine, self._theme.tokens)
        self.page = page
        page.export_asked.connect(self.export_asked)
        page.set_devices(self._devices, 0)
        page.set_focus(self._focus)
        page.set_away(self._away)
        page.restore(self._saved)
        self._side.add(
            "history", self.tr("Selection"), scrolling(page.selection_panel), page.place_panel
        )
        self._pages.set_page("history", page)
        self._side.show_for(self._pages.page)

    def _restyle(self) -> None:
        if self.page is not None:
            self.page.set_tokens(self._theme.tokens)

"""The middle of the window: tabs, banner, and the pages they switch between."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QStackedWidget,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from harit_desktop.ui.message_banner import MessageBanner
from harit_desktop.ui.theme import set_look

_LIVE, _HEALTH, _MESSAGES = range(3)
_NAMES = {_LIVE: "live", _HEALTH: "health", _MESSAGES: "messages"}


class PageArea(QWidget):
    """Pages by name: "live", "messages", and "health" in a narrow window.

    The Live tab shows the first-run page until there is something to show, and a plain
    placeholder while the charts load.
    """

    page_changed = Signal(str)

    def __init__(self, first_page: QWidget, message_page: QWidget, banner: MessageBanner) -> None:
        super().__init__()
        self._first_page = first_page
        self._message_page = message_page
        self._live_page: QWidget = _loading_page(self.tr("Opening the charts…"))
        self._health_page = QWidget()
        self._health_column = QVBoxLayout(self._health_page)
        self._health_column.setContentsMargins(0, 0, 0, 0)
        self._first_run = False
        self._narrow = False
        self.stack = QStackedWidget()
        for page in (first_page, self._live_page, message_page, self._health_page):
            self.stack.addWidget(page)
        self.tabs = self._make_tabs()
        bar = QFrame()
        set_look(bar, class_="bar")
        row = QHBoxLayout(bar)
        row.setContentsMargins(4, 0, 4, 0)
        # The whole width: a tab bar does not ask for more room when a tab becomes visible.
        row.addWidget(self.tabs, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(bar)
        column.addWidget(banner)
        column.addWidget(self.stack, 1)
        self.tabs.currentChanged.connect(self._switch)
        self._switch(_LIVE)

    @property
    def page(self) -> str:
        return _NAMES[self.tabs.currentIndex()]

    @property
    def first_run(self) -> bool:
        """Whether the Live tab offers the ways to begin rather than the charts."""
        return self._first_run

    def show_page(self, name: str) -> None:
        """Goes to a page; a name that is not (or no longer) there means the Live page."""
        known = {name: number for number, name in _NAMES.items()}
        number = known.get(name, _LIVE)
        self.tabs.setCurrentIndex(number if self.tabs.isTabVisible(number) else _LIVE)

    def set_first_run(self, first_run: bool) -> None:
        """Whether the Live tab offers the ways to begin."""
        if first_run != self._first_run:
            self._first_run = first_run
            self._switch(self.tabs.currentIndex())

    def set_live_page(self, page: QWidget) -> None:
        """Puts the charts in the place of the placeholder."""
        placeholder, self._live_page = self._live_page, page
        self.stack.addWidget(page)
        self._switch(self.tabs.currentIndex())
        self.stack.removeWidget(placeholder)
        placeholder.deleteLater()

    def set_narrow(self, narrow: bool) -> None:
        """Gives soil health a tab of its own where its dock has no room."""
        self.tabs.setTabVisible(_HEALTH, narrow)

    def place_health(self, panel: QWidget) -> None:
        """Takes the soil-health panel into its own tab."""
        self._health_column.addWidget(panel)

    def _make_tabs(self) -> QTabBar:
        tabs = QTabBar()
        tabs.setObjectName("tabs.main")
        tabs.setAccessibleName(self.tr("Pages"))
        tabs.setDrawBase(False)
        tabs.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        tabs.setExpanding(False)
        tabs.setUsesScrollButtons(False)
        tabs.setElideMode(Qt.TextElideMode.ElideNone)
        for text in (self.tr("Live"), self.tr("Soil health"), self.tr("Messages")):
            tabs.addTab(text)
        tabs.setTabVisible(_HEALTH, False)
        return tabs

    def _switch(self, number: int) -> None:
        pages = {
            _LIVE: self._first_page if self._first_run else self._live_page,
            _HEALTH: self._health_page,
            _MESSAGES: self._message_page,
        }
        self.stack.setCurrentWidget(pages[number])
        self.page_changed.emit(_NAMES[number])


def _loading_page(text: str) -> QWidget:
    page = QLabel(text)
    page.setObjectName("page.loading")
    page.setAlignment(Qt.AlignmentFlag.AlignCenter)
    set_look(page, class_="muted surface")
    return page

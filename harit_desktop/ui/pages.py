"""The middle of the window: tabs, banner, and the pages they switch between."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from harit_desktop.ui.message_banner import MessageBanner
from harit_desktop.ui.page_stack import PageStack
from harit_desktop.ui.theme import set_look
from harit_desktop.ui.words import count

PAGES = ("live", "health", "history", "alerts", "messages")
"""In the order of their tabs."""


class PageArea(QWidget):
    """Pages by the names of `PAGES`; "health" only in a narrow window.

    Pages with charts come later through `set_page`; until then a line of text stands in for
    them. The Live tab shows the first-run page until there is something to show.
    """

    page_changed = Signal(str)

    def __init__(
        self,
        first_page: QWidget,
        alert_page: QWidget,
        message_page: QWidget,
        alert_banner: QWidget,
        banner: MessageBanner,
    ) -> None:
        super().__init__()
        self._first_page = first_page
        self._health_page = QWidget()
        self._health_column = QVBoxLayout(self._health_page)
        self._health_column.setContentsMargins(0, 0, 0, 0)
        self._first_run = False
        self._pages = {
            "live": _loading_page(self.tr("Opening the charts…")),
            "health": self._health_page,
            "history": _loading_page(self.tr("Opening the history…")),
            "alerts": alert_page,
            "messages": message_page,
        }
        self.stack = PageStack()
        for page in (first_page, *self._pages.values()):
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
        column.addWidget(alert_banner)
        column.addWidget(banner)
        column.addWidget(self.stack, 1)
        self.tabs.currentChanged.connect(self._switch)
        self._switch()

    @property
    def page(self) -> str:
        return PAGES[self.tabs.currentIndex()]

    @property
    def first_run(self) -> bool:
        """Whether the Live tab offers the ways to begin rather than the charts."""
        return self._first_run

    def show_page(self, name: str) -> None:
        """Goes to a page; a name that is not (or no longer) there means the Live page."""
        number = PAGES.index(name) if name in PAGES else 0
        self.tabs.setCurrentIndex(number if self.tabs.isTabVisible(number) else 0)

    def set_first_run(self, first_run: bool) -> None:
        """Whether the Live tab offers the ways to begin."""
        if first_run != self._first_run:
            self._first_run = first_run
            self._switch()

    def set_page(self, name: str, page: QWidget) -> None:
        """Puts a page in the place of the one before, or of its placeholder."""
        before, self._pages[name] = self._pages[name], page
        self.stack.addWidget(page)
        self._switch()
        self.stack.removeWidget(before)
        before.deleteLater()

    def set_narrow(self, narrow: bool) -> None:
        """Gives soil health a tab of its own where its dock has no room."""
        self.tabs.setTabVisible(PAGES.index("health"), narrow)

    def place_health(self, panel: QWidget) -> None:
        """Takes the soil-health panel into its own tab."""
        self._health_column.addWidget(panel)

    def show_open_alerts(self, number: int) -> None:
        """How many alerts are open, behind the name of their tab."""
        text = self.tr("Alerts  {count}").format(count=count(number)) if number else ""
        self.tabs.setTabText(PAGES.index("alerts"), text or self.tr("Alerts"))

    def _make_tabs(self) -> QTabBar:
        tabs = QTabBar()
        tabs.setObjectName("tabs.main")
        tabs.setAccessibleName(self.tr("Pages"))
        tabs.setDrawBase(False)
        tabs.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        tabs.setExpanding(False)
        tabs.setUsesScrollButtons(False)
        tabs.setElideMode(Qt.TextElideMode.ElideNone)
        texts = {
            "live": self.tr("Live"),
            "health": self.tr("Soil health"),
            "history": self.tr("History"),
            "alerts": self.tr("Alerts"),
            "messages": self.tr("Messages"),
        }
        for name in PAGES:
            tabs.addTab(texts[name])
        tabs.setTabVisible(PAGES.index("health"), False)
        return tabs

    def _switch(self) -> None:
        name = self.page
        first = name == "live" and self._first_run
        self.stack.setCurrentWidget(self._first_page if first else self._pages[name])
        self.page_changed.emit(name)


def _loading_page(text: str) -> QWidget:
    page = QLabel(text)
    page.setObjectName("page.loading")
    page.setAlignment(Qt.AlignmentFlag.AlignCenter)
    set_look(page, class_="muted surface")
    return page

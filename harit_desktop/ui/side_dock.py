"""The right side of the window: the panel that belongs to the page on screen."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QScrollArea, QStackedWidget, QWidget

from harit_desktop.ui.text_widths import scaled
from harit_desktop.ui.theme import SIZES, set_look


def bare_dock(name: str, title: str, parent: QWidget) -> QDockWidget:
    """A dock without a title bar: the menu and a key show and hide it, nothing moves it."""
    dock = QDockWidget(title, parent)
    dock.setObjectName(name)
    dock.setAccessibleName(title)
    dock.setFeatures(QDockWidget.DockWidgetFeature.NoDockWidgetFeatures)
    dock.setTitleBarWidget(QWidget(dock))
    return dock


def scrolling(content: QWidget) -> QScrollArea:
    """A panel that scrolls where the window is too low for it."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QScrollArea.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    set_look(area, class_="region")
    area.setWidget(content)
    return area


class SideDock:
    """`dock.health`: one panel for each page, or a place of its own where there is no room.

    `wanted` is the user's choice (F10); `narrow` follows the window's width. In a narrow
    window each panel moves to the place that its page gave for it.
    """

    def __init__(self, parent: QWidget, title: str) -> None:
        self._stack = QStackedWidget()
        self.dock = bare_dock("dock.health", title, parent)
        self.dock.setWidget(self._stack)
        self._panels: dict[str, tuple[QWidget, Callable[[QWidget], object]]] = {}
        self._page = ""
        self._narrow = False
        self.wanted = True

    def add(
        self, page: str, title: str, panel: QWidget, place_narrow: Callable[[QWidget], object]
    ) -> None:
        """Gives a page its panel; `place_narrow(panel)` puts it into the page itself."""
        panel.setAccessibleName(title)
        self._panels[page] = (panel, place_narrow)
        self._stack.addWidget(panel)

    def show_for(self, page: str) -> None:
        """Follows the page on screen."""
        self._page = page
        self._update()

    def fit_text(self) -> None:
        """Takes as much width as the user's text size needs."""
        least, _, most = map(scaled, SIZES.right_panel)
        self._stack.setMinimumWidth(least)
        self._stack.setMaximumWidth(most)

    def set_wanted(self, wanted: bool) -> None:
        """Shows or hides the dock, as far as there is room for it."""
        self.wanted = wanted
        self._update()

    def set_narrow(self, narrow: bool) -> None:
        """Moves the panels into their pages, or back."""
        if narrow != self._narrow:
            self._narrow = narrow
            for panel, place_narrow in self._panels.values():
                if narrow:
                    place_narrow(panel)
                else:
                    self._stack.addWidget(panel)
                panel.show()
        self._update()

    def _update(self) -> None:
        panel = self._panels[self._page][0] if self._page in self._panels else None
        if panel is not None and not self._narrow:
            self._stack.setCurrentWidget(panel)
            self.dock.setAccessibleName(panel.accessibleName())
        self.dock.setVisible(panel is not None and self.wanted and not self._narrow)

"""F6 and Shift+F6: from one part of the window to the next."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QWidget


class Regions(QObject):
    """Moves the focus around a ring of widgets, past those that are hidden or empty."""

    def __init__(self, regions: Sequence[QWidget], window: QWidget) -> None:
        super().__init__(window)
        self._regions = list(regions)
        for key, step in (("F6", 1), ("Shift+F6", -1)):
            shortcut = QShortcut(QKeySequence(key), window)
            shortcut.activated.connect(lambda step=step: self.move(step))

    def move(self, step: int) -> None:
        """Focuses the next region (1) or the one before (-1)."""
        here = self._current()
        for distance in range(1, len(self._regions) + 1):
            target = first_focusable(self._regions[(here + step * distance) % len(self._regions)])
            if target is not None:
                # With the reason of Tab, lists show the focus only if Qt saw that key.
                target.setFocus(Qt.FocusReason.ShortcutFocusReason)
                return

    def order(self) -> None:
        """Lets Tab go through the regions in the same order; for every page that is added.

        Qt goes by the time at which parts were added to the window. Within a region it is
        the order in which the widgets were made, unless one names its `tab_parts`.
        """
        ordered = [stop for region in self._regions for stop in _stops(region)]
        for before, after in pairwise(ordered):
            QWidget.setTabOrder(before, after)

    def _current(self) -> int:
        focused = QApplication.focusWidget()
        for number, region in enumerate(self._regions):
            if focused is not None and (region is focused or region.isAncestorOf(focused)):
                return number
        return -1


def _stops(part: QWidget) -> Iterator[QWidget]:
    """Where Tab may stop in a part of the window. Qt's own focus chain is not walked here:
    asking for it makes PySide forget who owns the actions of a tool bar."""
    if part.focusPolicy() & Qt.FocusPolicy.TabFocus:
        yield part
    below = part.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly)
    for child in getattr(part, "tab_parts", None) or below:
        if not child.isWindow():
            yield from _stops(child)


def first_focusable(region: QWidget) -> QWidget | None:
    """The first widget of a region that Tab would reach; None if there is none."""
    for widget in (region, *region.findChildren(QWidget)):
        usable = widget.isVisible() and widget.isEnabled()
        if usable and widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
            return widget
    return None

"""How wide the side panels are: as the user dragged them, else as the window's width asks."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QDockWidget, QMainWindow

from harit_desktop.ui.text_widths import scaled
from harit_desktop.ui.theme import SIZES

Widths = tuple[int, int]
"""Left and right panel in px at 100 % text size; 0 where the user has no wish."""


class PanelWidths(QObject):
    """Gives the panels their widths back at every resize.

    Qt shrinks a dock where the window gets narrow and leaves it so. A drag of a separator
    is the only press and release that the window itself gets and that changes a width.
    """

    def __init__(self, window: QMainWindow, left: QDockWidget, right: QDockWidget) -> None:
        super().__init__(window)
        self._window = window
        self._docks = (left, right)
        self._wishes: list[int] = [0, 0]
        self._pressed_at: tuple[int, int] | None = None
        window.installEventFilter(self)

    @property
    def wishes(self) -> Widths:
        """What the user dragged the panels to."""
        return self._wishes[0], self._wishes[1]

    def restore(self, wishes: Widths) -> None:
        self._wishes = list(wishes)
        self.fit()

    def fit(self) -> None:
        """Sets the widths that belong to the window's present width and text size."""
        self._apply()
        # A panel that has just been shown is laid out once more after this event.
        QTimer.singleShot(0, self, self._apply)

    def _apply(self) -> None:
        shown = [
            (dock, scaled(wish or default_width(size, self._window.width())))
            for dock, wish, size in zip(self._docks, self._wishes, _DEFAULTS, strict=True)
            if not dock.isHidden()
        ]
        if shown and self._pressed_at is None:
            docks, widths = zip(*shown, strict=True)
            self._window.resizeDocks(list(docks), list(widths), Qt.Orientation.Horizontal)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.MouseButtonPress:
            self._pressed_at = self._now()
        elif event.type() == QEvent.Type.MouseButtonRelease and self._pressed_at is not None:
            # The window lays the last step of a drag out after this event.
            QTimer.singleShot(0, self, self._take_drag)
        return False

    def _take_drag(self) -> None:
        before, self._pressed_at = self._pressed_at or self._now(), None
        for number, (old, new) in enumerate(zip(before, self._now(), strict=True)):
            if old != new and not self._docks[number].isHidden():
                self._wishes[number] = round(new / scaled(1000) * 1000)

    def _now(self) -> tuple[int, int]:
        left, right = self._docks
        return left.width(), right.width()


def default_width(widths_px: tuple[int, int], window_px: int) -> int:
    """Between the design's widths for its narrow and its wide window, at 100 % text size."""
    narrow, wide = SIZES.panels_from_to
    part = min(1.0, max(0.0, (window_px - narrow) / (wide - narrow)))
    return round(widths_px[0] + part * (widths_px[1] - widths_px[0]))


_DEFAULTS = (
    (SIZES.left_panel[1], SIZES.left_panel_wide),
    (SIZES.right_panel[1], SIZES.right_panel_wide),
)

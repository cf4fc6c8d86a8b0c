"""The one timer of the window: everything that moves, moves on its beat."""

import time
from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, QTimer

from harit_desktop.domain.clock import US_PER_S, NowUs

VISIBLE_INTERVAL_MS = 100
HIDDEN_INTERVAL_MS = 200
BUDGET_S = 0.03


def now_us() -> int:
    """The present instant in UTC microseconds."""
    return time.time_ns() // 1000


Step = Callable[[int, bool], None]
"""Called with the present instant (us) and whether a new second has begun."""


class FrameClock(QObject):
    """Runs a list of steps ten times a second, five times while the window is hidden.

    A beat stops after `budget_s`; the steps it left out come first in the next one, so
    that one busy view slows the window down evenly and never freezes it. A step that was
    left out at the turn of a second still learns of it.
    """

    def __init__(
        self,
        steps: Sequence[Step],
        now_us: NowUs,
        parent: QObject | None = None,
        budget_s: float = BUDGET_S,
    ) -> None:
        super().__init__(parent)
        self._steps = list(steps)
        self._told_second = [-1] * len(self._steps)
        self._next = 0
        self._now_us = now_us
        self._budget_s = budget_s
        self._timer = QTimer(self)
        self._timer.setInterval(VISIBLE_INTERVAL_MS)
        self._timer.timeout.connect(self.beat)

    def start(self) -> None:
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    def set_window_visible(self, visible: bool) -> None:
        """Slows down for a window that nobody sees."""
        self._timer.setInterval(VISIBLE_INTERVAL_MS if visible else HIDDEN_INTERVAL_MS)

    def beat(self) -> None:
        """One round of the steps, within the budget."""
        deadline_s = time.monotonic() + self._budget_s
        now_us = self._now_us()
        second = now_us // US_PER_S
        for _ in range(len(self._steps)):
            number = self._next
            self._next = (number + 1) % len(self._steps)
            new_second = self._told_second[number] != second
            self._told_second[number] = second
            self._steps[number](now_us, new_second)
            if time.monotonic() >= deadline_s:
                return

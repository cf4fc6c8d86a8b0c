"""Reference cycles are collected on the main thread, and when it has time.

Left to itself Python collects on whichever thread makes the most objects, which is the one
that stores readings. A Qt object that is part of a cycle would be destroyed there, behind the
main thread's back; and a look at everything that is loaded would hold up the window.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

YOUNG_MS = 2000
ALL_MS = 5 * 60 * 1000
SETTLED_MS = 8000
"""By then everything is loaded that a window always has; it is never looked at again."""


class MainThreadCollector(QObject):
    """Takes the collector's place while its application runs."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._was_enabled = gc.isenabled()
        gc.disable()
        for every_ms, generation in ((YOUNG_MS, 1), (ALL_MS, 2)):
            timer = QTimer(self)
            timer.timeout.connect(lambda generation=generation: gc.collect(generation))
            timer.start(every_ms)
        QTimer.singleShot(SETTLED_MS, self, gc.freeze)

    def end(self) -> None:
        """Gives the work back to Python."""
        gc.unfreeze()
        if self._was_enabled:
            gc.enable()

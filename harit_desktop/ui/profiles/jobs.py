"""Work with files and keyring, off the main thread, and what follows when it is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from PySide6.QtCore import QObject, QTimer

if TYPE_CHECKING:
    from harit_desktop.domain.errors import Problem
    from harit_desktop.runtime.queries import QueryHandle, QueryPool

_POLL_MS = 30

T = TypeVar("T")


class Jobs(QObject):
    """At most one job a slot: a newer one takes the place of one that still waits."""

    def __init__(self, pool: QueryPool, name: str, parent: QObject) -> None:
        super().__init__(parent)
        self._pool = pool
        self._name = name
        self._open: dict[str, tuple[QueryHandle[Any], Callable[[Any], None], Any]] = {}
        self._timer = QTimer(self)
        self._timer.setInterval(_POLL_MS)
        self._timer.timeout.connect(self._poll)

    def is_open(self, slot: str) -> bool:
        """Whether a job of the slot is under way."""
        return slot in self._open

    def run(
        self,
        slot: str,
        work: Callable[[], T],
        then: Callable[[T], None],
        failed: Callable[[Problem], None],
    ) -> None:
        """Has `work` done soon; `then` takes its answer, `failed` what went wrong."""
        handle: QueryHandle[T] = self._pool.submit(f"{self._name} {slot}", lambda _: work())
        self._open[slot] = (handle, then, failed)
        self._timer.start()

    def stop(self) -> None:
        """Nobody waits for an answer any more; what is under way ends by itself."""
        self._open.clear()
        self._timer.stop()

    def _poll(self) -> None:
        for slot, (handle, then, failed) in list(self._open.items()):
            if not handle.done:
                continue
            del self._open[slot]
            if handle.problem is not None:
                failed(handle.problem)
            elif not handle.token.cancelled:
                then(handle.value)
        if not self._open:
            self._timer.stop()

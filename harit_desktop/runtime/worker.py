"""A named thread that is restarted after a crash and joined with a deadline."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable

from harit_desktop.domain.errors import Problem

log = logging.getLogger(__name__)

RESTART_FIRST_S = 0.5
RESTART_LAST_S = 30.0
MAX_CRASHES = 3
CRASH_WINDOW_S = 60.0


class Worker:
    """Runs `body(stop)` on its own thread until it returns or `stop` is called.

    A body that raises is run again after a growing pause; three crashes within a minute
    leave it down, unless `give_up` is False; `problem` says so.
    """

    def __init__(
        self, name: str, body: Callable[[threading.Event], None], *, give_up: bool = True
    ) -> None:
        self.name = name
        self._body = body
        self._give_up = give_up
        self._restart_wait_s = RESTART_FIRST_S
        self._stop = threading.Event()
        self._crashes: deque[float] = deque(maxlen=MAX_CRASHES)
        self._problem: Problem | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def ask_to_stop(self) -> None:
        self._stop.set()

    def join(self, deadline_s: float) -> bool:
        """Waits for the end; False when the thread still runs after the deadline."""
        if self._thread.ident is not None:
            self._thread.join(deadline_s)
        return not self._thread.is_alive()

    @property
    def problem(self) -> Problem | None:
        """What is wrong with the worker; None again once it has run well for a minute."""
        recovered = self.running and bool(self._crashes)
        if recovered and time.monotonic() - self._crashes[-1] > CRASH_WINDOW_S:
            return None
        return self._problem

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._body(self._stop)
                return
            except Exception as error:
                log.exception("worker %s crashed", self.name)
                self._crashes.append(time.monotonic())
                self._problem = Problem(
                    "worker.crashed", {"worker": self.name, "error": type(error).__name__}
                )
                if self._give_up and self._crashed_too_often():
                    self._problem = Problem("worker.down", {"worker": self.name})
                    return
            if len(self._crashes) < MAX_CRASHES:
                self._restart_wait_s = RESTART_FIRST_S
            self._stop.wait(self._restart_wait_s)
            self._restart_wait_s = min(self._restart_wait_s * 2, RESTART_LAST_S)

    def _crashed_too_often(self) -> bool:
        full = len(self._crashes) == MAX_CRASHES
        return full and self._crashes[-1] - self._crashes[0] < CRASH_WINDOW_S

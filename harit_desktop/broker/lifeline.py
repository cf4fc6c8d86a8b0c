"""When the broker child has to end: its stdin closes, or it is told to terminate.

The end of stdin is the one sign that reaches a child on every system however its parent
died. An interrupt from the terminal goes to the whole process group; the child ignores
it, because the program decides in which order things stop.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from _queue import Empty, SimpleQueue
from collections.abc import Callable
from types import FrameType

HARD_EXIT_S = 1.6
"""After a request to stop, the process is gone at the latest this much later."""

_STDIN = 0
_EXIT_HUNG = 3


class StopRequest:
    """A request to stop, from any thread or signal handler, for one waiting owner.

    Built on SimpleQueue because its put() may interrupt itself: an Event set by a signal
    handler can deadlock with the wait() that the signal interrupted.
    """

    def __init__(self) -> None:
        self._requests: SimpleQueue[str] = SimpleQueue()
        self._listener: Callable[[], None] | None = None
        self.reason = ""

    def request(self, reason: str) -> None:
        self.reason = self.reason or reason
        self._requests.put(reason)
        if self._listener is not None:
            self._listener()

    @property
    def requested(self) -> bool:
        return bool(self.reason)

    def wait(self, timeout_s: float | None = None) -> bool:
        """True as soon as a stop is requested, False after `timeout_s`."""
        if self.requested:
            return True
        try:
            self._requests.get(timeout=timeout_s)
        except Empty:
            return False
        return True

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` on each request, and at once if there has been one."""
        self._listener = listener
        if self.requested:
            listener()


def watch(stop: StopRequest) -> None:
    """Turn the end of stdin and SIGTERM into a request, and make sure that it is met.

    Call it from the main thread, first of all.
    """
    doom: SimpleQueue[None] = SimpleQueue()

    def end(reason: str) -> None:
        doom.put(None)
        stop.request(reason)

    def on_terminate(_number: int, _frame: FrameType | None) -> None:
        end("terminated")

    signal.signal(signal.SIGTERM, on_terminate)
    for name in ("SIGINT", "SIGHUP", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    threading.Thread(
        target=_wait_for_end_of_stdin, args=(end,), name="lifeline", daemon=True
    ).start()
    threading.Thread(target=_exit_hard, args=(doom,), name="hard-exit", daemon=True).start()


def _wait_for_end_of_stdin(end: Callable[[str], None]) -> None:
    try:
        while os.read(_STDIN, 4096):
            pass
    except OSError:
        pass  # no stdin at all: nobody holds the other end
    end("stdin closed")


def _exit_hard(doom: SimpleQueue[None]) -> None:
    doom.get()
    time.sleep(HARD_EXIT_S)
    os._exit(_EXIT_HUNG)

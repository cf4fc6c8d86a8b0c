"""What happens to an error that nobody handled: it is logged, once, with its traceback."""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import sys
import threading
from pathlib import Path
from types import TracebackType

log = logging.getLogger("harit_desktop.crash")

MAX_REPORTS = 50


class CrashLog:
    """Hooks of the interpreter and of threads, and fatal signals into `crash.log`.

    The same error, repeated by a timer or a paint event, is logged once; after
    `MAX_REPORTS` different ones the rest is only counted.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: set[tuple[str, str]] = set()
        self.count = 0

    def install(self) -> None:
        sys.excepthook = self._on_exception
        threading.excepthook = self._on_thread_exception
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            # Kept open for the life of the process: faulthandler writes to its descriptor.
            self._file = (self._folder / "crash.log").open("a")
            faulthandler.enable(self._file)

    def _on_exception(
        self,
        kind: type[BaseException],
        error: BaseException,
        traceback: TracebackType | None,
    ) -> None:
        self._report("main", kind, error, traceback)

    def _on_thread_exception(self, args: threading.ExceptHookArgs) -> None:
        name = args.thread.name if args.thread is not None else "?"
        if args.exc_value is not None:
            self._report(name, args.exc_type, args.exc_value, args.exc_traceback)

    def _report(
        self,
        thread: str,
        kind: type[BaseException],
        error: BaseException,
        traceback: TracebackType | None,
    ) -> None:
        self.count += 1
        place = traceback
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else "?"
        identity = (kind.__name__, where)
        if identity in self._seen or len(self._seen) >= MAX_REPORTS:
            return
        self._seen.add(identity)
        log.error("unhandled in %s", thread, exc_info=(kind, error, traceback))

"""The publisher's outbox: a small SQLite file of its own, which survives a kill."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from harit_desktop.domain.errors import KnownError, Problem
from harit_desktop.domain.outbox import OutboxItem
from harit_desktop.storage.outbox_file import OutboxFile

_log = logging.getLogger(__name__)

_Result = TypeVar("_Result")

MAX_ROWS = 100_000


class Outbox:
    """Implements `domain.outbox.ReadingOutbox`; the file belongs to one program at a time.

    Which readings wait is known in memory, the file holds what they are. So counting costs
    nothing, and a reading that was settled stays settled in this run even where the disk does
    not take its deletion.
    """

    def __init__(self, path: Path, *, max_rows: int = MAX_ROWS) -> None:
        self._path = path
        self._max_rows = max_rows
        self._lock = threading.Lock()
        self._file: OutboxFile | None = None
        self._closed = False
        self._waiting: dict[int, None] = {}
        self._unsaved: dict[int, OutboxItem] = {}
        self._undeleted: set[int] = set()
        # Above all ids of earlier runs, also of those in a file that opens only later.
        self._next_id = self._first_id = time.time_ns() // 1000
        self._dropped = 0
        self._failure: Problem | None = None

    @property
    def dropped(self) -> int:
        return self._dropped

    @property
    def problem(self) -> Problem | None:
        if self._failure is not None:
            return self._failure
        if self._dropped and self._waiting:
            return Problem("publisher.outbox_full", {"count": self._dropped})
        return None

    def open(self) -> int:
        with self._lock:
            self._tried(self._open)
            return self._first_id

    def append(self, items: Sequence[OutboxItem]) -> tuple[int, ...]:
        with self._lock:
            if self._closed:
                return ()
            # First of all: what an earlier run left comes before what is new.
            self._tried(self._open)
            numbered = [
                msgspec.structs.replace(item, id=self._next_id + number)
                for number, item in enumerate(items)
            ]
            self._next_id += len(numbered)
            for item in numbered:
                self._waiting[item.id] = None
                self._unsaved[item.id] = item
            if self._file is not None:
                self._tried(self._save)
            self._bound()
            return tuple(item.id for item in numbered)

    def oldest(self, limit: int, after_id: int = 0) -> Sequence[OutboxItem]:
        with self._lock:
            saved: Sequence[OutboxItem] = []
            if len(self._waiting) > len(self._unsaved):
                self._tried(self._open)
            if self._file is not None:
                saved = self._tried(lambda: self._read(limit, after_id)) or []
            unsaved = [item for item in self._unsaved.values() if item.id > after_id]
            return [*saved, *unsaved][:limit]

    def settle(self, ids: Sequence[int]) -> tuple[int, ...]:
        with self._lock:
            return self._let_go(ids)

    def count(self) -> int:
        return len(self._waiting)

    def newest_id(self) -> int:
        with self._lock:
            return next(reversed(self._waiting), 0)

    def close(self) -> None:
        with self._lock:
            if self._unsaved or self._undeleted:
                self._tried(self._open)
            if self._file is not None:
                self._tried(self._save)
                self._tried(self._delete)
            if self._unsaved:
                _log.error("%d readings could not be kept on the disk", len(self._unsaved))
                # What is counted from now on is what the next run finds.
                self._waiting = {i: None for i in self._waiting if i not in self._unsaved}
                self._unsaved.clear()
            self._closed = True
            self._shut()

    def _open(self) -> None:
        if self._file is not None or self._closed:
            return
        self._file = OutboxFile.take(self._path)
        left = self._file.ids()
        if self._next_id == self._first_id:
            self._next_id = self._first_id = max(self._first_id, left[-1] + 1 if left else 1)
        self._undeleted.intersection_update(left)
        fresh = [item_id for item_id in left if item_id not in self._undeleted]
        self._waiting = dict.fromkeys([*fresh, *self._unsaved])
        if fresh:
            _log.info("%d readings of an earlier run wait in %s", len(fresh), self._file.path)

    def _save(self) -> None:
        if self._file is not None and self._unsaved:
            self._file.add(list(self._unsaved.values()))
            self._unsaved.clear()
            self._failure = None

    def _read(self, limit: int, after_id: int) -> Sequence[OutboxItem]:
        assert self._file is not None, "asked only with a file"
        found = self._file.oldest(limit + len(self._undeleted), after_id)
        return [item for item in found if item.id in self._waiting][:limit]

    def _let_go(self, ids: Sequence[int]) -> tuple[int, ...]:
        had = tuple(each for each in dict.fromkeys(ids) if each in self._waiting)
        for each in had:
            del self._waiting[each]
            if self._unsaved.pop(each, None) is None:
                self._undeleted.add(each)
        if self._file is not None:
            self._tried(self._delete)
        return had

    def _delete(self) -> None:
        if self._file is not None and self._undeleted:
            self._file.delete(self._undeleted)
            self._undeleted.clear()
            if not self._unsaved:
                self._failure = None

    def _bound(self) -> None:
        excess = len(self._waiting) - self._max_rows
        if excess <= 0:
            return
        if not self._dropped:
            _log.warning("The outbox is full: the oldest readings go")
        self._dropped += len(self._let_go(list(self._waiting)[:excess]))

    def _tried(self, work: Callable[[], _Result]) -> _Result | None:
        """None where the disk would not; then the failure is kept to be shown."""
        try:
            return work()
        except sqlite3.Error as error:
            # Taken anew with the next readings: a damaged file is set aside then.
            self._shut()
            reason = f"{error} [{getattr(error, 'sqlite_errorname', type(error).__name__)}]"
        except KnownError as error:
            reason = str(error.params.get("reason", error))
        except OSError as error:
            reason = error.strerror or str(error)
        if self._failure is None:
            _log.warning("The outbox %s cannot be used: %s", self._path, reason)
        self._failure = Problem("publisher.outbox_failed", {"reason": reason[:200]})
        return None

    def _shut(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()

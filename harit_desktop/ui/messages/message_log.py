"""Feeds the message table: the newest lines from the store, then from the message ring."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from harit_desktop.domain.message import MessageRecord, Origin
from harit_desktop.ui.messages.message_model import MessageModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harit_desktop.runtime.engine import Engine
    from harit_desktop.runtime.queries import QueryHandle
FIRST_LOAD_ROWS = 2000
RELOAD_PAUSE_S = 2.0


class MessageLog:
    """Joins the stored log with the ring without a gap and without a line twice.

    The ring's total is noted before the store is asked; lines that both gave are known by
    their id. Lines that fell out of the ring unseen make the log read the store again.
    """

    def __init__(self, engine: Engine, model: MessageModel) -> None:
        self._engine = engine
        self._model = model
        self._seen: int | None = None
        self._loading: QueryHandle[Sequence[MessageRecord]] | None = None
        self._renewing: QueryHandle[Sequence[MessageRecord]] | None = None
        self._is_outdated = False
        self._loaded_at_s = 0.0
        self.active = False
        self.paused = False

    @property
    def waiting(self) -> int:
        """Lines that have come since the list was paused."""
        return 0 if self._seen is None else self._engine.messages.total - self._seen

    def poll(self, new_second: bool) -> int:
        """Brings the table up to date, as far as it is shown and not paused.

        Returns how many rows appeared on top of those that were there.
        """
        self._renew()
        if self._loading is not None:
            self._take_loaded()
        elif self.paused or not (self.active or new_second):
            return 0
        elif self._seen is None:
            self._load()
        elif self._engine.messages.total != self._seen:
            return self._take_new()
        return 0

    def reload(self) -> None:
        """Takes the list from the store again at the next chance."""
        self._seen = None

    def _load(self) -> None:
        self._seen = self._engine.messages.total
        self._loading = self._ask()

    def _ask(self) -> QueryHandle[Sequence[MessageRecord]]:
        self._loaded_at_s = time.monotonic()
        return self._engine.queries.submit(
            "messages", lambda _: self._engine.history.messages(None, FIRST_LOAD_ROWS)
        )

    def _renew(self) -> None:
        """Messages that were tried again: the store says another thing of their first lines."""
        if self._renewing is not None and self._renewing.done:
            self._model.renew(self._renewing.value or ())
            self._renewing = None
        due = time.monotonic() - self._loaded_at_s > RELOAD_PAUSE_S
        if self._is_outdated and due and self._renewing is None and self._loading is None:
            self._is_outdated = False
            self._renewing = self._ask()

    def _take_loaded(self) -> None:
        handle = self._loading
        if handle is None or not handle.done:
            return
        self._loading = None
        if handle.value is not None:
            self._model.clear()
            self._model.append(sorted(handle.value, key=lambda record: record.id))
        # What the ring got during the query is in the answer or follows it: from here on
        # `waiting` counts only lines that are not in the table.
        self._take_new()

    def _take_new(self) -> int:
        records, total = self._engine.messages.since(self._seen or 0)
        missed = total - (self._seen or 0) - len(records)
        if missed > 0 and time.monotonic() - self._loaded_at_s > RELOAD_PAUSE_S:
            self._load()
            return 0
        self._seen = total
        self._is_outdated |= any(record.origin is Origin.REDRIVEN for record in records)
        newest = self._model.newest_id
        return self._model.append([record for record in records if record.id > newest])

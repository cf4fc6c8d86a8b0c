"""The devices as the store knows them: read when it opens, and when it may have changed."""

from __future__ import annotations

import logging
from collections.abc import Callable

from harit_desktop.domain.clock import NowUs
from harit_desktop.domain.errors import KnownError, Problem
from harit_desktop.pipeline.live import LiveModel
from harit_desktop.runtime.judging import Judging
from harit_desktop.runtime.parts import Parts
from harit_desktop.runtime.queries import QueryPool
from harit_desktop.runtime.store_parts import HistoryPart

log = logging.getLogger(__name__)


class KnownDevices:
    """Gives what was entered to `judging` and the newest readings to `live`."""

    def __init__(
        self,
        parts: Parts,
        judging: Judging,
        live: LiveModel,
        queries: QueryPool,
        history: Callable[[], HistoryPart],
        now_us: NowUs,
    ) -> None:
        self._parts = parts
        self._judging = judging
        self._live = live
        self._queries = queries
        self._history = history
        self._now_us = now_us
        self.problem: Problem | None = None

    def name(self, publisher_id: str) -> str:
        """What people call a device; empty where nobody said."""
        record = self._judging.book.records.get(publisher_id)
        return record.name if record is not None else ""

    def store_opened(self) -> None:
        """On the pipeline thread, before the first reading is judged."""
        try:
            self._judging.use_book(self._parts.device_store().load())
            self.problem = None
        except KnownError as error:
            log.warning("what is known of the devices could not be read: %s", error)
            self.problem = error.problem
        except Exception as error:
            # Whatever is in those tables, readings must be stored.
            log.exception("what is known of the devices could not be used")
            self.problem = Problem("devices.unusable", {"error": type(error).__name__})
        self.load()

    def load(self) -> None:
        """Brings devices that have not been heard of since the start to the views."""
        self._queries.submit(
            "known devices",
            lambda _: self._live.preload(self._history().last_states(self._now_us())),
        )

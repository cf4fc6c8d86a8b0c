"""What charts and lists ask of the server; None where it does not answer soon enough.

The journal then answers alone: it holds at least the last weeks.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

from harit_desktop.domain.api import ApiReading, ApiStats
from harit_desktop.domain.channels import Values
from harit_desktop.domain.device import DeviceState
from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.quality import QualityDay
from harit_desktop.storage.mysql.address import ServerAddress
from harit_desktop.storage.mysql.api_answers import (
    ServerCounter,
    Tail,
    newest_of_both,
    newest_of_tail,
)
from harit_desktop.storage.mysql.read_lists import server_states, server_values
from harit_desktop.storage.mysql.read_quality import (
    DayTail,
    ReasonTail,
    server_days,
    server_reasons,
    tail_days,
    tail_reasons,
)
from harit_desktop.storage.mysql.read_series import server_series
from harit_desktop.storage.mysql.read_tail import TailReadings, no_readings, tail_readings
from harit_desktop.storage.mysql.reading import ServerReader, Snapshot
from harit_desktop.storage.quality_reads import Reasons, Span
from harit_desktop.storage.reader import Cancelled, StoreReader, never
from harit_desktop.storage.series import Series

log = logging.getLogger(__name__)

T = TypeVar("T")
P = TypeVar("P")


class ServerViews:
    """Reads for views, from any thread. Errors of the journal are raised as they are."""

    def __init__(self, store: StoreReader, address: ServerAddress) -> None:
        self._store = store
        self._server = ServerReader(address)
        self._counter = ServerCounter(store, self._server)

    def series(
        self,
        publisher_id: str,
        from_us: int,
        to_us: int,
        max_points: int,
        cancelled: Cancelled,
    ) -> Series | None:
        """One device's readings of both stores, each once. Raises QueryCancelled."""

        def tail(store_id: str) -> TailReadings:
            return self._store.read(
                lambda c: tail_readings(c, store_id, publisher_id, from_us, to_us),
                empty=no_readings(),
                cancelled=cancelled,
            )

        def query(snapshot: Snapshot, tail: TailReadings) -> Series:
            return server_series(
                snapshot, tail, publisher_id, from_us, to_us, max_points, cancelled
            )

        return self._answer(tail, query, cancelled)

    def states(self, now_us: int) -> list[tuple[int, DeviceState]] | None:
        """Newest readings with the times of the devices' first ones, of the server alone."""
        return self._ask(lambda snapshot: server_states(snapshot, now_us))

    def values(self, publisher_id: str) -> tuple[int, Values] | None:
        """Time and values of the device's newest reading on the server."""
        return self._ask(lambda snapshot: server_values(snapshot, publisher_id))

    def quality_days(
        self, publisher_id: str, days: Sequence[Span], cancelled: Cancelled
    ) -> tuple[QualityDay, ...] | None:
        """The days of one device's readings of both stores, each once. Raises QueryCancelled."""

        def tail(store_id: str) -> DayTail | None:
            return self._store.read(
                lambda c: tail_days(c, store_id, publisher_id, days),
                empty=None,
                cancelled=cancelled,
            )

        def query(snapshot: Snapshot, tail: DayTail | None) -> tuple[QualityDay, ...]:
            return server_days(snapshot, tail, publisher_id, days, cancelled)

        return self._answer(tail, query, cancelled)

    def reasons(
        self, publisher_id: str, from_us: int, to_us: int, limit: int, cancelled: Cancelled
    ) -> Reasons | None:
        """The newest readings of both stores that have reasons. Raises QueryCancelled."""

        def tail(store_id: str) -> ReasonTail:
            nothing: ReasonTail = []
            return self._store.read(
                lambda c: tail_reasons(c, store_id, publisher_id, from_us, to_us),
                empty=nothing,
                cancelled=cancelled,
            )

        def query(snapshot: Snapshot, tail: ReasonTail) -> Reasons:
            return server_reasons(snapshot, tail, publisher_id, from_us, to_us, limit, cancelled)

        return self._answer(tail, query, cancelled)

    def api_history(self, limit: int) -> list[ApiReading] | None:
        """The newest readings of both stores that are not simulated, each once."""

        def tail(store_id: str) -> Tail:
            nothing: Tail = []
            return self._store.read(lambda c: newest_of_tail(c, store_id, limit), empty=nothing)

        return self._answer(
            tail, lambda snapshot, tail: newest_of_both(snapshot, tail, limit), never
        )

    def api_stats(self) -> ApiStats:
        """Counts of all readings of both stores. Raises KnownError, also server.*."""
        return self._counter.stats()

    def close(self) -> None:
        """Ends the idle connections; a later read opens new ones."""
        self._server.close()

    def _ask(self, query: Callable[[Snapshot], T]) -> T | None:
        return self._answer(lambda _: None, lambda snapshot, _: query(snapshot), never)

    def _answer(
        self,
        prepare: Callable[[str], P],
        query: Callable[[Snapshot, P], T],
        cancelled: Cancelled,
    ) -> T | None:
        try:
            return self._server.read(prepare, query, cancelled)
        except KnownError as error:
            if not error.code.startswith("server."):
                raise
            log.debug("the journal answers alone: %s", error)
            return None

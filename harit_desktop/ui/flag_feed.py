"""Asks the store what belongs to the flags in the strips: why a reading is flagged, and what
was unusual although it is believed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from harit_desktop.domain.clock import US_PER_DAY, US_PER_S

if TYPE_CHECKING:
    from harit_desktop.runtime.engine import Engine
    from harit_desktop.runtime.queries import QueryHandle
    from harit_desktop.ui.live_page import LivePage

MOST_REASONS = 200
MOST_UNUSUAL = 500
UNUSUAL_EVERY_US = 60 * US_PER_S
UNUSUAL = "unusual"
"""The kind of the events that are told of."""

Row = tuple[str, int]
"""Device and instant of one row of the charts."""


class FlagFeed(QObject):
    """One question of each kind at a time. Reasons are asked only of where the cursor rests."""

    def __init__(self, engine: Engine, page: LivePage) -> None:
        super().__init__(page)
        self._engine = engine
        self._page = page
        self._why: tuple[Row, QueryHandle[list[Mapping[str, str]]]] | None = None
        self._unusual: tuple[Row, QueryHandle[list[tuple[str, int]]]] | None = None
        self._asked_of: Row = ("", 0)
        self._due_us = 0
        page.reasons_wanted.connect(self._ask_why)

    def poll(self, focus: str, from_us: int, now_us: int) -> None:
        """Hands on what has come; asks about the device in focus since `from_us`."""
        if self._why is not None and self._why[1].done:
            (publisher_id, row_us), handle = self._why
            self._why = None
            if handle.value is not None:
                self._page.set_reasons(publisher_id, row_us, handle.value)
        if self._unusual is not None and self._unusual[1].done:
            (publisher_id, _), events = self._unusual
            self._unusual = None
            if events.value is not None and publisher_id == focus:
                self._page.set_unusual(publisher_id, events.value)
        # A range of a fixed length begins later each time, which is no other question.
        asked_of = (focus, from_us // US_PER_DAY)
        if (
            focus
            and self._unusual is None
            and (asked_of != self._asked_of or now_us >= self._due_us)
        ):
            self._asked_of, self._due_us = asked_of, now_us + UNUSUAL_EVERY_US
            self._ask_unusual(focus, from_us, now_us + US_PER_DAY)

    def _ask_why(self, publisher_id: str, row_us: int, width_us: int) -> None:
        row = (publisher_id, row_us)
        if self._why is not None and self._why[0] == row:
            return
        # The time of a row of many readings is their mean; it begins at a multiple of its width.
        from_us = row_us // width_us * width_us if width_us else row_us
        to_us = from_us + max(1, width_us) - 1

        def read(handle: QueryHandle[list[Mapping[str, str]]]) -> list[Mapping[str, str]]:
            found = self._engine.history.reasons(
                publisher_id, from_us, to_us, MOST_REASONS, lambda: handle.token.cancelled
            )
            return [codes for _, codes in found]

        self._why = (row, self._engine.queries.submit("reasons", read))

    def _ask_unusual(self, publisher_id: str, from_us: int, to_us: int) -> None:
        def read(_: QueryHandle[list[tuple[str, int]]]) -> list[tuple[str, int]]:
            history = self._engine.history
            stored = history.quality_events(publisher_id, from_us, to_us, MOST_UNUSUAL)
            events = [one.event for one in stored if one.event.kind == UNUSUAL]
            return [(key, event.onset_us) for event in events for key in event.channels]

        handle = self._engine.queries.submit("unusual", read)
        self._unusual = ((publisher_id, from_us), handle)

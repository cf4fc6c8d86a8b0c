"""Looks up in the store what earlier runs knew of devices beyond their readings, once for each."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from harit_desktop.domain.device import DeviceState, ExtraValue, PublisherWord
from harit_desktop.domain.message import Outcome
from harit_desktop.pipeline.hearing import stored_word

if TYPE_CHECKING:
    from harit_desktop.runtime.engine import Engine
    from harit_desktop.runtime.queries import QueryHandle
    from harit_desktop.runtime.store_parts import HistoryPart

RETRY_S = 30.0
LINES = 2000
"""Of the message log so many lines are looked through, some milliseconds."""
MOST_HEARD = 200


class StoredExtras:
    """Readings of this run bring their extras along, and status messages are heard; those of
    earlier runs are asked for here, off the main thread, and told to the live model. A broker
    that keeps our session does not send a retained status again. `poll` never waits."""

    def __init__(self, engine: Engine, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._engine = engine
        self._clock_s = clock_s
        self._known: set[str] = set()
        self._asked: tuple[str, ...] = ()
        self._handle: QueryHandle[bool] | None = None
        self._due_s = 0.0
        self._words_known = False

    def forget(self) -> None:
        """Another store is open."""
        self._known.clear()
        self._words_known = False
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def poll(self, devices: Sequence[DeviceState]) -> None:
        """Asks for devices that were not asked for yet."""
        if self._handle is not None:
            if not self._handle.done:
                return
            if self._handle.value:
                self._known.update(self._asked)
                self._words_known = True
            else:
                self._due_s = self._clock_s() + RETRY_S
            self._handle = None
        present = {device.publisher_id for device in devices}
        self._known &= present
        new = tuple(present - self._known)
        if new and self._clock_s() >= self._due_s:
            self._ask(new)

    def _ask(self, publisher_ids: tuple[str, ...]) -> None:
        history, live = self._engine.history, self._engine.live
        words_known = self._words_known

        def look(handle: QueryHandle[bool]) -> bool:
            for publisher_id in publisher_ids:
                if handle.token.cancelled:
                    return False
                found = history.newest_extras(publisher_id)
                extras = [ExtraValue(key, value, at_us) for key, (at_us, value) in found.items()]
                live.learn_extras(publisher_id, extras)
            if not words_known:
                live.hear(stored_words(history), {}, 0)
            return True

        self._asked = publisher_ids
        self._handle = self._engine.queries.submit("devices.extras", look)


def stored_words(history: HistoryPart) -> list[PublisherWord]:
    """The newest word of each publisher among the newest lines of the message log, the oldest
    first. Off the main thread alone."""
    words: dict[str, PublisherWord] = {}
    heard = [line for line in history.messages(None, LINES) if line.outcome is Outcome.HEARD]
    for line in heard[:MOST_HEARD]:
        if line.publisher_id and line.publisher_id not in words:
            payload = history.payload(line.id)
            word = None if payload is None else stored_word(line, payload)
            if word is not None:
                words[line.publisher_id] = word
    return list(reversed(words.values()))

"""Looks up in the store what devices last had beyond the channels, once for each device."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from harit_desktop.domain.device import DeviceState, ExtraValue

if TYPE_CHECKING:
    from harit_desktop.runtime.engine import Engine
    from harit_desktop.runtime.queries import QueryHandle

RETRY_S = 30.0


class StoredExtras:
    """Readings of this run bring their extras along; those of earlier runs are asked for here,
    off the main thread, and told to the live model. `poll` never waits."""

    def __init__(self, engine: Engine, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._engine = engine
        self._clock_s = clock_s
        self._known: set[str] = set()
        self._asked: tuple[str, ...] = ()
        self._handle: QueryHandle[bool] | None = None
        self._due_s = 0.0

    def forget(self) -> None:
        """Another store is open."""
        self._known.clear()
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

        def look(handle: QueryHandle[bool]) -> bool:
            for publisher_id in publisher_ids:
                if handle.token.cancelled:
                    return False
                found = history.newest_extras(publisher_id)
                extras = [ExtraValue(key, value, at_us) for key, (at_us, value) in found.items()]
                live.learn_extras(publisher_id, extras)
            return True

        self._asked = publisher_ids
        self._handle = self._engine.queries.submit("devices.extras", look)

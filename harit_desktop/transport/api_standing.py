"""What the API's row in the window says, kept true by the thread that reads the API."""

from __future__ import annotations

from typing import Literal

import msgspec

from harit_desktop.domain.clock import US_PER_S, NowUs
from harit_desktop.domain.errors import Problem
from harit_desktop.domain.status import ApiState, ApiStatus
from harit_desktop.transport.source_failover import SourceFailover

Health = Literal["unknown", "ok", "unreachable", "refused"]

_NOT_OK = {
    "unknown": ApiState.CHECKING,
    "unreachable": ApiState.UNREACHABLE,
    "refused": ApiState.REFUSED,
}


class ApiStanding:
    """One writer (the source's thread; `end` is the last word); any thread reads `status`."""

    def __init__(self, address: str, now_us: NowUs) -> None:
        self._now_us = now_us
        self._ended = False
        self._in_use = False
        self._deadlines: dict[str, tuple[float | None, int | None]] = {}
        self.health: Health = "unknown"
        self.status = ApiStatus(address=address)

    def follow(self, failover: SourceFailover, now_s: float) -> None:
        """What is in use, and when that changes by itself."""
        self._in_use = failover.in_use
        self._set(
            needed=failover.needed,
            switch_at_us=self._instant_us("switch", failover.switch_at_s, now_s),
            back_at_us=self._instant_us("back", failover.back_at_s, now_s),
        )

    def asking(self) -> None:
        """An attempt is under way."""
        self._set(retry_at_us=None)

    def answered(self) -> None:
        self.health = "ok"
        self._set(checked_us=self._now_us(), retry_at_us=None, problem=None)

    def failed(self, problem: Problem, *, refused: bool, pause_s: float) -> None:
        self.health = "refused" if refused else "unreachable"
        retry_at_us = self._now_us() + round(pause_s * US_PER_S)
        self._set(problem=problem, retry_at_us=retry_at_us)

    def took_one(self) -> None:
        self._set(readings=self.status.readings + 1)

    def end(self) -> None:
        """Stopped: nothing that the thread still says counts any more."""
        self._ended = True
        status = self.status
        self.status = ApiStatus(
            address=status.address,
            since_us=self._now_us(),
            checked_us=status.checked_us,
            readings=status.readings,
        )

    def _instant_us(self, name: str, at_s: float | None, now_s: float) -> int | None:
        """The deadline by the clock on the wall; the same one as long as it stands."""
        known_s, known_us = self._deadlines.get(name, (None, None))
        if at_s is None:
            known_us = None
        elif at_s != known_s:
            known_us = self._now_us() + round((at_s - now_s) * US_PER_S)
        self._deadlines[name] = (at_s, known_us)
        return known_us

    def _set(self, **changes: object) -> None:
        if self._ended:
            return
        usual = ApiState.IN_USE if self._in_use else ApiState.STANDBY
        state = _NOT_OK.get(self.health, usual)
        if state is not self.status.state:
            changes |= {"state": state, "since_us": self._now_us()}
        self.status = msgspec.structs.replace(self.status, **changes)

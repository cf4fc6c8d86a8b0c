"""Keeps the built-in broker running while it is wanted."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from harit_desktop.domain.errors import KnownError, Problem
from harit_desktop.domain.status import BrokerState, BuiltinBrokerStatus
from harit_desktop.runtime.link_parts import BrokerAddress, BrokerPart
from harit_desktop.settings.model import BuiltinBrokerSettings

log = logging.getLogger(__name__)

START_DEADLINE_S = 10.0
STOP_DEADLINE_S = 2.0
RESTART_FIRST_S = 1.0
RESTART_LAST_S = 30.0


class BrokerKeeper:
    """Starts, watches and restarts the child process.

    Used by the control thread alone, but for `status`, `problem` and `interrupt`.
    """

    def __init__(self) -> None:
        self._part: BrokerPart | None = None
        self._settings: BuiltinBrokerSettings | None = None
        self._password: str | None = None
        self._problem: Problem | None = None
        self._restart_at: float | None = None
        self._restart_wait_s = RESTART_FIRST_S

    @property
    def status(self) -> BuiltinBrokerStatus:
        part = self._part
        return part.poll() if part is not None else BuiltinBrokerStatus()

    @property
    def problem(self) -> Problem | None:
        """Why the broker does not run although it is wanted."""
        return self._problem

    def start(
        self,
        settings: BuiltinBrokerSettings,
        make: Callable[[], BrokerPart],
        password: str | None = None,
    ) -> BrokerAddress | None:
        """Starts a broker with these settings, or keeps the one that runs with them; a
        changed password needs a new one as well.

        None when it could not be started now: `tick` then tries again.
        """
        asked = (settings, password)
        if self._part is None or asked != (self._settings, self._password):
            self.stop(STOP_DEADLINE_S)
            self._part, self._settings, self._password = make(), settings, password
        self._restart_wait_s = RESTART_FIRST_S
        return self._try_start(self._part)

    def tick(self) -> BrokerAddress | None:
        """Starts a broker again that ended by itself; its address when that worked."""
        part = self._part
        if part is None:
            return None
        if self._restart_at is None:
            status = part.poll()
            if status.state is not BrokerState.FAILED:
                return None
            log.warning("the built-in broker ended by itself: %s", status.problem)
            self._fail(status.problem)
        elif time.monotonic() >= self._restart_at:
            return self._try_start(part)
        return None

    def interrupt(self) -> None:
        """Makes a start that is under way give up. From any thread."""
        part = self._part
        if part is not None:
            part.stop(STOP_DEADLINE_S)

    def stop(self, deadline_s: float) -> None:
        """Ends the child process; nothing is restarted any more."""
        part, self._part, self._restart_at, self._problem = self._part, None, None, None
        if part is not None:
            part.stop(deadline_s)

    def _try_start(self, part: BrokerPart) -> BrokerAddress | None:
        self._restart_at = None
        try:
            ready = part.start(START_DEADLINE_S)
        except KnownError as error:
            self._fail(error.problem)
            return None
        self._problem = None
        self._restart_wait_s = RESTART_FIRST_S
        return BrokerAddress(ready.host, ready.port, ready.protocol)

    def _fail(self, problem: Problem | None) -> None:
        self._problem = problem
        self._restart_at = time.monotonic() + self._restart_wait_s
        self._restart_wait_s = min(self._restart_wait_s * 2, RESTART_LAST_S)

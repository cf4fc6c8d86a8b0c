"""Keeps the built-in broker running while it is wanted."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from harit_desktop.domain.errors import KnownError, Problem
from harit_desktop.domain.status import BrokerState, BuiltinBrokerStatus
from harit_desktop.runtime.parts import BrokerAddress, BrokerPart, BuiltinReady

log = logging.getLogger(__name__)

START_DEADLINE_S = 10.0
RESTART_FIRST_S = 1.0
RESTART_LAST_S = 30.0


class BrokerKeeper:
    """Starts, watches and restarts the child process. Used by the control thread; `status`
    is an immutable snapshot for any thread."""

    def __init__(self) -> None:
        self._part: BrokerPart | None = None
        self._make: Callable[[], BrokerPart] | None = None
        self._restart_at: float | None = None
        self._restart_wait_s = RESTART_FIRST_S
        self.status = BuiltinBrokerStatus()

    def start(self, make: Callable[[], BrokerPart]) -> BrokerAddress | None:
        """Starts a broker built by `make`; None when it could not be started now.

        It is then tried again from `tick`, and `status.problem` says why.
        """
        self.stop(1.0)
        self._make = make
        self._restart_wait_s = RESTART_FIRST_S
        ready = self._try_start()
        return ready.address if ready else None

    def tick(self) -> BrokerAddress | None:
        """Restarts a broker that ended by itself; its new address when that worked."""
        if self._part is not None and self._restart_at is None:
            reason = self._part.exit_reason()
            if reason is None:
                return None
            log.warning("the built-in broker ended by itself: %s", reason)
            self._fail(Problem("builtin_broker.ended", {"reason": reason[:200]}))
        if self._restart_at is None or time.monotonic() < self._restart_at:
            return None
        ready = self._try_start()
        return ready.address if ready else None

    def stop(self, deadline_s: float) -> None:
        part, self._part, self._make, self._restart_at = self._part, None, None, None
        if part is not None:
            part.stop(deadline_s)
        self.status = BuiltinBrokerStatus()

    def _try_start(self) -> BuiltinReady | None:
        if self._make is None:
            return None
        self._restart_at = None
        self.status = BuiltinBrokerStatus(state=BrokerState.STARTING)
        self._part = self._make()
        try:
            ready = self._part.start(START_DEADLINE_S)
        except KnownError as error:
            self._fail(error.problem)
            return None
        self._restart_wait_s = RESTART_FIRST_S
        self.status = BuiltinBrokerStatus(
            state=BrokerState.RUNNING,
            engine=ready.engine,
            host=ready.address.host,
            port=ready.address.port,
            asked_port=ready.asked_port,
            durable=ready.durable,
        )
        return ready

    def _fail(self, problem: Problem) -> None:
        self.status = BuiltinBrokerStatus(state=BrokerState.FAILED, problem=problem)
        self._restart_at = time.monotonic() + self._restart_wait_s
        self._restart_wait_s = min(self._restart_wait_s * 2, RESTART_LAST_S)

"""What is worth telling about a connection that works: losses behind our back."""

from __future__ import annotations

from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.errors import Problem
from harit_desktop.transport.endpoint import MqttEndpoint
from harit_desktop.transport.mqtt_errors import broker_problem

SHOWN_US = 3600 * US_PER_S


class LinkNotices:
    """The notices of one source, the worst first; used on the session's thread.

    A lost session and dropped messages are told for an hour, a stall for as long as it lasts.
    """

    def __init__(self, endpoint: MqttEndpoint) -> None:
        self._endpoint = endpoint
        self._lost_at_us: int | None = None
        self._dropped = 0
        self._dropped_at_us: int | None = None
        self.stalled = False

    def session_lost(self, at_us: int) -> None:
        self._lost_at_us = at_us

    def session_resumed(self) -> None:
        self._lost_at_us = None

    def dropped(self, count: int, at_us: int) -> None:
        """Adds to what is told already; the hour begins anew."""
        before = self._dropped if self._dropped_at_us is not None else 0
        self._dropped, self._dropped_at_us = before + count, at_us

    def current(self, now_us: int) -> tuple[Problem, ...]:
        self._expire(now_us)
        problems = []
        if self.stalled:
            problems.append(broker_problem(self._endpoint, "broker.stalled"))
        lost_at_us = self._lost_at_us
        if lost_at_us is not None:
            problems.append(broker_problem(self._endpoint, "broker.session_lost", at_us=lost_at_us))
        if self._dropped_at_us is not None:
            problems.append(broker_problem(self._endpoint, "broker.dropped", count=self._dropped))
        return tuple(problems)

    def _expire(self, now_us: int) -> None:
        # A clock that was set back must not keep a notice for longer either.
        lost_at_us, dropped_at_us = self._lost_at_us, self._dropped_at_us
        if lost_at_us is not None and abs(now_us - lost_at_us) > SHOWN_US:
            self._lost_at_us = None
        if dropped_at_us is not None and abs(now_us - dropped_at_us) > SHOWN_US:
            self._dropped_at_us = None

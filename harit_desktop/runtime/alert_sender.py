"""Sends alerts to people, on a thread of its own: a mail server may take its time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from harit_desktop.alerting.outgoing import Outgoing
from harit_desktop.alerting.sinks import SinkName
from harit_desktop.alerting.teller import Telling
from harit_desktop.domain.clock import NowUs
from harit_desktop.domain.errors import Problem
from harit_desktop.runtime.alert_plan import AlertPlan, make_sink
from harit_desktop.runtime.worker import Worker

STEP_S = 1.0
_NAMES: tuple[SinkName, ...] = ("email", "webhook")


class AlertSender:
    """Owns the thread "alert-sender"; `name_of` is what people call a device.

    What cannot be sent in time at the end of the program is not sent; the alerts themselves
    are in the store.
    """

    def __init__(
        self, now_us: NowUs, name_of: Callable[[str], str] = lambda publisher_id: ""
    ) -> None:
        self._now_us = now_us
        self._name_of = name_of
        self._plan = AlertPlan()
        self._ways = {name: Outgoing() for name in _NAMES}
        self._worker = Worker("alert-sender", self._body, give_up=False)

    @property
    def sent(self) -> int:
        return sum(way.sent for way in self._ways.values())

    @property
    def problems(self) -> tuple[Problem, ...]:
        found = (self._worker.problem, *(way.problem for way in self._ways.values()))
        return tuple(one for one in found if one is not None)

    def use(self, plan: AlertPlan) -> None:
        """Sends as this plan says; what waits goes the new way at once."""
        before, self._plan = self._plan, plan
        if plan.email != before.email:
            self._ways["email"].use(make_sink("email", plan, self._now_us, self._name_of))
        if plan.webhook != before.webhook:
            self._ways["webhook"].use(make_sink("webhook", plan, self._now_us, self._name_of))

    def offer(self, tellings: Sequence[Telling], now_us: int) -> None:
        """Takes what is to be sent; never blocks."""
        for telling in tellings:
            for way in self._ways.values():
                way.offer(telling, now_us)

    def start(self) -> None:
        self._worker.start()

    def stop(self, deadline_s: float) -> bool:
        """Sends what waits for others of its group, and ends; False when a server did not
        answer within the deadline."""
        self._worker.ask_to_stop()
        return self._worker.join(deadline_s)

    def _body(self, stop: threading.Event) -> None:
        while not stop.is_set():
            for way in self._ways.values():
                way.work(self._now_us())
            stop.wait(STEP_S)
        for way in self._ways.values():
            way.flush(self._now_us())

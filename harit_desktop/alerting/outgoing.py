"""What waits to be sent through one sink: grouped, tried again, bounded."""

from __future__ import annotations

import logging
import threading
from collections import deque

from harit_desktop.alerting.sinks import Sink
from harit_desktop.alerting.teller import Telling
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.errors import KnownError, Problem

log = logging.getLogger(__name__)

GROUP_US = 30 * US_PER_S
MOST_WAITING = 500
FIRST_WAIT_US = 30 * US_PER_S
LAST_WAIT_US = 900 * US_PER_S
PERSON_WAIT_US = 3600 * US_PER_S
"""After a wrong password or address: another try changes little, and may lock the account."""
_FOR_A_PERSON = ("login", "tls", "bad_address", "not_set", "not_private", "plain_login")


class Outgoing:
    """Sends what changed within 30 s as one message; what failed is tried again later.

    `offer` is for any thread and never blocks, `work` for the one that sends.
    """

    def __init__(self, sink: Sink | None = None, *, group_us: int = GROUP_US) -> None:
        self._sink = sink
        self._group_us = group_us
        self._lock = threading.Lock()
        self._waiting: deque[Telling] = deque()
        self._left_out = 0
        self._since_us = 0
        self._wait_us = 0
        self._retry_us: int | None = None
        self.sent = 0
        self.problem: Problem | None = None

    def use(self, sink: Sink | None) -> None:
        """Sends through another sink from now on, what waits at once; None sends nothing."""
        with self._lock:
            self._sink = sink
            self._retry_us, self._wait_us, self.problem = None, 0, None
            if sink is None:
                self._waiting.clear()
                self._left_out = 0

    def offer(self, telling: Telling, now_us: int) -> None:
        """Takes a change; without a sink it is nothing to wait for."""
        with self._lock:
            if self._sink is None:
                return
            if not self._waiting:
                self._since_us = now_us
            self._waiting.append(telling)
            if len(self._waiting) > MOST_WAITING:
                self._waiting.popleft()
                self._left_out += 1

    def is_due(self, now_us: int) -> bool:
        """Whether there is something to send now. A clock that was set back waits for nobody."""
        with self._lock:
            if not self._waiting:
                return False
            if self._retry_us is not None:
                return not 0 < self._retry_us - now_us <= self._wait_us
            return not 0 <= now_us - self._since_us < self._group_us

    def work(self, now_us: int) -> None:
        """Sends what is due; may block for some 10 s."""
        if self.is_due(now_us):
            self._send(now_us)

    def flush(self, now_us: int) -> None:
        """Sends what waits for more of its group: nothing comes any more. What has failed is
        not tried again."""
        if self._retry_us is None:
            self._send(now_us)

    def _send(self, now_us: int) -> None:
        with self._lock:
            sink, tellings, left_out = self._sink, list(self._waiting), self._left_out
        if sink is None or not tellings:
            return
        try:
            sink.send(tellings, left_out)
        except KnownError as error:
            if error.code.endswith("_partly"):
                self._done(len(tellings), left_out, error.problem)
                return
            self._failed(error, now_us)
        else:
            self._done(len(tellings), left_out, None)

    def _done(self, count: int, left_out: int, problem: Problem | None) -> None:
        with self._lock:
            gone = self._left_out - left_out
            for _ in range(min(count - gone, len(self._waiting))):
                self._waiting.popleft()
            self._left_out = min(self._left_out, max(0, gone - count))
            self._retry_us, self._wait_us = None, 0
            self._since_us = 0
            self.sent += count
            self.problem = problem

    def _failed(self, error: KnownError, now_us: int) -> None:
        wait_us = min(max(FIRST_WAIT_US, 2 * self._wait_us), LAST_WAIT_US)
        if error.code.partition("_")[2] in _FOR_A_PERSON:
            wait_us = PERSON_WAIT_US
        with self._lock:
            if self.problem != error.problem:
                log.warning("alerts could not be sent: %s", error)
            self.problem = error.problem
            self._wait_us, self._retry_us = wait_us, now_us + wait_us

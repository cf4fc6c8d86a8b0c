"""What became of the publisher's readings, in numbers."""

import time

from harit_desktop.domain.errors import Problem
from harit_desktop.transport.publisher_sender import Settlement


class PublisherTally:
    """Written by the sender's thread (`begin`: the worker's), read by any.

    `confirmed` readings arrived, `via_api` of them by the API, `confirmed_own` of them were
    made in this run. `refused` are of this run; `refusal` is why the last one of this run
    was, None once another one arrived.
    """

    def __init__(self) -> None:
        self.confirmed = 0
        self.confirmed_own = 0
        self.via_api = 0
        self.refused = 0
        self.refusal: Problem | None = None
        self._heard_s = time.monotonic()

    @property
    def quiet_s(self) -> float:
        """Seconds without an answer while readings wait."""
        return time.monotonic() - self._heard_s

    def begin(self) -> None:
        """The first reading waits for its answer."""
        self._heard_s = time.monotonic()

    def add(self, settlement: Settlement) -> None:
        own, total = settlement.own, settlement.own + settlement.others
        if not total:
            return
        self._heard_s = time.monotonic()
        if settlement.problem is not None:
            self.refused += own
            self.refusal = settlement.problem if own else self.refusal
            return
        self.refusal = None
        self.confirmed += total
        self.confirmed_own += own
        self.via_api += total if settlement.via_api else 0

"""Which way a publisher's readings go: pure, its clock is injected."""

import time
from collections.abc import Callable
from typing import Literal

import msgspec

from harit_desktop.domain.status import PublisherRoute
from harit_desktop.transport.retry import BackOff

STABLE_S = 60.0
"""A broker that came back must stay this long before the API is left for it."""

_LAST_TRY_S = 1.0
_GIVE_UP_WITHIN_S = 9.0
_LONGEST_PAUSE_S = 300.0
_SHORTEST_PAUSE_S = 1.0

Mode = Literal["auto", "mqtt_only", "api_only"]
BrokerLink = Literal["up", "down", "refused"]
"""`refused`: the broker turns us away until a person changes something."""
FailureKind = Literal["retry", "stop", "refused"]
"""What a failed request is to be answered with: another one later, none before a person
acted, or none for this reading alone."""


class Directions(msgspec.Struct, frozen=True):
    """What to do at this moment. Instants are those of the injected clock, in seconds.

    `to_broker` and `to_api` exclude each other; where both are False readings wait. With
    `leave_broker` what the broker did not confirm goes by the API instead. `due_s` is when
    the next try of the broker (RETRYING) or the API (HOLDING) is due.
    """

    route: PublisherRoute
    to_broker: bool = False
    to_api: bool = False
    leave_broker: bool = False
    try_broker: bool = False
    attempt: int = 0
    due_s: float | None = None
    back_s: float | None = None


class PublisherFailover:
    """Told what the broker's link and the API do; says where the readings go.

    The broker is gone: it is tried after 1, 2, 4 s ... (`retries` times, as many as fit into
    nine seconds), then the API takes the readings. The broker has them back once it stayed
    connected for `stable_s`, or at once when the API fails meanwhile. Where both fail readings
    are held, and the API is tried after growing pauses or when it asked for it; the broker's
    own session tries the broker. An API that needs a person is not asked again. Not
    thread-safe.
    """

    def __init__(
        self,
        mode: Mode,
        *,
        has_broker: bool,
        has_api: bool,
        retries: int,
        clock: Callable[[], float] = time.monotonic,
        stable_s: float = STABLE_S,
    ) -> None:
        self._clock = clock
        self._stable_s = stable_s
        self._has_broker = has_broker and mode != "api_only"
        self._has_api = has_api and mode != "mqtt_only"
        self._tries_s, self._give_up_s = _schedule(retries)
        self._link: BrokerLink = "down"
        self._since_s = clock()
        self._attempt = 0
        self._on_api = not self._has_broker
        self._back_off = BackOff()
        self._api_failing = False
        self._api_stopped = False
        self._api_from_s = self._since_s

    @property
    def api_stopped(self) -> bool:
        """Whether the API needs a person, and is left alone until then."""
        return self._api_stopped

    def posted(self) -> None:
        """The API answered: it took a reading, or does not want this one."""
        self._api_failing = False
        self._back_off.reset()

    def post_failed(self, kind: FailureKind, retry_after_s: float | None = None) -> None:
        if kind == "refused":
            self.posted()
            return
        self._api_failing = True
        self._api_stopped = kind == "stop"
        pause_s = self._back_off.next_pause_s()
        if retry_after_s is not None:
            pause_s = max(_SHORTEST_PAUSE_S, retry_after_s)
        self._api_from_s = self._clock() + min(pause_s, _LONGEST_PAUSE_S)

    def unsure(self, pause_s: float) -> None:
        """What became of the last post will be asked again after a pause."""
        self._api_failing = True
        self._api_from_s = self._clock() + pause_s

    def retry_now(self) -> None:
        """A person asks for it: ends the pauses, and lets even a stopped API be asked again."""
        self._api_stopped = False
        self._back_off.reset()
        self._api_from_s = self._clock()

    def advance(self, link: BrokerLink) -> Directions:
        """What to do now that the broker's link is in this state."""
        now_s = self._clock()
        if (link == "up") != (self._link == "up"):
            self._since_s, self._attempt = now_s, 0
        self._link = link
        if not self._has_broker:
            return self._by_api(now_s)
        return self._while_up(now_s) if link == "up" else self._while_down(now_s)

    def _while_up(self, now_s: float) -> Directions:
        back_s = self._since_s + self._stable_s
        if self._on_api and self._api_works and now_s < back_s:
            return self._by_api(now_s, back_s)
        self._on_api = False
        return Directions(PublisherRoute.MQTT, to_broker=True)

    def _while_down(self, now_s: float) -> Directions:
        down_s = now_s - self._since_s
        # Asking again does not help where the broker turns us away.
        if not self._on_api and self._link == "down" and down_s < self._give_up_s:
            return self._retrying(down_s)
        self._on_api = self._has_api
        # The broker's session sends what waits in its own time.
        return self._by_api(now_s) if self._has_api else Directions(PublisherRoute.HOLDING)

    def _retrying(self, down_s: float) -> Directions:
        due = [try_s for try_s in self._tries_s if try_s <= down_s]
        try_broker = len(due) > self._attempt
        self._attempt = len(due)
        coming = self._tries_s[self._attempt : self._attempt + 1]
        return Directions(
            PublisherRoute.RETRYING,
            try_broker=try_broker,
            attempt=self._attempt,
            due_s=self._since_s + coming[0] if coming else None,
        )

    def _by_api(self, now_s: float, back_s: float | None = None) -> Directions:
        if self._api_works:
            route = PublisherRoute.API
        else:
            route = PublisherRoute.HOLDING
        usable = self._has_api and not self._api_stopped
        due_s = self._api_from_s if usable and self._api_failing else None
        return Directions(
            route,
            to_api=usable and now_s >= self._api_from_s,
            leave_broker=usable,
            due_s=due_s,
            back_s=back_s,
        )

    @property
    def _api_works(self) -> bool:
        return self._has_api and not self._api_stopped and not self._api_failing


def _schedule(retries: int) -> tuple[tuple[float, ...], float]:
    """Seconds after the loss at which the broker is tried, and when it is given up."""
    tries_s = [2.0**number - 1 for number in range(1, retries + 1)]
    fitting = tuple(each for each in tries_s if each + _LAST_TRY_S <= _GIVE_UP_WITHIN_S)
    if len(fitting) < len(tries_s):
        return fitting, _GIVE_UP_WITHIN_S
    # Without any: the time in which a first connection comes about.
    return fitting, (fitting[-1] if fitting else 0.0) + _LAST_TRY_S

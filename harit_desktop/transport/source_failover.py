"""When readings are taken from the remote API instead of the broker: rules, and no I/O."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.status import LinkState, LinkStatus

SourceMode = Literal["auto", "api_only"]

STABLE_S = 60.0
"""So long a broker must stay connected before the API is given up again."""

_PATIENCE_KEEPALIVES = 2
_USUAL_KEEPALIVE_S = 30.0
_SETTLED_S = 10.0
"""A connection that ends sooner does not end the outage that it stands in."""


class SourceFailover:
    """Told again and again how the broker's link stands; says whether the API is in use.

    The times of the deadlines are those of `monotonic`, in seconds. It makes no difference how
    often it is told: an outage counts from when the link itself noticed it. A broker that
    comes and goes does not make the source come and go: short connections do not end an
    outage, and the API stays in use until one has lasted `stable_s`.
    """

    def __init__(
        self,
        mode: SourceMode,
        keepalive_s: float,
        monotonic: Callable[[], float],
        *,
        stable_s: float = STABLE_S,
    ) -> None:
        self._always = mode == "api_only"
        # Without a keepalive the broker's silence is nobody's measure: the usual one counts.
        self._patience_s = _PATIENCE_KEEPALIVES * (keepalive_s or _USUAL_KEEPALIVE_S)
        self._stable_s = stable_s
        self._settled_s = min(_SETTLED_S, stable_s)
        self._monotonic = monotonic
        self._told_s: float | None = None
        self._connection_us: int | None = None
        self._connected_s: float | None = None
        self._lost_s: float | None = None
        self.in_use = self._always

    @property
    def needed(self) -> bool:
        """Without the API nothing comes in: the broker is away, or not wanted."""
        return self._always or (self.in_use and self._connected_s is None)

    @property
    def away_s(self) -> float:
        """For how long the broker has been away; 0 where it is not."""
        return 0.0 if self._lost_s is None else self._monotonic() - self._lost_s

    @property
    def switch_at_s(self) -> float | None:
        """When the API takes over, if the broker stays away until then."""
        if self.in_use or self._lost_s is None or self._connected_s is not None:
            return None
        return self._lost_s + self._patience_s

    @property
    def back_at_s(self) -> float | None:
        """When the broker takes over again, if it stays connected until then."""
        if self._always or not self.in_use or self._connected_s is None:
            return None
        return self._connected_s + self._stable_s

    def observe(self, link: LinkStatus, now_us: int) -> None:
        """The link's state at this moment, `now_us` by the clock of its `since_us`."""
        if self._always:
            return
        now_s = self._monotonic()
        age_s = max(0.0, (now_us - link.since_us) / US_PER_S) if link.since_us else 0.0
        # The clock may be set meanwhile; nothing began before it was last seen otherwise.
        began_s = now_s - age_s if self._told_s is None else max(now_s - age_s, self._told_s)
        if link.state is LinkState.CONNECTED:
            self._connected(now_s, began_s, link.since_us)
        else:
            self._away(now_s, began_s)
        self._told_s = now_s

    def _connected(self, now_s: float, began_s: float, connection_us: int) -> None:
        if self._connected_s is None or connection_us != self._connection_us:
            self._connected_s, self._connection_us = began_s, connection_us
        lasted_s = now_s - self._connected_s
        if self.in_use and lasted_s >= self._stable_s:
            self.in_use = False
        if not self.in_use and lasted_s >= self._settled_s:
            self._lost_s = None

    def _away(self, now_s: float, began_s: float) -> None:
        if self._connected_s is not None and began_s - self._connected_s >= self._settled_s:
            self._lost_s = None
        self._connected_s = None
        if self._lost_s is None:
            self._lost_s = began_s
        if now_s - self._lost_s >= self._patience_s:
            self.in_use = True

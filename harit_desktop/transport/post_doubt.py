"""What became of a post that got no answer, as far as the API's history tells.

The existing backend stores whatever is posted to it, a reading that comes twice as well, and
neither names readings nor keeps their time. But its history has the newest row first: a row
above the last one that is known, with the doubtful reading's values, is that reading. Where
none is known yet it must be no older than the reading: a simulated probe begins each run with
the same values. Another Harit names its readings, and takes one that comes again for the same.
"""

from __future__ import annotations

import datetime as dt
import enum
import math
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from harit_desktop.domain.channels import CHANNELS, Values
from harit_desktop.domain.clock import US_PER_S, NowUs
from harit_desktop.transport.api_answer import object_in
from harit_desktop.transport.api_failures import ApiFailure, NotTheApi

T = TypeVar("T")

HISTORY_ROWS = 50
LOOK_AGAIN_S = 1.0
SLOW_S = 10.0
"""Where the API took too long, it may store the reading still, for this long after."""
CUT_OFF_S = 2.0
"""The same where the request ended otherwise."""

_WHOLE_S = 1.0
"""The existing backend may keep whole seconds, and its clock may be a little behind."""
_DIGITS = 6
_NEVER_SENT = (ConnectionRefusedError, socket.gaierror, UnicodeError)
"""UnicodeError: a host name that cannot be one."""


class Fate(enum.Enum):
    """What became of a doubtful post: `UNSURE` is to be looked at again in `LOOK_AGAIN_S`,
    `MISSING` to be posted again."""

    ARRIVED = enum.auto()
    MISSING = enum.auto()
    UNSURE = enum.auto()


class PostDoubt(Generic[T]):
    """Of one client of an API that posts one reading after the other, on its thread.

    `T` is what is posted. It may err to the side of posting again: with several equal
    readings in a row, where the history is shorter than what others have posted meanwhile,
    where the API stores a reading long after it gave no answer, or its clock is wrong.
    """

    def __init__(self, now_us: NowUs, clock: Callable[[], float] = time.monotonic) -> None:
        self._now_us = now_us
        self._clock = clock
        self._known: Values | None = None
        self._open: tuple[T, Values] | None = None
        self._made_us: int | None = None
        self._late_until_s = 0.0

    @property
    def item(self) -> T | None:
        """What is in doubt."""
        return None if self._open is None else self._open[0]

    def arrived(self, values: Values) -> None:
        """The API answered that it has a reading."""
        self._known = values
        self._open = None

    def failed(
        self, item: T, values: Values, failure: ApiFailure, *, made_us: int | None = None
    ) -> None:
        """A reading was posted; the failure may tell that the API did not get it. `made_us` is
        when it was made by this computer's clock, where it was."""
        if failure.kind != "retry" or isinstance(failure.__cause__, _NEVER_SENT):
            self._open = None
            return
        slow = failure.problem.code == "api.timeout"
        self.suspect(item, values, SLOW_S if slow else CUT_OFF_S, made_us=made_us)

    def suspect(
        self, item: T, values: Values, late_s: float, *, made_us: int | None = None
    ) -> None:
        """A reading was posted perhaps, and may be stored up to `late_s` from now."""
        self._open = (item, values)
        self._made_us = made_us
        self._late_until_s = self._clock() + late_s

    def look(self, history: bytes) -> Fate:
        """What the newest rows, `HISTORY_ROWS` at least, say of `item`; without one, MISSING.

        The doubt ends with it, unless it is UNSURE. `history` is what ApiClient returns.
        """
        rows = [row for row in object_in(history)["readings"] if isinstance(row, dict)]
        if self._open is None:
            self._known = _values_of(rows[0]) if rows else None
            return Fate.MISSING
        _, values = self._open
        if any(_is_named(row) for row in rows):
            self._open = None
        elif self._is_among(rows, values):
            self.arrived(values)
            return Fate.ARRIVED
        elif self._clock() < self._late_until_s:
            return Fate.UNSURE
        self._open = None
        return Fate.MISSING

    def _is_among(self, rows: Sequence[Mapping[str, Any]], values: Values) -> bool:
        for row in rows:
            found = _values_of(row)
            if self._known is not None and _same(found, self._known):
                return False
            if _same(found, values) and self._is_in_time(row):
                return True
        return False

    def _is_in_time(self, row: Mapping[str, Any]) -> bool:
        """Whether the row was stored after the reading was made. What the server's clock shows
        is the time here, or that of UTC: then the other one would lie in the future."""
        if self._known is not None or self._made_us is None:
            return True
        since_s = self._made_us / US_PER_S - _WHOLE_S
        until_s = self._now_us() / US_PER_S + _WHOLE_S
        return any(since_s <= at_s <= until_s for at_s in _instants_s(row.get("timestamp")))


def posted_values(body: bytes) -> Values:
    """The values in the body of a post; without any where it is none."""
    try:
        return _values_in(object_in(body))
    except NotTheApi:
        return _values_in(None)


def _is_named(row: Mapping[str, Any]) -> bool:
    return row.get("publisher_id") is not None and row.get("timestamp_us") is not None


def _instants_s(timestamp: object) -> list[float]:
    """What an ISO 8601 time may mean, in seconds UTC; nothing where it is none."""
    try:
        at = dt.datetime.fromisoformat(timestamp if isinstance(timestamp, str) else "")
        zones = [None, dt.UTC] if at.tzinfo is None else [at.tzinfo]
        return [at.replace(tzinfo=zone).timestamp() for zone in zones]
    except (ValueError, OverflowError, OSError):
        return []


def _values_of(row: Mapping[str, Any]) -> Values:
    return _values_in(row.get("sensor_readings"))


def _values_in(sensors: object) -> Values:
    known = sensors if isinstance(sensors, dict) else {}
    return tuple(_number(known.get(channel.key)) for channel in CHANNELS)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _same(one: Sequence[float | None], other: Sequence[float | None]) -> bool:
    """Whether two rows have the same values as far as the existing backend keeps them."""
    return any(each is not None for each in one) and all(
        a is b if a is None or b is None else _alike(a, b) for a, b in zip(one, other, strict=True)
    )


def _alike(one: float, other: float) -> bool:
    """Equal to six digits. A little more than half a unit of the last one apart: it was
    rounded to single precision before."""
    larger = max(abs(one), abs(other))
    if larger == 0:
        return True
    unit = 10.0 ** (math.floor(math.log10(larger)) + 1 - _DIGITS)
    return abs(one - other) <= 0.6 * unit

"""What became of a post that got no answer, as far as the API's history tells.

The existing backend stores whatever is posted to it, a reading that comes twice as well, and
neither names readings nor keeps their time. But its history has the newest row first: a row
above the last one that is known, with the doubtful reading's values, is that reading. Another
Harit names its readings, and takes one that comes again for the same.
"""

from __future__ import annotations

import enum
import math
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from harit_desktop.domain.channels import CHANNELS, Values
from harit_desktop.transport.api_answer import object_in
from harit_desktop.transport.api_failures import ApiFailure, NotTheApi

T = TypeVar("T")

HISTORY_ROWS = 50
LOOK_AGAIN_S = 1.0
SLOW_S = 10.0
"""Where the API took too long, it may store the reading still, for this long after."""
CUT_OFF_S = 2.0
"""The same where the request ended otherwise."""

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
    or where the API stores a reading long after it gave no answer.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: Values | None = None
        self._open: tuple[T, Values] | None = None
        self._late_until_s = 0.0

    @property
    def item(self) -> T | None:
        """What is in doubt."""
        return None if self._open is None else self._open[0]

    def arrived(self, values: Values) -> None:
        """The API answered that it has a reading."""
        self._known = values
        self._open = None

    def failed(self, item: T, values: Values, failure: ApiFailure) -> None:
        """A reading was posted; the failure may tell that the API did not get it."""
        if failure.kind != "retry" or isinstance(failure.__cause__, _NEVER_SENT):
            self._open = None
            return
        slow = failure.problem.code == "api.timeout"
        self.suspect(item, values, SLOW_S if slow else CUT_OFF_S)

    def suspect(self, item: T, values: Values, late_s: float = CUT_OFF_S) -> None:
        """A reading was posted perhaps, and may be stored up to `late_s` from now."""
        self._open = (item, values)
        self._late_until_s = self._clock() + late_s

    def look(self, history: bytes) -> Fate:
        """What the newest rows, `HISTORY_ROWS` at least, say of `item`; without one, MISSING.

        The doubt ends with it, unless it is UNSURE. `history` is what ApiClient returns.
        """
        rows = [row for row in object_in(history)["readings"] if isinstance(row, dict)]
        found = [_values_in(row.get("sensor_readings")) for row in rows]
        if self._open is None:
            self._known = found[0] if found else None
            return Fate.MISSING
        _, values = self._open
        if any(_is_named(row) for row in rows):
            self._open = None
        elif self._is_among(found, values):
            self.arrived(values)
            return Fate.ARRIVED
        elif self._clock() < self._late_until_s:
            return Fate.UNSURE
        self._open = None
        return Fate.MISSING

    def _is_among(self, rows: Sequence[Values], values: Values) -> bool:
        for row in rows:
            if self._known is not None and _same(row, self._known):
                return False
            if _same(row, values):
                return True
        return False


def posted_values(body: bytes) -> Values:
    """The values in the body of a post; without any where it is none."""
    try:
        return _values_in(object_in(body))
    except NotTheApi:
        return _values_in(None)


def _is_named(row: Mapping[str, Any]) -> bool:
    return row.get("publisher_id") is not None and row.get("timestamp_us") is not None


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

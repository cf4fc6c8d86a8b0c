"""What became of a post that got no answer, as far as the API's history tells.

The existing backend stores whatever is posted to it, a reading that comes twice as well, and
neither names readings nor keeps their time. But its history has the newest row first: a row
above the last one that is known, with the doubtful reading's values, is that reading.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import msgspec

from harit_desktop.domain.channels import CHANNELS, Values

T = TypeVar("T")

_SIX_DIGITS = 1e-6


class _Row(msgspec.Struct):
    sensor_readings: dict[str, Any] = {}


class _History(msgspec.Struct):
    readings: list[_Row] = []


class ForwardDoubt(Generic[T]):
    """Of one forwarder, on its thread. `T` is what is posted.

    It may err to the side of posting again: with several equal readings in a row, or where
    the history is shorter than what others have posted meanwhile.
    """

    def __init__(self) -> None:
        self._known: Values | None = None
        self._open: tuple[T, Values] | None = None

    def arrived(self, values: Values) -> None:
        """The API answered that it has a reading."""
        self._known = values
        self._open = None

    def unanswered(self, item: T, values: Values) -> None:
        """A reading was posted, and there was no answer that tells what became of it."""
        self._open = (item, values)

    def look(self, history: bytes) -> T | None:
        """The doubtful reading where the history shows that it arrived, else None: then it is
        to be posted again. Notes what the newest row is."""
        rows = _values_of(history)
        known, is_open = self._known, self._open
        self._open = None
        if is_open is None:
            self._known = rows[0] if rows else None
            return None
        item, values = is_open
        for row in rows:
            if known is not None and _same(row, known):
                return None
            if _same(row, values):
                self._known = values
                return item
        return None


def _values_of(history: bytes) -> list[Values]:
    try:
        rows = msgspec.json.decode(history, type=_History).readings
    except (msgspec.DecodeError, UnicodeDecodeError):
        return []
    return [
        tuple(_number(row.sensor_readings.get(channel.key)) for channel in CHANNELS) for row in rows
    ]


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value)


def _same(one: Sequence[float | None], other: Sequence[float | None]) -> bool:
    """Whether two rows have the same values as far as the existing backend keeps them."""
    return all(
        a is b if a is None or b is None else math.isclose(a, b, rel_tol=_SIX_DIGITS)
        for a, b in zip(one, other, strict=True)
    )

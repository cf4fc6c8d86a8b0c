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
import socket
import time
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from harit_desktop.domain.api import ApiPage, ApiRow
from harit_desktop.domain.channels import CHANNELS, Values
from harit_desktop.domain.clock import US_PER_S, NowUs
from harit_desktop.domain.sameness import digits
from harit_desktop.transport.api_answer import object_in
from harit_desktop.transport.api_failures import ApiFailure, NotTheApi

T = TypeVar("T")

HISTORY_ROWS = 50
LOOK_AGAIN_S = 1.0
SLOW_S = 10.0
"""Where the API took too long, it may store the reading still, for this long after."""
CUT_OFF_S = 2.0
"""The same where the request ended otherwise."""

_WHOLE_US = US_PER_S
"""The existing backend may keep whole seconds, and its clock may be a little behind."""
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

    def look(self, page: ApiPage) -> Fate:
        """What the newest rows, `HISTORY_ROWS` at least, say of `item`; without one, MISSING.

        The doubt ends with it, unless it is UNSURE. A row that could not be understood is not
        one of ours: what is posted has values, and comes back as it was.
        """
        if self._open is None:
            self._known = page.rows[0].values if page.rows else None
            return Fate.MISSING
        _, values = self._open
        if any(row.publisher_id is not None for row in page.rows):
            self._open = None
        elif self._is_among(page.rows, values):
            self.arrived(values)
            return Fate.ARRIVED
        elif self._clock() < self._late_until_s:
            return Fate.UNSURE
        self._open = None
        return Fate.MISSING

    def _is_among(self, rows: Iterable[ApiRow], values: Values) -> bool:
        known = None if self._known is None else digits(self._known)
        wanted = digits(values)
        for row in rows:
            found = digits(row.values)
            if found == known:
                return False
            if found == wanted and self._is_in_time(row):
                return True
        return False

    def _is_in_time(self, row: ApiRow) -> bool:
        """Whether the row was stored after the reading was made. What the server's clock shows
        is the time in its zone, or that of UTC: then the other one would lie in the future."""
        if self._known is not None or self._made_us is None:
            return True
        instants_us = [row.timestamp_us]
        if row.sent_at is not None and row.sent_at.tzinfo is None:
            instants_us.append(round(row.sent_at.replace(tzinfo=dt.UTC).timestamp() * US_PER_S))
        since_us, until_us = self._made_us - _WHOLE_US, self._now_us() + _WHOLE_US
        return any(since_us <= instant_us <= until_us for instant_us in instants_us)


def posted_values(body: bytes) -> Values:
    """The values in the body of a post, as this program makes it; none where it is no such."""
    try:
        posted = object_in(body)
    except NotTheApi:
        return (None,) * len(CHANNELS)
    values = (posted.get(channel.key) for channel in CHANNELS)
    return tuple(
        None if isinstance(each, bool) or not isinstance(each, (int, float)) else float(each)
        for each in values
    )

"""What the HTTP API of this system says, once it is understood."""

from __future__ import annotations

from datetime import datetime

import msgspec

from harit_desktop.domain.analysis import Analysis
from harit_desktop.domain.channels import Values
from harit_desktop.domain.errors import Problem
from harit_desktop.domain.message import Outcome

POLLED_TOPIC = "api/history"
"""The topic of messages that were read from a remote API's history."""
POSTED_TOPIC = "api/analyze"
"""The topic of messages that were posted to our own API."""


class ApiRow(msgspec.Struct, frozen=True, gc=False):
    """One row of a remote history.

    `payload` is the row as a message of the native format. `timestamp_us` is its time in UTC
    microseconds. `publisher_id` is None where the server does not say whose it is (the
    existing backend): then the time is the server's own, too, and `sent_at` is how the server
    wrote it, naive where it gave no offset. `health_index` is what the server stores, by which
    a row of its table can be told from another; nobody is shown it.
    """

    payload: bytes
    timestamp_us: int
    publisher_id: str | None
    values: Values
    sent_at: datetime | None = None
    health_index: float | None = None


class ApiPage(msgspec.Struct, frozen=True):
    """An answer of `history`, newest row first. `unreadable` rows could not be understood;
    `total` is what the server says to hold, None where it does not say."""

    rows: tuple[ApiRow, ...]
    unreadable: int = 0
    total: int | None = None


class Answer(msgspec.Struct, frozen=True):
    """What became of a posted reading, once it was committed."""

    outcome: Outcome
    timestamp_us: int = 0
    analysis: Analysis | None = None
    problem: Problem | None = None


class ApiReading(msgspec.Struct, frozen=True, gc=False):
    """A stored reading as the API gives it out."""

    publisher_id: str
    timestamp_us: int
    values: Values
    analysis: Analysis


class ApiStats(msgspec.Struct, frozen=True):
    """Of all stored readings that are not simulated. `by_band` counts them by status word;
    `index_mean` leaves out those without an index and is None without any."""

    readings: int
    index_mean: float | None
    anomalous: int
    by_band: dict[str, int]


class ApiTest(msgspec.Struct, frozen=True):
    """What a test of the API found: how long its answer took, how many readings it says to
    hold and the newest one's instant, where it says so; `problem` is why it is not `ok`."""

    ok: bool
    milliseconds: int = 0
    readings: int | None = None
    newest_us: int | None = None
    problem: Problem | None = None

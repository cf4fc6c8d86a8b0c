"""A reading: what one probe measured at one instant."""

from __future__ import annotations

import hashlib
import struct
from enum import StrEnum
from functools import lru_cache

import msgspec

from harit_desktop.domain.analysis import Analysis
from harit_desktop.domain.channels import CHANNEL_COUNT, Values
from harit_desktop.domain.extras import Extras

UNKNOWN_PUBLISHER = "unknown"


class Source(StrEnum):
    """Where a stored reading comes from (column `source`)."""

    MQTT = "mqtt"
    API = "api"
    IMPORT = "import"
    SIMULATOR = "simulator"
    LEGACY = "legacy"


class TimeSource(StrEnum):
    """How the canonical time of a reading was found."""

    SENT = "sent"
    RECEIVED = "received"
    SUSPECT = "suspect"
    """The sent time cannot be right, so the receive time stands in its place."""


class Reading(msgspec.Struct, frozen=True, gc=False):
    """A decoded reading.

    `timestamp_us` is the canonical instant (UTC microseconds) by which the reading is
    ordered and drawn. `sent_us` is the instant the publisher named, None if it named
    none; it differs from `timestamp_us` only when `time_source` is SUSPECT.
    `sent_timestamp` is the text as sent. `values` follows the channel catalogue. `partial`
    marks what one of several messages tells of a reading, on its way to be merged with the
    others; a stored reading is never partial.
    """

    publisher_id: str
    timestamp_us: int
    received_us: int
    values: Values
    source: Source
    time_source: TimeSource
    sent_us: int | None = None
    sent_timestamp: str | None = None
    message_id: str | None = None
    topic: str = ""
    retained: bool = False
    extras: Extras = ()
    partial: bool = False

    @property
    def simulated(self) -> bool:
        return self.source is Source.SIMULATOR


class Readings(msgspec.Struct, frozen=True):
    """What several probes measured, told by one message; at least two."""

    items: tuple[Reading, ...]


class AnalysedReading(msgspec.Struct, frozen=True, gc=False):
    """A reading with its analysis and its identity (32 bytes, see `reading_key`)."""

    reading: Reading
    analysis: Analysis
    key: bytes


def reading_key(reading: Reading) -> bytes | None:
    """The identity of a reading: 32 bytes, equal for every copy of it, whatever way it came.

    SHA-256 over the publisher, the instant it named and its values as IEEE-754 doubles, led
    by that instant (see `led_by`); over publisher and `message_id` where the publisher sends
    one. None for a reading that names neither: equal values a minute apart are two readings,
    so only a random key fits.
    """
    if reading.message_id is not None:
        message_id = reading.message_id.encode("utf-8")
        named = b"2" + _named(reading.publisher_id) + struct.pack(">I", len(message_id))
        return hashlib.sha256(named + message_id).digest()
    if reading.sent_us is None:
        return None
    content = _content(reading.sent_us, reading.values)
    digest = hashlib.sha256(b"1" + _named(reading.publisher_id) + content).digest()
    return led_by(reading.sent_us, digest)


def led_by(instant_us: int, digest: bytes) -> bytes:
    """A key that begins with an instant and goes on with 24 bytes of a digest.

    Readings that come one after the other then stand side by side in the index. Keys that
    are random from the first byte touch a page each: with a million readings stored that is
    two megabytes written for a batch of 500.
    """
    return struct.pack(">q", instant_us) + digest[:24]


@lru_cache(maxsize=1024)
def _named(publisher_id: str) -> bytes:
    publisher = publisher_id.encode("utf-8")
    return struct.pack(">I", len(publisher)) + publisher


_PRESENT, _ABSENT = b"+", b"-"
_ALL_PRESENT = struct.Struct(">q" + "cd" * CHANNEL_COUNT)
_PARTS: list[bytes | float] = [_PRESENT, 0.0] * CHANNEL_COUNT


def _content(sent_us: int, values: Values) -> bytes:
    if 0.0 in values:
        # Adding 0.0 turns -0.0 into 0.0: both are the same measured value.
        values = tuple([value if value is None else value + 0.0 for value in values])
    if None not in values and len(values) == CHANNEL_COUNT:
        # The usual reading in one call, three times as fast as part by part.
        parts = _PARTS.copy()
        parts[1::2] = values  # type: ignore[assignment]  # none is None
        return _ALL_PRESENT.pack(sent_us, *parts)
    return struct.pack(">q", sent_us) + b"".join(
        _ABSENT if value is None else _PRESENT + struct.pack(">d", value) for value in values
    )

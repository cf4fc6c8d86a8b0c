"""A reading: what one probe measured at one instant."""

from __future__ import annotations

import hashlib
import struct
from enum import StrEnum

import msgspec

from harit_desktop.domain.analysis import Analysis
from harit_desktop.domain.channels import Values

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


class Reading(msgspec.Struct, frozen=True):
    """A decoded reading.

    `timestamp_us` is the canonical instant (UTC microseconds) by which the reading is
    ordered and drawn. `sent_us` is the instant the publisher named, None if it named
    none; it differs from `timestamp_us` only when `time_source` is SUSPECT.
    `sent_timestamp` is the text as sent. `values` follows the channel catalogue.
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

    @property
    def simulated(self) -> bool:
        return self.source is Source.SIMULATOR


class AnalysedReading(msgspec.Struct, frozen=True):
    """A reading with its analysis and its identity (32 bytes, see `reading_key`)."""

    reading: Reading
    analysis: Analysis
    key: bytes


def reading_key(reading: Reading) -> bytes | None:
    """The identity of a reading: equal for every copy of it, whatever way it came.

    SHA-256 over the publisher, the instant it named and its values as IEEE-754 doubles;
    over publisher and `message_id` where the publisher sends one. None for a reading that
    names neither: equal values a minute apart are two readings, so only a random key fits.
    """
    publisher = reading.publisher_id.encode("utf-8")
    digest = hashlib.sha256()
    if reading.message_id is not None:
        message_id = reading.message_id.encode("utf-8")
        digest.update(b"2" + struct.pack(">I", len(publisher)) + publisher)
        digest.update(struct.pack(">I", len(message_id)) + message_id)
        return digest.digest()
    if reading.sent_us is None:
        return None
    digest.update(b"1" + struct.pack(">I", len(publisher)) + publisher)
    digest.update(struct.pack(">q", reading.sent_us))
    for value in reading.values:
        # Adding 0.0 turns -0.0 into 0.0: both are the same measured value.
        digest.update(b"-" if value is None else b"+" + struct.pack(">d", value + 0.0))
    return digest.digest()

"""What arrives from outside, before and after it is understood."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from harit_desktop.domain.errors import Problem


class Origin(StrEnum):
    """The way by which a message reached this program."""

    MQTT = "mqtt"
    API = "api"
    LOCAL = "local"
    REDRIVEN = "redriven"
    """Of a line of the log: a message that was rejected before, from the store itself."""


USUAL_WINDOW = 20
"""Messages that many brokers send to an MQTT 3.1.1 client before it acknowledges any."""


class Receipt(msgspec.Struct, frozen=True, gc=False):
    """Names a delivered MQTT message to its session, for the acknowledgement.

    Packet ids restart with a new connection, so an acknowledgement is valid only
    within the connection `epoch` in which the message arrived. `session` names the
    broker's session for us, the same over reconnects and restarts; `resumed` tells that
    the broker had kept it when this connection began. `window` is how many messages the
    broker sends before it waits for acknowledgements, as far as that is known.
    """

    epoch: int
    packet_id: int
    qos: int
    session: str = ""
    resumed: bool = False
    window: int = USUAL_WINDOW


class Rejected(msgspec.Struct, frozen=True, gc=False):
    """Names the row of `rejected_messages` that a message comes from when it is tried again.

    `part` is the number of the one reading that was refused of several in the message, from
    1; 0 where that was the message as a whole.
    """

    id: int
    part: int = 0


class RawMessage(msgspec.Struct, frozen=True, gc=False):
    """A message as received.

    `receipt` is None where no broker waits for an acknowledgement; `ticket` is not 0 where
    somebody here waits to hear what became of it (see `pipeline.answers`). `rejected` is given
    where it was rejected before and is tried again, with the time and origin of then.
    """

    topic: str
    payload: bytes
    received_us: int
    receipt: Receipt | None = None
    origin: Origin = Origin.MQTT
    qos: int = 0
    retained: bool = False
    duplicate_flag: bool = False
    ticket: int = 0
    rejected: Rejected | None = None


class Rejection(msgspec.Struct, frozen=True):
    """Why a message is not a reading.

    `problem.code` is the stable reason code kept in `rejected_messages.reason_code`;
    `publisher_id` is given where the message got far enough to name one.
    """

    problem: Problem
    publisher_id: str | None = None


class HeardKind(StrEnum):
    """What a message is that is understood and no reading."""

    ANALYSIS = "analysis"
    STATUS = "status"


class Heard(msgspec.Struct, frozen=True):
    """A message of another program that is no reading. `publisher_id` "" where it names none."""

    kind: HeardKind
    publisher_id: str


class Outcome(StrEnum):
    """What became of a received message once its transaction was committed."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"
    SHOWN = "shown"
    """A retained message without a time of its own: an old value, shown and not stored."""
    HEARD = "heard"
    """No reading, but understood: the analysis or the status of another program."""
    MERGED = "merged"
    """One of several messages that tell of one reading, which is under another of them."""
    SKIPPED = "skipped"
    """A reading that the routing rules leave out."""


class MessageRecord(msgspec.Struct, frozen=True, gc=False):
    """One line of the message log; the payload stays in the database under `id`."""

    id: int
    received_us: int
    origin: Origin
    topic: str
    publisher_id: str
    qos: int
    retained: bool
    outcome: Outcome
    size_bytes: int
    problem: Problem | None = None

"""The table of payload formats, and the decoder that tries them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from harit_desktop.domain.message import Heard, RawMessage, Rejection
from harit_desktop.domain.reading import Reading
from harit_desktop.domain.topics import HEARD_TOPICS
from harit_desktop.wire.harit_json import HaritJson
from harit_desktop.wire.heard import HeardJson
from harit_desktop.wire.reasons import Reason
from harit_desktop.wire.timestamps import SYSTEM_ZONE, TimestampReader


class Format(Protocol):
    """One payload format. `decode` never raises, whatever the bytes are.

    A message of another format is refused with `Reason.NOT_MAPPED`.
    """

    @property
    def name(self) -> str: ...

    def decode(self, message: RawMessage) -> Reading | Rejection | Heard: ...


FORMATS: tuple[Callable[[TimestampReader], Format], ...] = (HaritJson, HeardJson)
"""Every format, in the order in which they are tried; the native one first, so that a message
that is both a reading and something else is a reading."""


class MessageDecoder:
    """Decodes a message by the first format that knows it. Holds no state between messages.

    `zone` is the zone of stamps without offset: "system" or an IANA name. Raises
    KnownError(timezone.unknown) for another name; `decode` raises nothing.
    """

    def __init__(self, zone: str = SYSTEM_ZONE) -> None:
        timestamps = TimestampReader(zone)
        self._formats = tuple(make(timestamps) for make in FORMATS)
        self._heard = tuple(one for one in self._formats if isinstance(one, HeardJson))

    def decode(self, message: RawMessage) -> Reading | Rejection | Heard:
        """A reading, what else was understood, or the native format's refusal where no format
        knows the message."""
        first: Rejection | None = None
        # On those topics programs talk about readings; one that repeats a reading there must
        # not have it stored again.
        talk = message.topic in HEARD_TOPICS
        for candidate in self._heard if talk else self._formats:
            result = candidate.decode(message)
            if isinstance(result, Reading):
                return result
            if isinstance(result, Heard) or result.problem.code != Reason.NOT_MAPPED:
                return result
            first = first or result
        assert first is not None, "FORMATS is never empty"
        return first

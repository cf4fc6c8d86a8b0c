"""What a third-party format makes of a message, before it becomes a reading.

A format finds the device, the quantities and the time of its family and knows its traps;
what is the same for all of them (names, instants, identity) happens once, in `registry`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from harit_desktop.domain.channels import CHANNEL_COUNT, CHANNEL_INDEX, Values
from harit_desktop.domain.extras import EXTRA_CHANNELS, Extras
from harit_desktop.domain.message import Heard

MAX_NUMBER = 1e6
"""Beyond it nothing is a measurement, whatever it says."""

_NUMBER = re.compile(
    r"[+-]?(?:[0-9]{1,20}(?:\.[0-9]{0,20})?|\.[0-9]{1,20})(?:[eE][+-]?[0-9]{1,3})?"
)
_EXTRAS = {
    extra.key: (place, extra.least, extra.most) for place, extra in enumerate(EXTRA_CHANNELS)
}
_DECIMALS = 6
_SHORT = 20


class Sighting(msgspec.Struct, frozen=True, gc=False):
    """What one device tells in one message.

    `sent` is the time it names: ISO text, or a number of seconds (or milli-, microseconds)
    since 1970. `message_id` tells copies of this message from others of the device. `partial`
    marks one of several messages that make up a reading. With `received_only` the time named
    is kept as text, and the reading stands at the time of its arrival: for devices that name
    the time of something else, or a time that does not change with each measurement.
    """

    publisher_id: str
    values: Values
    extras: Extras = ()
    sent: str | int | float | None = None
    message_id: str | None = None
    partial: bool = False
    received_only: bool = False


class ThirdPartyFormat(Protocol):
    """The payloads of one family of devices or gateways. `tree` is the decoded JSON object (a
    dict), or a float or text of one line where the payload is that and no JSON object."""

    @property
    def name(self) -> str:
        """Stable, in lower case; shown as the family of a message without measurement."""
        ...

    def claims(self, topic: str, tree: object) -> bool:
        """Whether a message belongs to this family: cheap, and never true by guessing."""
        ...

    def sightings(self, topic: str, tree: object) -> tuple[Sighting, ...] | Heard:
        """What a claimed message tells: devices, or only that one is there (`Heard`).

        Raises `reasons.Refused(NOT_MAPPED, why=..., family=name)` where it tells nothing:
        "undecoded_uplink" or "no_measurement". An empty tuple counts as "no_measurement".
        """
        ...


def sighting_of(
    publisher_id: str,
    found: Mapping[str, float],
    *,
    sent: str | int | float | None = None,
    message_id: str | None = None,
    partial: bool = False,
) -> Sighting | None:
    """Sorts what was `found` (by key of a channel or extra channel, in the catalogue's units)
    into values and extras.

    Extras beyond their bounds are left out; values are kept as they are, because judging them
    is the quality tests' task. None where nothing is left. Raises KeyError for other keys.
    """
    values: list[float | None] = [None] * CHANNEL_COUNT
    extras: list[tuple[int, str, float]] = []
    measured = False
    for key, value in found.items():
        index = CHANNEL_INDEX.get(key)
        if index is not None:
            values[index] = value
            measured = True
            continue
        place, least, most = _EXTRAS[key]
        if least <= value <= most:
            extras.append((place, key, value))
    if not (measured or extras):
        return None
    extras.sort()
    ordered = tuple([(key, value) for _, key, value in extras])
    return Sighting(publisher_id, tuple(values), ordered, sent, message_id, partial)


def number(value: Any) -> float | None:
    """The measurement in an integer, a float or a plain numeric text; else None.

    No bool, NaN or infinity, and nothing beyond a million; of texts only plain ASCII decimals
    such as "-3.25" or "1e3".
    """
    kind = type(value)
    if kind is float or kind is int:
        # NaN fails both comparisons. Huge integers compare without becoming a float.
        return float(value) if -MAX_NUMBER <= value <= MAX_NUMBER else None
    if kind is str and (_is_plain(value) or _NUMBER.fullmatch(value)):
        found = float(value)
        return found if -MAX_NUMBER <= found <= MAX_NUMBER else None
    return None


def _is_plain(text: str) -> bool:
    """Whether a text is of digits and at most one point: the usual one, without a search."""
    return len(text) < _SHORT and text.isascii() and text.replace(".", "", 1).isdigit()


def scaled(value: float, factor: float) -> float:
    """A value in another unit, without the dust of binary multiplication (0.07 x 1000 = 70)."""
    return round(value * factor, _DECIMALS)


def celsius_of_fahrenheit(fahrenheit: float) -> float:
    """Degrees Celsius."""
    return round((fahrenheit - 32.0) * 5.0 / 9.0, _DECIMALS)

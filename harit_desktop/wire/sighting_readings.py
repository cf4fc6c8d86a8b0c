"""The step from a third-party sighting to a reading: the same for every format and template."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from harit_desktop.domain.channels import CHANNEL_COUNT, Values
from harit_desktop.domain.extras import EXTRA_CHANNELS, Extras
from harit_desktop.domain.message import RawMessage
from harit_desktop.domain.reading import Reading, Readings, TimeSource
from harit_desktop.wire.harit_json import EARLIEST_US, MAX_AHEAD_US, source_of
from harit_desktop.wire.identifiers import identifier_fault
from harit_desktop.wire.reasons import Reason, Refused, elide, not_mapped
from harit_desktop.wire.sighting import Sighting
from harit_desktop.wire.timestamps import MAX_LENGTH as MAX_TIMESTAMP_LENGTH
from harit_desktop.wire.timestamps import TimestampReader

MAX_SIGHTINGS = 64
"""Devices of one message; beyond them it is no message of a gateway of a farm."""

_NO_VALUES: Values = (None,) * CHANNEL_COUNT
_HEALTH = frozenset(extra.key for extra in EXTRA_CHANNELS if extra.health)
_ORDER = {extra.key: place for place, extra in enumerate(EXTRA_CHANNELS)}
_EPOCH_UNITS = ((1e11, 1_000_000), (1e14, 1000), (1e17, 1))
"""Numbers below so much, and the microseconds of one: seconds, milli- and microseconds since
1970. As seconds the first bound lies in the year 5138, as milliseconds in 1973."""
_EPOCH_DIGITS = range(9, 18)
_SENT, _RECEIVED, _SUSPECT = TimeSource.SENT, TimeSource.RECEIVED, TimeSource.SUSPECT


class SightingReader:
    """Makes readings of sightings: judges names, finds the instant, and joins what one message
    tells of one device in several places."""

    def __init__(self, timestamps: TimestampReader) -> None:
        self._timestamps = timestamps

    def readings(
        self, message: RawMessage, tree: object, sightings: tuple[Sighting, ...], family: str
    ) -> Reading | Readings:
        """Raises Refused: not_mapped (no_measurement, ambiguous, too_many), bad_publisher_id,
        bad_message_id, bad_timestamp."""
        if len(sightings) > 1:
            sightings = _one_each(sightings, family)
        readings = [self._reading(message, tree, one) for one in sightings if is_measurement(one)]
        if not readings:
            raise not_mapped("no_measurement", family)
        return readings[0] if len(readings) == 1 else Readings(tuple(readings))

    def _reading(self, message: RawMessage, tree: Any, sighting: Sighting) -> Reading:
        _refuse_bad_names(sighting)
        received_us = timestamp_us = message.received_us
        time_source = _RECEIVED
        sent_us, sent_text = self._sent(sighting.sent)
        if sighting.received_only:
            sent_us = None
        if sent_us is not None:
            if EARLIEST_US <= sent_us <= received_us + MAX_AHEAD_US:
                timestamp_us, time_source = sent_us, _SENT
            else:
                time_source = _SUSPECT
        return Reading(
            publisher_id=sighting.publisher_id,
            timestamp_us=timestamp_us,
            received_us=received_us,
            values=sighting.values,
            source=source_of(tree if type(tree) is dict else {}, message.origin),
            time_source=time_source,
            sent_us=sent_us,
            sent_timestamp=sent_text,
            message_id=sighting.message_id,
            topic=message.topic,
            retained=message.retained,
            extras=sighting.extras,
            partial=sighting.partial,
        )

    def _sent(self, sent: str | float | None) -> tuple[int | None, str | None]:
        """The instant named and its text. A clock that stands at 0 names none."""
        if sent is None or sent == 0:
            return None, None
        if type(sent) is not str:
            return epoch_us(sent), elide(sent)
        instant_us = self._timestamps.instant_us(sent)
        if instant_us is not None:
            return instant_us, sent
        if len(sent) in _EPOCH_DIGITS and sent.isascii() and sent.isdigit():
            return epoch_us(int(sent)), sent
        why = "too_long" if len(sent) > MAX_TIMESTAMP_LENGTH else "unreadable"
        raise Refused(Reason.BAD_TIMESTAMP, why=why, value=elide(sent))


def epoch_us(sent: object) -> int:
    """The instant in microseconds of a number of seconds, milli- or microseconds since 1970.

    Raises Refused(bad_timestamp) for a number that is none of them, and for anything else.
    """
    kind = type(sent)
    if kind is int or kind is float:
        number: Any = sent
        for bound, factor_us in _EPOCH_UNITS:
            # NaN and infinity are within none.
            if -bound < number < bound:
                return int(number * factor_us if kind is int else round(number * factor_us))
    why = "unreadable" if kind in (int, float) else "not_text"
    raise Refused(Reason.BAD_TIMESTAMP, why=why, value=elide(sent))


def _refuse_bad_names(sighting: Sighting) -> None:
    fault = identifier_fault(sighting.publisher_id)
    if fault is not None:
        raise Refused(Reason.BAD_PUBLISHER_ID, **fault)
    if sighting.message_id is not None:
        fault = identifier_fault(sighting.message_id)
        if fault is not None:
            raise Refused(Reason.BAD_MESSAGE_ID, **fault)


def is_measurement(sighting: Sighting) -> bool:
    """Whether it tells a measurement, or at least a part of one; a device that tells only of
    its battery and signal has not measured anything."""
    if sighting.partial or sighting.values != _NO_VALUES:
        return True
    return any(key not in _HEALTH for key, _ in sighting.extras)


def _one_each(sightings: tuple[Sighting, ...], family: str) -> tuple[Sighting, ...]:
    """One sighting for each device and time, so that no message stores a reading twice."""
    if len(sightings) > MAX_SIGHTINGS:
        raise not_mapped("too_many", family)
    found: dict[tuple[str, str], Sighting] = {}
    named: set[tuple[str, str]] = set()
    for one in sightings:
        _refuse_bad_names(one)
        # A time may be anything until it is read, also what has no hash.
        key = (one.publisher_id, repr(one.sent))
        known = found.get(key)
        if known is not None:
            found[key] = _joined(known, one, family)
            continue
        if one.message_id is not None:
            # Of several readings of one device in a message, its id names the first one alone.
            name = (one.publisher_id, one.message_id)
            one = replace(one, message_id=None) if name in named else one
            named.add(name)
        found[key] = one
    return tuple(found.values())


def _joined(one: Sighting, other: Sighting, family: str) -> Sighting:
    values: list[float | None] = []
    for mine, its in zip(one.values, other.values, strict=True):
        if mine is not None and its is not None and mine != its:
            raise not_mapped("ambiguous", family)
        values.append(its if mine is None else mine)
    extras = dict(one.extras)
    for key, value in other.extras:
        if extras.setdefault(key, value) != value:
            raise not_mapped("ambiguous", family)
    ordered: Extras = tuple(sorted(extras.items(), key=lambda item: _ORDER[item[0]]))
    return replace(one, values=tuple(values), extras=ordered, partial=one.partial and other.partial)

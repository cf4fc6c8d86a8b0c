"""The native payload: `sensor_readings` (or the hardware module's `sensor_data`) in JSON."""

from __future__ import annotations

from typing import Any

from harit_desktop.domain.channels import CHANNEL_COUNT, CHANNELS, Values
from harit_desktop.domain.clock import US_PER_DAY, US_PER_S
from harit_desktop.domain.errors import Problem
from harit_desktop.domain.message import Origin, RawMessage, Rejection
from harit_desktop.domain.reading import UNKNOWN_PUBLISHER, Reading, Source, TimeSource
from harit_desktop.wire.identifiers import identifier_fault
from harit_desktop.wire.reasons import Reason, Refused, elide, kind_of
from harit_desktop.wire.strict_json import NotANumber, parse_object
from harit_desktop.wire.timestamps import MAX_LENGTH as MAX_TIMESTAMP_LENGTH
from harit_desktop.wire.timestamps import TimestampReader

MAX_VALUE = 1e6
MIN_VALUE = -MAX_VALUE
MAX_AHEAD_US = US_PER_DAY
EARLIEST_US = 946_684_800 * US_PER_S
"""2000-01-01 UTC: a clock that says less was never set."""

_KEYS = tuple(channel.key for channel in CHANNELS)
# Looking a member up in its enum takes 0.1 us; these are on the path of every message.
_SENT, _RECEIVED, _SUSPECT = TimeSource.SENT, TimeSource.RECEIVED, TimeSource.SUSPECT
_FROM_MQTT, _OVER_MQTT = Source.MQTT, Origin.MQTT

_NO_VALUES: Values = (None,) * CHANNEL_COUNT
_NO_FAULT: dict[str, str | int] = {}


class HaritJson:
    """Decodes both shapes of the existing system.

    Where a message carries both, `sensor_readings` counts unless it is null. Channel keys
    are exact; keys that the catalogue does not know are ignored. A channel that is null is
    a missing channel.
    """

    name = "harit_json"

    def __init__(self, timestamps: TimestampReader) -> None:
        self._timestamps = timestamps

    def decode(self, message: RawMessage) -> Reading | Rejection:
        try:
            tree, flaw = parse_object(message.payload)
        except Refused as refused:
            return Rejection(refused.problem)
        return self.judge(message, tree, flaw)

    def judge(
        self, message: RawMessage, tree: dict[str, Any], flaw: Problem | None
    ) -> Reading | Rejection:
        """As `decode`, for a payload that is parsed already."""
        publisher_id: str | None = None
        try:
            publisher_id, id_fault = _publisher(tree)
            # A foreign payload is "not mapped" first: its other keys are not ours to judge.
            sensors = _sensors(tree)
            if publisher_id is None:
                raise Refused(Reason.BAD_PUBLISHER_ID, **id_fault)
            message_id = tree.get("message_id")
            if message_id is not None:
                _refuse_bad_id(message_id)
            values = _values(sensors)
            reading = self._reading(message, tree, publisher_id, message_id, values)
        except Refused as refused:
            return Rejection(refused.problem, publisher_id)
        return reading if flaw is None else Rejection(flaw, publisher_id)

    def _reading(
        self,
        message: RawMessage,
        tree: dict[str, Any],
        publisher_id: str,
        message_id: str | None,
        values: Values,
    ) -> Reading:
        sent_timestamp = tree.get("timestamp")
        received_us = timestamp_us = message.received_us
        sent_us: int | None = None
        time_source = _RECEIVED
        if sent_timestamp is not None:
            sent_us = self._instant_us(sent_timestamp)
            if EARLIEST_US <= sent_us <= received_us + MAX_AHEAD_US:
                timestamp_us, time_source = sent_us, _SENT
            else:
                time_source = _SUSPECT
        return Reading(
            publisher_id=publisher_id,
            timestamp_us=timestamp_us,
            received_us=received_us,
            values=values,
            source=source_of(tree, message.origin),
            time_source=time_source,
            sent_us=sent_us,
            sent_timestamp=sent_timestamp,
            message_id=message_id,
            topic=message.topic,
            retained=message.retained,
        )

    def _instant_us(self, sent: object) -> int:
        if type(sent) is not str:
            raise Refused(Reason.BAD_TIMESTAMP, why="not_text", value=elide(sent))
        instant_us = self._timestamps.instant_us(sent)
        if instant_us is None:
            why = "too_long" if len(sent) > MAX_TIMESTAMP_LENGTH else "unreadable"
            raise Refused(Reason.BAD_TIMESTAMP, why=why, value=elide(sent))
        return instant_us


def _publisher(tree: dict[str, Any]) -> tuple[str | None, dict[str, str | int]]:
    """The id to store and no fault, or None and what is wrong with the one sent."""
    sent = tree.get("publisher_id")
    if sent is None:
        return UNKNOWN_PUBLISHER, _NO_FAULT
    fault = identifier_fault(sent)
    return (sent, _NO_FAULT) if fault is None else (None, fault)


def _sensors(tree: dict[str, Any]) -> dict[str, Any]:
    sensors = tree.get("sensor_readings")
    if sensors is None:
        sensors = tree.get("sensor_data")
    if type(sensors) is not dict:
        raise Refused(Reason.NOT_MAPPED, why="no_object")
    for key in _KEYS:
        if key in sensors:
            return sensors
    raise Refused(Reason.NOT_MAPPED, why="no_channel")


def _refuse_bad_id(message_id: object) -> None:
    fault = identifier_fault(message_id)
    if fault is not None:
        raise Refused(Reason.BAD_MESSAGE_ID, **fault)


def _values(sensors: dict[str, Any]) -> Values:
    values: list[float | None] = []
    for key in _KEYS:
        value: Any = sensors.get(key)
        kind = type(value)
        if kind is float or kind is int:
            if not MIN_VALUE <= value <= MAX_VALUE:
                raise _bad_value(key, value)
            values.append(value if kind is float else float(value))
        elif value is None:
            values.append(None)
        else:
            raise _bad_value(key, value)
    found = tuple(values)
    if found == _NO_VALUES:
        raise Refused(Reason.NOT_MAPPED, why="all_null")
    return found


def _bad_value(key: str, value: object) -> Refused:
    if isinstance(value, NotANumber):
        return Refused(Reason.BAD_VALUE, channel=key, why=value.value, value="")
    kind = kind_of(value)
    why = "too_big" if kind == "number" else kind
    return Refused(Reason.BAD_VALUE, channel=key, why=why, value=elide(value))


def source_of(tree: dict[str, Any], origin: Origin) -> Source:
    """Where a reading comes from: a simulator that says so, else the way of its message."""
    if tree.get("simulated") is True:
        return Source.SIMULATOR
    return _FROM_MQTT if origin is _OVER_MQTT else Source.API

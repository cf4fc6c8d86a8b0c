"""Posted readings: the flat shape of the existing API, written and read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgspec

from harit_desktop.domain.channels import CHANNELS, Values
from harit_desktop.wire.harit_json import MAX_VALUE
from harit_desktop.wire.identifiers import identifier_fault
from harit_desktop.wire.reasons import Reason, Refused, kind_of
from harit_desktop.wire.strict_json import NotANumber, parse_object
from harit_desktop.wire.timestamps import TimestampReader

REQUIRED = [channel.key for channel in CHANNELS]
ABSENT = "absent_channels"
"""The channels that a Harit leaves out on purpose, because its probe does not measure them.
Anybody else who leaves one out has forgotten it."""

_encode = msgspec.json.Encoder().encode
_ANY_ZONE = TimestampReader("UTC")


class ApiFault(Exception):
    """Why a request to our own API is answered with `status`; `error` is in the words of the
    existing backend, `extra` what stands beside it in the answer."""

    def __init__(self, status: int, error: str, extra: Mapping[str, Any] | None = None) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.extra: Mapping[str, Any] = extra or {}


class PostedReading(msgspec.Struct, frozen=True):
    """A posted reading; `payload` is the same as a message of the native format.

    Without `timestamp` it is of the moment of its arrival, without `publisher_id` of an unknown
    publisher. A timestamp without offset is local in the profile's zone.
    """

    payload: bytes
    values: Values
    publisher_id: str | None = None
    timestamp: str | None = None
    message_id: str | None = None
    simulated: bool = False
    relayed: bool = False


def encode_post(
    publisher_id: str,
    timestamp_text: str,
    values: Values,
    *,
    simulated: bool,
    message_id: str | None = None,
    relayed: bool = False,
) -> bytes:
    """The body of a POST to `analyze`: the values flat, and what the existing backend ignores.

    `relayed` tells another Harit that this is a stored reading sent on, which it may have by
    another way, and whose time may be that of our receipt.

    An absent channel is left out, which the existing backend refuses and another Harit takes.
    Raises ValueError for a value that is not finite.
    """
    body: dict[str, Any] = {}
    absent: list[str] = []
    for channel, value in zip(CHANNELS, values, strict=True):
        if value is None:
            absent.append(channel.key)
        elif math.isfinite(value):
            body[channel.key] = value
        else:
            raise ValueError(f"{channel.key} is not finite: {value}")
    body["timestamp"] = timestamp_text
    body["publisher_id"] = publisher_id
    if absent:
        body[ABSENT] = absent
    if simulated:
        body["simulated"] = True
    if message_id is not None:
        body["message_id"] = message_id
    if relayed:
        body["relayed"] = True
    return _encode(body)


def read_post(body: bytes) -> PostedReading:
    """The reading in a POST to our own `analyze`. Unknown fields are ignored.

    Raises ApiFault: 400 "Missing required fields" with `required`, 400 "Invalid data type: ..."
    for a value that is no number of -1e6 to 1e6 and for bad optional fields, 400 "Invalid JSON:
    ...", 413 "Request too large".
    """
    tree, flaw = _tree(body)
    values = _values(tree)
    publisher_id = _identifier(tree, "publisher_id")
    message_id = _identifier(tree, "message_id")
    timestamp = _timestamp(tree.get("timestamp"))
    simulated = tree.get("simulated") is True
    if flaw:
        raise ApiFault(400, "Invalid JSON: NaN and Infinity are not JSON")
    return PostedReading(
        _message(publisher_id, timestamp, values, simulated, message_id),
        values,
        publisher_id,
        timestamp,
        message_id,
        simulated,
        tree.get("relayed") is True,
    )


def _tree(body: bytes) -> tuple[dict[str, Any], bool]:
    """The object in `body`, and whether a NaN or Infinity outside a channel spoils it."""
    try:
        tree, flaw = parse_object(body)
    except Refused as refused:
        code, params = refused.problem.code, refused.problem.params
        if code == Reason.TOO_LARGE:
            raise ApiFault(413, "Request too large", params) from refused
        if code == Reason.NOT_OBJECT:
            raise _missing() from refused
        raise ApiFault(400, f"Invalid JSON: {code}", params) from refused
    return tree, flaw is not None


def _missing() -> ApiFault:
    return ApiFault(400, "Missing required fields", {"required": REQUIRED})


def _values(tree: dict[str, Any]) -> Values:
    absent = tree.get(ABSENT)
    left_out = set(REQUIRED) - tree.keys()
    known_absent = {key for key in absent if type(key) is str} if type(absent) is list else set()
    if len(left_out) == len(REQUIRED) or not left_out <= known_absent:
        raise _missing()
    return tuple(_value(key, tree[key]) if key in tree else None for key in REQUIRED)


def _value(key: str, sent: Any) -> float:
    if isinstance(sent, NotANumber):
        what = sent.value
    elif type(sent) is not float and type(sent) is not int:
        what = kind_of(sent)
    elif not -MAX_VALUE <= sent <= MAX_VALUE:
        what = "too_big"
    else:
        return float(sent)
    raise ApiFault(400, f"Invalid data type: {key} must be a number of -1e6 to 1e6, is {what}")


def _identifier(tree: dict[str, Any], field: str) -> str | None:
    sent = tree.get(field)
    if sent is None:
        return None
    fault = identifier_fault(sent)
    if fault is not None:
        raise ApiFault(400, f"Invalid data type: {field} ({fault['why']})")
    return str(sent)


def _timestamp(sent: object) -> str | None:
    if sent is None:
        return None
    if type(sent) is not str or _ANY_ZONE.instant_us(sent) is None:
        raise ApiFault(400, "Invalid data type: timestamp must be an ISO 8601 date and time")
    return sent


def _message(
    publisher_id: str | None,
    timestamp: str | None,
    values: Values,
    simulated: bool,
    message_id: str | None,
) -> bytes:
    sensors = {key: value for key, value in zip(REQUIRED, values, strict=True) if value is not None}
    body: dict[str, Any] = {"sensor_readings": sensors}
    if timestamp is not None:
        body["timestamp"] = timestamp
    if publisher_id is not None:
        body["publisher_id"] = publisher_id
    if simulated:
        body["simulated"] = True
    if message_id is not None:
        body["message_id"] = message_id
    return _encode(body)

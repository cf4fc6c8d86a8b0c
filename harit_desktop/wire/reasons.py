"""Why a message is refused: the stable codes of `rejected_messages.reason_code`."""

from __future__ import annotations

from enum import StrEnum

from harit_desktop.domain.errors import Problem

ELIDED_LENGTH = 40


class Reason(StrEnum):
    """What is wrong with a message, with the parameters of its sentence."""

    TOO_LARGE = "too_large"
    """size_bytes, limit_bytes"""
    NOT_UTF8 = "not_utf8"
    """byte: offset of the first bad byte"""
    NOT_JSON = "not_json"
    """byte: where reading stopped; or token: NaN, Infinity or -Infinity, which are not JSON"""
    NOT_OBJECT = "not_object"
    """kind: array, text, number, boolean or null"""
    TOO_DEEP = "too_deep"
    """limit"""
    DUPLICATE_KEYS = "duplicate_keys"
    """key"""
    NOT_MAPPED = "not_mapped"
    """why: no_object (no sensor object), no_channel (no known key in it) or all_null. Of a known
    family, with family=its name: undecoded_uplink (the network server does not decode the bytes
    of the radio), no_measurement, ambiguous (one quantity of one device twice, with different
    values) or too_many (devices in one message)"""
    BAD_VALUE = "bad_value"
    """channel; why: nan, infinity, boolean, text, array, object or too_big; value"""
    BAD_PUBLISHER_ID = "bad_publisher_id"
    """why: not_text, empty, too_long or character; value; character as U+202E"""
    BAD_MESSAGE_ID = "bad_message_id"
    """as bad_publisher_id"""
    BAD_TIMESTAMP = "bad_timestamp"
    """why: not_text, too_long or unreadable; value"""
    MESSAGE_ID_REUSED = "message_id_reused"
    """message_id; reading_id: the reading that is stored under it. Found by the store alone,
    which writes this code itself"""


class Refused(Exception):
    """Carries a refusal up to the decoder, which turns it into a `Rejection`."""

    def __init__(self, reason: Reason, **params: str | int | float) -> None:
        self.problem = Problem(reason.value, params)
        # The sentence costs as much as all the rest, and nobody reads it.
        super().__init__()

    def __str__(self) -> str:
        return str(self.problem)


def not_mapped(why: str, family: str) -> Refused:
    """The refusal of a known family's message that tells no measurement."""
    return Refused(Reason.NOT_MAPPED, why=why, family=family)


def elide(value: object) -> str:
    """A foreign value as short text that is safe to store, log and show.

    Control, bidi and unpaired surrogate characters become escapes such as `\\x1b`, so the
    text has one line and always encodes to UTF-8. Empty for objects and arrays, and for
    integers beyond Python's limit of digits.
    """
    if isinstance(value, dict | list):
        return ""
    try:
        text = str(value)
    except ValueError:
        return ""
    if len(text) > ELIDED_LENGTH:
        text = text[: ELIDED_LENGTH - 1] + "…"
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def kind_of(value: object) -> str:
    """The JSON name of a decoded value's kind."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "text"
    if isinstance(value, dict):
        return "object"
    if isinstance(value, list):
        return "array"
    return "number"

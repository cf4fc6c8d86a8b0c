"""JSON without its traps: bounded size and depth, no key twice, no NaN.

The usual message costs one msgspec call and a few counts; a message that fails there or
looks suspicious is read again by the standard library with a check at every object.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any

import msgspec

from harit_desktop.domain.errors import Problem
from harit_desktop.wire.reasons import Reason, Refused, elide, kind_of
from harit_desktop.wire.sighting import number

MAX_PAYLOAD_BYTES = 64 * 1024
MAX_DEPTH = 16
"""Levels of objects and arrays inside one another; the outermost is level 1."""
MAX_TEXT_BYTES = 8192
"""Of a payload that is a bare number, a word or a web form."""

_SAFE_BRACKETS = 256
"""So many levels no parser minds; beyond them the depth is judged before one sees the bytes."""

_LONGEST_INTEGER = 20
"""Digits; beyond them no value is acceptable anyway, and int() takes quadratic time."""

_LONG_BYTES = 400
_decode_fast: Callable[[bytes], Any] = msgspec.json.Decoder().decode
_encode_fast: Callable[[Any], bytes] = msgspec.json.Encoder().encode
_TEXTS = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
"""A JSON text; possessive and with an optional end, so that no input makes it backtrack."""
_ESCAPES = re.compile(rb"\\.", re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


class NotANumber(Enum):
    """Stands in a decoded tree for a number that no double holds."""

    NAN = "nan"
    INFINITY = "infinity"
    TOO_BIG = "too_big"


Document = tuple[dict[str, Any], Problem | None]
"""A decoded object, and its flaw where only a NaN or Infinity token is not JSON."""


def parse_object(payload: bytes) -> Document:
    """The object in `payload`.

    Raises Refused: too_large, not_utf8, not_json, not_object, too_deep, duplicate_keys.
    """
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise Refused(Reason.TOO_LARGE, size_bytes=len(payload), limit_bytes=MAX_PAYLOAD_BYTES)
    brackets = payload.count(b"{") + payload.count(b"[")
    if brackets > _SAFE_BRACKETS:
        _refuse_if_deep(payload)
    try:
        tree = _decode_fast(payload)
    except ValueError:  # msgspec.DecodeError and UnicodeDecodeError
        if brackets > MAX_DEPTH:
            _refuse_if_deep(payload)
        return _parse_strictly(payload)
    if type(tree) is not dict:
        if type(tree) is list:
            _count_texts(tree)
        raise Refused(Reason.NOT_OBJECT, kind=kind_of(tree))
    # In valid JSON each text takes two quotes, escaped ones aside. The decoder keeps the
    # last of equal keys, so a key twice leaves fewer texts in the tree than in the bytes.
    if b"\\" in payload:
        same = _ESCAPES.sub(b"", payload).count(b'"') == 2 * _count_texts(tree)
    elif len(payload) > _LONG_BYTES and brackets <= MAX_DEPTH:
        same = payload.count(b'"') == _count_quotes(tree)
    else:
        same = payload.count(b'"') == 2 * _count_texts(tree)
    if not same:
        if brackets > MAX_DEPTH:
            _refuse_if_deep(payload)
        return _parse_strictly(payload)
    return tree, None


def scalar_of(payload: bytes) -> float | str | None:
    """The number or the text of one line that a payload is, for devices that send no JSON; None
    for objects and arrays, also damaged ones, and for what is no such text."""
    if len(payload) > MAX_TEXT_BYTES:
        return None
    try:
        text = payload.decode("utf-8").strip()
    except UnicodeDecodeError:
        return None
    if text[:1] == '"' == text[-1:] and len(text) > 1:
        text = text[1:-1]
    if not text or text[0] in "{[" or '"' in text or "\\" in text or not text.isprintable():
        return None
    found = number(text)
    return text if found is None else found


def _count_quotes(tree: dict[str, Any]) -> int:
    """Twice as many as `_count_texts`, where no text needs an escape: the encoder is quicker
    than a walk through a large tree, and does not look at depth."""
    try:
        return _encode_fast(tree).count(b'"')
    except (OverflowError, ValueError):  # an integer of more digits than it writes
        return 2 * _count_texts(tree)


def _count_texts(node: dict[str, Any] | list[Any], below: int = MAX_DEPTH - 1) -> int:
    """How many texts, keys included, are in a decoded tree. Raises Refused(too_deep) where it
    has more than `below` levels below its outermost."""
    if below < 0:
        raise Refused(Reason.TOO_DEEP, limit=MAX_DEPTH)
    count = 0
    values: Iterable[Any] = node
    if type(node) is dict:
        count, values = len(node), node.values()
    for value in values:
        kind = type(value)
        if kind is str:
            count += 1
        elif kind is dict or kind is list:
            count += _count_texts(value, below - 1)
    return count


def _refuse_if_deep(payload: bytes) -> None:
    _text_of(payload)
    depth = 0
    for bracket in _TEXTS.sub(b"", payload).translate(None, _NOT_BRACKETS):
        if bracket in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise Refused(Reason.TOO_DEEP, limit=MAX_DEPTH)
        else:
            depth -= 1


def _text_of(payload: bytes) -> str:
    try:
        return payload.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(Reason.NOT_UTF8, byte=error.start) from error


def _parse_strictly(payload: bytes) -> Document:
    """Names what is wrong; also reads numbers beyond a double, which only a channel refuses."""
    text = _text_of(payload)
    tokens: list[str] = []

    def constant(token: str) -> NotANumber:
        tokens.append(token)
        return NotANumber.NAN if token == "NaN" else NotANumber.INFINITY

    try:
        tree = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_constant=constant,
            parse_int=_integer,
            parse_float=_decimal,
        )
    except json.JSONDecodeError as error:
        raise Refused(Reason.NOT_JSON, byte=len(text[: error.pos].encode())) from error
    if not isinstance(tree, dict):
        raise Refused(Reason.NOT_OBJECT, kind=kind_of(tree))
    return tree, Problem(Reason.NOT_JSON.value, {"token": tokens[0]}) if tokens else None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise Refused(Reason.DUPLICATE_KEYS, key=elide(key))
        found[key] = value
    return found


def _integer(digits: str) -> int | NotANumber:
    return int(digits) if len(digits) <= _LONGEST_INTEGER else NotANumber.TOO_BIG


def _decimal(digits: str) -> float | NotANumber:
    value = float(digits)
    return value if math.isfinite(value) else NotANumber.TOO_BIG

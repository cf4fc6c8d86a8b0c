"""What a publisher or message id may be: short text that looks like what it is."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from harit_desktop.wire.reasons import elide

MAX_LENGTH = 64
"""Characters (code points)."""

_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Control, format (bidi marks, zero-width space), unpaired surrogate, line ends."""

_HIDDEN_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
"""Unicode calls these letters or marks, yet they draw nothing."""

_JOINERS = frozenset("\u200c\u200d")
_VIRAMA_CLASS = 9


def identifier_fault(value: object) -> dict[str, str | int] | None:
    """The parameters that say why `value` cannot be an id, or None where it can.

    Text is kept exactly as sent, spaces at its ends included; only blank text counts as
    empty.
    """
    if type(value) is not str:
        return {"why": "not_text", "value": elide(value)}
    if not value or value.isspace():
        return {"why": "empty", "value": ""}
    if len(value) > MAX_LENGTH:
        return {"why": "too_long", "value": elide(value)}
    if value.isascii() and value.isprintable():
        return None
    hidden = _hidden_character(value)
    if hidden is None:
        return None
    return {"why": "character", "value": elide(value), "character": f"U+{ord(hidden):04X}"}


@lru_cache(maxsize=1024)
def _hidden_character(text: str) -> str | None:
    """The first character that could make one id pass for another.

    Zero-width joiners are such characters, but Hindi and Marathi words need them: after
    a virama they choose the form of a conjunct. RFC 5892 appendix A.1 and A.2 allow them
    exactly there, and so does this.
    """
    previous = ""
    for character in text:
        joins = character in _JOINERS and previous != ""
        if joins and unicodedata.combining(previous) == _VIRAMA_CLASS:
            previous = character
            continue
        if unicodedata.category(character) in _HIDDEN_CATEGORIES or character in _HIDDEN_LETTERS:
            return character
        if _is_noncharacter(ord(character)):
            return character
        previous = character
    return None


def _is_noncharacter(code_point: int) -> bool:
    """U+FFFE, U+FFFF and their like, which spreadsheet (XML) files cannot hold."""
    return code_point & 0xFFFE == 0xFFFE or 0xFDD0 <= code_point <= 0xFDEF

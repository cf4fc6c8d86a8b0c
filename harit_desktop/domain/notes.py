"""What people write beside the readings: irrigation, fertiliser, a laboratory test."""

from __future__ import annotations

import unicodedata
from enum import StrEnum

import msgspec

from harit_desktop.domain.clock import US_PER_DAY

MAX_NOTE_CHARS = 500
MAX_DEVICE_CHARS = 64
MOST_US = 200 * 366 * US_PER_DAY
"""Beyond any year that a calendar of the window shows."""

_JOINERS = "\u200c\u200d"
"""Hindi and Marathi words need them, and so do some emoji."""
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Control, format (bidi marks among them), unpaired surrogate, line ends."""


class NoteKind(StrEnum):
    IRRIGATION = "irrigation"
    FERTILISER = "fertiliser"
    LAB = "lab"
    OTHER = "other"


class ChartNote(msgspec.Struct, frozen=True):
    """A note for the moment `at_us`, of one device or, with "", of all.

    `entered_us` is when it was written, 0 for now. `id` is 0 until it is stored.
    """

    at_us: int
    kind: NoteKind = NoteKind.OTHER
    text: str = ""
    publisher_id: str = ""
    entered_us: int = 0
    id: int = 0


def check_note(note: ChartNote) -> None:
    """Raises ValueError for a note that is not kept: too long, without any content, or with
    characters that are invisible or turn the reading direction. A new line is allowed."""
    if len(note.text) > MAX_NOTE_CHARS:
        raise ValueError(f"the text has more than {MAX_NOTE_CHARS} characters")
    if note.kind is NoteKind.OTHER and not note.text.strip():
        raise ValueError("neither a kind nor a text")
    if len(note.publisher_id) > MAX_DEVICE_CHARS:
        raise ValueError(f"the device id has more than {MAX_DEVICE_CHARS} characters")
    # Raises UnicodeEncodeError, a ValueError, for what no file can hold.
    note.publisher_id.encode()
    for letter in note.text:
        if not _is_plain(letter):
            raise ValueError(f"the text has the character U+{ord(letter):04X}")
    for time_us in (note.at_us, note.entered_us):
        if not 0 <= time_us <= MOST_US:
            raise ValueError("a time beyond all years")


def plain_text(text: str) -> str:
    """The text without what `check_note` refuses, for what is pasted; cut to its length."""
    lines = text.replace("\r\n", "\n").replace("\t", " ")
    return "".join(filter(_is_plain, lines)).strip()[:MAX_NOTE_CHARS]


def _is_plain(letter: str) -> bool:
    if letter == "\n" or letter in _JOINERS:
        return True
    code_point = ord(letter)
    if code_point & 0xFFFE == 0xFFFE or 0xFDD0 <= code_point <= 0xFDEF:
        # U+FFFE, U+FFFF and their like, which spreadsheet (XML) files cannot hold.
        return False
    return unicodedata.category(letter) not in _HIDDEN

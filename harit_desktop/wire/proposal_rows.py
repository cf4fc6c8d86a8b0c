"""A message as rows: every value with its path and the words of its name."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import msgspec

from harit_desktop.wire.reasons import elide
from harit_desktop.wire.sighting import number
from harit_desktop.wire.template_paths import MAX_LENGTH, Path, is_member_name, path_text, text_of

MAX_ROWS = 200
SHOWN_CHARS = 80
_NAMING = (
    "measurementId", "id", "name", "sensor", "channel", "key", "parameter", "metric", "label",
    "field", "n", "type", "title",
)  # fmt: skip
_NUMBERED = frozenset({"measurementId", "id", "n"})
_MOST_ENTRIES = 100


class RowKind(StrEnum):
    """What a value is in the message."""

    NUMBER = "number"
    NUMERIC_TEXT = "numeric_text"
    TEXT = "text"
    BOOLEAN = "boolean"
    NULL = "null"


class RawRow(msgspec.Struct, frozen=True):
    """One value. `shown` is safe to show, `names` are the keys on the way to it, with the word
    that chose an entry of a list in place of its number."""

    path: str
    shown: str
    kind: RowKind
    value: Any
    names: tuple[str, ...]
    number: float | None = None

    @property
    def parent(self) -> tuple[str, ...]:
        return self.names[:-1]


def rows_of(tree: Any) -> tuple[tuple[RawRow, ...], bool]:
    """The values of a message, at most MAX_ROWS, and whether there were more. Values whose
    path cannot be written down are left out."""
    rows: list[RawRow] = []
    for path, names, value in _leaves(tree, (), ()):
        try:
            text = path_text(path)
            text.encode()
        except UnicodeEncodeError:
            continue
        if len(text) > MAX_LENGTH or not text.isprintable():
            continue
        if len(rows) == MAX_ROWS:
            return tuple(rows), True
        rows.append(_row(text, names, value))
    return tuple(rows), False


def _row(path: str, names: tuple[str, ...], value: Any) -> RawRow:
    found = number(value)
    if value is None:
        kind, shown = RowKind.NULL, "null"
    elif isinstance(value, bool):
        kind, shown = RowKind.BOOLEAN, "true" if value else "false"
    elif isinstance(value, str):
        kind = RowKind.TEXT if found is None else RowKind.NUMERIC_TEXT
        shown = _safe(value)
    else:
        kind, shown = RowKind.NUMBER, text_of(value) or elide(value)
    return RawRow(path, shown, kind, value, names, found)


def _safe(text: str) -> str:
    short = text if len(text) <= SHOWN_CHARS else text[: SHOWN_CHARS - 1] + "…"
    return "".join(char if char.isprintable() else "\ufffd" for char in short)


def _leaves(
    node: Any, path: Path, names: tuple[str, ...]
) -> Iterator[tuple[Path, tuple[str, ...], Any]]:
    """The depth of a message is bounded by its parser."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _leaves(value, (*path, key), (*names, key))
    elif isinstance(node, list):
        member = _naming_member(node)
        for place, value in enumerate(node[:_MOST_ENTRIES]):
            word = text_of(value[member]) if member else None
            step = place if member is None or word is None else (member, word)
            yield from _leaves(value, (*path, step), (*names, word or ""))
    else:
        yield path, names, node


def _naming_member(entries: list[Any]) -> str | None:
    """The member by which the entries of a list can be told apart, whatever their order."""
    if not 0 < len(entries) <= _MOST_ENTRIES or not all(type(e) is dict for e in entries):
        return None
    for member in _NAMING:
        # Numbers that are no ids (the radio channel of a gateway) change with each message.
        numbered = member in _NUMBERED
        words = [
            text_of(entry.get(member)) if numbered or type(entry.get(member)) is str else None
            for entry in entries
        ]
        known = [word for word in words if word and len(word) <= 60 and word.isprintable()]
        if len(known) == len(entries) == len(set(known)) and is_member_name(member):
            return member
    return None

"""Where a value stands in a decoded message: `npk.nitrogen`, `list[0].value`, `list[id=7].value`.

`$` is the whole payload, for a topic that carries one bare value. A key with a dot, a bracket
or a quote in it is written in double quotes; `[id=7]` is the first entry of a list whose
member `id` is 7.
"""

from __future__ import annotations

import re
from typing import Any, Final

ROOT: Final = "$"
MAX_LENGTH = 200
"""Characters of a path."""
_MAX_ENTRIES = 200
"""Entries of a list that a search by member looks at."""

Chosen = tuple[str, str]
"""Member and its value, as text, that choose an entry of a list."""
Step = str | int | Chosen
Path = tuple[Step, ...]

_QUOTED = r'"((?:[^"\\]|\\["\\])*)"'
_STEP = re.compile(
    rf'(?P<dot>\.)?(?:{_QUOTED}|([^."\[\]]+))'
    r"|\[(\d{1,4})\]"
    rf'|\[([^."\[\]=]+)=(?:{_QUOTED}|([^"\[\]]*))\]'
)
_ESCAPED = re.compile(r'\\(["\\])')
_BARE_KEY = re.compile(r'[^."\[\]$][^."\[\]]*')
_BARE_MEMBER = re.compile(r'[^."\[\]=]+')


class Missing:
    """The type of `MISSING`: a value that a message does not have, which null is not."""


MISSING: Final = Missing()


def parse_path(text: str) -> Path:
    """The steps of a path; () for `$`. Raises ValueError for what is no path."""
    if text == ROOT:
        return ()
    if not 0 < len(text) <= MAX_LENGTH:
        raise ValueError("a path has 1 to 200 characters")
    steps: list[Step] = []
    place = 0
    while place < len(text):
        found = _STEP.match(text, place)
        is_key = found is not None and found[4] is None and found[5] is None
        # Between two keys stands a dot, before the first one and before a bracket none.
        if found is None or (is_key and bool(found["dot"]) != bool(steps)):
            raise ValueError(f"not a path from character {place + 1} on")
        steps.append(_step(found))
        place = found.end()
    return tuple(steps)


def _step(found: re.Match[str]) -> Step:
    _, quoted, bare, index, member, quoted_value, value = found.groups()
    if index is not None:
        return int(index)
    if member is not None:
        return str(member), value if quoted_value is None else _ESCAPED.sub(r"\1", quoted_value)
    return bare if quoted is None else _ESCAPED.sub(r"\1", quoted)


def path_text(path: Path) -> str:
    """A path as it is written in a template; the reverse of `parse_path`."""
    parts: list[str] = []
    for step in path:
        if isinstance(step, int):
            parts.append(f"[{step}]")
        elif isinstance(step, tuple):
            value = step[1] if re.fullmatch(r'[^"\[\]]*', step[1]) else _quoted(step[1])
            parts.append(f"[{step[0]}={value}]")
        else:
            key = step if _BARE_KEY.fullmatch(step) else _quoted(step)
            parts.append(f".{key}" if parts else key)
    return "".join(parts) or ROOT


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def is_member_name(text: str) -> bool:
    """Whether a member can choose an entry of a list in a path."""
    return _BARE_MEMBER.fullmatch(text) is not None


def value_at(tree: Any, path: Path) -> Any:
    """What stands at `path` in a decoded message, MISSING where nothing does. Never raises."""
    node = tree
    for step in path:
        kind = type(node)
        if type(step) is str:
            if kind is not dict:
                return MISSING
            node = node.get(step, MISSING)
        elif kind is not list:
            return MISSING
        elif type(step) is int:
            if step >= len(node):
                return MISSING
            node = node[step]
        else:
            node = _chosen(node, step)
    return node


def _chosen(entries: list[Any], step: Any) -> Any:
    member, wanted = step
    for entry in entries[:_MAX_ENTRIES]:
        if type(entry) is dict and member in entry and text_of(entry[member]) == wanted:
            return entry
    return MISSING


def text_of(value: object) -> str | None:
    """A text or a number as text, whole numbers without ".0"; None for anything else."""
    if type(value) is str:
        return value
    if type(value) is int:
        return str(value) if abs(value) < 10**20 else None
    if type(value) is float:
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return None

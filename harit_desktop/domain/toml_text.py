"""TOML as this program takes it: what people, other programs and strangers may have written."""

from __future__ import annotations

import tomllib
from typing import Any

MAX_DEPTH = 64
_TOO_LONG = "an integer of more than 64 bits"
_INT64 = range(-(2**63), 2**63)


class TomlFault(ValueError):
    """A text that is no TOML which can be worked with; its text says why, and where."""


def toml_tree(text: str) -> dict[str, Any]:
    """The tables of a text. Raises TomlFault, and nothing else.

    Integers have 64 bits, as TOML says: Python neither reads nor writes very long ones.
    Deeper nesting than any file of ours has is refused, for it cannot be written again.
    """
    try:
        tree = tomllib.loads(text)
    except RecursionError as error:
        raise TomlFault("nested too deeply") from error
    except tomllib.TOMLDecodeError as error:
        raise TomlFault(str(error)) from error
    except ValueError as error:
        # Python's own limit is 4300 digits, and its advice is for programmers.
        raise TomlFault(_TOO_LONG) from error
    _check(tree)
    return tree


def _check(tree: dict[str, Any]) -> None:
    level: list[Any] = [tree]
    for _ in range(MAX_DEPTH):
        inner: list[Any] = []
        for node in level:
            if isinstance(node, dict):
                inner += node.values()
            elif isinstance(node, list):
                inner += node
            elif isinstance(node, int) and node not in _INT64:
                raise TomlFault(_TOO_LONG)
        if not inner:
            return
        level = inner
    raise TomlFault("nested too deeply")

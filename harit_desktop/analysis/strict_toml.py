"""Data files with a schema: a key that the schema does not have is refused with its line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, get_args, get_origin

import msgspec

from harit_desktop.domain.channels import CHANNEL_INDEX
from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.toml_text import TomlFault, toml_tree

_TABLE_LINE = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]")
_KEY_LINE = re.compile(r"""\s*([A-Za-z0-9_."'-]+)\s*=""")

KeyPath = tuple[str, ...]
Struct = TypeVar("Struct", bound=msgspec.Struct)


def tree_of(text: str, file: str) -> dict[str, Any]:
    """The tables of a file; `file` names it in errors.

    Raises KnownError: profile.not_toml (file, reason with its line).
    """
    try:
        return toml_tree(text)
    except TomlFault as error:
        raise KnownError("profile.not_toml", file=file, reason=str(error)[:200]) from error


def converted(tree: Mapping[str, Any], text: str, file: str, kind: type[Struct]) -> Struct:
    """The tables as a `kind`; `text` is what they were read from.

    Raises KnownError with `file`: profile.unknown_key (key, line; 0 where the line was not
    found) or profile.invalid (reason).
    """
    for path in _unknown_keys(tree, kind, ()):
        line = line_of(text, path)
        raise KnownError("profile.unknown_key", file=file, key=".".join(path)[:100], line=line)
    try:
        return msgspec.convert(tree, kind)
    except msgspec.ValidationError as error:
        raise KnownError("profile.invalid", file=file, reason=str(error)[:200]) from error


def _unknown_keys(tree: Mapping[str, Any], kind: Any, path: KeyPath) -> Iterator[KeyPath]:
    """Keys that `kind` does not have; `kind` is a struct, or a dict from channel to struct."""
    known: dict[str, Any]
    if get_origin(kind) is dict:
        known = dict.fromkeys(CHANNEL_INDEX, get_args(kind)[1])
    else:
        known = {field.encode_name: field.type for field in msgspec.structs.fields(kind)}
    for key, value in tree.items():
        if key not in known:
            yield (*path, key)
            continue
        inner = _table_type(known[key])
        if inner is not None and isinstance(value, dict):
            yield from _unknown_keys(value, inner, (*path, key))


def _table_type(kind: Any) -> Any:
    """The struct or dict in a field's type, which may be optional; None for a plain value."""
    for candidate in (kind, *get_args(kind)):
        if get_origin(candidate) is dict:
            return candidate
        if isinstance(candidate, type) and issubclass(candidate, msgspec.Struct):
            return candidate
    return None


def line_of(text: str, wanted: KeyPath) -> int:
    """The line that sets `wanted` in a file of plain tables; 0 for one written otherwise."""
    table: KeyPath = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _TABLE_LINE.match(line):
            table = _path_of(header[1])
            path = table
        elif assignment := _KEY_LINE.match(line):
            path = table + _path_of(assignment[1])
        else:
            continue
        if path == wanted:
            return number
    return 0


def _path_of(dotted: str) -> KeyPath:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))

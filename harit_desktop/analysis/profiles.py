"""Profiles: what counts as good soil, as data files with a schema."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args, get_origin

import msgspec

from harit_desktop.analysis.profile_checks import complaint
from harit_desktop.analysis.schema import ChannelRange as ChannelRange
from harit_desktop.analysis.schema import ClassicProfile, ConditionProfile
from harit_desktop.analysis.schema import Profile as Profile
from harit_desktop.domain.channels import CHANNEL_INDEX
from harit_desktop.domain.errors import KnownError

BUILT_IN = (
    "classic",
    "generic",
    "rice",
    "wheat",
    "soybean",
    "groundnut",
    "cotton",
    "chickpea",
    "bajra",
    "sugarcane",
)

MAX_FILE_BYTES = 64_000
_PROFILE_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,40}")
_TABLE_LINE = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]")
_KEY_LINE = re.compile(r"""\s*([A-Za-z0-9_."'-]+)\s*=""")
_METHODS: dict[object, type[ClassicProfile] | type[ConditionProfile]] = {
    "classic": ClassicProfile,
    "condition": ConditionProfile,
}

KeyPath = tuple[str, ...]


def load_profile(profile_id: str, folder: Path | None = None) -> Profile:
    """The profile of that id: `<id>.toml` in the user's `folder`, else the built-in one.

    Raises KnownError: profile.not_found (profile), or what `parse_profile` raises;
    profile.invalid (file, reason) too where the file cannot be read or names another id.
    """
    if not _PROFILE_ID.fullmatch(profile_id):
        raise KnownError("profile.not_found", profile=profile_id[:100])
    name = f"{profile_id}.toml"
    own = None if folder is None else _own_text(folder / name)
    if own is not None:
        profile = parse_profile(own, name)
    elif profile_id in BUILT_IN:
        source = files("harit_desktop.analysis").joinpath("data", name)
        profile = parse_profile(source.read_text("utf-8"), name)
    else:
        raise KnownError("profile.not_found", profile=profile_id)
    if profile.id != profile_id:
        reason = f"the file is named {name}, so its id must be {profile_id}"
        raise KnownError("profile.invalid", file=name, reason=reason)
    return profile


def profile_ids(folder: Path | None = None) -> tuple[str, ...]:
    """What can be loaded by name: the built-in profiles, then the user's own, sorted.

    A folder that is missing or cannot be read has none. The files are not opened.
    """
    try:
        own = sorted(path.stem for path in folder.glob("*.toml")) if folder is not None else []
    except OSError:
        own = []
    return (*BUILT_IN, *(i for i in own if i not in BUILT_IN and _PROFILE_ID.fullmatch(i)))


def _own_text(path: Path) -> str | None:
    """None where there is no such file."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
        if len(content) > MAX_FILE_BYTES:
            reason = f"larger than {MAX_FILE_BYTES} bytes"
            raise KnownError("profile.invalid", file=path.name, reason=reason)
        return content.decode("utf-8-sig")
    except FileNotFoundError:
        return None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise KnownError("profile.invalid", file=path.name, reason=reason) from error
    except UnicodeDecodeError as error:
        raise KnownError("profile.not_toml", file=path.name, reason="not UTF-8 text") from error


def parse_profile(text: str, file: str) -> Profile:
    """A profile from the text of its file; `file` names it in errors.

    Raises KnownError with `file`: profile.not_toml (reason with its line),
    profile.unknown_key (key, line; 0 where the line was not found) or profile.invalid
    (reason).
    """
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise KnownError("profile.not_toml", file=file, reason=str(error)[:200]) from error
    method = tree.get("method")
    kind = _METHODS.get(method) if isinstance(method, str) else None
    if kind is None:
        reason = 'method must be "classic" or "condition"'
        raise KnownError("profile.invalid", file=file, reason=reason)
    for path in _unknown_keys(tree, kind, ()):
        line = _line_of(text, path)
        raise KnownError("profile.unknown_key", file=file, key=".".join(path)[:100], line=line)
    try:
        profile = msgspec.convert(tree, kind)
    except msgspec.ValidationError as error:
        raise KnownError("profile.invalid", file=file, reason=str(error)[:200]) from error
    wrong = complaint(profile)
    if wrong is not None:
        raise KnownError("profile.invalid", file=file, reason=wrong)
    return profile


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


def _line_of(text: str, wanted: KeyPath) -> int:
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

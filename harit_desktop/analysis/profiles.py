"""Profiles: what counts as good soil, as data files with a schema."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from harit_desktop.domain.channels import CHANNEL_INDEX
from harit_desktop.domain.errors import KnownError

_PROFILE_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,40}")
_TABLE_LINE = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]")
_KEY_LINE = re.compile(r"""\s*([A-Za-z0-9_."'-]+)\s*=""")

Path = tuple[str, ...]


class ChannelRange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ranges in the channel's own unit, each low then high; `weight` without unit."""

    optimal: tuple[float, float]
    alarm: tuple[float, float]
    weight: Annotated[float, Meta(gt=0, le=100)]


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One profile file. `edge_score` is a channel's score (0..100) at its optimal limits.

    A catalogue channel that `channels` does not name has no part in the judgement.
    """

    schema: Literal["harit-profile"]
    schema_version: Literal[1]
    id: Annotated[str, Meta(min_length=1, max_length=41)]
    method: Literal["classic"]
    edge_score: Annotated[float, Meta(gt=0, lt=100)]
    channels: dict[str, ChannelRange]


def load_profile(profile_id: str) -> Profile:
    """The built-in profile of that id.

    Raises KnownError(profile.not_found), or what `parse_profile` raises.
    """
    if _PROFILE_ID.fullmatch(profile_id):
        source = files("harit_desktop.analysis").joinpath("data", f"{profile_id}.toml")
        if source.is_file():
            return parse_profile(source.read_text("utf-8"), source.name)
    raise KnownError("profile.not_found", profile=profile_id[:100])


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
    for path in _unknown_keys(tree):
        line = _line_of(text, path)
        raise KnownError("profile.unknown_key", file=file, key=".".join(path)[:100], line=line)
    try:
        profile = msgspec.convert(tree, Profile)
    except msgspec.ValidationError as error:
        raise KnownError("profile.invalid", file=file, reason=str(error)[:200]) from error
    for key, limits in profile.channels.items():
        bounds = (limits.alarm[0], *limits.optimal, limits.alarm[1])
        if not bounds[0] < bounds[1] < bounds[2] < bounds[3]:
            reason = f"{key}: alarm low < optimal low < optimal high < alarm high is needed"
            raise KnownError("profile.invalid", file=file, reason=reason)
    if not profile.channels:
        raise KnownError("profile.invalid", file=file, reason="no channel")
    return profile


def _unknown_keys(tree: Mapping[str, Any]) -> Iterator[Path]:
    yield from ((key,) for key in tree if key not in Profile.__struct_fields__)
    channels = tree.get("channels")
    if not isinstance(channels, dict):
        return
    for channel, limits in channels.items():
        if channel not in CHANNEL_INDEX:
            yield ("channels", channel)
        elif isinstance(limits, dict):
            for key in limits:
                if key not in ChannelRange.__struct_fields__:
                    yield ("channels", channel, key)


def _line_of(text: str, wanted: Path) -> int:
    """The line that sets `wanted` in a file of plain tables; 0 for one written otherwise."""
    table: Path = ()
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


def _path_of(dotted: str) -> Path:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))

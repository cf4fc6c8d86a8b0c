"""Profiles: what counts as good soil, as data files with a schema."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

from harit_desktop.analysis.profile_checks import complaint
from harit_desktop.analysis.schema import ChannelRange as ChannelRange
from harit_desktop.analysis.schema import ClassicProfile, ConditionProfile
from harit_desktop.analysis.schema import Profile as Profile
from harit_desktop.analysis.strict_toml import converted, tree_of
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
_METHODS: dict[object, type[ClassicProfile] | type[ConditionProfile]] = {
    "classic": ClassicProfile,
    "condition": ConditionProfile,
}


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
    tree = tree_of(text, file)
    method = tree.get("method")
    kind = _METHODS.get(method) if isinstance(method, str) else None
    if kind is None:
        reason = 'method must be "classic" or "condition"'
        raise KnownError("profile.invalid", file=file, reason=reason)
    profile: Profile = converted(tree, text, file, kind)
    wrong = complaint(profile)
    if wrong is not None:
        raise KnownError("profile.invalid", file=file, reason=wrong)
    return profile

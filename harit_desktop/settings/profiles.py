"""Broker profiles: each a name and everything that reaches one broker, but no secret.

One TOML file a profile, with its certificates and key in a folder beside it, readable by
their owner alone. The file's name is the profile's id for its whole life, its name may
change. Passwords are in the keyring under that id (`settings.secrets`).
"""

from __future__ import annotations

import contextlib
import re
import secrets
import shutil
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import tomli_w

from harit_desktop.domain.errors import KnownError, Problem
from harit_desktop.domain.toml_text import TomlFault, toml_tree
from harit_desktop.settings.model import FIELD_SPECS, OneLine, ProfileName, Settings
from harit_desktop.settings.profile_files import (
    FILE_NAMES,
    copy_in,
    make_folder,
    replacing_private,
)
from harit_desktop.settings.store import build_settings, flatten

OF_THE_PLACE = ("broker.mode", "broker.profile")
"""Settings of the section that say which broker is in use, and not how it is reached."""

PROFILE_KEYS: tuple[str, ...] = tuple(
    key for key in FIELD_SPECS if key.startswith("broker.") and key not in OF_THE_PLACE
)
MAX_FILE_BYTES = 64_000
MAX_PROFILES = 200
_MAX_SLUG = 40
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,47}")
_DEVICES = re.compile(r"con|prn|aux|nul|(com|lpt)[0-9]")


@dataclass(frozen=True)
class BrokerProfile:
    """`values` are all PROFILE_KEYS; a file is named by its whole path, or empty."""

    slug: str
    name: str
    values: Mapping[str, Any]

    @property
    def changes(self) -> dict[str, Any]:
        """The settings that make this broker the one in use."""
        return {**self.values, "broker.mode": "external", "broker.profile": self.slug}


def profile_values(settings: Settings) -> dict[str, Any]:
    """What a profile of these settings holds."""
    flat = flatten(settings)
    return {key: flat[key] for key in PROFILE_KEYS}


def complete_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """All PROFILE_KEYS, with the defaults for what is missing, checked.

    Raises KnownError: settings.unknown_key or settings.bad_value.
    """
    for key in values:
        if key not in PROFILE_KEYS:
            raise KnownError("settings.unknown_key", key=key[:100])
    try:
        checked = profile_values(build_settings(values))
    except TypeError as error:
        raise KnownError("settings.bad_value", key="broker", value="", reason=str(error)) from error
    for key, value in checked.items():
        for text in value if isinstance(value, tuple) else (value,):
            if isinstance(text, str):
                _check_text(key, text)
    return checked


def _check_text(key: str, text: str) -> None:
    """One line that nothing disguises: these texts go into HTTP headers and MQTT packets."""
    limit = OneLine if key not in FILE_NAMES else str
    try:
        msgspec.convert(text, limit)
    except msgspec.ValidationError as error:
        reason = "it needs one line of at most 250 visible characters"
        raise KnownError("settings.bad_value", key=key, value=text[:100], reason=reason) from error


def check_name(name: str) -> str:
    """The name without spaces around. Raises KnownError(broker_profile.bad_name)."""
    name = name.strip()
    try:
        return msgspec.convert(name, ProfileName)
    except msgspec.ValidationError as error:
        raise KnownError("broker_profile.bad_name", name=name[:100]) from error


def new_client_id() -> str:
    """An id that no other client of any broker has: two with one throw each other out."""
    return f"harit-{secrets.token_hex(16)}"


class ProfileBook:
    """The profiles of one data folder. Every method may take its time: it works with files.

    Raises KnownError: broker_profile.not_found, .unreadable, .bad_name, .name_taken,
    .bad_file, .not_saved, and what `complete_values` raises.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(self) -> tuple[list[BrokerProfile], list[Problem]]:
        """All profiles by name, and what is wrong with files that are none."""
        found, problems = [], []
        slugs = self._slugs()
        for slug in slugs[:MAX_PROFILES]:
            try:
                found.append(self.get(slug))
            except KnownError as error:
                problems.append(error.problem)
        if len(slugs) > MAX_PROFILES:
            reason = f"only {MAX_PROFILES} files are read"
            problems.append(unreadable(self._path(slugs[MAX_PROFILES]), reason).problem)
        return sorted(found, key=lambda profile: profile.name.casefold()), problems

    def get(self, slug: str) -> BrokerProfile:
        """One profile by its id."""
        path = self._path(slug)
        tree = read_toml(path, MAX_FILE_BYTES, slug)
        try:
            return self._profile(slug, tree)
        except KnownError as error:
            raise unreadable(path, reason_of(error.problem)) from error

    def find(self, name: str) -> BrokerProfile:
        """One profile by its name or its id, as the command line gives it."""
        wanted = name.strip()
        if wanted in self._slugs():
            return self.get(wanted)
        for profile in self.load()[0]:
            if profile.name.casefold() == wanted.casefold():
                return profile
        raise KnownError("broker_profile.not_found", name=name[:100])

    def create(self, name: str, values: Mapping[str, Any], authority: str = "") -> BrokerProfile:
        """Keeps a new profile; certificates and key are copied in. `authority` is the PEM
        text of a certificate authority that no file holds yet."""
        name = check_name(name)
        self._refuse_taken(name)
        slug = self._free_slug(name)
        if authority:
            values = {**values, "broker.ca_file": str(self._keep_authority(slug, authority))}
        return self._write(BrokerProfile(slug, name, values))

    def update(self, slug: str, values: Mapping[str, Any]) -> BrokerProfile:
        """Keeps other values under the same name."""
        return self._write(replace(self.get(slug), values=values))

    def rename(self, slug: str, name: str) -> BrokerProfile:
        name = check_name(name)
        self._refuse_taken(name, but=slug)
        return self._write(replace(self.get(slug), name=name))

    def duplicate(self, slug: str, name: str) -> BrokerProfile:
        """A copy with a client id of its own."""
        values = {**self.get(slug).values, "broker.client_id": new_client_id()}
        return self.create(name, values)

    def delete(self, slug: str) -> None:
        path = self._path(slug)
        try:
            path.unlink(missing_ok=True)
            if (self.folder / slug).is_dir() and not (self.folder / slug).is_symlink():
                shutil.rmtree(self.folder / slug)
        except OSError as error:
            raise _not_saved(path, error) from error

    def free_name(self, name: str, taken: Iterable[str] | None = None) -> str:
        """The name itself, or with a number behind it where it is taken."""
        names = {p.name.casefold() for p in self.load()[0]} if taken is None else set(taken)
        number, free = 1, name
        while free.casefold() in names:
            number += 1
            free = f"{name[:54]} ({number})"
        return free

    def adopt(self, slug: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values with every file that lies elsewhere copied into the profile's folder."""
        adopted, folder = dict(values), self.folder / slug
        for key, name in FILE_NAMES.items():
            chosen = values.get(key, "")
            if chosen and Path(chosen) != folder / name:
                adopted[key] = str(copy_in(key, Path(chosen).expanduser(), folder))
        return adopted

    def _keep_authority(self, slug: str, text: str) -> Path:
        path = self.folder / slug / FILE_NAMES["broker.ca_file"]
        try:
            make_folder(path.parent)
            with replacing_private(path) as file:
                file.write(text.encode("ascii"))
        except OSError as error:
            raise _not_saved(path, error) from error
        return path

    def _write(self, profile: BrokerProfile) -> BrokerProfile:
        values = complete_values(profile.values)
        values = self.adopt(profile.slug, values)
        path = self._path(profile.slug)
        section = {k.partition(".")[2]: msgspec.to_builtins(v) for k, v in values.items()}
        for key, name in FILE_NAMES.items():
            if values[key]:
                section[key.partition(".")[2]] = name
        try:
            make_folder(self.folder)
            with replacing_private(path) as file:
                file.write(tomli_w.dumps({"name": profile.name, "broker": section}).encode())
            for key, name in FILE_NAMES.items():
                if not values[key]:
                    (self.folder / profile.slug / name).unlink(missing_ok=True)
        except OSError as error:
            raise _not_saved(path, error) from error
        return replace(profile, values=values)

    def _profile(self, slug: str, tree: Mapping[str, Any]) -> BrokerProfile:
        name, values = split_tree(tree, ("name", "broker"))
        for key, file in FILE_NAMES.items():
            written = values.get(key, "")
            if written == file:
                values[key] = str(self.folder / slug / file)
            elif written and not Path(str(written)).is_absolute():
                reason = "a whole path is needed"
                raise KnownError("settings.bad_value", key=key, value=str(written), reason=reason)
        return BrokerProfile(slug, name, complete_values(values))

    def _slugs(self) -> list[str]:
        with contextlib.suppress(OSError):
            return sorted(p.stem for p in self.folder.glob("*.toml") if _SLUG.fullmatch(p.stem))
        return []

    def _path(self, slug: str) -> Path:
        if not _SLUG.fullmatch(slug):
            raise KnownError("broker_profile.not_found", name=slug[:100])
        return self.folder / f"{slug}.toml"

    def _refuse_taken(self, name: str, but: str = "") -> None:
        for profile in self.load()[0]:
            if profile.slug != but and profile.name.casefold() == name.casefold():
                raise KnownError("broker_profile.name_taken", name=name)

    def _free_slug(self, name: str) -> str:
        plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
        slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_MAX_SLUG].strip("-") or "profile"
        if _DEVICES.fullmatch(slug):
            # Windows has no files of these names.
            slug = f"profile-{slug}"
        number, free = 1, slug
        while (self.folder / f"{free}.toml").exists() or (self.folder / free).exists():
            number += 1
            free = f"{slug}-{number}"
        return free


def split_tree(tree: Mapping[str, Any], allowed: tuple[str, ...]) -> tuple[str, dict[str, Any]]:
    """Name and settings of a profile's file. Raises KnownError for any other key."""
    for key in tree:
        if key not in allowed:
            raise KnownError("settings.unknown_key", key=key[:100])
    name, section = tree.get("name"), tree.get("broker", {})
    if not isinstance(name, str) or not isinstance(section, dict):
        raise KnownError("settings.bad_value", key="name", value="", reason="a text is needed")
    return check_name(name), {f"broker.{key}": value for key, value in section.items()}


def read_toml(path: Path, most_bytes: int, name: str) -> dict[str, Any]:
    """Raises KnownError: broker_profile.not_found or .unreadable."""
    try:
        if not path.is_file():
            raise KnownError("broker_profile.not_found", name=name)
        with path.open("rb") as file:
            raw = file.read(most_bytes + 1)
        if len(raw) > most_bytes:
            raise unreadable(path, "it is too large")
        return toml_tree(raw.decode("utf-8-sig"))
    except OSError as error:
        raise unreadable(path, error.strerror or str(error)) from error
    except (UnicodeDecodeError, TomlFault) as error:
        raise unreadable(path, str(error)[:200]) from error


def reason_of(problem: Problem) -> str:
    """Why a file is no profile, as a part of a sentence."""
    params = problem.params
    reasons = {
        "settings.unknown_key": "it holds {key}, which does not belong in a profile",
        "settings.bad_value": "{key} cannot be used ({reason})",
        "broker_profile.bad_name": "its name cannot be used",
        "broker_profile.bad_file": "its {setting} cannot be used ({reason})",
    }
    template = reasons.get(problem.code)
    return str(problem) if template is None else template.format_map(defaultdict(str, params))


def unreadable(path: Path, reason: str) -> KnownError:
    """A file that is no profile."""
    return KnownError("broker_profile.unreadable", file=path.name, reason=reason)


def _not_saved(path: Path, error: OSError) -> KnownError:
    reason = error.strerror or str(error)
    return KnownError("broker_profile.not_saved", path=str(path), reason=reason)

"""Settings as a file for another computer: all that matter there, and no secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import tomli_w

from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.toml_text import TomlFault, toml_tree
from harit_desktop.settings.atomic_file import replacing
from harit_desktop.settings.model import FIELD_SPECS, SECRET_KEYS, Settings
from harit_desktop.settings.store import build_settings, flatten

KEPT_HERE = ("broker.client_id", "broker.profile")
"""Belong to one data folder: two programs under one client id would throw each other out, and
passwords are kept under the name of the profile."""

NOT_EXPORTED = (*KEPT_HERE, "alerts.webhook_url")
"""Whoever has the address of a webhook can often use it."""

MAX_FILE_BYTES = 1_000_000


@dataclass(frozen=True)
class Change:
    """A setting that the file would change; `key` is one of FIELD_SPECS."""

    key: str
    before: Any
    after: Any


@dataclass(frozen=True)
class ImportPlan:
    """What a file would change, and what of it is left alone.

    `unknown` are names that this program has no setting for, `refused` those whose value it
    cannot take, `kept` those that stay as they are here: secrets and the client id.
    """

    changes: tuple[Change, ...] = ()
    same: int = 0
    unknown: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


def export_settings(settings: Settings, path: Path) -> int:
    """Writes every setting but secrets to a TOML file, whole or not at all; how many.

    Raises KnownError(settings.not_saved).
    """
    tree: dict[str, dict[str, Any]] = {}
    flat = {key: value for key, value in flatten(settings).items() if key not in NOT_EXPORTED}
    for key, value in flat.items():
        if value is not None:
            section, _, name = key.partition(".")
            tree.setdefault(section, {})[name] = _without_none(msgspec.to_builtins(value))
    try:
        with replacing(path) as file:
            file.write(tomli_w.dumps(tree).encode())
    except OSError as error:
        reason = error.strerror or str(error)
        raise KnownError("settings.not_saved", path=str(path), reason=reason) from error
    return len(flat)


def plan_import(path: Path, current: Settings) -> ImportPlan:
    """Compares a file with the settings in force; nothing is changed.

    Raises KnownError: settings.unreadable, or settings.no_settings where the file is none
    of settings.
    """
    found = _flat(_read(path))
    held = flatten(current)
    changes, same = [], 0
    unknown, refused, kept = [], [], []
    for key, raw in found.items():
        if key in SECRET_KEYS or key in KEPT_HERE:
            kept.append(key)
        elif key not in FIELD_SPECS:
            unknown.append(key)
        else:
            try:
                value = flatten(build_settings({key: raw}))[key]
            except KnownError:
                refused.append(key)
                continue
            if value == held[key]:
                same += 1
            else:
                changes.append(Change(key, held[key], value))
    if found and not changes and not same and not refused and not kept:
        raise KnownError("settings.no_settings", path=str(path))
    order = list(FIELD_SPECS)
    changes.sort(key=lambda change: order.index(change.key))
    return ImportPlan(tuple(changes), same, tuple(unknown), tuple(refused), tuple(kept))


def _read(path: Path) -> Mapping[str, Any]:
    try:
        if not path.is_file():
            raise FileNotFoundError(2, "no such file")
        with path.open("rb") as file:
            raw = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        raise KnownError("settings.unreadable", reason=reason) from error
    if len(raw) > MAX_FILE_BYTES:
        raise KnownError("settings.no_settings", path=str(path))
    try:
        return toml_tree(raw.decode("utf-8-sig"))
    except (UnicodeDecodeError, TomlFault) as error:
        raise KnownError("settings.no_settings", path=str(path)) from error


def _flat(tree: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for section, values in tree.items():
        if isinstance(values, dict):
            flat |= {f"{section}.{name}": value for name, value in values.items()}
        else:
            flat[section] = values
    return flat


def _without_none(value: Any) -> Any:
    """TOML has no word for nothing; what is left out has its default."""
    if isinstance(value, dict):
        return {name: _without_none(v) for name, v in value.items() if v is not None}
    if isinstance(value, (list, tuple)):
        return [_without_none(part) for part in value]
    return value

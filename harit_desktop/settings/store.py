"""Reads, layers, checks and writes the settings of one data folder.

Later layers win: defaults, settings.toml, environment, `--set`. Only what the user
saves reaches the file; an override holds for this run alone.
"""

from __future__ import annotations

import contextlib
import errno
import os
import platform
import shutil
import time
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import tomli_w

from harit_desktop.domain.errors import KnownError, Problem
from harit_desktop.domain.toml_text import TomlFault, toml_tree
from harit_desktop.settings.atomic_file import replacing
from harit_desktop.settings.model import FIELD_SPECS, SECRET_KEYS, FieldSpec, Settings

ENVIRONMENT_PREFIX = "HARIT_"

_KINDS: dict[str, tuple[type, str]] = {
    "bool": (bool, "true or false is needed"),
    "int": (int, "a whole number is needed"),
    "float": (float, "a number is needed"),
}


def parse_value(spec: FieldSpec, text: str) -> Any:
    """A setting's value from text, as `--set` and the environment give it.

    Raises KnownError(settings.bad_value) where the text is not of the setting's type.
    """
    if spec.kind == "list":
        text = text.strip()
        if text.startswith("["):
            try:
                return msgspec.json.decode(text.encode(), type=tuple[Any, ...])
            except msgspec.DecodeError as error:
                raise _bad_value(spec.key, text, str(error)) from error
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if spec.optional and text == "":
        return None
    kind, need = _KINDS.get(spec.kind, (str, "a text is needed"))
    try:
        return msgspec.convert(text, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _bad_value(spec.key, text, need) from error


def _bad_value(key: str, text: str, reason: str) -> KnownError:
    return KnownError("settings.bad_value", key=key, value=text[:100], reason=reason)


def parse_assignment(assignment: str) -> tuple[str, Any]:
    """("broker.port", 1884) from "broker.port=1884".

    Raises KnownError: settings.bad_assignment, settings.unknown_key, settings.secret_key
    or settings.bad_value.
    """
    key, separator, text = assignment.partition("=")
    key = key.strip()
    if not separator:
        raise KnownError("settings.bad_assignment", text=assignment[:100])
    if key in SECRET_KEYS:
        raise KnownError("settings.secret_key", key=key, variable=environment_name(key))
    spec = FIELD_SPECS.get(key)
    if spec is None:
        raise KnownError("settings.unknown_key", key=key[:100])
    return key, parse_value(spec, text)


def environment_name(key: str) -> str:
    """HARIT_BROKER__PORT for broker.port."""
    return ENVIRONMENT_PREFIX + key.replace(".", "__").upper()


def environment_overrides(environment: Mapping[str, str]) -> dict[str, Any]:
    """The settings named by HARIT_<SECTION>__<KEY> variables; secrets are left alone."""
    found = {}
    for key, spec in FIELD_SPECS.items():
        text = environment.get(environment_name(key))
        if text is not None:
            found[key] = parse_value(spec, text)
    return found


def build_settings(flat: Mapping[str, Any]) -> Settings:
    """A checked settings tree from flat "section.name" keys over the defaults.

    Raises KnownError(settings.bad_value) that names the first value out of its range.
    """
    tree: dict[str, dict[str, Any]] = {}
    for key, value in flat.items():
        section, _, name = key.partition(".")
        tree.setdefault(section, {})[name] = msgspec.to_builtins(value)
    try:
        return msgspec.convert(tree, Settings)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `$.")
        key = path.rstrip("`").partition("[")[0]
        raise _bad_value(key, str(flat.get(key, "")), _range_of(key) or reason) from error


PLAIN_TEXT_KEYS = {
    "broker.host": "it needs a host name or address, without @, / or spaces",
    "publisher.topic": "it needs a topic without + and #",
    "publisher.publisher_id": "it needs 1 to 60 visible characters",
}


def _range_of(key: str) -> str:
    """What a setting may be, for a person."""
    spec = FIELD_SPECS.get(key)
    if spec is None:
        return ""
    if key in PLAIN_TEXT_KEYS:
        return PLAIN_TEXT_KEYS[key]
    if spec.choices:
        return "it must be one of " + ", ".join(spec.choices)
    bounds = [] if spec.minimum is None else [f"at least {spec.minimum:g}"]
    bounds += [] if spec.maximum is None else [f"at most {spec.maximum:g}"]
    subject = "its length" if spec.kind in ("str", "list") else "it"
    return f"{subject} must be " + " and ".join(bounds) if bounds else ""


def flatten(settings: Settings) -> dict[str, Any]:
    """The tree as flat "section.name" keys."""
    return {
        key: getattr(getattr(settings, spec.section), spec.name)
        for key, spec in FIELD_SPECS.items()
    }


class SettingsStore:
    """The settings of one data folder and their file.

    `problems` says what was wrong with the file when it was read; a damaged file is kept
    beside the new one and the defaults are used.
    """

    def __init__(
        self,
        path: Path,
        overrides: Mapping[str, Any] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._path = path
        self.problems: list[Problem] = []
        self._extra: dict[str, Any] = {}
        self._refused_some = False
        self._saved = self._read()
        variables = os.environ if environment is None else environment
        self._overrides = {**environment_overrides(variables), **(overrides or {})}
        self.current = build_settings({**self._saved, **self._overrides})

    def is_set(self, section: str, *, but: Iterable[str] = ()) -> bool:
        """Whether the user chose anything in the section, by file, environment or `--set`."""
        return any(
            key.startswith(section + ".") and key not in but
            for key in {**self._saved, **self._overrides}
        )

    def is_saved(self, key: str) -> bool:
        """Whether the file holds the setting."""
        return key in self._saved

    @property
    def saved(self) -> Settings:
        """The settings without what holds for this run alone."""
        return build_settings(self._saved)

    def override(self, changes: Mapping[str, Any]) -> Settings:
        """Changes settings for this run alone, and returns all settings.

        Raises KnownError(settings.bad_value) and changes nothing when one is out of range.
        """
        overrides = {**self._overrides, **changes}
        self.current = build_settings({**self._saved, **overrides})
        self._overrides = overrides
        return self.current

    def preview(self, changes: Mapping[str, Any]) -> Settings:
        """What the settings would be. Raises KnownError(settings.bad_value)."""
        kept = {k: v for k, v in self._overrides.items() if k not in changes}
        return build_settings({**self._saved, **changes, **kept})

    def save(self, changes: Mapping[str, Any]) -> Settings:
        """Keeps changed settings, over any override of this run, and returns all settings.

        Raises KnownError(settings.bad_value) and changes nothing when a value is out of
        range, KnownError(settings.not_saved) when the file cannot be written.
        """
        settings = self.preview(changes)
        saved = {**self._saved, **changes}
        self._write(saved)
        self._saved, self.current = saved, settings
        self._overrides = {k: v for k, v in self._overrides.items() if k not in changes}
        return settings

    def ensure_client_id(self) -> Settings:
        """Gives the data folder its MQTT client id at the first start; it never changes by
        itself, because the broker keeps our session under it.

        Made of what tells this folder on this computer from others, so that a start that
        cannot save it finds the same id again. Raises KnownError(settings.not_saved), with
        the id in force for this run.
        """
        if self.current.broker.client_id:
            return self.current
        place = f"{platform.node()}/{uuid.getnode()}/{self._path.absolute()}"
        change = {"broker.client_id": f"harit-{uuid.uuid5(uuid.NAMESPACE_URL, place).hex}"}
        try:
            return self.save(change)
        except KnownError:
            self.override(change)
            raise

    def _read(self) -> dict[str, Any]:
        try:
            if self._path.exists() and not self._path.is_file():
                # A pipe in its place would make the start wait for somebody.
                raise OSError(errno.EINVAL, "not a regular file")
            data = toml_tree(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except OSError as error:
            reason = error.strerror or str(error)
            self.problems.append(Problem("settings.unreadable", {"reason": reason}))
            return {}
        except (UnicodeDecodeError, TomlFault) as error:
            return self._set_aside(str(error))
        known: dict[str, Any] = {}
        for section, values in data.items():
            if not isinstance(values, dict):
                self.problems.append(Problem("settings.unknown_key", {"key": section[:100]}))
                self._refused_some = True
                continue
            for name, value in values.items():
                self._take(known, f"{section}.{name}", value)
        return known

    def _take(self, known: dict[str, Any], key: str, value: Any) -> None:
        if key not in FIELD_SPECS:
            self._extra[key] = value
            self.problems.append(Problem("settings.unknown_key", {"key": key[:100]}))
            return
        try:
            build_settings({key: value})
        except KnownError as error:
            self.problems.append(error.problem)
            self._refused_some = True
        else:
            known[key] = tuple(value) if FIELD_SPECS[key].kind == "list" else value

    def _set_aside(self, reason: str) -> dict[str, Any]:
        aside = self._path.with_name(f"{self._path.name}.damaged-{int(time.time())}")
        with contextlib.suppress(OSError):
            self._path.replace(aside)
        self.problems.append(
            Problem("settings.damaged", {"kept_as": aside.name, "reason": reason[:200]})
        )
        return {}

    def _write(self, saved: Mapping[str, Any]) -> None:
        tree: dict[str, Any] = {}
        for key, value in {**self._extra, **saved}.items():
            section, _, name = key.partition(".")
            if value is None:
                continue
            tree.setdefault(section, {})[name] = msgspec.to_builtins(value)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            if self._refused_some:
                # The new file does not have what could not be used: the old one is kept.
                kept = self._path.with_name(f"{self._path.name}.kept-{int(time.time())}")
                shutil.copyfile(self._path, kept)
                self._refused_some = False
            with replacing(self._path.resolve()) as file:
                file.write(tomli_w.dumps(tree).encode())
        except OSError as error:
            reason = error.strerror or str(error)
            raise KnownError("settings.not_saved", path=str(self._path), reason=reason) from error

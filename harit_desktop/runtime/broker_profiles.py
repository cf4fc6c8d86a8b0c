"""Broker profiles beside the settings in force and the keyring.

The profile in use is what the settings say: who changes them changes it. Its file follows
before anything is read of it, and settings that belong to no profile get one of their own
before another broker takes their place, so that nothing typed is ever lost.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harit_desktop.domain.errors import KnownError, Problem
from harit_desktop.settings.presets import Preset, is_public_test_broker
from harit_desktop.settings.profile_files import FILE_NAMES, key_is_encrypted
from harit_desktop.settings.profile_transfer import ImportedProfile, export_profile, read_import
from harit_desktop.settings.profiles import (
    BrokerProfile,
    ProfileBook,
    complete_values,
    new_client_id,
    profile_values,
)
from harit_desktop.settings.secrets import PROFILE_SECRETS, SecretStore
from harit_desktop.settings.store import SettingsStore


@dataclass(frozen=True)
class ProfileList:
    """The profiles there are; `present` is the id of the one in use, "" for none."""

    profiles: tuple[BrokerProfile, ...] = ()
    present: str = ""
    problems: tuple[Problem, ...] = ()

    def named(self, slug: str) -> BrokerProfile | None:
        return next((one for one in self.profiles if one.slug == slug), None)


@dataclass(frozen=True)
class Switch:
    """What another profile changes; `wants` are secrets that it needs and nobody knows."""

    profile: BrokerProfile
    changes: Mapping[str, Any]
    wants: tuple[str, ...] = ()


class BrokerProfiles:
    """What a view may do with profiles. Every method may block (files, keyring), so it is for
    jobs of a query pool and for the control thread. Raises KnownError."""

    def __init__(self, folder: Path, store: SettingsStore, secrets: SecretStore) -> None:
        self._book = ProfileBook(folder)
        self._store = store
        self._secrets = secrets

    def load(self) -> ProfileList:
        """All profiles, the one in use as the settings have it."""
        self._follow()
        profiles, problems = self._book.load()
        return ProfileList(tuple(profiles), self._present(), tuple(problems))

    def switch(self, slug: str) -> Switch:
        """What makes a profile the one in use. The settings in force are kept first."""
        self._keep_present(but=slug)
        profile = self._book.get(slug)
        return Switch(profile, self._changes(profile), self._wanted(profile.values, profile.slug))

    def create(self, name: str, values: Mapping[str, Any]) -> BrokerProfile:
        """Keeps values under a new name, with a client id of its own where they have none."""
        return self._created(name, values)

    def save_as(
        self,
        name: str,
        values: Mapping[str, Any],
        source: str,
        secrets: Mapping[str, str] | None = None,
    ) -> BrokerProfile:
        """As `create`, with the passwords of the profile that the values were changed from,
        unless they lead to another broker or user; `secrets` are typed ones."""
        before = self._values_of(source)
        own = {} if not source else {"broker.client_id": new_client_id()}
        made = self._created(name, {**before, **values, **own})
        if same_door(before, made.values):
            self._secrets.copy(source, made.slug)
        for key, value in (secrets or {}).items():
            self._secrets.set(key, value, made.slug)
        return made

    def add_preset(self, preset: Preset, name: str) -> BrokerProfile:
        """A new profile of a well-known broker."""
        return self.add_new(name, preset.values)

    def add_new(self, name: str, values: Mapping[str, Any]) -> BrokerProfile:
        """As `create`, with a number behind the name where it is taken."""
        return self._created(self._book.free_name(name), values)

    def add_import(self, imported: ImportedProfile) -> BrokerProfile:
        """Keeps what was read of a file; never in the place of another profile."""
        name = self._book.free_name(imported.name)
        return self._created(name, imported.values, imported.authority)

    def read_import(self, path: Path) -> ImportedProfile:
        """What a file would make; nothing is kept."""
        return read_import(path)

    def update(
        self, slug: str, values: Mapping[str, Any], secrets: Mapping[str, str] | None = None
    ) -> BrokerProfile:
        """Keeps other values; a password stays only where broker and user do. `secrets` are
        typed ones."""
        before = self._book.get(slug)
        kept = {**before.values, **values}
        after = self._book.update(slug, kept)
        if not same_door(before.values, after.values):
            self._secrets.set("broker.password", "", slug)
        for key, value in (secrets or {}).items():
            self._secrets.set(key, value, slug)
        return after

    def rename(self, slug: str, name: str) -> BrokerProfile:
        return self._book.rename(slug, name)

    def duplicate(self, slug: str, name: str) -> BrokerProfile:
        """A copy with a client id of its own and the same passwords."""
        self._follow()
        made = self._book.duplicate(slug, self._book.free_name(name))
        self._secrets.forget(made.slug)
        self._secrets.copy(slug, made.slug)
        return made

    def delete(self, slug: str) -> None:
        """Forgets a profile and its passwords; not the one in use."""
        if slug in (self._present(), self._store.saved.broker.profile):
            raise KnownError("broker_profile.in_use", name=slug)
        self._book.delete(slug)
        self._secrets.forget(slug)

    def export(self, slug: str, path: Path) -> None:
        """Writes a profile to a file, without any secret."""
        self._follow()
        export_profile(self._book.get(slug), path)

    def missing(self) -> tuple[str, ...]:
        """Secrets that the broker in use needs and nobody knows: without a keyring they have
        to be asked for at every start."""
        settings = self._store.current
        if settings.broker.mode != "external":
            return ()
        return self._wanted(profile_values(settings), None)

    def known(self, slug: str) -> dict[str, bool]:
        """Of each secret of a profile whether it is known; one that a locked keyring does not
        tell is left out."""
        found = {}
        for key in PROFILE_SECRETS:
            with contextlib.suppress(KnownError):
                found[key] = bool(self._secrets.get(key, slug))
        return found

    def complete(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """What a change of settings means for the profile in use: certificates and key go
        into its folder. A profile that holds for this run alone is saved as a whole."""
        completed = dict(changes)
        present, saved = self._present(), self._store.saved.broker.profile
        if not any(key.startswith("broker.") for key in changes):
            return completed
        if "broker.profile" not in changes and present != saved:
            whole = {**profile_values(self._store.current), "broker.profile": present}
            completed = {**whole, **completed}
        slug = completed.get("broker.profile", present)
        if slug:
            chosen = {key: completed[key] for key in FILE_NAMES if key in completed}
            completed |= {k: v for k, v in self._book.adopt(slug, chosen).items() if k in chosen}
        return completed

    def _present(self) -> str:
        return self._store.current.broker.profile

    def _values_of(self, slug: str) -> Mapping[str, Any]:
        return self._book.get(slug).values if slug else profile_values(self._store.current)

    def _created(self, name: str, values: Mapping[str, Any], authority: str = "") -> BrokerProfile:
        own = {"broker.client_id": new_client_id()}
        chosen = {key: value for key, value in values.items() if value != ""}
        made = self._book.create(name, complete_values({**own, **chosen}), authority)
        # A keyring that could not be asked may still hold those of a profile that is gone.
        if self._store.saved.broker.profile != made.slug:
            self._secrets.forget(made.slug)
        return made

    def _changes(self, profile: BrokerProfile) -> dict[str, Any]:
        changes = profile.changes
        if self._store.current.publisher.enabled:
            # Consent to simulated readings was given for another broker.
            changes["publisher.enabled"] = False
        return changes

    def _wanted(self, values: Mapping[str, Any], slug: str | None) -> tuple[str, ...]:
        key_file = values["broker.key_file"] if values["broker.tls"] else ""
        needed = {
            "broker.password": bool(values["broker.username"]),
            "broker.key_passphrase": bool(key_file) and key_is_encrypted(key_file),
        }
        return tuple(key for key, need in needed.items() if need and not self._known(key, slug))

    def _known(self, key: str, slug: str | None) -> bool:
        try:
            return bool(self._secrets.get(key, slug))
        except KnownError:
            # A locked keyring: it has to be asked for.
            return False

    def _follow(self) -> None:
        """Brings the file of the saved profile up to what the settings have become."""
        saved = self._store.saved
        slug = saved.broker.profile
        if not slug or slug != self._present():
            # What holds for this run alone changes nothing that is kept.
            return
        values = profile_values(saved)
        try:
            if dict(self._book.get(slug).values) != values:
                self._book.update(slug, values)
        except KnownError as error:
            if error.code != "broker_profile.not_found":
                raise

    def _keep_present(self, but: str) -> None:
        """Settings that are of no profile become one, or a switch would lose them."""
        self._follow()
        saved = self._store.saved
        slug = saved.broker.profile
        if slug == but or not self._store.is_saved("broker.host"):
            return
        profiles = self._book.load()[0]
        values = profile_values(saved)
        if any(one.slug == slug or _same_but_id(one.values, values) for one in profiles):
            return
        name = self._book.free_name(saved.broker.host[:50])
        made = self._book.create(name, values)
        if not slug:
            self._secrets.copy("", made.slug)


def _same_but_id(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether both reach the same broker in the same way; copies of files count as the same."""
    aside = ("broker.client_id", *FILE_NAMES)
    return all(before[key] == after[key] for key in before if key not in aside)


def same_door(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether a password for one broker may be sent to the other: the same host and user, and
    not less protected on the way."""
    same = all(
        str(before[key]).casefold() == str(after[key]).casefold()
        for key in ("broker.host", "broker.username")
    )
    return same and (after["broker.tls"] or not before["broker.tls"])


def profile_overrides(folder: Path, store: SettingsStore, name: str) -> dict[str, Any]:
    """The settings of `--profile NAME`, for this run alone.

    The profile in use needs none: the settings say more of it than its file. At a public test
    broker nothing is published unless that is asked for too. Raises KnownError.
    """
    profile = ProfileBook(folder).find(name)
    if profile.slug == store.saved.broker.profile:
        return {"broker.mode": "external"}
    changes = profile.changes
    if not changes["broker.client_id"]:
        del changes["broker.client_id"]
    if is_public_test_broker(changes["broker.host"]):
        changes["publisher.enabled"] = False
    return changes

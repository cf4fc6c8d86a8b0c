"""A broker profile as a file for another computer: without secrets, key and client id.

The certificate authority goes with it, since it is public and the other computer needs it.
An imported profile is always a new one, has no file paths, and says what makes it less safe.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec
import tomli_w

from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.hosts import is_loopback
from harit_desktop.domain.routing import widest_filter
from harit_desktop.settings.atomic_file import replacing
from harit_desktop.settings.presets import is_public_test_broker
from harit_desktop.settings.profile_files import (
    FILE_NAMES,
    certificates_alone,
    check_authorities,
    read_checked,
)
from harit_desktop.settings.profiles import (
    BrokerProfile,
    complete_values,
    read_toml,
    reason_of,
    split_tree,
    unreadable,
)

FORMAT = "harit-broker-profile-1"
MAX_IMPORT_BYTES = 512_000
NOT_EXPORTED = ("broker.client_id", *FILE_NAMES)
"""The client id belongs to one computer, and a path means nothing on another one."""

Caution = Literal["no_tls", "no_hostname_check", "public", "all_topics", "own_ca", "client_key"]


@dataclass(frozen=True)
class ImportedProfile:
    """What a file would make; nothing is kept yet. `authority` is a PEM text or empty."""

    name: str
    values: Mapping[str, Any]
    authority: str = ""
    wants_key: bool = False

    @property
    def cautions(self) -> tuple[Caution, ...]:
        """What somebody should know before using it, what needs consent first."""
        values = self.values
        host = values["broker.host"]
        found: list[tuple[Caution, bool]] = [
            ("no_tls", not values["broker.tls"] and not is_loopback(host)),
            ("no_hostname_check", values["broker.tls"] and not values["broker.verify_hostname"]),
            ("public", is_public_test_broker(host)),
            ("all_topics", bool(widest_filter(values["broker.topics"]))),
            ("own_ca", bool(self.authority)),
            ("client_key", self.wants_key),
        ]
        return tuple(caution for caution, holds in found if holds)

    @property
    def needs_consent(self) -> bool:
        """Whether it sends passwords readably, or to whoever has any certificate."""
        return bool({"no_tls", "no_hostname_check"} & set(self.cautions))


def export_profile(profile: BrokerProfile, path: Path) -> None:
    """Writes what another computer needs; no password, private key or client certificate.

    Raises KnownError: broker_profile.not_saved or .bad_file.
    """
    section = {
        key.partition(".")[2]: msgspec.to_builtins(value)
        for key, value in profile.values.items()
        if key not in NOT_EXPORTED
    }
    tree: dict[str, Any] = {"format": FORMAT, "name": profile.name}
    ca_file = profile.values["broker.ca_file"]
    if ca_file:
        tree["authority"] = read_checked("broker.ca_file", Path(ca_file)).decode("ascii")
    if profile.values["broker.cert_file"]:
        tree["wants_key"] = True
    try:
        with replacing(path) as file:
            file.write(tomli_w.dumps({**tree, "broker": section}, multiline_strings=True).encode())
    except OSError as error:
        reason = error.strerror or str(error)
        raise KnownError("broker_profile.not_saved", path=str(path), reason=reason) from error


def read_import(path: Path) -> ImportedProfile:
    """What a file would make. Raises KnownError: broker_profile.not_found or .unreadable,
    the latter for every key that does not belong there, a path or a command among them."""
    tree = read_toml(path, MAX_IMPORT_BYTES, path.name)
    try:
        return _imported(tree)
    except KnownError as error:
        raise unreadable(path, reason_of(error.problem)) from error
    except ValueError as error:
        raise unreadable(path, str(error)) from error


def _imported(tree: Mapping[str, Any]) -> ImportedProfile:
    if tree.get("format") != FORMAT:
        raise ValueError("it is no broker profile that Export made")
    name, values = split_tree(tree, ("format", "name", "authority", "wants_key", "broker"))
    for key in NOT_EXPORTED:
        if key in values:
            raise KnownError("settings.unknown_key", key=key)
    authority, wants_key = tree.get("authority", ""), tree.get("wants_key", False)
    if not isinstance(authority, str) or not isinstance(wants_key, bool):
        raise ValueError("authority needs a text, wants_key true or false")
    if authority:
        authority = certificates_alone(authority.encode("ascii", "replace")).decode("ascii")
        check_authorities(authority)
    return ImportedProfile(name, complete_values(values), authority, wants_key)

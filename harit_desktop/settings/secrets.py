"""Secrets: from the environment or the system's keyring, never from a file of ours."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping

from harit_desktop.domain.errors import KnownError
from harit_desktop.settings.model import SECRET_KEYS
from harit_desktop.settings.store import environment_name

SERVICE = "harit-desktop"

PROFILE_SECRETS = ("broker.password", "broker.key_passphrase")
"""Kept once for each broker profile: what opens one broker is never sent to another."""


class SecretStore:
    """The secrets of one data folder; `scope` keeps two folders' secrets apart.

    `learned` is told every secret that becomes known, so that logs can mask it. `profile`
    says which broker profile is in use ("" for none); the environment's secrets of a broker
    are for the profile that was in use at the start.
    Asking the keyring can block (D-Bus, a locked wallet): never from the main thread.
    """

    def __init__(
        self,
        scope: str,
        learned: Callable[[str], None],
        environment: Mapping[str, str] | None = None,
        profile: Callable[[], str] = lambda: "",
    ) -> None:
        self._scope = scope
        self._learned = learned
        self._environment = os.environ if environment is None else environment
        self._profile = profile
        self._first_profile = profile()
        self._session: dict[str, str] = {}

    def get(self, key: str, profile: str | None = None) -> str | None:
        """The secret, from this session, the environment or the keyring; None if unset.

        `profile` is another broker profile than the one in use.
        """
        name = self._name(key, profile)
        value = self._session.get(name)
        if value is None and (key not in PROFILE_SECRETS or name == self._first_name(key)):
            value = self._environment.get(environment_name(key))
        if value is None:
            value = self._from_keyring(name)
        if value:
            self._learned(value)
        return value

    def _from_keyring(self, name: str) -> str | None:
        if not self.keyring_usable():
            return None
        import keyring
        import keyring.errors

        try:
            return keyring.get_password(SERVICE, f"{self._scope}/{name}")
        except keyring.errors.KeyringError as error:
            raise KnownError("secrets.keyring", reason=type(error).__name__) from error

    def set(self, key: str, value: str, profile: str | None = None) -> bool:
        """Keeps the secret for this session and, where there is one, in the keyring.

        Returns whether it will still be known at the next start. An empty one is forgotten.
        """
        name = self._name(key, profile)
        self._session[name] = value
        if value:
            self._learned(value)
        if not self.keyring_usable():
            # Nothing that could be forgotten is no loss.
            return not value
        import keyring
        import keyring.errors

        try:
            if value:
                keyring.set_password(SERVICE, f"{self._scope}/{name}", value)
            else:
                with contextlib.suppress(keyring.errors.PasswordDeleteError):
                    keyring.delete_password(SERVICE, f"{self._scope}/{name}")
        except keyring.errors.KeyringError:
            return False
        return True

    def copy(self, source: str, target: str) -> None:
        """Gives a broker profile the secrets of another one. Raises KnownError."""
        for key in PROFILE_SECRETS:
            value = self.get(key, source)
            if value:
                self.set(key, value, target)

    def forget(self, profile: str) -> None:
        """Forgets the secrets of a broker profile."""
        for key in PROFILE_SECRETS:
            self.set(key, "", profile)

    def _name(self, key: str, profile: str | None) -> str:
        _check(key)
        if key not in PROFILE_SECRETS:
            return key
        chosen = self._profile() if profile is None else profile
        return f"profiles/{chosen}/{key}" if chosen else key

    def _first_name(self, key: str) -> str:
        return self._name(key, self._first_profile)

    @staticmethod
    def keyring_usable() -> bool:
        """Whether the system has a keyring that is neither absent nor plain text."""
        import keyring

        backend = type(keyring.get_keyring())
        unusable = ("fail", "null", "Plaintext")
        name = f"{backend.__module__}.{backend.__qualname__}"
        return not any(word in name for word in unusable)


def _check(key: str) -> None:
    if key not in SECRET_KEYS:
        raise ValueError(f"not a secret: {key}")

"""Secrets: from the environment or the system's keyring, never from a file of ours."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from harit_desktop.domain.errors import KnownError
from harit_desktop.settings.model import SECRET_KEYS
from harit_desktop.settings.store import environment_name

SERVICE = "harit-desktop"


class SecretStore:
    """The secrets of one data folder; `scope` keeps two folders' secrets apart.

    `learned` is told every secret that becomes known, so that logs can mask it.
    Asking the keyring can block (D-Bus, a locked wallet): never from the main thread.
    """

    def __init__(
        self,
        scope: str,
        learned: Callable[[str], None],
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._scope = scope
        self._learned = learned
        self._environment = os.environ if environment is None else environment
        self._session: dict[str, str] = {}

    def get(self, key: str) -> str | None:
        """The secret, from this session, the environment or the keyring; None if unset."""
        _check(key)
        value = self._session.get(key, self._environment.get(environment_name(key)))
        if value is None:
            value = self._from_keyring(key)
        if value is not None:
            self._learned(value)
        return value

    def _from_keyring(self, key: str) -> str | None:
        if not self.keyring_usable():
            return None
        import keyring
        import keyring.errors

        try:
            return keyring.get_password(SERVICE, f"{self._scope}/{key}")
        except keyring.errors.KeyringError as error:
            raise KnownError("secrets.keyring", reason=type(error).__name__) from error

    def set(self, key: str, value: str) -> bool:
        """Keeps the secret for this session and, where there is one, in the keyring.

        Returns whether it will still be known at the next start.
        """
        _check(key)
        self._session[key] = value
        self._learned(value)
        if not self.keyring_usable():
            return False
        import keyring
        import keyring.errors

        try:
            keyring.set_password(SERVICE, f"{self._scope}/{key}", value)
        except keyring.errors.KeyringError:
            return False
        return True

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

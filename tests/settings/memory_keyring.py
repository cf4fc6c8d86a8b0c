"""A keyring in memory, as safe as a test needs it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keyring
import keyring.backend
import keyring.errors


class MemoryKeyring(keyring.backend.KeyringBackend):
    """Holds passwords until the test ends; `locked` refuses every question."""

    priority = 1.0

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[str, str] = {}
        self.locked = False

    def get_password(self, service: str, username: str) -> str | None:
        self._refuse_locked()
        return self.kept.get(username)

    def set_password(self, service: str, username: str, password: str) -> None:
        self._refuse_locked()
        self.kept[username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._refuse_locked()
        if self.kept.pop(username, None) is None:
            raise keyring.errors.PasswordDeleteError("none")

    def _refuse_locked(self) -> None:
        if self.locked:
            raise keyring.errors.KeyringLocked("locked")


@contextmanager
def memory_keyring() -> Iterator[MemoryKeyring]:
    """The system's keyring is replaced meanwhile."""
    before, made = keyring.get_keyring(), MemoryKeyring()
    keyring.set_keyring(made)
    try:
        yield made
    finally:
        keyring.set_keyring(before)

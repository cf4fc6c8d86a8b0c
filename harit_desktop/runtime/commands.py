"""What a view may ask of the engine: small frozen structs on its control queue."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec


class Command(msgspec.Struct, frozen=True):
    """Base of all commands; each is handled by the engine's control thread."""


class Connect(Command, frozen=True):
    """Starts (or restarts) the subscriber, with the built-in broker where it is chosen."""


class Disconnect(Command, frozen=True):
    """Stops the subscriber; the broker keeps the session."""


class RetryNow(Command, frozen=True):
    """Tries the broker at once instead of waiting for the back-off."""


class StartPublisher(Command, frozen=True):
    """Starts the simulated sensors and keeps that choice for the next start."""


class StopPublisher(Command, frozen=True):
    """Stops the simulated sensors and keeps that choice for the next start."""


class StartDemo(Command, frozen=True):
    """First-run card: built-in broker, simulator, subscriber in one step."""

    devices: int = 3
    interval_s: float = 2.0


class ApplySettings(Command, frozen=True):
    """Saves changed settings ("section.name" to value) and restarts only what changed.

    `secrets` are kept in the keyring, never in the file.
    """

    changes: Mapping[str, Any] = {}
    secrets: Mapping[str, str] = {}


class DeleteSimulated(Command, frozen=True):
    """Deletes every simulated reading from the store."""


class ApproveChange(Command, frozen=True):
    """Lets the store server's database be changed as its status says."""


class BackUpNow(Command, frozen=True):
    """Makes a backup beside the scheduled ones."""


class RestoreBackup(Command, frozen=True):
    """Puts a backup in the place of the store, which is kept beside it.

    The file is checked again before anything is replaced.
    """

    path: Path

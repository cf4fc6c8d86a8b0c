"""What a view may ask of the engine: small frozen structs on its control queue."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from harit_desktop.domain.device_book import Calibration, DeviceRecord
from harit_desktop.domain.notes import ChartNote


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

    def __repr__(self) -> str:
        return f"ApplySettings({sorted(self.changes)}, secrets: {sorted(self.secrets)})"


class DeleteSimulated(Command, frozen=True):
    """Deletes every simulated reading from the store."""


class SaveDevice(Command, frozen=True):
    """Keeps what a person says about a device."""

    record: DeviceRecord


class AddCalibration(Command, frozen=True):
    """Keeps a comparison of a channel with the truth; it holds from its date on."""

    calibration: Calibration


class RemoveCalibration(Command, frozen=True):
    """Forgets a comparison that was entered."""

    calibration_id: int


class AcknowledgeAlerts(Command, frozen=True):
    """Somebody has seen these alerts."""

    ids: tuple[int, ...]
    note: str = ""


class MuteAlert(Command, frozen=True):
    """No word of the alert's rule and device for so long; 0 takes that back."""

    alert_id: int
    minutes: float = 60.0


class NoteAlert(Command, frozen=True):
    """Keeps what a person says about an alert."""

    alert_id: int
    note: str


class SeeEnded(Command, frozen=True):
    """Somebody has seen that these alerts are over."""

    ids: tuple[int, ...]


class AddNote(Command, frozen=True):
    """Keeps a note on the charts."""

    note: ChartNote


class RemoveNote(Command, frozen=True):
    """Deletes a note."""

    note_id: int


class ApproveChange(Command, frozen=True):
    """Lets the store server's database be changed as its status says."""


class BackUpNow(Command, frozen=True):
    """Makes a backup beside the scheduled ones."""


class RestoreBackup(Command, frozen=True):
    """Puts a backup in the place of the store, which is kept beside it.

    The file is checked again before anything is replaced.
    """

    path: Path

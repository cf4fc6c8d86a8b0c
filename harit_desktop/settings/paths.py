"""The data folder: where everything that the program keeps lives."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

APP_DIR_NAME = "harit-desktop"
DATA_DIR_VARIABLE = "HARIT_DATA_DIR"


def default_data_dir() -> Path:
    """The platform's folder for this user's data, or HARIT_DATA_DIR where it is set."""
    chosen = os.environ.get(DATA_DIR_VARIABLE)
    return Path(chosen) if chosen else Path(platformdirs.user_data_dir(APP_DIR_NAME, False))


def default_demo_dir() -> Path:
    """A folder beside the default one, so that a trial never mixes with real readings."""
    folder = default_data_dir()
    return folder.with_name(folder.name + "-demo")


@dataclass(frozen=True)
class DataPaths:
    """File names inside one data folder."""

    root: Path

    @property
    def settings(self) -> Path:
        return self.root / "settings.toml"

    @property
    def database(self) -> Path:
        return self.root / "harit.db"

    @property
    def lock(self) -> Path:
        return self.root / "lock"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def window_state(self) -> Path:
        return self.root / "window.ini"

    @property
    def readings_csv(self) -> Path:
        return self.root / "sensor_readings.csv"

    @property
    def audit_csv(self) -> Path:
        return self.root / "mqtt_sensor_received.csv"

    @property
    def broker(self) -> Path:
        return self.root / "broker"

    @property
    def backups(self) -> Path:
        """Where backups go unless the settings name another folder."""
        return self.root / "backups"

    @property
    def profiles(self) -> Path:
        """The user's own crop profiles."""
        return self.root / "profiles"

    @property
    def templates(self) -> Path:
        """How to read messages that no format knows."""
        return self.root / "templates"

    @property
    def broker_profiles(self) -> Path:
        """The brokers that the user can switch to, with their certificates."""
        return self.root / "broker_profiles"

    @property
    def sessions(self) -> Path:
        """What is known of earlier sessions with brokers."""
        return self.root / "sessions.json"

    @property
    def outbox(self) -> Path:
        """What the publisher has made and nobody has confirmed yet."""
        return self.root / "outbox.db"

    @property
    def lone_outbox(self) -> Path:
        """The same of the command that publishes beside the running program."""
        return self.root / "outbox-publish.db"

    def is_own(self, path: Path) -> bool:
        """Whether a file is one of the program's own, which nothing else may write."""
        files = (self.settings, self.database, self.lock, self.window_state, self.sessions)
        outboxes = self.root.glob("outbox*.db")
        logs = (Path(f"{self.database}{suffix}") for suffix in ("-wal", "-shm"))
        own = (*files, *logs, self.readings_csv, self.audit_csv, *outboxes)
        folders = (self.logs, self.broker, self.backups)
        inside = (*folders, self.profiles, self.broker_profiles, self.templates)
        target = path.resolve()
        names = {file.resolve() for file in own}
        return target in names or any(target.is_relative_to(f.resolve()) for f in inside)

    def instance_name(self) -> str:
        """A short name for this folder, the same in every process that uses it."""
        digest = hashlib.sha256(str(self.root.resolve()).encode()).hexdigest()
        return f"harit-desktop-{digest[:16]}"

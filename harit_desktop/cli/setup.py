"""From arguments to a running engine: data folder, settings, logs, lock."""

from __future__ import annotations

import argparse
import gc
import signal
import threading
from pathlib import Path
from types import FrameType
from typing import Any

from harit_desktop.cli.texts import printable
from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.hosts import is_loopback
from harit_desktop.observability.crash import CrashLog
from harit_desktop.observability.logs import start_logging
from harit_desktop.observability.redact import Redactor
from harit_desktop.runtime.broker_profiles import profile_overrides
from harit_desktop.runtime.instance import InstanceLock
from harit_desktop.settings.model import Settings
from harit_desktop.settings.owner_only import close_to_others
from harit_desktop.settings.paths import DataPaths, default_data_dir, default_demo_dir
from harit_desktop.settings.store import SettingsStore, parse_assignment

DEMO_SETTINGS: dict[str, Any] = {
    "broker.mode": "builtin",
    "publisher.enabled": True,
    "publisher.devices": 3,
    "publisher.interval_s": 2.0,
}


def data_paths(options: argparse.Namespace) -> DataPaths:
    """The folder that was asked for; a demo without one keeps to a folder of its own."""
    chosen: Path | None = options.data_dir
    if chosen is None:
        chosen = default_demo_dir() if getattr(options, "demo", False) else default_data_dir()
    try:
        return DataPaths(chosen.expanduser().absolute())
    except (RuntimeError, OSError) as error:
        raise KnownError("data_dir.unusable", path=str(chosen), reason=str(error)) from error


def overrides(options: argparse.Namespace) -> dict[str, Any]:
    """The settings that hold for this run alone."""
    demo = DEMO_SETTINGS if getattr(options, "demo", False) else {}
    return {**demo, **dict(parse_assignment(text) for text in options.assignments)}


def open_settings(options: argparse.Namespace, paths: DataPaths) -> SettingsStore:
    """The settings of the folder with this run's overrides.

    Raises KnownError for a value that is not possible.
    """
    asked = overrides(options)
    store = SettingsStore(paths.settings, asked)
    name: str | None = getattr(options, "profile", None)
    if name is not None:
        chosen = profile_overrides(paths.broker_profiles, store, name)
        # What is set by hand wins over the profile.
        store.override({key: value for key, value in chosen.items() if key not in asked})
    return store


def remarks(settings: Settings) -> list[str]:
    """What settings say that is possible and hardly meant, line by line."""
    lines = []
    builtin, routing = settings.builtin_broker, settings.routing
    asked = settings.broker.mode == "builtin" and builtin.allow_network
    if asked and is_loopback(builtin.host):
        lines.append(
            f"builtin_broker.allow_network is true, but builtin_broker.host is {builtin.host}: "
            "the built-in broker is for this computer alone and asks for no password; set "
            "builtin_broker.host=0.0.0.0 to let devices on the network connect"
        )
    if routing.mode == "allow" and not (routing.devices or routing.topics or routing.zones):
        lines.append(
            "routing.mode is allow and names nothing, so every reading is left out; set "
            "routing.devices, routing.topics or routing.zones"
        )
    return [printable(line) for line in lines]


def take_folder(paths: DataPaths) -> InstanceLock:
    """The right to the data folder. Raises KnownError(data_dir.in_use) if it is taken."""
    lock = InstanceLock(paths.lock)
    if not lock.acquire():
        raise KnownError("data_dir.in_use", path=str(paths.root))
    return lock


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM and SIGINT set, so that the command can end in order."""
    stop = threading.Event()

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGINT, ask_to_stop)
    return stop


_COLLECT_ALL_S = 300
_SETTLED_S = 8
"""By then all is loaded that the program always has; it is never looked at again."""


def calm_collector() -> None:
    """Has Python look for reference cycles less often while the program loads; from then on
    the waiting thread does it (`collect_until`, with a window `ui.garbage`)."""
    gc.set_threshold(50_000, 20, 50)


def collect_until(stop: threading.Event) -> None:
    """Waits for `stop`, and meanwhile looks for reference cycles in the place of the threads
    that store readings: left to itself Python has those do it, which costs them a sixth of
    their time."""
    was_enabled = gc.isenabled()
    gc.disable()
    seconds = 0
    while not stop.wait(1.0):
        seconds += 1
        gc.collect(2 if seconds % _COLLECT_ALL_S == 0 else 1)
        if seconds == _SETTLED_S:
            gc.freeze()
    gc.unfreeze()
    if was_enabled:
        gc.enable()


def start_observability(paths: DataPaths) -> Redactor:
    """Starts the log files and the crash log; secrets are to be named to the redactor."""
    close_to_others(paths)
    redactor = Redactor()
    start_logging(paths.logs, redactor)
    CrashLog(paths.logs).install()
    return redactor

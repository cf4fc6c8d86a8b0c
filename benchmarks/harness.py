"""The real engine under measurement, without a window or with it, in the calling process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harit_desktop.app import ProductParts, now_us
from harit_desktop.domain.batch import CommitItem, CommitResult
from harit_desktop.observability.redact import Redactor
from harit_desktop.runtime.engine import Engine
from harit_desktop.runtime.store_parts import JournalPart
from harit_desktop.settings.paths import DataPaths
from harit_desktop.settings.secrets import SecretStore
from harit_desktop.settings.store import SettingsStore

TURN_MS = 10

_SCHEDSTAT = Path("/proc/thread-self/schedstat")


@dataclass(frozen=True, order=True)
class Turn:
    """A turn of the event loop: its length, and the part of it in which the machine had no
    processor for the thread, which is other programs' doing (0 where the system does not
    tell)."""

    seconds: float
    starved_s: float


Committed = Callable[[Sequence[CommitItem], int], None]
"""Told each batch right after its commit, with the time in microseconds."""


class _WatchedJournal:
    def __init__(self, journal: JournalPart, committed: Committed) -> None:
        self._journal = journal
        self._committed = committed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)

    def commit(self, batch: Sequence[CommitItem]) -> CommitResult:
        result = self._journal.commit(batch)
        self._committed(batch, now_us())
        return result


class _WatchedParts(ProductParts):
    def __init__(self, paths: DataPaths, committed: Committed) -> None:
        super().__init__(paths)
        self._committed = committed

    def journal(self) -> Any:
        return _WatchedJournal(super().journal(), self._committed)


def build(data: Path, port: int, committed: Committed = lambda *_: None) -> Engine:
    """An engine of its own data folder for a broker on loopback."""
    paths = DataPaths(data)
    redactor = Redactor()
    settings = {"broker.port": port, "broker.client_id": "measured"}
    store = SettingsStore(paths.settings, settings)
    secrets = SecretStore(paths.instance_name(), redactor.add)
    return Engine(paths, store, secrets, _WatchedParts(paths, committed), now_us)


def connected(engine: Engine) -> None:
    """Waits until the broker has granted the subscription."""
    while engine.snapshot().link.state != "connected":
        time.sleep(0.05)


def run(engine: Engine, work: Callable[[], None], *, window: bool) -> list[Turn]:
    """Runs the engine until `work`, on a thread of its own, is done.

    Returns the turns of the window's event loop while it ran, as a timer of `TURN_MS` finds
    them; nothing without a window.
    """
    if not window:
        engine.start(connect=True)
        work()
        engine.stop()
        return []
    return _run_window(engine, work)


def _starved_s() -> float:
    """How long the calling thread has waited for a processor in all."""
    return int(_SCHEDSTAT.read_text().split()[1]) / 1e9 if _SCHEDSTAT.exists() else 0.0


def _run_window(engine: Engine, work: Callable[[], None]) -> list[Turn]:
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from harit_desktop.ui.application import run_application

    turns: list[Turn] = []
    worker = threading.Thread(target=work, name="measures", daemon=True)
    last_s = last_starved_s = 0.0

    def turn() -> None:
        nonlocal last_s, last_starved_s
        now_s, starved_s = time.monotonic(), _starved_s()
        if worker.ident is not None and last_s:
            turns.append(Turn(now_s - last_s, starved_s - last_starved_s))
        last_s, last_starved_s = now_s, starved_s
        if worker.ident is not None and not worker.is_alive():
            for widget in QApplication.topLevelWidgets():
                widget.close()

    run_loop = QApplication.exec

    def exec_measured(*_: object) -> int:
        timer = QTimer(QApplication.instance())
        timer.timeout.connect(turn)
        timer.start(TURN_MS)
        QTimer.singleShot(2500, QApplication.instance(), worker.start)
        return run_loop()

    QApplication.exec = exec_measured  # type: ignore[method-assign]  # to add the timers
    run_application(engine)
    return turns


def percentile(values: Sequence[float], share: float) -> float:
    """Of sorted values; 0 where there are none."""
    return values[min(len(values) - 1, int(share * len(values)))] if values else 0.0

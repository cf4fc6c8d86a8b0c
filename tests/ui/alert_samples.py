"""Alerts and an engine's stand-in for the tests of the Alerts page.

Store, history and query pool are the real ones; only the alerts' own thread is missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from harit_desktop.domain.alert import (
    Alert,
    AlertBoard,
    AlertChange,
    AlertState,
    AlertTransition,
    RuleKind,
    Severity,
)
from harit_desktop.domain.calibration import Corrections
from harit_desktop.domain.device import DeviceState
from harit_desktop.domain.device_book import DeviceBook, DeviceRecord
from harit_desktop.runtime.commands import Command
from harit_desktop.runtime.queries import QueryHandle, QueryPool
from harit_desktop.settings.model import Settings
from harit_desktop.storage.alert_store import AlertStore
from harit_desktop.storage.history import HistoryReader
from harit_desktop.storage.series import Series

NOW_US = 1_764_000_000_000_000
MIN_US = 60_000_000
HOUR_US = 60 * MIN_US
LIMITS = {"Moisture": (30.0, 40.0, 25.0, 45.0), "Temperature": (15.0, 28.0, 10.0, 32.0)}
BOOK = DeviceBook(
    {
        "soil-01": DeviceRecord("soil-01", "North plot"),
        "soil-02": DeviceRecord("soil-02", "Canal side"),
    }
)


def alert(alert_id: int = 1, **changes: object) -> Alert:
    """Moisture of Canal side too low since two hours; told, and new."""
    made = Alert(
        id=alert_id,
        rule_id="moisture",
        kind=RuleKind.RANGE,
        severity=Severity.CRITICAL,
        publisher_id="soil-02",
        channel="Moisture",
        code="value.low",
        params={},
        value=24.8,
        limit=25.0,
        worst=16.4,
        raised_us=NOW_US - 2 * HOUR_US,
        told_us=NOW_US - 2 * HOUR_US,
    )
    return replace(made, **changes)


def silent(alert_id: int = 2, **changes: object) -> Alert:
    """A device that is silent since six minutes."""
    fields: dict[str, object] = {
        "rule_id": "silent",
        "kind": RuleKind.SILENT,
        "severity": Severity.WARNING,
        "publisher_id": "soil-01",
        "channel": "",
        "code": "device.silent",
        "params": {"after_s": 30.0},
        "value": None,
        "limit": None,
        "worst": None,
        "raised_us": NOW_US - 6 * MIN_US,
        "told_us": NOW_US - 5 * MIN_US,
    }
    return alert(alert_id, **(fields | changes))


def ended(alert_id: int = 3, **changes: object) -> Alert:
    """One that was over yesterday, and acknowledged."""
    fields: dict[str, object] = {
        "raised_us": NOW_US - 24 * HOUR_US,
        "ended_us": NOW_US - 20 * HOUR_US,
        "acknowledged_us": NOW_US - 23 * HOUR_US,
        "acknowledged_by": "Farm office",
    }
    return alert(alert_id, **(fields | changes))


class _History:
    """What the engine's history answers, from the real store."""

    def __init__(self, store: AlertStore, readings: HistoryReader) -> None:
        self._store = store
        self._readings = readings

    def alerts(
        self,
        state: AlertState | None = None,
        publisher_id: str | None = None,
        text: str = "",
        before_id: int | None = None,
        limit: int = 200,
    ) -> list[Alert]:
        return self._store.read(state, publisher_id, text, before_id, limit)

    def alert_log(self, alert_id: int) -> list[AlertTransition]:
        return self._store.read_log(alert_id)

    def series(self, *args: object) -> Series:
        return self._readings.series(*args)  # type: ignore[arg-type]  # Handed on as they are.


class _Live:
    def __init__(self) -> None:
        self.known: tuple[DeviceState, ...] = ()

    def devices(self) -> tuple[DeviceState, ...]:
        return self.known


class AlertHouse:
    """The engine as the alerts' parts of the window see it."""

    def __init__(self, path: Path) -> None:
        self.queries = QueryPool(1)
        self.live = _Live()
        self.settings = Settings()
        self.book = BOOK
        self.corrections = Corrections()
        self.sent: list[Command] = []
        self.store = AlertStore(path)
        self.history = _History(self.store, HistoryReader(path))
        self._board = AlertBoard()
        # One object stands for all the questions that are asked of the engine.
        self.judgement = self.jobs = self

    def limits(self) -> Mapping[str, Sequence[float]]:
        return LIMITS

    def submit(self, command: Command) -> None:
        self.sent.append(command)

    def alerts(self) -> AlertBoard:
        return self._board

    def export_alerts(self, path: Path, publisher_id: str | None) -> QueryHandle[int]:
        return self.queries.submit(
            "export", lambda _: self.store.export_csv(path, None, publisher_id)
        )

    def put(self, *alerts: Alert, telling: int | None = None) -> None:
        """Stores alerts and shows those that are open; `telling` is the id for the banner."""
        lines = [AlertTransition(one.id, one.raised_us, AlertChange.RAISED) for one in alerts]
        self.store.save(alerts, lines)
        shown = tuple(one for one in alerts if one.state is not AlertState.ENDED)
        chosen = next((one for one in alerts if one.id == telling), None)
        self._board = AlertBoard(self._board.version + 1, shown, chosen)

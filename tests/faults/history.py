"""The history check: the store holds what was confirmed, each exactly once, as it was sent."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tests.end_to_end.programs import wait_for
from tests.faults.sensors import COLUMNS, Plan, number_of

LATE_S = 5.0
"""Long enough for a redelivery after a reconnect to show up as a second row."""


@dataclass(frozen=True)
class Row:
    """A stored reading as the check needs it."""

    publisher_id: str
    timestamp_us: int
    values: tuple[float | None, ...]


class StoreUnderTest(Protocol):
    """A store that can be asked from outside for all that it holds."""

    def readings(self) -> list[Row]: ...
    def count(self) -> int: ...
    def integrity(self) -> list[str]: ...


class SqliteStore:
    """The data folder's file, read as any other program would read it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def readings(self) -> list[Row]:
        columns = ", ".join(COLUMNS)
        query = f"SELECT publisher_id, timestamp_us, {columns} FROM sensor_readings"
        return [Row(row[0], row[1], tuple(row[2:])) for row in self._ask(query)]

    def count(self) -> int:
        found = self._ask("SELECT count(*) FROM sensor_readings")
        return int(found[0][0]) if found else 0

    def integrity(self) -> list[str]:
        found = [row[0] for row in self._ask("PRAGMA quick_check")]
        return [] if found == ["ok"] else [f"quick_check: {found}"]

    def _ask(self, query: str) -> list[tuple[Any, ...]]:
        if not self._path.exists():
            return []
        with closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, timeout=15)) as db:
            try:
                return db.execute(query).fetchall()
            except sqlite3.OperationalError as error:
                if "no such table" in str(error):
                    return []
                raise


def faults(rows: Iterable[Row], confirmed: set[int], plans: Sequence[Plan]) -> list[str]:
    """What is wrong with a store, in words; empty where nothing is.

    Of what the broker did not confirm a row may be there, once, or not.
    """
    plan_of = {number: plan for plan in plans for number in plan.numbers}
    counts: Counter[int] = Counter()
    wrong: list[str] = []
    invented: list[str] = []
    for row in rows:
        number = _number(row)
        plan = plan_of.get(number) if number is not None else None
        if number is None or plan is None:
            invented.append(str(row))
            continue
        counts[number] += 1
        instant_us = plan.instant_us(number)
        if instant_us is None:
            instant_us = row.timestamp_us
        if row != Row(plan.publisher_of(number), instant_us, plan.values_of(number)):
            wrong.append(str(row))
    missing = sorted(confirmed - set(counts))
    doubled = sorted(number for number, count in counts.items() if count > 1)
    named = {"missing": missing, "doubled": doubled, "invented": invented, "changed": wrong}
    return [f"{len(found)} {name}: {found[:10]}" for name, found in named.items() if found]


def check_history(
    store: StoreUnderTest,
    confirmed: set[int],
    *plans: Plan,
    timeout_s: float = 60.0,
    late_s: float = LATE_S,
) -> None:
    """Waits for the last row, judges the store, and judges it again `late_s` later."""
    assert confirmed, "nothing was confirmed: the test tests nothing"
    try:
        wait_for(lambda: store.count() >= len(confirmed), timeout_s)
    except AssertionError:
        found = faults(store.readings(), confirmed, plans)
        raise AssertionError(
            f"{store.count()} of {len(confirmed)} rows after {timeout_s} s: {found}"
        ) from None
    for pause_s in (0.0, late_s):
        time.sleep(pause_s)
        found = [*faults(store.readings(), confirmed, plans), *store.integrity()]
        assert not found, f"{found} ({pause_s:g} s after the last row)"


def wait_for_more(store: StoreUnderTest, rows: int, timeout_s: float = 30.0) -> None:
    """Waits until the store holds so many more rows than now."""
    before = store.count()
    wait_for(lambda: store.count() >= before + rows, timeout_s)


def counters_add_up(report: dict[str, Any]) -> bool:
    """Whether everything received was stored, known already or refused, and nothing else."""
    outcomes = report["stored"] + report["duplicates"] + report["rejected"]
    return bool(report["received"] == outcomes and report["unacked"] == 0)


def _number(row: Row) -> int | None:
    first, second = row.values[0], row.values[1]
    if first is None or second is None:
        return None
    return number_of(first, second)

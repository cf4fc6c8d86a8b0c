"""The history check itself: it must see every kind of damage that a store can have."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults.history import Row, SqliteStore, check_history, counters_add_up, faults
from tests.faults.sensors import COLUMNS, Plan

PLAN = Plan(50)
UNTIMED = Plan(50, first=1000, timed=False)


def rows_of(plan: Plan) -> list[Row]:
    return [
        Row(plan.publisher_of(n), plan.instant_us(n) or 7, plan.values_of(n)) for n in plan.numbers
    ]


def as_sent() -> list[Row]:
    return rows_of(PLAN) + rows_of(UNTIMED)


def missing(rows: list[Row]) -> list[Row]:
    return rows[:-1]


def doubled(rows: list[Row]) -> list[Row]:
    return [*rows, rows[3]]


def invented(rows: list[Row]) -> list[Row]:
    return [*rows, replace(rows[0], values=Plan(1, first=77).values_of(77))]


def without_values(rows: list[Row]) -> list[Row]:
    return [*rows, replace(rows[0], values=(None,) * 7)]


def moved_in_time(rows: list[Row]) -> list[Row]:
    return [replace(rows[0], timestamp_us=rows[0].timestamp_us + 1), *rows[1:]]


def changed_value(rows: list[Row]) -> list[Row]:
    return [replace(rows[0], values=(*rows[0].values[:6], 6.500001)), *rows[1:]]


def other_device(rows: list[Row]) -> list[Row]:
    return [replace(rows[0], publisher_id="probe-2"), *rows[1:]]


DAMAGES = {
    missing: "missing",
    doubled: "doubled",
    invented: "invented",
    without_values: "invented",
    moved_in_time: "changed",
    changed_value: "changed",
    other_device: "changed",
}
CONFIRMED = {*PLAN.numbers, *UNTIMED.numbers}


def test_a_store_as_it_was_sent_has_no_faults() -> None:
    assert faults(as_sent(), CONFIRMED, [PLAN, UNTIMED]) == []


def test_what_was_sent_but_not_confirmed_may_be_there_once() -> None:
    assert faults(as_sent(), CONFIRMED - {3}, [PLAN, UNTIMED]) == []
    assert faults(doubled(as_sent()), CONFIRMED - {3}, [PLAN, UNTIMED]) == ["1 doubled: [3]"]


@pytest.mark.parametrize(
    ("damage", "name"), DAMAGES.items(), ids=lambda each: getattr(each, "__name__", each)
)
def test_every_damage_is_seen(damage: Callable[[list[Row]], list[Row]], name: str) -> None:
    (found,) = faults(damage(as_sent()), CONFIRMED, [PLAN, UNTIMED])
    assert found.startswith(f"1 {name}")


def write(path: Path, rows: list[Row]) -> SqliteStore:
    columns = ", ".join(COLUMNS)
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"CREATE TABLE sensor_readings (publisher_id, timestamp_us, {columns})")
        marks = ", ".join("?" * (2 + len(COLUMNS)))
        db.executemany(
            f"INSERT INTO sensor_readings VALUES ({marks})",
            [(row.publisher_id, row.timestamp_us, *row.values) for row in rows],
        )
        db.commit()
    return SqliteStore(path)


def test_a_sound_file_passes(tmp_path: Path) -> None:
    store = write(tmp_path / "a.db", as_sent())
    check_history(store, CONFIRMED, PLAN, UNTIMED, timeout_s=1, late_s=0)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_doctored_file_fails(tmp_path: Path, damage: Callable[[list[Row]], list[Row]]) -> None:
    store = write(tmp_path / "a.db", damage(as_sent()))
    with pytest.raises(AssertionError, match=DAMAGES[damage]):
        check_history(store, CONFIRMED, PLAN, UNTIMED, timeout_s=0.2, late_s=0)


def test_a_row_that_comes_late_is_seen() -> None:
    class LateStore:
        """Gets its second copy of a row after the first look."""

        def __init__(self) -> None:
            self.looks = 0

        def readings(self) -> list[Row]:
            self.looks += 1
            return as_sent() if self.looks == 1 else doubled(as_sent())

        def count(self) -> int:
            return len(as_sent())

        def integrity(self) -> list[str]:
            return []

    with pytest.raises(AssertionError, match=r"doubled: \[3\].*after the last row"):
        check_history(LateStore(), CONFIRMED, PLAN, UNTIMED, timeout_s=1, late_s=0.01)


def test_a_file_with_broken_pages_fails(tmp_path: Path) -> None:
    store = write(tmp_path / "a.db", as_sent())
    data = bytearray((tmp_path / "a.db").read_bytes())
    data[4096 + 8 : 4096 + 64] = b"\xa5" * 56
    (tmp_path / "a.db").write_bytes(data)
    with pytest.raises((AssertionError, sqlite3.DatabaseError)):
        check_history(store, CONFIRMED, PLAN, UNTIMED, timeout_s=0.2, late_s=0)


def test_nothing_confirmed_is_no_success(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="tests nothing"):
        check_history(write(tmp_path / "a.db", []), set(), PLAN, timeout_s=0.1, late_s=0)


def test_counters_that_lost_a_message_do_not_add_up() -> None:
    report = {"received": 9, "stored": 5, "duplicates": 2, "rejected": 2, "unacked": 0}
    assert counters_add_up(report)
    assert not counters_add_up(report | {"received": 10})
    assert not counters_add_up(report | {"unacked": 1})

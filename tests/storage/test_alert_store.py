"""Alerts in the store: what the next run goes on with, what views read, what a file holds."""

from __future__ import annotations

import csv
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from harit_desktop.domain.alert import (
    Alert,
    AlertChange,
    AlertState,
    AlertTransition,
    RuleKind,
    Severity,
)
from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.reading import Source
from harit_desktop.storage import alert_store, alert_trial
from harit_desktop.storage.alert_store import AlertStore, OpenAlerts
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.storage.reader import QueryCancelled
from tests.storage.builders import START_US, make_item


def make_alert(alert_id: int, **changes: object) -> Alert:
    alert = Alert(
        id=alert_id,
        rule_id="moisture",
        kind=RuleKind.RANGE,
        severity=Severity.CRITICAL,
        publisher_id="probe",
        channel="Moisture",
        code="value.low",
        params={"after_s": 30.0, "kind": "frozen"},
        value=24.5,
        limit=30.0,
        worst=21.0,
        raised_us=START_US + alert_id,
    )
    return replace(alert, **changes)


def save(store: AlertStore, *alerts: Alert) -> None:
    """As new ones."""
    lines = [AlertTransition(one.id, one.raised_us, AlertChange.RAISED) for one in alerts]
    store.save(alerts, lines)


@pytest.fixture
def store(journal: SqliteJournal, db_path: Path) -> AlertStore:
    return AlertStore(db_path)


def test_an_alert_comes_back_as_it_was_saved(store: AlertStore) -> None:
    full = make_alert(
        3,
        ended_us=START_US + 9,
        acknowledged_us=START_US + 5,
        acknowledged_by="Asha",
        seen_us=START_US + 10,
        muted_until_us=START_US + 11,
        note="pump off; क्षेत्र",
        flood=2,
        told_us=START_US + 4,
        flood_id=1,
    )
    save(store, full, make_alert(4))
    assert store.read() == [make_alert(4), full]
    changed = replace(full, note="pump on", worst=None)
    store.save([changed], [])
    assert store.find([3, 99]) == [changed]
    assert store.read_log(3) == [AlertTransition(3, full.raised_us, AlertChange.RAISED)]


def test_the_next_run_goes_on_with_what_is_not_over(store: AlertStore) -> None:
    over = make_alert(3, ended_us=START_US + 9, seen_us=START_US + 10)
    unseen = make_alert(2, ended_us=START_US + 9)
    save(store, make_alert(1), unseen, over)
    found = store.load_open(START_US)
    assert (found.alerts, found.next_id) == ((make_alert(1), unseen), 4)


def test_a_mute_holds_after_its_alert_was_over_and_the_last_word_counts(store: AlertStore) -> None:
    later = START_US + 60
    over = {"ended_us": START_US, "seen_us": START_US}
    save(store, make_alert(1, muted_until_us=later, **over))
    assert store.load_open(START_US).mutes == {("moisture", "probe"): later}
    save(store, make_alert(2, muted_until_us=START_US, **over))
    assert store.load_open(START_US).mutes == {}


def test_faults_that_go_on_are_named(store: AlertStore, db_path: Path) -> None:
    names = "publisher_id, kind, code, flag, channels, first_us, onset_us, at_us, cleared_us, count"
    with closing(sqlite3.connect(db_path, isolation_level=None)) as connection:
        for kind, cleared_us in (("frozen", None), ("drift", 5)):
            row = ("probe", kind, kind, 4, "[]", 1, 1, 1, cleared_us, 1)
            connection.execute(
                f"INSERT INTO quality_events ({names}) VALUES (?,?,?,?,?,?,?,?,?,?)", row
            )
    assert store.load_open(START_US).faults == frozenset({("probe", "frozen")})


def test_no_store_yet_and_a_store_of_an_earlier_version(tmp_path: Path) -> None:
    missing = AlertStore(tmp_path / "none.db")
    assert missing.load_open(START_US) == OpenAlerts()
    with pytest.raises(KnownError, match=r"store\."):
        save(missing, make_alert(1))
    old = tmp_path / "old.db"
    dump = Path(__file__).with_name("schemas") / "v3.sql"
    with closing(sqlite3.connect(old)) as connection:
        connection.executescript(dump.read_text(encoding="utf-8"))
    assert AlertStore(old).load_open(START_US) == OpenAlerts()


def test_read_by_state_device_text_and_page(store: AlertStore) -> None:
    over = make_alert(2, publisher_id="soil_02", ended_us=1, acknowledged_us=1)
    acknowledged = make_alert(3, acknowledged_us=1, note="100% dry")
    unseen = make_alert(4, ended_us=5)
    save(store, make_alert(1), over, acknowledged, unseen)
    assert [one.id for one in store.read(AlertState.ACTIVE_NEW)] == [1]
    assert [one.id for one in store.read(AlertState.ACTIVE_ACKNOWLEDGED)] == [3]
    assert [one.id for one in store.read(AlertState.ENDED_NEW)] == [4]
    assert [one.id for one in store.read(AlertState.ENDED)] == [2]
    assert [one.id for one in store.read(publisher_id="soil_02")] == [2]
    assert [one.id for one in store.read(text="100%")] == [3]
    assert [one.id for one in store.read(text="MOISTURE value.low")] == [4, 3, 2, 1]
    assert [one.id for one in store.read(text="soil%02")] == []
    assert [one.id for one in store.read(limit=2)] == [4, 3]
    assert [one.id for one in store.read(before_id=3, limit=2)] == [2, 1]
    with pytest.raises(QueryCancelled):
        store.read(cancelled=lambda: True)


def test_a_row_that_cannot_be_right_is_left_out(
    store: AlertStore, db_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    save(store, make_alert(1), make_alert(2))
    with closing(sqlite3.connect(db_path, isolation_level=None)) as connection:
        connection.execute("UPDATE alerts SET kind = 'nonsense' WHERE id = 1")
    assert [one.id for one in store.read()] == [2]
    assert "left out" in caplog.text


def test_what_cannot_be_stored_is_made_storable(store: AlertStore) -> None:
    odd = make_alert(1, publisher_id="a\ud800", value=float("nan"), limit=float("inf"), params={})
    save(store, odd)
    (found,) = store.read()
    assert (found.publisher_id, found.value, found.limit) == ("a?", None, None)


def test_all_or_nothing(store: AlertStore) -> None:
    bad = AlertTransition(2, 2**70, AlertChange.RAISED)
    with pytest.raises(KnownError, match=r"store\.failed"):
        store.save([make_alert(1), make_alert(2)], [bad])
    assert store.read() == []


def test_the_oldest_that_are_over_go(db_path: Path, store: AlertStore) -> None:
    bounded = AlertStore(db_path, most_ended=20)
    save(bounded, make_alert(1))
    for first in range(2, 302, 10):
        save(bounded, *(make_alert(n, ended_us=n) for n in range(first, first + 10)))
    kept = [one.id for one in store.read(limit=1000)]
    assert kept[-1] == 1, "one that goes on stays"
    assert len(kept) <= 1 + 20 + alert_store.PRUNE_EVERY
    assert kept[0] == 301
    assert store.read_log(2) == []
    assert store.read_log(1) != []


def test_the_file_is_safe_in_a_spreadsheet(store: AlertStore, tmp_path: Path) -> None:
    save(store, *(make_alert(n) for n in range(1, 1203)))
    store.save([make_alert(5, publisher_id="=cmd()", note="-1+1")], [])
    out = tmp_path / "alerts.csv"
    assert store.export_csv(out) == 1202
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["id"]) for row in rows] == list(range(1202, 0, -1))
    row = rows[-5]
    assert (row["device"], row["note"]) == ("'=cmd()", "'-1+1")
    assert (row["state"], row["value"], row["ended"]) == ("active_new", "24.5", "")
    assert row["raised"].startswith("2025-11-")


def test_a_file_that_cannot_be_written_leaves_nothing(
    store: AlertStore, tmp_path: Path, db_path: Path
) -> None:
    save(store, make_alert(1))
    with pytest.raises(KnownError, match=r"export\.no_folder"):
        store.export_csv(tmp_path / "none" / "a.csv")
    with pytest.raises(KnownError, match=r"export\.not_a_file"):
        store.export_csv(db_path)
    with pytest.raises(QueryCancelled):
        store.export_csv(tmp_path / "a.csv", cancelled=lambda: True)
    assert not list(tmp_path.glob("*.csv"))


def test_the_readings_for_a_trial_come_in_the_order_of_time(
    journal: SqliteJournal, db_path: Path
) -> None:
    journal.commit([make_item(n, "b") for n in range(20)])
    journal.commit([make_item(n, "a") for n in range(20)])
    journal.commit([make_item(n, "sim", source=Source.SIMULATOR) for n in range(5)])
    until_us = START_US + 9_000_000
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alert_trial, "PAGE_ROWS", 7)
        found = list(alert_trial.readings_between(db_path, START_US, until_us))
    times = [(one.reading.timestamp_us, one.reading.publisher_id) for one in found]
    assert times == [(START_US + n * 1_000_000, d) for n in range(10) for d in ("b", "a")]
    assert found[0].reading.values == make_item(0).analysed.reading.values
    assert found[0].analysis.flags == make_item(0).analysed.analysis.flags
    own = list(alert_trial.readings_between(db_path, START_US, until_us, "a"))
    assert {one.reading.publisher_id for one in own} == {"a"}
    with pytest.raises(QueryCancelled):
        list(alert_trial.readings_between(db_path, START_US, until_us, cancelled=lambda: True))

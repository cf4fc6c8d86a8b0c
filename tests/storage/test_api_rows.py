"""A reading that comes by two ways is one row, whichever way is first."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from harit_desktop.domain.batch import CommitItem
from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.message import Outcome
from harit_desktop.domain.reading import Source
from harit_desktop.storage import api_rows
from harit_desktop.storage.history import HistoryReader
from harit_desktop.storage.journal import SqliteJournal
from tests.storage.builders import EXAMPLE, START_US, make_item
from tests.storage.polled import heard, polled, stored, timeless, values_of
from tests.storage.rollup_truth import assert_counted, assert_true, catch_up

S, D = Outcome.STORED, Outcome.DUPLICATE


Commit = Callable[..., list[Outcome]]


@pytest.fixture(params=["at once", "one by one", "with restarts"])
def commit(request: pytest.FixtureRequest, journal: SqliteJournal) -> Commit:
    """Commits items in one batch, each alone, or each in a new run of the program."""

    def one_by_one(*items: CommitItem) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for item in items:
            outcomes += journal.commit([item]).outcomes
            if request.param == "with restarts":
                journal.close()
                journal.open()
        return outcomes

    def at_once(*items: CommitItem) -> list[Outcome]:
        return list(journal.commit(items).outcomes)

    return at_once if request.param == "at once" else one_by_one


def assert_sound(path: Path) -> None:
    catch_up(path)
    assert assert_true(path) == assert_counted(path)


def test_a_row_of_a_stored_reading_is_a_duplicate(commit: Commit, db_path: Path) -> None:
    assert commit(heard(0), polled(2.5), polled(2.5)) == [S, D, D]
    assert stored(db_path) == [(0, "probe", "mqtt")]
    assert_sound(db_path)


def test_the_reading_takes_the_place_of_its_row(journal: SqliteJournal, db_path: Path) -> None:
    journal.commit([heard(-100, values_of(1))])
    assert journal.commit([polled(2.5)]).outcomes == (S,)
    assert stored(db_path) == [(-100, "probe", "mqtt"), (2.5, "probe", "api")]
    catch_up(db_path)
    assert journal.commit([heard(0, received_s=900)]).outcomes == (S,)
    assert stored(db_path) == [(-100, "probe", "mqtt"), (0, "probe", "mqtt")]
    assert journal.status().rows == 2
    assert_true(db_path)
    assert_sound(db_path)
    assert journal.commit([polled(2.5), heard(0, received_s=900)]).outcomes == (D, D)
    assert len(stored(db_path)) == 2


def test_values_count_to_six_digits(commit: Commit, db_path: Path) -> None:
    sent = (22.123456, 0.0, 1013.2549, None, -0.0, 54.8, 7.18)
    got = (22.1235, -0.0, 1013.25, None, 0.0, 54.8, 7.18)
    other = (22.1236, *got[1:])
    absent = (*got[:6], None)
    assert commit(heard(0, sent), polled(1, got), polled(1, other), polled(1, absent)) == [
        S,
        D,
        S,
        S,
    ]
    assert_sound(db_path)


def test_only_within_five_minutes_of_its_time_or_receipt(commit: Commit, db_path: Path) -> None:
    wrong_clock = heard(-5000, received_s=0)
    assert commit(wrong_clock, polled(299)) == [S, D]
    assert commit(heard(20_000), polled(20_301)) == [S, S]
    assert_sound(db_path)


def test_a_wrong_clock_does_not_hide_the_reading_that_comes_later(
    commit: Commit, db_path: Path
) -> None:
    assert commit(heard(-6000, values_of(3)), polled(2), heard(-5000, received_s=0))[0] is S
    assert [row[0] for row in stored(db_path)] == [-6000, -5000]
    assert_sound(db_path)


def test_equal_readings_a_minute_apart_are_two(commit: Commit, db_path: Path) -> None:
    assert commit(heard(0), heard(60), polled(1), polled(61), polled(121)) == [S, S, D, D, S]
    assert [row[0] for row in stored(db_path)] == [0, 60, 121]
    commit(heard(120), heard(180))
    assert [row[0] for row in stored(db_path)] == [0, 60, 120, 180]
    assert_sound(db_path)


def test_a_nearer_row_takes_the_reading_of_another(commit: Commit, db_path: Path) -> None:
    commit(heard(-90, values_of(1)), heard(0), polled(61), polled(1))
    assert stored(db_path) == [
        (-90, "probe", "mqtt"),
        (0, "probe", "mqtt"),
        (61, "probe", "api"),
    ]
    assert_sound(db_path)
    commit(heard(60))
    assert [row[0] for row in stored(db_path)] == [-90, 0, 60]
    assert commit(polled(61), polled(1)) == [D, D]
    assert_sound(db_path)


def test_a_row_belongs_to_the_only_device_of_the_day(journal: SqliteJournal, db_path: Path) -> None:
    day_s = 86_400
    journal.commit([heard(0, values_of(1), "a")])
    journal.commit([heard(0, values_of(1), "pretended", source=Source.SIMULATOR)])
    journal.commit([polled(day_s - 5, values_of(2)), polled(day_s + 5, values_of(3))])
    # A row alone does not say that the device is still there.
    journal.commit([polled(day_s + 10, values_of(4))])
    journal.commit([heard(2 * day_s, values_of(1), "b"), heard(2 * day_s, values_of(1), "c")])
    result = journal.commit([polled(2 * day_s, values_of(5))])
    assert result.records[0].publisher_id == "api"
    found = [(at_s, who) for at_s, who, source in stored(db_path) if source == "api"]
    assert found == [
        (day_s - 5, "a"),
        (day_s + 5, "api"),
        (day_s + 10, "api"),
        (2 * day_s, "api"),
    ]
    assert_sound(db_path)


def test_the_same_row_stays_the_same_when_it_would_belong_to_another(
    journal: SqliteJournal, db_path: Path
) -> None:
    journal.commit([heard(0, values_of(1), "a")])
    first = journal.commit([polled(10)])
    assert (first.outcomes, first.records[0].publisher_id) == ((S,), "a")
    journal.commit([heard(20, values_of(2), "b")])
    journal.close()
    journal.open()
    again = journal.commit([polled(10, received_s=50), polled(10, received_s=50)])
    assert (again.outcomes, again.records[1].publisher_id) == ((D, D), "a")
    assert len(stored(db_path)) == 3


def test_rows_of_another_harit_are_known_by_their_key(commit: Commit, db_path: Path) -> None:
    assert commit(heard(0), polled(0, publisher_id="probe")) == [S, D]
    # Equal values of other instants are other readings, however near.
    assert commit(polled(60, publisher_id="probe"), polled(0, publisher_id="other")) == [S, S]
    assert commit(heard(60), polled(60, publisher_id="probe")) == [D, D]
    assert commit(heard(62)) == [S]
    assert len(stored(db_path)) == 4
    assert_sound(db_path)


def test_rows_of_another_harit_that_named_no_time(commit: Commit, db_path: Path) -> None:
    assert commit(timeless(0), polled(1, publisher_id="other")) == [S, S]
    assert commit(polled(1, publisher_id="probe"), polled(61, publisher_id="probe")) == [D, S]
    assert commit(timeless(60)) == [S]
    assert [row[:2] for row in stored(db_path)] == [(0, "probe"), (1, "other"), (60, "probe")]
    assert_sound(db_path)


def test_rows_of_another_harit_whose_publisher_gives_ids(commit: Commit, db_path: Path) -> None:
    item = heard(0)
    assert item.analysed is not None
    named = msgspec.structs.replace(
        item.analysed,
        key=bytes(32),
        reading=msgspec.structs.replace(item.analysed.reading, message_id="7"),
    )
    item = msgspec.structs.replace(item, analysed=named)
    assert commit(item, polled(0, publisher_id="probe"), polled(1, publisher_id="probe")) == [
        S,
        D,
        S,
    ]
    assert_sound(db_path)


def test_the_log_names_what_took_the_place(journal: SqliteJournal, history: HistoryReader) -> None:
    line = journal.commit([polled(1)]).records[0].id
    journal.commit([heard(0, received_s=600)])
    shown = history.decoded(line)
    assert shown is not None
    assert shown.reading.source is Source.MQTT


def test_outcomes_stand_where_their_messages_stood(journal: SqliteJournal) -> None:
    items = [polled(1), make_item(5), heard(0), polled(500, values_of(1)), make_item(6)]
    result = journal.commit(items)
    assert result.outcomes == (D, S, S, S, S)
    assert [r.size_bytes for r in result.records] == [len(i.message.payload) for i in items]
    assert [r.received_us for r in result.records] == [i.message.received_us for i in items]
    assert len({record.id for record in result.records}) == 5


def test_a_row_that_cannot_be_stored_holds_nothing_up(
    journal: SqliteJournal, db_path: Path
) -> None:
    bad = polled(5, values_of(2))
    assert bad.analysed is not None
    reading = msgspec.structs.replace(bad.analysed.reading, sent_timestamp="\ud800")
    bad = msgspec.structs.replace(
        bad, analysed=msgspec.structs.replace(bad.analysed, reading=reading)
    )
    result = journal.commit([bad, polled(1), heard(100, values_of(3))])
    assert result.outcomes == (Outcome.REJECTED, S, S)
    assert_sound(db_path)


def test_simulated_readings_have_their_rows_too(
    commit: Commit, journal: SqliteJournal, db_path: Path
) -> None:
    assert commit(heard(0, source=Source.SIMULATOR), polled(1)) == [S, D]
    journal.delete_simulated()
    assert commit(polled(1)) == [D]
    assert stored(db_path) == []


def test_what_was_not_read_for_long_is_forgotten(
    journal: SqliteJournal, db_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.commit([polled(n, values_of(n)) for n in range(10)])
    assert rows_kept(db_path) == 10
    day_s = 86_400
    journal.commit([polled(n, values_of(n), received_s=29 * day_s) for n in range(4)])
    journal.commit([polled(31 * day_s, values_of(11))])
    assert rows_kept(db_path) == 5
    # What is forgotten is still known by its reading.
    assert journal.commit([polled(9, values_of(9), received_s=31 * day_s)]).outcomes == (D,)
    monkeypatch.setattr(api_rows, "KEPT_ROWS", 5)
    journal.commit([polled(31 * day_s + n, values_of(n)) for n in range(20, 30)])
    assert rows_kept(db_path) == 5
    assert len(stored(db_path)) == 21


def rows_kept(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT count(*) FROM api_rows").fetchone()[0])


def test_no_search_where_there_are_no_rows(
    journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.commit([polled(0)])

    def search(*_: object) -> None:
        raise AssertionError("searched")

    monkeypatch.setattr("harit_desktop.storage.api_match.Matcher.add_reading", search)
    assert journal.commit([heard(5000), heard(-5000)]).outcomes == (S, S)
    with pytest.raises(AssertionError, match="searched"):
        journal.commit([heard(20, values_of(9))])


def test_a_failed_commit_leaves_nothing(
    journal: SqliteJournal, db_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.commit([polled(1)])

    def full(*_: object) -> None:
        error = sqlite3.OperationalError("full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    monkeypatch.setattr("harit_desktop.storage.api_store.remake", full)
    with pytest.raises(KnownError, match=r"store\.full"):
        journal.commit([heard(0, received_s=700)])
    assert stored(db_path) == [(1, "api", "api")]
    monkeypatch.undo()
    assert journal.commit([heard(0, received_s=700)]).outcomes == (S,)
    assert stored(db_path) == [(0, "probe", "mqtt")]
    assert_sound(db_path)


def test_example_is_what_the_tests_take_it_for() -> None:
    assert None not in EXAMPLE
    assert START_US % 300_000_000 == 0

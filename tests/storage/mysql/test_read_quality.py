"""The quality of readings, from a server and from the journal's end, as one."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from harit_desktop.domain.errors import KnownError
from harit_desktop.storage.history import HistoryReader
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.storage.reader import QueryCancelled
from tests.mariadb_server import OLD_READINGS, MariaDbServer
from tests.storage.builders import START_US
from tests.storage.mysql.reads import EVER, old_row, seconds, send, sweep
from tests.storage.quality_truth import any_flagged, flagged, seconds_us, slow_day

MINUTES = [(seconds_us(60 * n), seconds_us(60 * n + 60)) for n in range(4)]


@pytest.mark.parametrize("sent", [0, 1, 60, 10**6])
def test_days_are_those_of_one_store(
    server: MariaDbServer,
    journal: SqliteJournal,
    history: HistoryReader,
    db_path: Path,
    sent: int,
) -> None:
    chance = random.Random(sent)
    items = [any_flagged(chance, number) for number in range(240) if not 70 < number < 100]
    chance.shuffle(items)
    journal.commit([*items, flagged(5, publisher_id="other")])
    send(server, db_path, sent)
    expected = tuple(slow_day(items, "probe", *minute) for minute in MINUTES)
    assert history.quality_days("probe", MINUTES) == expected
    reasons = history.reasons("probe", *EVER, 1000)
    assert len(reasons) > 50
    assert reasons == HistoryReader(db_path).reasons("probe", *EVER, 1000)
    assert history.reasons("probe", *EVER, 7) == reasons[-7:]
    bounds = (reasons[3][0], reasons[9][0])
    assert history.reasons("probe", *bounds, 100) == reasons[3:10]
    assert history.reasons("nobody", *EVER, 7) == ()
    assert history.quality_days("nobody", MINUTES[:1])[0].readings == 0
    assert history.quality_days("probe", ()) == ()


@pytest.mark.parametrize("size", [1024, 1100, 1101, 1102, 1103, 1104])
def test_texts_that_the_server_cuts_short_are_not_believed(
    server: MariaDbServer,
    journal: SqliteJournal,
    history: HistoryReader,
    db_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    size: int,
) -> None:
    chance = random.Random(size)
    items = [any_flagged(chance, number) for number in range(240)]
    journal.commit(items)
    send(server, db_path)
    expected = tuple(slow_day(items, "probe", *minute) for minute in MINUTES)
    cut = f"SET SESSION group_concat_max_len = {size}"
    monkeypatch.setattr("harit_desktop.storage.mysql.read_quality._LONG_TEXTS", cut)
    assert history.quality_days("probe", MINUTES) == expected
    day = (MINUTES[0][0], MINUTES[3][1])
    assert history.quality_days("probe", [day]) == (slow_day(items, "probe", *day),)


def test_what_is_in_both_stores_counts_once(
    server: MariaDbServer, journal: SqliteJournal, history: HistoryReader, db_path: Path
) -> None:
    items = [flagged(number, (1, 3, 1, 1, 1, 1, 1)) for number in range(60)]
    journal.commit(items)
    send(server, db_path, 40, note=False)
    assert history.quality_days("probe", MINUTES[:1])[0].readings == 60
    assert len(history.reasons("probe", *EVER, 1000)) == 60


def test_what_only_the_server_has(
    server: MariaDbServer, journal: SqliteJournal, db_path: Path
) -> None:
    items = [flagged(number, (1, 3, 1, 1, 1, 1, 1)) for number in (*range(50), 200)]
    journal.commit(items)
    send(server, db_path)
    fresh = HistoryReader(db_path.with_name("fresh.db"), server.address)
    first, empty = fresh.quality_days("probe", MINUTES[:2])
    assert first == slow_day(items, "probe", *MINUTES[0])
    assert (empty.readings, empty.silent_s) == (0, 60)
    state = fresh.last_states(seconds(300))[0]
    assert state.analysis.reasons == (("P", "range.low"),)
    assert fresh.quality_events(None, *EVER, 10) == ()
    fresh.close()


def test_rows_of_the_existing_system(
    server: MariaDbServer, journal: SqliteJournal, history: HistoryReader, db_path: Path
) -> None:
    server.query(OLD_READINGS)
    for number in range(20):
        old_row(server, number, "1, NULL, 3, 4, 5, 6, 7", "50, 'Fair', 0, 0, '[]'")
    journal.commit([flagged(number) for number in range(5)])
    send(server, db_path)
    sweep(server)
    (day,) = history.quality_days("legacy", MINUTES[:1])
    assert (day.readings, day.good, day.missing) == (20, 20, (0, 20, 0, 0, 0, 0, 0))
    assert history.reasons("legacy", *EVER, 10) == ()
    assert history.last_states(seconds(60))[0].analysis.reasons == ()


def test_without_the_server_the_journal_answers(
    server: MariaDbServer, journal: SqliteJournal, history: HistoryReader, db_path: Path
) -> None:
    items = [flagged(number, (1, 3, 1, 1, 1, 1, 1)) for number in range(60)]
    journal.commit(items)
    # There is no table yet.
    assert history.quality_days("probe", MINUTES[:1]) == (slow_day(items, "probe", *MINUTES[0]),)
    assert len(history.reasons("probe", *EVER, 1000)) == 60


def test_nobody_waits_for_what_is_not_wanted(
    server: MariaDbServer, journal: SqliteJournal, history: HistoryReader, db_path: Path
) -> None:
    journal.commit([flagged(number) for number in range(60)])
    send(server, db_path)
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > 20

    with pytest.raises(QueryCancelled) as caught:
        history.quality_days("probe", MINUTES * 1000, cancelled)
    assert isinstance(caught.value, KnownError)
    with pytest.raises(QueryCancelled):
        history.reasons("probe", 0, START_US, 10, lambda: True)

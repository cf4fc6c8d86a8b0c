"""What the store tells of the quality of readings, from the readings themselves."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from itertools import pairwise
from math import isnan, nan
from pathlib import Path

import numpy as np
import pytest

from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.channels import CHANNEL_COUNT
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.quality import Change
from harit_desktop.storage.history import HistoryReader
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.storage.quality_reads import Neighbours, silent_us
from harit_desktop.storage.reader import QueryCancelled
from tests.storage.builders import make_items
from tests.storage.quality_truth import any_flagged, flagged, seconds_us, slow_day

MINUTES = [(seconds_us(60 * n), seconds_us(60 * n + 60)) for n in range(4)]


@pytest.mark.parametrize("seed", range(3))
def test_days_are_counted_as_they_are(
    journal: SqliteJournal, history: HistoryReader, seed: int
) -> None:
    chance = random.Random(seed)
    numbers = [n for n in range(240) if chance.random() < 0.7 and not 70 < n < 100]
    items = [any_flagged(chance, n, chance.choice(("probe", "other"))) for n in numbers]
    chance.shuffle(items)
    journal.commit(items)
    for publisher_id in ("probe", "other"):
        expected = tuple(slow_day(items, publisher_id, *minute) for minute in MINUTES)
        assert history.quality_days(publisher_id, MINUTES) == expected
        assert sum(day.silent_s for day in expected) > 20
        assert any(day.reasons for day in expected)


def test_a_day_without_readings(journal: SqliteJournal, history: HistoryReader) -> None:
    assert HistoryReader(Path("none.db")).quality_days("probe", MINUTES) == ()
    journal.commit([flagged(number) for number in (30, 40, 50, 200)])
    days = history.quality_days("probe", [(seconds_us(-60), seconds_us(0)), *MINUTES])
    assert [day.readings for day in days] == [0, 3, 0, 0, 1]
    # Before its first reading and after its last one nobody knows whether it was silent.
    assert [day.silent_s for day in days] == [0, 0, 60, 60, 0]
    nobody = history.quality_days("nobody", MINUTES[:1])[0]
    assert (nobody.readings, nobody.good, nobody.silent_s, nobody.reasons) == (0, 0, 0, ())
    assert nobody.suspect == nobody.failed == nobody.missing == (0,) * CHANNEL_COUNT
    assert history.quality_days("probe", []) == ()


DAY = (0, 1000)


@pytest.mark.parametrize(
    ("times", "before", "after", "silent"),
    [
        ([100, 110, 120, 130], None, None, 0),
        # From one usual interval after the last reading on.
        ([100, 110, 120, 130, 170], None, None, 30),
        ([100, 110, 120, 130, 160], None, None, 0),
        ([5, 15, 25], -100, None, 5),
        ([5, 15, 25], -20, None, 0),
        ([5, 15, 25], -38, None, 5),
        ([970, 980, 990], None, 5000, 0),
        ([970, 980, 990], None, 995, 0),
        ([900, 910, 920], None, 5000, 70),
        ([900, 910, 920], None, 945, 0),
        # Copies of one instant tell nothing of how often it reports.
        ([100, 100, 100, 110, 120, 200], None, None, 70),
        # Twice a day is how often this one reports.
        ([0, 500], -500, 1000, 0),
        ([500], None, None, 0),
        ([500], 490, 4000, 490),
        ([500], -4000, 510, 500),
        ([], -1, 1001, 1000),
        ([], -1, None, 0),
        ([], None, 1001, 0),
    ],
)
def test_silence(times: list[int], before: int | None, after: int | None, silent: int) -> None:
    found = silent_us(np.array(times, np.int64), DAY, Neighbours(before, after))
    assert found == silent


def test_silence_of_a_gap_is_shared_by_the_days_that_it_lies_on() -> None:
    times = np.array([*range(0, 505, 5), *range(2605, 3000, 5)], np.int64)
    total = 0
    for begin, end in pairwise((0, 1000, 2000, 3000)):
        inside = times[(times >= begin) & (times < end)]
        around = Neighbours(
            max(times[times < begin].tolist(), default=None),
            min(times[times >= end].tolist(), default=None),
        )
        total += silent_us(inside, (begin, end), around)
    assert total == 2605 - 500 - 5


def test_counting_ends_when_nobody_wants_it(journal: SqliteJournal, history: HistoryReader) -> None:
    journal.commit(make_items(0, 3000))
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > 5

    with pytest.raises(QueryCancelled):
        history.quality_days("probe", MINUTES * 1000, cancelled)
    assert asked < 50
    with pytest.raises(QueryCancelled):
        history.reasons("probe", 0, 2**62, 10, lambda: True)


def test_reasons_of_readings(journal: SqliteJournal, history: HistoryReader) -> None:
    both = flagged(7, (3, 1, 4, 1, 1, 1, 1), code="spike.returned")
    one = flagged(3, (1, 1, 1, 1, 1, 1, 4))
    journal.commit([both, flagged(5), one, flagged(4, (4,) * 7, "other"), flagged(9, (3,) * 7)])
    found = history.reasons("probe", seconds_us(3), seconds_us(7), 10)
    assert found == (
        (seconds_us(3), {"pH": "range.low"}),
        (seconds_us(7), {"N": "spike.returned", "K": "spike.returned"}),
    )
    # The newest ones where there are more.
    assert [time for time, _ in history.reasons("probe", 0, 2**62, 2)] == [
        seconds_us(7),
        seconds_us(9),
    ]
    state = next(s for s in history.last_states(seconds_us(60)) if s.publisher_id == "other")
    assert dict(state.analysis.reasons)["pH"] == "range.low"
    decoded = history.decoded(1)
    assert decoded is not None
    assert both.analysed is not None
    assert decoded.analysis == both.analysed.analysis


def test_other_programs_reasons_are_nobodys(
    journal: SqliteJournal, history: HistoryReader, db_path: Path
) -> None:
    journal.commit([flagged(n, (4,) * 7) for n in range(5)])
    texts = ["no json", "[1]", '{"N": 5}', '{"N": "x", "pH": 1}', '"N"']
    with closing(sqlite3.connect(db_path)) as connection:
        for number, text in enumerate(texts, 1):
            connection.execute(
                "UPDATE sensor_readings SET quality_reasons = ? WHERE id = ?", (text, number)
            )
        connection.commit()
    assert history.reasons("probe", 0, 2**62, 10) == ((seconds_us(3), {"N": "x"}),)
    assert history.quality_days("probe", MINUTES[:1])[0].reasons == (("N", "x", 1),)


EVENT = (
    "INSERT INTO quality_events (publisher_id, kind, code, flag, channels, first_us, onset_us,"
    ' at_us, cleared_us, count, value, "limit") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'
)


def test_events(journal: SqliteJournal, history: HistoryReader, db_path: Path) -> None:
    rows = [
        ("probe", "spike", "spike.returned", 3, '["N"]', 100, 100, 150, 150, 1, 5.0, 2.0),
        ("probe", "stuck", "stuck.same", 4, '["K", "pH"]', 120, 300, 310, None, 2, nan, 9.0),
        ("other", "clock", "clock.ahead", 3, "[]", 200, 200, 200, None, 1, 7.0, nan),
        ("probe", "front", "front.wetting", 1, "broken", 400, 400, 410, 420, 3, 1.0, 1.0),
    ]
    with closing(sqlite3.connect(db_path)) as connection:
        connection.executemany(EVENT, rows)
        connection.commit()

    def kinds(publisher_id: str | None, from_us: int, to_us: int, limit: int = 10) -> list[str]:
        found = history.quality_events(publisher_id, from_us, to_us, limit)
        return [stored.event.kind for stored in found]

    assert kinds(None, 0, 2**62) == ["front", "stuck", "clock", "spike"]
    assert kinds(None, 0, 2**62, 2) == ["front", "stuck"]
    assert kinds("probe", 150, 399) == ["stuck", "spike"]
    assert kinds("probe", 151, 399) == ["stuck"]
    assert kinds("probe", 0, 99) == kinds("nobody", 0, 2**62) == []
    front, stuck, clock, spike = history.quality_events(None, 0, 2**62, 10)
    assert [s.event.change for s in (front, stuck, clock, spike)] == [
        *(Change.CLEARED, Change.AGAIN, Change.RAISED, Change.CLEARED)
    ]
    assert (stuck.id, stuck.cleared_us, stuck.event.flag) == (2, None, Flag.FAIL)
    assert (stuck.event.channels, stuck.event.count) == (("K", "pH"), 2)
    assert isnan(stuck.event.value)
    assert isnan(clock.event.limit)
    assert (front.event.channels, clock.event.channels) == ((), ())
    assert (spike.event.value, spike.event.limit, spike.cleared_us) == (5.0, 2.0, 150)


@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_store_of_an_earlier_version_has_no_reasons(tmp_path: Path, version: int) -> None:
    """As it is in the moment before it is migrated."""
    path = tmp_path / "harit.db"
    script = Path(__file__).with_name("schemas") / f"v{version}.sql"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script.read_text())
        (publisher_id, time_us) = connection.execute(
            "SELECT publisher_id, timestamp_us FROM sensor_readings LIMIT 1"
        ).fetchone()
    history = HistoryReader(path)
    day = (time_us - US_PER_S, time_us + US_PER_S)
    (found,) = history.quality_days(publisher_id, [day])
    assert found.readings > 0
    assert found.reasons == ()
    assert history.reasons(publisher_id, 0, 2**62, 10) == ()
    assert history.quality_events(None, 0, 2**62, 10) == ()
    assert all(state.analysis.reasons == () for state in history.last_states(2**62))
    assert history.last_states(2**62)

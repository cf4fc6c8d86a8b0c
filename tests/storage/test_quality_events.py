"""Events and reasons of the quality tests are committed with their readings, or not at all."""

from __future__ import annotations

import json
import math
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.batch import CommitItem
from harit_desktop.domain.clock import US_PER_DAY, US_PER_S
from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.message import Heard, HeardKind, Origin, Outcome, RawMessage
from harit_desktop.domain.quality import Change, StoredEvent
from harit_desktop.domain.reading import Source
from harit_desktop.storage import quality_events, simulated
from harit_desktop.storage.history import HistoryReader
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.storage.quality_events import EVENTS_KEPT
from harit_desktop.storage.retention import retire
from tests.storage.builders import START_US, counts_of, make_item, make_items
from tests.storage.quality import eventful, make_event, with_events, with_reasons


def events_in(path: Path) -> list[StoredEvent]:
    """All events in the order of their rows."""
    reader = HistoryReader(path)
    try:
        found = reader.quality_events(None, 0, 2**62, 1000)
    finally:
        reader.close()
    return sorted(found, key=lambda stored: stored.id)


def reasons_in(path: Path) -> list[str | None]:
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT quality_reasons FROM sensor_readings ORDER BY id")
        return [text for (text,) in found]


def test_an_event_is_read_back_as_it_was(journal: SqliteJournal, db_path: Path) -> None:
    event = make_event(5, channels=("Moisture", "CO2"), flag=Flag.FAIL, value=0.1, limit=1 / 3)
    journal.commit([with_events(make_item(5), event)])
    assert events_in(db_path) == [StoredEvent(1, event, None)]


def test_an_event_goes_on_in_its_row(journal: SqliteJournal, db_path: Path) -> None:
    journal.commit([with_events(make_item(0), make_event(0))])
    cleared = make_event(0, 9, change=Change.CLEARED)
    journal.commit([with_events(make_item(9), cleared)])
    assert events_in(db_path) == [StoredEvent(1, cleared, cleared.at_us)]
    again = make_event(
        0, 20, change=Change.AGAIN, count=2, onset_us=START_US + 20, channels=("pH",), value=3.5
    )
    journal.commit([with_events(make_item(20), again)])
    assert events_in(db_path) == [StoredEvent(1, again, None)]


def test_many_changes_of_one_batch(journal: SqliteJournal, db_path: Path) -> None:
    cleared = make_event(0, 2, change=Change.CLEARED)
    other = make_event(0, kind="range", code="range.impossible")
    result = journal.commit(
        [
            with_events(make_item(0), make_event(0), other),
            make_item(1),
            with_events(make_item(2), cleared),
            # Of a message that is no new reading, too.
            with_events(make_item(2), make_event(2, kind="repeated", flag=Flag.PASS, channels=())),
        ]
    )
    assert result.outcomes[-1] is Outcome.DUPLICATE
    found = [(one.event.kind, one.event.change, one.cleared_us) for one in events_in(db_path)]
    assert found == [
        ("spike", Change.CLEARED, cleared.at_us),
        ("range", Change.RAISED, None),
        ("repeated", Change.RAISED, None),
    ]


def test_no_number_stays_no_number(journal: SqliteJournal, db_path: Path) -> None:
    event = make_event(value=math.nan, limit=math.nan)
    journal.commit([with_events(make_item(), event)])
    with closing(sqlite3.connect(db_path)) as connection:
        row = connection.execute('SELECT value, "limit" FROM quality_events').fetchone()
    assert row == (None, None)
    (found,) = events_in(db_path)
    assert math.isnan(found.event.value)
    assert math.isnan(found.event.limit)


def test_a_commit_that_fails_keeps_no_event(
    journal: SqliteJournal, db_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.commit([eventful(0)])
    # Fails after everything else of the batch was written.
    monkeypatch.setattr(quality_events, "_PRUNE", "SELECT no_such_function(?)")
    with pytest.raises(KnownError, match=r"store\.failed"):
        journal.commit([with_events(make_item(1), make_event(0, 1, count=7)), eventful(2)])
    monkeypatch.undo()
    assert (counts_of(db_path).readings, [e.event.count for e in events_in(db_path)]) == (1, [1])
    journal.commit([with_events(make_item(1), make_event(0, 1, count=7)), eventful(2)])
    assert (counts_of(db_path).readings, [e.event.count for e in events_in(db_path)]) == (3, [7, 1])


def test_an_event_that_cannot_be_written_holds_nothing_up(
    journal: SqliteJournal, db_path: Path
) -> None:
    bad = make_event(1, publisher_id="\udcff")
    result = journal.commit([eventful(0), with_events(make_item(1), bad), eventful(2)])
    assert result.outcomes == (Outcome.STORED,) * 3
    seconds = [(e.event.first_us - START_US) // US_PER_S for e in events_in(db_path)]
    assert seconds == [0, 2]


def test_the_oldest_events_go(db_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert EVENTS_KEPT == 20_000
    journal = SqliteJournal(db_path, lambda: START_US)
    journal.open()
    journal.commit([eventful(n) for n in range(300)])
    assert len(events_in(db_path)) == 300
    monkeypatch.setattr(quality_events.write_events, "__defaults__", (20,))
    journal.commit([eventful(n, "other") for n in range(295, 305)])
    journal.close()
    found = [(e.event.publisher_id, e.event.first_us) for e in events_in(db_path)]
    seconds = sorted((us - START_US) // US_PER_S for _, us in found)
    assert seconds == sorted([*range(290, 300), *range(295, 305)])


def test_reasons_are_kept_with_the_reading(
    journal: SqliteJournal, db_path: Path, history: HistoryReader
) -> None:
    reasons = (("Moisture", "spike.returned"), ("pH", "range.impossible"))
    flagged = with_reasons(make_item(1), *reasons)
    journal.commit([make_item(0), flagged])
    texts = reasons_in(db_path)
    assert texts[0] is None
    assert json.loads(texts[1] or "") == dict(reasons)
    device = {state.publisher_id: state for state in history.last_states(START_US)}["probe"]
    assert device.analysis.reasons == reasons
    decoded = history.decoded(2)
    assert decoded == flagged.analysed


def test_a_message_of_another_program_is_a_line_of_the_log(
    journal: SqliteJournal, db_path: Path, history: HistoryReader
) -> None:
    message = RawMessage(
        "harit-samarth/soil-health/analysis", b'{"soil_health_index": 61}', START_US, qos=1
    )
    heard = CommitItem(message, heard=Heard(HeardKind.ANALYSIS, "probe"))
    result = journal.commit([make_item(0), heard, make_item(1)])
    assert result.outcomes == (Outcome.STORED, Outcome.HEARD, Outcome.STORED)
    counts = counts_of(db_path)
    assert (counts.readings, counts.rejected_total, counts.messages) == (2, 0, 3)
    line = result.records[1]
    assert line in history.messages(None, 10)
    assert (line.outcome, line.publisher_id, line.origin) == (Outcome.HEARD, "probe", Origin.MQTT)
    assert history.payload(line.id) == message.payload
    with closing(sqlite3.connect(db_path)) as connection:
        (kept,) = connection.execute(
            "SELECT kept_bytes FROM message_log WHERE outcome = 'heard'"
        ).fetchone()
    assert kept == len(message.payload) + len(message.topic)


def test_events_leave_with_simulated_readings(
    journal: SqliteJournal, db_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulated, "PAUSE_S", 0)
    for name in ("sim", "both"):
        made = make_item(0, name, source=Source.SIMULATOR)
        journal.commit([with_events(made, make_event(0, publisher_id=name))])
    journal.commit([eventful(5, "both"), eventful(5, "field")])
    journal.delete_simulated()
    assert {e.event.publisher_id for e in events_in(db_path)} == {"both", "field"}


def test_events_have_their_time(journal: SqliteJournal, db_path: Path) -> None:
    ended = make_event(0, 9, change=Change.CLEARED)
    day = 86_400
    late = make_event(1, 3 * day, kind="stuck", change=Change.CLEARED)
    still = make_event(2, kind="drift")
    gone = make_event(3, kind="drift", publisher_id="gone")
    journal.commit([with_events(make_item(0), ended, late, still)])
    journal.commit([with_events(make_item(0, "gone"), gone), *make_items(4 * day, 3)])
    with closing(sqlite3.connect(db_path, isolation_level=None)) as connection:
        list(retire(connection, START_US + 4 * US_PER_DAY, 2, None))
    assert [e.event for e in events_in(db_path)] == [late, still]

"""Every part of a gap has its reason, and nothing is claimed that was not noted."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest
from msgspec.structs import replace

from harit_desktop.domain.batch import CommitItem
from harit_desktop.domain.gaps import GapKind, GapReason, RecordingKind, RecordingSpan
from harit_desktop.storage.gap_reasons import OPEN_US, explain, gap_reasons
from harit_desktop.storage.history import HistoryReader
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.storage.reader import QueryCancelled
from harit_desktop.storage.recording_log import RecordingLog
from tests.storage.builders import START_US, make_item, make_rejected

MINUTE_US = 60_000_000
HOUR = 60
K, G = RecordingKind, GapKind


def at(minutes: float) -> int:
    return START_US + int(minutes * MINUTE_US)


def note(path: Path, *spans: tuple[RecordingKind, float, float]) -> None:
    log = RecordingLog(path)
    for kind, begin, end in spans:
        log.keep([RecordingSpan(kind, at(begin), at(end))])


def rejected(minutes: float, publisher_id: str | None = "probe") -> CommitItem:
    item = make_rejected()
    assert item.rejection is not None
    return CommitItem(
        replace(item.message, received_us=at(minutes)),
        rejection=replace(item.rejection, publisher_id=publisher_id),
    )


def reasons(path: Path, *gaps: tuple[float, float]) -> list[tuple[str, float, float, int]]:
    """Kind, from and until in minutes, and count of each part."""
    wanted = [(at(begin), at(end)) for begin, end in gaps]
    return [
        (
            p.kind.value,
            (p.from_us - START_US) / MINUTE_US,
            (p.until_us - START_US) / MINUTE_US,
            p.count,
        )
        for p in gap_reasons(path, "probe", wanted)
    ]


@pytest.fixture
def path(journal: SqliteJournal, db_path: Path) -> Path:
    """A store whose device reports every ten minutes until the beginning."""
    journal.commit([make_item(number, time_us=at(10 * number)) for number in range(-12, 1)])
    return db_path


def test_connected_and_nothing_came(path: Path) -> None:
    note(path, (K.RUN, -300, 300))
    assert reasons(path, (0, 200)) == [("silent", 0, 200, 0)]


def test_closed_between_two_runs(path: Path) -> None:
    note(path, (K.RUN, -300, 0.5), (K.RUN, 90, 300))
    assert reasons(path, (0, 100)) == [("app_closed", 0, 90, 0), ("silent", 90, 100, 0)]


def test_each_trouble_has_its_part(path: Path) -> None:
    note(
        path,
        (K.RUN, -300, 1000),
        (K.BROKER_DOWN, 0, 100),
        (K.ASLEEP, 60, 200),
        (K.DISCONNECTED, 300, 400),
        (K.API_DOWN, 400, 500),
    )
    assert reasons(path, (0, 600)) == [
        ("broker_down", 0, 60, 0),
        # Asleep is why nothing came, whatever the broker did meanwhile.
        ("asleep", 60, 200, 0),
        ("silent", 200, 300, 0),
        ("disconnected", 300, 400, 0),
        ("api_down", 400, 500, 0),
        ("silent", 500, 600, 0),
    ]


def test_nothing_is_known_before_the_first_run(path: Path) -> None:
    assert reasons(path, (0, 50)) == [("unknown", 0, 50, 0)]
    note(path, (K.RUN, 30, 300))
    assert reasons(path, (0, 50)) == [("unknown", 0, 30, 0), ("silent", 30, 50, 0)]


def test_a_clock_that_was_set_is_not_a_closed_program(path: Path) -> None:
    note(path, (K.RUN, -300, 10), (K.CLOCK_SET, 10, 70), (K.RUN, 70, 300))
    assert reasons(path, (5, 100)) == [
        ("silent", 5, 10, 0),
        ("unknown", 10, 70, 0),
        ("silent", 70, 100, 0),
    ]


def test_rejected_messages_are_the_reason_while_they_come(
    path: Path, journal: SqliteJournal
) -> None:
    note(path, (K.RUN, -300, 600))
    journal.commit([rejected(10 * number) for number in range(1, 12)])
    journal.commit([rejected(7, None), rejected(8, "other")])
    assert reasons(path, (0, 120)) == [("rejected", 0, 120, 11)]
    # Three intervals after the last one the device counts as silent.
    assert reasons(path, (0, 300)) == [("rejected", 0, 140, 11), ("silent", 140, 300, 0)]


def test_one_rejected_message_does_not_explain_a_week(path: Path, journal: SqliteJournal) -> None:
    note(path, (K.RUN, -300, 20_000))
    journal.commit([rejected(3000)])
    assert reasons(path, (0, 10_080)) == [("silent", 0, 10_080, 1)]


def test_rejected_messages_count_on_the_edge_of_a_part_once(
    path: Path, journal: SqliteJournal
) -> None:
    note(path, (K.RUN, -300, 600), (K.BROKER_DOWN, 100, 200))
    journal.commit([rejected(minute) for minute in (20, 50, 100, 200, 230)])
    found = reasons(path, (0, 250))
    assert [part[0] for part in found] == ["rejected", "broker_down", "rejected"]
    assert sum(part[3] for part in found) == 5


@pytest.mark.parametrize(("trouble_min", "told"), [(0.9, False), (4.9, False), (5.2, True)])
def test_what_is_short_is_not_told_apart(path: Path, trouble_min: float, told: bool) -> None:
    note(path, (K.RUN, -300, 600), (K.BROKER_DOWN, 40, 40 + trouble_min))
    found = [part[0] for part in reasons(path, (0, 100))]
    assert found == (["silent", "broker_down", "silent"] if told else ["silent"])


def test_a_short_gap_has_the_reason_of_its_longest_part(path: Path) -> None:
    note(path, (K.RUN, -300, 600), (K.BROKER_DOWN, 0.1, 0.5))
    assert reasons(path, (0, 0.6)) == [("broker_down", 0, 0.6, 0)]


def test_the_present_run_goes_on_between_two_writes(path: Path) -> None:
    """The log is written once a minute; the gap is asked for at any moment."""
    note(path, (K.RUN, -300, -200))
    RecordingLog(path).keep(
        [RecordingSpan(K.RUN, at(-100), at(0.2)), RecordingSpan(K.BROKER_DOWN, at(-5), at(0.2))]
    )
    assert reasons(path, (0, 1)) == [("broker_down", 0, 1, 0)]
    # Not for ever: a run that was not written any more has ended.
    late = (at(0.2) + OPEN_US - START_US) / MINUTE_US
    assert reasons(path, (0, 60)) == [("app_closed", 0, 60, 0)]
    assert [part[0] for part in reasons(path, (late, late + 5))] == ["app_closed"]


def test_a_trouble_that_is_over_does_not_go_on(path: Path) -> None:
    log = RecordingLog(path)
    log.keep(
        [RecordingSpan(K.BROKER_DOWN, at(-5), at(0.19)), RecordingSpan(K.RUN, at(-100), at(0.2))]
    )
    assert reasons(path, (0, 1)) == [("silent", 0, 1, 0)]


def test_many_gaps_and_those_without_length(path: Path) -> None:
    note(path, (K.RUN, -300, 100), (K.RUN, 200, 300))
    found = reasons(path, (210, 220), (5, 5), (9, 8), (110, 150), (20, 60))
    assert found == [
        ("silent", 210, 220, 0),
        ("app_closed", 110, 150, 0),
        ("silent", 20, 60, 0),
    ]


def test_the_parts_fill_the_gap_whatever_was_noted() -> None:
    """Against a look at each instant, as far as no part is too short to be told."""
    chance = random.Random(5)
    for _ in range(300):
        spans: dict[RecordingKind, list[tuple[int, int]]] = {}
        for kind in RecordingKind:
            edges = sorted(chance.sample(range(40), 2 * chance.randrange(0, 4)))
            pairs = list(zip(edges[::2], edges[1::2], strict=True))
            spans[kind] = [(100 * MINUTE_US * a, 100 * MINUTE_US * b) for a, b in pairs]
        since = chance.choice([None, 0, 500 * MINUTE_US])
        gap = (0, 2000 * MINUTE_US)
        parts = explain(gap, spans, since, [], 0)
        assert [parts[0].from_us, parts[-1].until_us] == list(gap)
        for left, right in pairwise(parts):
            assert left.until_us == right.from_us
            assert left.kind is not right.kind
        for step in range(20):
            moment = (100 * step + 50) * MINUTE_US
            assert kind_at(moment, spans, since) == kind_of(parts, moment)


def kind_at(
    moment: int, spans: dict[RecordingKind, list[tuple[int, int]]], since: int | None
) -> GapKind:
    noted = {k for k, found in spans.items() if any(a <= moment < b for a, b in found)}
    if K.ASLEEP in noted:
        return G.ASLEEP
    if since is None or moment < since:
        return G.UNKNOWN
    if K.RUN not in noted:
        return G.UNKNOWN if K.CLOCK_SET in noted else G.APP_CLOSED
    for kind in (K.BROKER_DOWN, K.API_DOWN, K.DISCONNECTED):
        if kind in noted:
            return G(kind.value)
    return G.SILENT


def kind_of(parts: list[GapReason], moment: int) -> GapKind:
    (found,) = [part.kind for part in parts if part.from_us <= moment < part.until_us]
    return found


def test_a_year_of_a_breaking_connection_takes_a_moment(path: Path) -> None:
    year = 365 * 24 * HOUR
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO recording_log (kind, from_us, until_us) VALUES ('run', ?, ?)",
            (at(0), at(year)),
        )
        connection.executemany(
            "INSERT INTO recording_log (kind, from_us, until_us) VALUES ('broker_down', ?, ?)",
            [(at(10 * n), at(10 * n + 3)) for n in range(49_000)],
        )
    # A thousand times the parts that can be told: an answer only where the work is linear.
    found = reasons(path, (0, year))
    assert len(found) <= 20
    assert found[0][0] == "broker_down"
    assert all(left[2] == right[1] for left, right in pairwise(found))


def test_no_store_an_old_one_and_a_kind_of_a_later_version(tmp_path: Path, path: Path) -> None:
    missing = tmp_path / "none.db"
    assert reasons(missing, (0, 10)) == []
    assert not missing.exists()
    dump = Path(__file__).parent / "schemas" / "v3.sql"
    with closing(sqlite3.connect(missing)) as connection:
        connection.executescript(dump.read_text(encoding="utf-8"))
    assert reasons(missing, (0, 10)) == [("unknown", 0, 10, 0)]
    note(path, (K.RUN, -300, 300))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO recording_log (kind, from_us, until_us) VALUES ('meditating', ?, ?)",
            (at(0), at(50)),
        )
    assert reasons(path, (0, 50)) == [("silent", 0, 50, 0)]


def test_the_history_answers_and_can_be_cancelled(path: Path) -> None:
    note(path, (K.RUN, -300, 300))
    history = HistoryReader(path)
    gaps = [(at(0), at(50))]
    assert history.gap_reasons("probe", gaps) == (GapReason(at(0), at(50), G.SILENT),)
    with pytest.raises(QueryCancelled):
        history.gap_reasons("probe", gaps, lambda: True)

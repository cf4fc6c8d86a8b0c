"""What our own API says where a server is the store: of both stores, each reading once."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.reading import Source
from harit_desktop.storage.history import HistoryReader
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.storage.mysql import api_answers, reading
from harit_desktop.storage.reader import StoreReader
from tests.mariadb_server import OLD_HISTORY, OLD_READINGS, MariaDbServer
from tests.storage.builders import START_US, make_item, make_items, wave
from tests.storage.mysql.reads import make_tables, old_row, send, sweep


def times(history: HistoryReader, limit: int) -> list[int]:
    return [(r.timestamp_us - START_US) // US_PER_S for r in history.api_history(limit)]


@pytest.mark.parametrize("sent", [0, 1, 150, 300])
def test_answers_are_those_of_one_store(
    server: MariaDbServer,
    journal: SqliteJournal,
    history: HistoryReader,
    db_path: Path,
    sent: int,
) -> None:
    items = [wave(number) for number in range(300)]
    journal.commit([*items[::2], *items[1::2]])
    journal.commit([make_item(900 + n, "sim", source=Source.SIMULATOR) for n in range(9)])
    make_tables(server)
    send(server, db_path, sent)
    alone = HistoryReader(db_path)
    assert history.api_history(1000) == alone.api_history(1000)
    assert history.api_history(7) == alone.api_history(7)
    assert history.api_latest() == alone.api_latest()
    assert history.api_stats() == alone.api_stats()
    # And again, from what was counted.
    journal.commit(make_items(2000, 20))
    assert history.api_stats() == alone.api_stats()
    send(server, db_path)
    assert history.api_stats() == alone.api_stats()


def test_a_reading_that_was_sent_without_a_note_is_there_once(
    server: MariaDbServer, journal: SqliteJournal, history: HistoryReader, db_path: Path
) -> None:
    journal.commit(make_items(0, 20))
    send(server, db_path, 12, note=False)
    assert times(history, 100) == [*range(19, -1, -1)]
    assert history.api_stats().readings == 20


def test_a_long_tail_is_counted_too(
    server: MariaDbServer,
    journal: SqliteJournal,
    history: HistoryReader,
    db_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(api_answers, "_TAIL_ROWS", api_answers._TAIL_ROWS.limit(None).limit(15))
    monkeypatch.setattr(api_answers, "_MAX_TAIL", 15)
    journal.commit([wave(number) for number in range(60)])
    send(server, db_path, 10)
    send(server, db_path, 5, note=False)
    assert history.api_stats() == HistoryReader(db_path).api_stats()


def test_rows_of_the_old_backend_are_answered_and_copies_are_not(
    server: MariaDbServer, journal: SqliteJournal, history: HistoryReader, db_path: Path
) -> None:
    server.query(OLD_READINGS)
    server.query(OLD_HISTORY)
    example = "22.5, 17.8, 152.3, 498.2, 22.1, 54.8, 7.18"
    old_row(server, 3, example, "65, 'Good', 0, 0.25, '[]'")
    old_row(server, 5000, "1.1, 2, 3, 4, 5, 6, 7", "20, 'Critical', 1, 0.5, '[\"pH\"]'")
    old_row(server, 6000, "1.1, 2, 3, 4, 5, NULL, 7", "NULL, NULL, NULL, NULL, NULL")
    journal.commit(make_items(3, 1))
    send(server, db_path)
    sweep(server)
    found = history.api_history(10)
    assert [r.publisher_id for r in found] == ["legacy", "legacy", "probe"]
    assert found[1].values == (1.1, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0)
    assert found[1].analysis.critical_factors == ("pH",)
    assert found[0].analysis.index is None
    stats = history.api_stats()
    assert (stats.readings, stats.anomalous) == (3, 1)
    assert stats.by_band == {"Good": 1, "Critical": 1, "Unknown": 1}


def test_what_another_program_deletes_shows_with_the_next_whole_count(
    server: MariaDbServer, journal: SqliteJournal, db_path: Path
) -> None:
    journal.commit(make_items(0, 30))
    send(server, db_path)
    now_s = 0.0
    server_reader = reading.ServerReader(server.address)
    counter = api_answers.ServerCounter(StoreReader(db_path), server_reader, lambda: now_s)
    assert counter.stats().readings == 30
    server.query("DELETE FROM sensor_readings LIMIT 4")
    now_s = api_answers.WHOLE_EVERY_S + 1
    assert counter.stats().readings == 26
    server_reader.close()


def test_without_the_server(
    server: MariaDbServer,
    journal: SqliteJournal,
    history: HistoryReader,
    db_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    journal.commit(make_items(0, 30))
    send(server, db_path)
    stranger = HistoryReader(db_path, server.address)
    assert history.api_stats().readings == 30
    monkeypatch.setattr(reading, "FAILED_FOR_S", 0.0)
    server.stop()
    history.close()
    try:
        journal.commit(make_items(30, 5))
        began_s = time.monotonic()
        # The newest readings are in the journal; the counts are those that were known.
        assert times(history, 3) == [34, 33, 32]
        assert history.api_stats().readings == 35
        with pytest.raises(KnownError, match=r"server\."):
            stranger.api_stats()
        assert time.monotonic() - began_s < 30
    finally:
        server.start()
    send(server, db_path)
    assert history.api_stats().readings == 35
    assert stranger.api_stats().readings == 35
    stranger.close()

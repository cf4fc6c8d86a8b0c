"""Reads while the server is away, silent or not ours."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.export import ExportRequest
from harit_desktop.storage.history import HistoryReader
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.storage.mysql import reading
from harit_desktop.storage.reader import QueryCancelled
from tests.mariadb_server import OLD_READINGS, MariaDbServer
from tests.storage.builders import EXAMPLE, make_items
from tests.storage.mysql.reads import EVER, old_row, seconds, send


@pytest.fixture
def restless(tmp_path: Path) -> Iterator[MariaDbServer]:
    """A server of its own, for tests that stop it."""
    with MariaDbServer() as running:
        yield running


def all_views(history: HistoryReader) -> tuple[int, int, object]:
    return (
        len(history.series("probe", *EVER, 100).time_us),
        len(history.last_states(seconds(99))),
        history.last_values("probe"),
    )


LOCAL = (10, 1, EXAMPLE)


def refused(history: HistoryReader, out: Path) -> str:
    """The code with which both the export and its count are refused."""
    out.write_text("before")
    with pytest.raises(KnownError) as exported:
        history.export(ExportRequest(out))
    with pytest.raises(KnownError) as counted:
        history.count_export(ExportRequest(out))
    assert exported.value.code == counted.value.code
    assert out.read_text() == "before"
    assert not list(out.parent.glob(".harit-*"))
    return exported.value.code


def test_a_stopped_server(
    restless: MariaDbServer, journal: SqliteJournal, db_path: Path, out: Path
) -> None:
    history = HistoryReader(db_path, restless.address)
    journal.commit(make_items(0, 10))
    send(restless, db_path)
    restless.query("DELETE FROM sensor_readings ORDER BY id LIMIT 4")
    assert all_views(history)[0] == 6
    restless.kill()
    assert all_views(history) == LOCAL
    assert refused(history, out) == "server.unreachable"
    restless.start()
    assert history.export(ExportRequest(out)) == 6
    # Not asked again at once, but soon.
    assert all_views(history)[0] == 10
    until_s = time.monotonic() + 3 * reading.FAILED_FOR_S
    while all_views(history)[0] == 10:
        assert time.monotonic() < until_s
        time.sleep(0.2)
    assert all_views(history)[0] == 6
    history.close()


def test_a_server_that_came_back_unnoticed(
    restless: MariaDbServer,
    journal: SqliteJournal,
    db_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "_TRUSTED_S", 0.0)
    history = HistoryReader(db_path, restless.address)
    journal.commit(make_items(0, 10))
    send(restless, db_path)
    restless.query("DELETE FROM sensor_readings ORDER BY id LIMIT 4")
    assert all_views(history)[0] == 6
    restless.restart()
    assert all_views(history)[0] == 6
    restless.kill_connections()
    assert all_views(history)[0] == 6
    history.close()
    assert all_views(history)[0] == 6
    history.close()


def test_a_frozen_server(
    restless: MariaDbServer, journal: SqliteJournal, db_path: Path, out: Path
) -> None:
    history = HistoryReader(db_path, restless.address)
    journal.commit(make_items(0, 10))
    send(restless, db_path)
    all_views(history)
    restless.freeze()
    began_s = time.monotonic()
    assert all_views(history) == LOCAL
    waited_s = time.monotonic() - began_s
    # One read waited for the server, the other four did not.
    assert waited_s < 1.5 * reading.READ_TIMEOUT_S
    began_s = time.monotonic()
    assert all_views(history) == LOCAL
    assert time.monotonic() - began_s < waited_s / 5
    # An answer that nobody wants any more is not waited for.
    fresh = HistoryReader(db_path, restless.address)
    began_s = time.monotonic()
    with pytest.raises(QueryCancelled):
        history.export(ExportRequest(out), cancelled=lambda: time.monotonic() > began_s + 0.5)
    with pytest.raises(QueryCancelled):
        fresh.series("probe", *EVER, 9, lambda: time.monotonic() > began_s + 0.5)
    assert time.monotonic() - began_s < waited_s
    restless.thaw()
    for reader in (history, fresh):
        reader.close()


def test_only_one_read_waits_for_a_server_that_failed(
    restless: MariaDbServer,
    journal: SqliteJournal,
    db_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "FAILED_FOR_S", 1.0)
    history = HistoryReader(db_path, restless.address)
    journal.commit(make_items(0, 10))
    restless.kill()
    all_views(history)
    restless.start()
    restless.freeze()
    time.sleep(1.0)
    monkeypatch.setattr(reading, "FAILED_FOR_S", 60.0)
    took_s: list[float] = []

    def read() -> None:
        began_s = time.monotonic()
        assert history.last_values("probe") is not None
        took_s.append(time.monotonic() - began_s)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    *quick, slow = sorted(took_s)
    assert len(quick) == 3
    assert quick[-1] < slow / 2
    restless.kill()
    history.close()


def test_a_database_that_is_not_ours_yet(
    server: MariaDbServer, history: HistoryReader, journal: SqliteJournal, out: Path
) -> None:
    journal.commit(make_items(0, 10))
    assert all_views(history) == LOCAL
    assert refused(history, out) == "server.table_missing"
    server.query(OLD_READINGS)
    old_row(server, 1, "1, 2, 3, 4, 5, 6, 7", "1, 'Good', 0, 0, '[]'")
    with pytest.raises(KnownError) as caught:
        history.export(ExportRequest(out))
    assert caught.value.code == "server.adoption_needed"
    assert caught.value.params["rows"] == 1
    assert all_views(history) == LOCAL


def test_a_database_of_a_later_version(
    server: MariaDbServer,
    history: HistoryReader,
    journal: SqliteJournal,
    db_path: Path,
    out: Path,
) -> None:
    journal.commit(make_items(0, 10))
    send(server, db_path)
    server.query("UPDATE harit_store SET value = '99' WHERE name = 'schema_version'")
    assert all_views(history) == LOCAL
    assert refused(history, out) == "server.newer_version"

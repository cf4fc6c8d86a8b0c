"""Dumps of a real MariaDB: what is read back is what was there, to the last bit."""

from __future__ import annotations

import gzip
import os
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.errors import KnownError
from harit_desktop.settings.paths import DataPaths
from harit_desktop.storage.backups import Backups
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.storage.mysql import dump, dump_restore
from harit_desktop.storage.mysql.connection import connect
from harit_desktop.storage.mysql.dump_file import check_dump
from harit_desktop.storage.mysql.dump_restore import restore_dump
from harit_desktop.storage.mysql.forwarder import Forwarder
from harit_desktop.storage.mysql.tables import CREATE_STORE, create_readings
from harit_desktop.storage.reader import QueryCancelled
from tests.mariadb_server import DATABASE, OLD_HISTORY, OLD_READINGS, MariaDbServer
from tests.servers import free_port, wait_until
from tests.storage.builders import START_US, make_items

COLUMNS = "publisher_id, timestamp_us, reading_key, N, critical_factors, topic, `timestamp`"
AWKWARD = (
    "plain",
    'it\'s "quoted" \\ and\nover\r\nlines \x1a\x00',
    "`; DROP TABLE sensor_readings; --",
    "नमी 💧 %s %(x)s",
    "",
)
NUMBERS = (0.1, 22.5, 1 / 3, -1e-300, 1.7976931348623157e308, 5e-324, 0.0, None)


@pytest.fixture
def paths(tmp_path: Path) -> DataPaths:
    paths = DataPaths(tmp_path / "data")
    journal = SqliteJournal(paths.database, lambda: START_US)
    journal.open()
    journal.commit(make_items(0, 10))
    journal.close()
    return paths


def make_backups(running: MariaDbServer, paths: DataPaths, **changes: Any) -> Backups:
    chosen: dict[str, Any] = {
        "every_hours": 24,
        "keep": 2,
        "folder": None,
        "server": running.address,
        "first_wait_s": 0.0,
    }
    return Backups(paths, lambda: START_US, **(chosen | changes))


def new_tables(server: MariaDbServer, rows: int = 40) -> None:
    """A database of ours with `rows` awkward readings."""
    with connect(server.address) as connection:
        connection.run(create_readings("utf8mb4_nopad_bin"))
        connection.run(CREATE_STORE)
        connection.run(
            "INSERT INTO harit_store VALUES ('schema_version', '1'), ('store_id', 'abc')"
        )
        insert_rows(connection, 0, rows)
        connection.commit()


def insert_rows(connection: Any, first: int, count: int) -> None:
    for number in range(first, first + count):
        connection.run(
            f"INSERT INTO sensor_readings ({COLUMNS})"
            " VALUES (%s, %s, %s, %s, %s, %s, FROM_UNIXTIME(%s))",
            f"probe-{number}",
            START_US + number * US_PER_S,
            struct.pack(">I", number) + b"'\\\x00\n\xff" + b"k" * 23,
            NUMBERS[number % len(NUMBERS)],
            '["N too low", "\\u0928 \\"x\\""]',
            AWKWARD[number % len(AWKWARD)],
            f"{1_764_000_000 + number}.123456",
        )


def old_tables(server: MariaDbServer) -> None:
    """What the existing system made, with its second table."""
    for statement in (
        OLD_READINGS,
        OLD_HISTORY,
        (
            "INSERT INTO sensor_readings (id, timestamp, N, health_status, critical_factors) VALUES"
            " (7, '2025-11-24 21:30:00', 0.1, 'Good', '[]'), (9, NULL, 16777217, NULL, NULL)"
        ),
        "INSERT INTO analysis_history VALUES (1, 7, '2025-11-24 21:30:01', '{\"a\": 1}')",
    ):
        server.query(statement)


def content(server: MariaDbServer, table: str = "sensor_readings") -> list[tuple[Any, ...]]:
    return server.query(f"SELECT * FROM {table} ORDER BY 1")


def tables(server: MariaDbServer) -> list[str]:
    return sorted(row[0] for row in server.query("SHOW TABLES"))


def test_a_restored_dump_is_equal_to_the_last_bit(
    server: MariaDbServer, paths: DataPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dump, "PAGE_ROWS", 7)
    new_tables(server)
    before = content(server)
    backups = make_backups(server, paths)
    made = backups.make()
    assert made.name == "soil_health_db-20251124T160000Z.sql.gz"
    assert sorted(path.name for path in made.parent.iterdir()) == [
        "harit-20251124T160000Z.db",
        made.name,
    ]
    info = backups.describe(made)
    assert (info.readings, info.version, info.made_us) == (40, 1, START_US)
    assert (info.first_us, info.last_us) == (START_US, START_US + 39 * US_PER_S)
    server.query("DELETE FROM sensor_readings WHERE id > 3")
    kept = backups.restore(made)
    assert kept.name == "sensor_readings_before_20251124T160000Z"
    assert content(server) == before
    assert len(content(server, kept.name)) == 3
    assert tables(server) == [
        "harit_store",
        "harit_store_before_20251124T160000Z",
        "sensor_readings",
        kept.name,
    ]
    # Numbers go on where they were; nothing is used twice.
    server.query("INSERT INTO sensor_readings (N) VALUES (1)")
    assert server.scalar("SELECT max(id) FROM sensor_readings") == 41


def test_a_restored_database_is_a_new_one_to_the_journal(
    server: MariaDbServer, paths: DataPaths
) -> None:
    new_tables(server)
    backups = make_backups(server, paths)
    backups.restore(backups.make())
    store_id = server.scalar("SELECT value FROM harit_store WHERE name = 'store_id'")
    assert store_id != "abc"
    assert len(store_id) == 32
    assert server.scalar("SELECT value FROM harit_store WHERE name = 'schema_version'") == "1"


def test_an_old_database_comes_back_with_its_references(
    server: MariaDbServer, paths: DataPaths
) -> None:
    old_tables(server)
    before = content(server), content(server, "analysis_history")
    backups = make_backups(server, paths)
    made = backups.make()
    server.query("DELETE FROM analysis_history")
    server.query("DELETE FROM sensor_readings")
    for _ in range(2):
        backups.restore(made)
        assert (content(server), content(server, "analysis_history")) == before
        # Single precision too: no digit is lost on the way through the text.
        exact = server.query("SELECT N + 0e0 FROM sensor_readings ORDER BY id")
        assert exact == [(struct.unpack("f", struct.pack("f", 0.1))[0],), (16777216.0,)]
    referred = server.query(
        "SELECT table_name, referenced_table_name FROM information_schema.key_column_usage"
        f" WHERE table_schema = '{DATABASE}' AND referenced_table_name IS NOT NULL"
    )
    after = "_before_20251124T160000Z"
    assert sorted(referred) == [
        ("analysis_history", "sensor_readings"),
        (f"analysis_history{after}", f"sensor_readings{after}"),
        (f"analysis_history{after}_2", f"sensor_readings{after}_2"),
    ]
    with pytest.raises(Exception, match="foreign key"):
        server.query("INSERT INTO analysis_history (sensor_id) VALUES (12345)")


def test_the_dump_is_one_state_while_rows_arrive(
    server: MariaDbServer, paths: DataPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_tables(server)
    monkeypatch.setattr(dump, "PAGE_ROWS", 5)
    pages = dump._pages

    def inserting(session: Any, table: Any) -> Iterator[list[tuple[Any, ...]]]:
        for number, page in enumerate(pages(session, table)):
            with connect(server.address) as other:
                insert_rows(other, 1000 + number + 100 * len(table.name), 1)
                other.run("DELETE FROM sensor_readings WHERE id = 40")
                other.commit()
            yield page

    monkeypatch.setattr(dump, "_pages", inserting)
    made = make_backups(server, paths).make()
    assert check_dump(made).readings == 40
    assert server.scalar("SELECT count(*) FROM sensor_readings") > 40


def test_a_dump_is_plain_sql_for_the_servers_own_client(
    server: MariaDbServer, paths: DataPaths
) -> None:
    new_tables(server)
    before = content(server)
    made = make_backups(server, paths).make()
    server.drop_database()
    with gzip.open(made) as file:
        text = file.read()
    command = ["mariadb", f"--socket={server.socket}", "--user=root", DATABASE]
    subprocess.run(command, input=text, check=True, timeout=60)
    assert content(server) == before


def test_an_empty_table_is_restored_empty(server: MariaDbServer, paths: DataPaths) -> None:
    new_tables(server, rows=0)
    backups = make_backups(server, paths)
    made = backups.make()
    info = backups.describe(made)
    assert (info.readings, info.first_us, info.last_us) == (0, None, None)
    backups.restore(made)
    assert content(server) == []


# -- bad files -------------------------------------------------------------------------


@pytest.fixture
def made(server: MariaDbServer, paths: DataPaths) -> Path:
    new_tables(server)
    return make_backups(server, paths).make()


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 20)


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x10
    path.write_bytes(data)


def _lines(change: Callable[[list[bytes]], Any]) -> Callable[[Path], None]:
    def pack_again(path: Path) -> None:
        lines = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
        change(lines)
        path.write_bytes(gzip.compress(b"".join(lines)))

    return pack_again


def _insert_index(lines: list[bytes]) -> int:
    return next(i for i, line in enumerate(lines) if line.startswith(b"INSERT"))


def _half_the_rows(lines: list[bytes]) -> None:
    at = _insert_index(lines)
    lines[at] = lines[at].split(b"), (")[0] + b");\n"


BAD = {
    "cut": _cut,
    "flipped": _flip,
    "only half": lambda path: os.truncate(path, path.stat().st_size // 2),
    "no last line": _lines(lambda lines: lines.pop()),
    "no first line": _lines(lambda lines: lines.pop(0)),
    "a line less": _lines(lambda lines: lines.pop(_insert_index(lines))),
    "a line more": _lines(lambda lines: lines.append(b"DROP TABLE sensor_readings;\n")),
    "another statement": _lines(
        lambda lines: lines.__setitem__(_insert_index(lines), b"DROP DATABASE mysql;\n")
    ),
    "another table": _lines(
        lambda lines: lines.__setitem__(_insert_index(lines), b"INSERT INTO `users` (1);\n")
    ),
    "not utf-8": _lines(lambda lines: lines.insert(3, b"\xff\n")),
    "bad json": _lines(lambda lines: lines.__setitem__(0, b"-- Harit Desktop dump {}\n")),
    "another gzip": lambda path: path.write_bytes(gzip.compress(b"a letter\n")),
}


@pytest.mark.parametrize("change", BAD.values(), ids=BAD.keys())
def test_a_bad_dump_is_refused_and_the_tables_untouched(
    server: MariaDbServer, paths: DataPaths, made: Path, change: Callable[[Path], Any]
) -> None:
    change(made)
    before = content(server)
    backups = make_backups(server, paths)
    for act in (backups.check, backups.restore):
        with pytest.raises(KnownError) as raised:
            act(made)
        assert raised.value.code == "backup.bad_file"
        assert raised.value.params["path"] == str(made)
    assert content(server) == before
    assert tables(server) == ["harit_store", "sensor_readings"]


def test_rows_that_are_missing_are_noticed_before_the_swap(
    server: MariaDbServer, paths: DataPaths, made: Path
) -> None:
    _lines(_half_the_rows)(made)
    before = content(server)
    with pytest.raises(KnownError) as raised:
        make_backups(server, paths).restore(made)
    assert raised.value.code == "backup.bad_file"
    assert "should have 40 rows" in str(raised.value.params["reason"])
    assert content(server) == before
    assert tables(server) == ["harit_store", "sensor_readings"]


@pytest.mark.parametrize(
    ("old", "new"), [(b'"format":1', b'"format":2'), (b'"version":1', b'"version":99')]
)
def test_a_dump_of_a_newer_version_is_refused(
    server: MariaDbServer, paths: DataPaths, made: Path, old: bytes, new: bytes
) -> None:
    _lines(lambda lines: lines.__setitem__(0, lines[0].replace(old, new)))(made)
    with pytest.raises(KnownError) as raised:
        make_backups(server, paths).check(made)
    assert raised.value.code == "backup.newer_version"


def test_a_dump_needs_a_server_to_be_restored_to(
    server: MariaDbServer, paths: DataPaths, made: Path
) -> None:
    with pytest.raises(KnownError) as raised:
        make_backups(server, paths, server=None).restore(made)
    assert raised.value.code == "backup.not_restored"


# -- servers that fail -----------------------------------------------------------------


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_without_our_table_there_is_a_clear_failure(
    server: MariaDbServer, paths: DataPaths
) -> None:
    backups = make_backups(server, paths)
    with pytest.raises(KnownError) as raised:
        backups.make()
    assert raised.value.code == "server.table_missing"
    # The journal's copy was made before, and stays.
    assert files(backups.folder) == ["harit-20251124T160000Z.db"]


def test_an_absent_server_costs_neither_the_journals_copy_nor_its_rotation(
    server: MariaDbServer, paths: DataPaths
) -> None:
    address = replace(server.address, port=free_port())
    backups = make_backups(server, paths, server=address, retry_s=0.05)
    stop = threading.Event()
    thread = threading.Thread(target=backups.run, args=(stop,))
    thread.start()
    try:
        wait_until(lambda: backups.problem)
        problem = backups.problem
        assert problem is not None
        assert problem.code == "server.unreachable"
        # Tried again and again, without a copy of the journal each time.
        time.sleep(0.5)
        assert files(backups.folder) == ["harit-20251124T160000Z.db"]
    finally:
        stop.set()
        thread.join(0.5)
    assert not thread.is_alive()


def test_a_full_disk_leaves_no_partial_dump(
    server: MariaDbServer, paths: DataPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_tables(server)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(gzip.GzipFile, "write", full)
    backups = make_backups(server, paths)
    with pytest.raises(KnownError) as raised:
        backups.make()
    assert raised.value.code == "backup.no_room"
    assert files(backups.folder) == ["harit-20251124T160000Z.db"]


def test_a_stop_ends_a_dump_although_the_server_is_silent(paths: DataPaths) -> None:
    with MariaDbServer() as server:
        new_tables(server)
        backups = make_backups(server, paths)
        stop = threading.Event()
        thread = threading.Thread(target=backups.run, args=(stop,))
        server.freeze()
        thread.start()
        wait_until(lambda: backups.list())
        time.sleep(0.3)
        assert thread.is_alive()
        stop.set()
        thread.join(0.5)
        assert not thread.is_alive()
        assert files(backups.folder) == ["harit-20251124T160000Z.db"]


def test_a_cancelled_dump_leaves_nothing(server: MariaDbServer, paths: DataPaths) -> None:
    new_tables(server)
    backups = make_backups(server, paths)
    each = backups.make_each(lambda: False)
    next(each)
    cancelled = make_backups(server, paths, folder=paths.root / "other")
    with pytest.raises(QueryCancelled):
        cancelled._make("mysql", lambda: True)
    assert files(paths.root / "other") == []


@pytest.mark.parametrize("at", ["_compare", "_swap"])
def test_a_server_that_dies_during_a_restore_keeps_its_tables(
    paths: DataPaths, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    with MariaDbServer() as server:
        new_tables(server)
        before = content(server)
        made = make_backups(server, paths).make()
        original = getattr(dump_restore, at)

        def dying(*arguments: Any) -> Any:
            server.kill()
            return original(*arguments)

        monkeypatch.setattr(dump_restore, at, dying)
        with pytest.raises(KnownError) as raised:
            restore_dump(server.address, made, START_US)
        assert raised.value.code.startswith("server.")
        server.start()
        assert content(server) == before
        monkeypatch.undo()
        # What the first attempt left is no obstacle and goes away.
        restore_dump(server.address, made, START_US)
        assert content(server) == before
        assert not [name for name in tables(server) if name.startswith("harit_restore")]


def test_an_account_without_rights_changes_nothing(
    server: MariaDbServer, paths: DataPaths, made: Path
) -> None:
    server.query("CREATE OR REPLACE USER reader@'%' IDENTIFIED BY 'r'", database=None)
    server.query(f"GRANT SELECT ON {DATABASE}.* TO reader@'%'", database=None)
    reader = replace(server.address, user="reader", password="r")
    before = content(server)
    # Reading is enough for a dump.
    again = make_backups(server, paths, server=reader).make()
    assert check_dump(again).readings == 40
    with pytest.raises(KnownError) as raised:
        make_backups(server, paths, server=reader).restore(made)
    assert raised.value.code == "server.permission"
    assert content(server) == before


def test_after_a_restore_the_journal_sends_what_the_dump_did_not_have(
    server: MariaDbServer, tmp_path: Path
) -> None:
    paths = DataPaths(tmp_path / "data")
    journal = SqliteJournal(paths.database, lambda: START_US)
    journal.open()

    def forward_all(count: int) -> None:
        forwarder = Forwarder(paths.database, server.address, lambda: START_US)
        forwarder.start()
        forwarder.wake(journal.status().rows)
        query = "SELECT count(DISTINCT reading_key), count(*) FROM sensor_readings"
        wait_until(lambda: forwarder.status().state == "ready", what="ready")
        wait_until(lambda: server.query(query) == [(count, count)], what=f"{count} rows")
        assert forwarder.stop(5)

    journal.commit(make_items(0, 30))
    forward_all(30)
    backups = make_backups(server, paths)
    made = backups.make()
    journal.commit(make_items(30, 25))
    forward_all(55)
    backups.restore(made)
    assert server.scalar("SELECT count(*) FROM sensor_readings") == 30
    forward_all(55)
    # The other way round: an older journal has nothing that the server has not.
    journal.close()
    backups.restore(next(made.parent.glob("harit-*.db")))
    journal.open()
    journal.commit(make_items(100, 5))
    forward_all(60)
    journal.close()

"""A backup in the place of the store, whatever happens meanwhile."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from harit_desktop.domain.errors import KnownError
from harit_desktop.settings.paths import DataPaths
from harit_desktop.storage import backup_restore
from harit_desktop.storage.backups import check_backup
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.storage.schema import SCHEMA_VERSION
from tests.storage.backups.parts import (
    Clock,
    cannot_link,
    fill_other,
    make_backups,
    names,
    readings_in,
    sql,
)
from tests.storage.builders import START_US, make_items
from tests.storage.quality import eventful

REPOSITORY = Path(__file__).parents[3]


def test_a_restore_brings_the_backup_and_keeps_what_was_there(
    paths: DataPaths, made: Path, clock: Clock
) -> None:
    fill_other(paths, 50)
    kept = make_backups(paths, clock).restore(made)
    assert kept == paths.root / "harit.db.before-restore-20251124T160000Z"
    assert (readings_in(paths.database), readings_in(kept)) == (300, 350)
    assert made.exists()
    journal = SqliteJournal(paths.database, lambda: START_US)
    assert journal.open().readings == 300
    journal.commit(make_items(5000, 3))
    journal.close()
    assert (readings_in(paths.database), readings_in(kept)) == (303, 350)
    # The kept store is a backup like any other.
    again = make_backups(paths, clock).restore(kept)
    assert again.name == "harit.db.before-restore-20251124T160000Z-2"
    assert (readings_in(paths.database), readings_in(again)) == (350, 303)


def test_readings_that_were_in_the_log_alone_are_kept(
    paths: DataPaths, made: Path, clock: Clock
) -> None:
    journal = SqliteJournal(paths.database, lambda: START_US)
    journal.open()
    journal.commit(make_items(10_000, 50))
    crashed = paths.root / "crashed"
    crashed.mkdir()
    for name in ("harit.db", "harit.db-wal"):
        shutil.copy(paths.root / name, crashed / name)
    journal.close()
    for name in ("harit.db", "harit.db-wal"):
        (crashed / name).replace(paths.root / name)
    kept = make_backups(paths, clock).restore(made)
    assert (readings_in(paths.database), readings_in(kept)) == (300, 350)
    assert not paths.database.with_name("harit.db-wal").exists()


def test_a_store_too_damaged_for_its_log_is_kept_with_it(
    paths: DataPaths, made: Path, clock: Clock
) -> None:
    paths.database.write_bytes(b"no database" * 1000)
    log = paths.database.with_name("harit.db-wal")
    log.write_bytes(b"its log")
    kept = make_backups(paths, clock).restore(made)
    assert readings_in(paths.database) == 300
    assert kept.read_bytes() == b"no database" * 1000
    assert kept.with_name(kept.name + "-wal").read_bytes() == b"its log"
    assert [name for name in names(paths.root) if name.endswith(("aside", ".part"))] == []


def test_a_restore_where_no_store_is(paths: DataPaths, made: Path, clock: Clock) -> None:
    paths.database.unlink()
    kept = make_backups(paths, clock).restore(made)
    assert not kept.exists()
    assert readings_in(paths.database) == 300


def test_a_disk_without_second_names_gets_a_copy(
    paths: DataPaths, made: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_other(paths, 50)
    monkeypatch.setattr(os, "link", cannot_link)
    kept = make_backups(paths, clock).restore(made)
    assert (readings_in(paths.database), readings_in(kept)) == (300, 350)


def test_a_store_that_is_in_use_is_not_replaced(
    paths: DataPaths, made: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup_restore, "_BUSY_S", 0.1)
    journal = SqliteJournal(paths.database, lambda: START_US)
    journal.open()
    with pytest.raises(KnownError) as raised:
        make_backups(paths, clock).restore(made)
    assert raised.value.code == "backup.not_restored"
    assert journal.commit(make_items(300, 1)).outcomes
    journal.close()
    assert readings_in(paths.database) == 301


def test_a_link_in_the_stores_place_is_left_alone(
    paths: DataPaths, made: Path, clock: Clock, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere.db"
    paths.database.rename(elsewhere)
    paths.database.symlink_to(elsewhere)
    with pytest.raises(KnownError) as raised:
        make_backups(paths, clock).restore(made)
    assert raised.value.code == "backup.not_restored"
    assert paths.database.is_symlink()


def test_a_restore_on_a_full_disk_changes_nothing(
    made: Path, clock: Clock, small_disk: Path
) -> None:
    paths = DataPaths(small_disk)
    journal = SqliteJournal(paths.database, lambda: START_US)
    journal.open()
    journal.commit(make_items(0, 5))
    journal.close()
    with pytest.raises(KnownError) as raised:
        make_backups(paths, clock).restore(made)
    assert raised.value.code == "backup.not_restored"
    assert names(small_disk) == ["harit.db"]
    assert readings_in(paths.database) == 5


CRASHING_RESTORE = """
import os, sys
from pathlib import Path
from harit_desktop.settings.paths import DataPaths
from harit_desktop.storage.backups import Backups

root, made, fatal, how = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
steps = 0
WATCHED = ("os.link", "os.rename", "os.remove", "shutil.copymode", "sqlite3.connect", "open")

def step(event, arguments):
    global steps
    if event not in WATCHED or not str(arguments[0]).startswith(str(root)):
        return
    steps += 1
    if steps == fatal:
        if how == "kill":
            os._exit(9)
        raise OSError(5, "the test's error")

backups = Backups(DataPaths(root), lambda: 0, every_hours=0, keep=1, folder=None, server=None)
sys.addaudithook(step)
try:
    backups.restore(made)
except Exception as error:
    os._exit(8 if "the test's error" in str(error) else 7)
os._exit(0 if steps < fatal else 6)
"""


@pytest.mark.parametrize("how", ["kill", "fail"])
@pytest.mark.parametrize("damaged", [False, True], ids=["sound", "damaged"])
def test_a_crash_at_any_step_leaves_the_old_or_the_restored_store(
    paths: DataPaths, made: Path, clock: Clock, tmp_path: Path, how: str, damaged: bool
) -> None:
    fill_other(paths, 50)
    if damaged:
        paths.database.write_bytes(b"no database" * 1000)
        paths.database.with_name("harit.db-wal").write_bytes(b"its log")
    codes = []
    for fatal in range(1, 40):
        root = tmp_path / f"{how}-{fatal}"
        shutil.copytree(paths.root, root)
        command = [sys.executable, "-c", CRASHING_RESTORE, str(root), str(made), str(fatal), how]
        done = subprocess.run(command, cwd=REPOSITORY, timeout=60, check=False)
        codes.append(done.returncode)
        assert done.returncode in (0, 6, 8, 9)
        _assert_nothing_lost(DataPaths(root), clock, damaged, done.returncode)
        if done.returncode == 0:
            break
    assert codes[-1] == 0
    assert len(codes) > 6


def _assert_nothing_lost(paths: DataPaths, clock: Clock, damaged: bool, code: int) -> None:
    kept = paths.root / "harit.db.before-restore-19700101T000000Z"
    data = paths.database.read_bytes()
    if damaged:
        old = data.startswith(b"no database")
        where = paths.database if old else kept
        assert where.read_bytes() == b"no database" * 1000
        logs = [path.read_bytes() for path in paths.root.glob("harit.db*-wal*")]
        assert b"its log" in logs
        if old and code == 8:
            assert paths.database.with_name("harit.db-wal").read_bytes() == b"its log"
        if old:
            return
    readings = readings_in(paths.database)
    assert readings in (300, 350)
    if readings == 300 and not damaged:
        assert readings_in(kept) == 350
    if code == 8 and readings == 350:
        assert not kept.exists()
    backup_restore.sweep_second_names(paths.database)
    journal = SqliteJournal(paths.database, clock)
    report = journal.open()
    journal.close()
    assert (report.readings, report.problems) == (readings, ())
    if readings == 350:
        assert not kept.exists()


def test_a_backup_of_an_earlier_version_is_restored_and_brought_to_this_one(
    paths: DataPaths, made: Path, clock: Clock
) -> None:
    sql(
        "DROP TABLE cursors",
        "DROP TABLE rollups_minute",
        "DROP TABLE rollups_hour",
        "DROP TABLE api_rows",
        "DROP TABLE withdrawn_readings",
        "ALTER TABLE sensor_readings DROP COLUMN quality_reasons",
        "DROP TABLE quality_events",
        "DROP TABLE baselines",
        "DROP TABLE device_records",
        "DROP TABLE calibrations",
        "DROP TABLE alerts",
        "DROP TABLE alert_log",
        "DROP TABLE chart_notes",
        "DROP TABLE recording_log",
        "DROP TABLE reading_extras",
        "DROP INDEX ix_message_log_rejected_id",
        "ALTER TABLE rejected_messages DROP COLUMN origin",
        "ALTER TABLE rejected_messages DROP COLUMN retained",
        "ALTER TABLE rejected_messages DROP COLUMN part",
        "DROP TABLE timeless_deliveries",
        "CREATE TABLE timeless_deliveries (session TEXT NOT NULL, packet_id INTEGER NOT NULL,"
        " digest BLOB NOT NULL, reading_id BIGINT NOT NULL, PRIMARY KEY (session, packet_id))",
        "CREATE INDEX ix_timeless_deliveries_reading_id ON timeless_deliveries (reading_id)",
        "PRAGMA user_version = 1",
    )(made)
    fill_other(paths, 50)
    make_backups(paths, clock).restore(made)
    journal = SqliteJournal(paths.database, clock)
    report = journal.open()
    journal.close()
    assert (report.readings, report.problems) == (300, ())
    assert check_backup(paths.database).version == SCHEMA_VERSION


def test_cursors_of_a_backup_hold_for_the_readings_made_after_its_restore(
    paths: DataPaths, clock: Clock
) -> None:
    """The cursor says what was forwarded when the backup was made. Ids above it that are
    used again belong to readings that were not forwarded."""
    journal = SqliteJournal(paths.database, clock)
    journal.open()
    journal.commit(make_items(0, 10))
    sql("INSERT OR REPLACE INTO cursors VALUES ('forwarded', 8)")(paths.database)
    made = make_backups(paths, clock).make()
    # Lost by the restore, after they were forwarded with the rest.
    journal.commit(make_items(10, 5))
    sql("UPDATE cursors SET last_id = 15 WHERE name = 'forwarded'")(paths.database)
    journal.close()
    make_backups(paths, clock).restore(made)
    journal.open()
    journal.commit(make_items(100, 5, "new"))
    journal.close()
    with closing(sqlite3.connect(paths.database)) as connection:
        waiting = connection.execute(
            "SELECT publisher_id, count(*) FROM sensor_readings"
            " WHERE id > (SELECT last_id FROM cursors WHERE name = 'forwarded')"
            " GROUP BY publisher_id ORDER BY publisher_id"
        ).fetchall()
    assert waiting == [("new", 5), ("probe", 2)]


def test_a_backup_brings_what_was_known_and_entered_when_it_was_made(
    paths: DataPaths, clock: Clock
) -> None:
    """The states of the quality tests belong to the readings in the file beside them."""
    journal = SqliteJournal(paths.database, clock)
    journal.open()
    journal.commit([eventful(n) for n in range(10)])
    journal.save_baselines({"probe": b"of ten readings"}, 10)
    sql("INSERT INTO device_records VALUES ('probe', 'North', 'n', 0, 3)")(paths.database)
    made = make_backups(paths, clock).make()
    journal.commit([eventful(n) for n in range(10, 15)])
    journal.save_baselines({"probe": b"of fifteen"}, 15)
    sql("DELETE FROM device_records")(paths.database)
    journal.close()
    make_backups(paths, clock).restore(made)
    journal.open()
    assert journal.load_baselines(10) == ({"probe": b"of ten readings"}, 10)
    journal.commit(make_items(100, 3))
    assert [reading.timestamp_us for _, reading in journal.readings_after(10, 100)] == [
        START_US + n * 1_000_000 for n in (100, 101, 102)
    ]
    journal.close()
    with closing(sqlite3.connect(paths.database)) as connection:
        for table, count in (("quality_events", 10), ("device_records", 1)):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (count,)


def test_a_set_aside_store_can_be_restored_with_its_log(
    paths: DataPaths, made: Path, clock: Clock, tmp_path: Path
) -> None:
    folder = tmp_path / "aside"
    folder.mkdir()
    journal = SqliteJournal(paths.database, clock)
    journal.open()
    journal.commit(make_items(400, 7))
    for suffix in ("", "-wal"):
        shutil.copy(f"{paths.database}{suffix}", folder / f"harit.db.old{suffix}")
    journal.close()
    assert check_backup(folder / "harit.db.old").readings == 307
    make_backups(paths, clock).restore(folder / "harit.db.old")
    assert readings_in(paths.database) == 307

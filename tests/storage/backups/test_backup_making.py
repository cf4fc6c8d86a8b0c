"""Backups of the SQLite store: copies while it is written, and which ones stay."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.errors import KnownError
from harit_desktop.settings.paths import DataPaths
from harit_desktop.storage import backup_copy, backup_files
from harit_desktop.storage.backup_files import part_file, stored_backups
from harit_desktop.storage.database_files import time_text
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.storage.reader import QueryCancelled
from tests.storage.backups.parts import (
    HOUR_US,
    Clock,
    cannot_link,
    make_backups,
    names,
    readings_in,
    sql,
)
from tests.storage.builders import START_US, make_items


def test_a_backup_holds_every_committed_reading_in_one_file(
    paths: DataPaths, journal: SqliteJournal, clock: Clock
) -> None:
    made = make_backups(paths, clock).make()
    assert made == paths.root / "backups" / "harit-20251124T160000Z.db"
    assert names(made.parent) == [made.name]
    # The newest rows were in the log alone; the copy needs none.
    assert paths.database.with_name("harit.db-wal").stat().st_size > 0
    assert readings_in(made) == 300
    assert names(made.parent) == [made.name]


@pytest.mark.parametrize("log_is_empty", [True, False])
def test_commits_go_on_and_the_copy_is_one_state(
    paths: DataPaths,
    journal: SqliteJournal,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    log_is_empty: bool,
) -> None:
    monkeypatch.setattr(backup_copy, "_SLICE_PAGES", 4)
    commits = 0
    if log_is_empty:
        sql("PRAGMA wal_checkpoint(TRUNCATE)")(paths.database)
        assert paths.database.with_name("harit.db-wal").stat().st_size == 0

    def commit_between_slices() -> bool:
        nonlocal commits
        journal.commit(make_items(1000 + commits * 100, 100))
        sql("PRAGMA wal_checkpoint(PASSIVE)")(paths.database)
        commits += 1
        return False

    made = make_backups(paths, clock).make(commit_between_slices)
    assert commits > 10
    with closing(sqlite3.connect(made)) as copy:
        (readings,) = copy.execute("SELECT count(*) FROM sensor_readings").fetchone()
        (counted,) = copy.execute("SELECT sum(reading_count) FROM devices").fetchone()
    assert readings == counted == 300
    assert journal.status().rows == 300 + 100 * commits


def test_a_second_backup_in_the_same_second_replaces_nothing(
    paths: DataPaths, journal: SqliteJournal, clock: Clock
) -> None:
    backups = make_backups(paths, clock)
    first = backups.make()
    journal.commit(make_items(300, 1))
    second = backups.make()
    assert second.name == "harit-20251124T160001Z.db"
    assert (readings_in(first), readings_in(second)) == (300, 301)


@pytest.mark.parametrize("linking", [True, False])
def test_what_stands_under_the_name_already_is_left_alone(
    paths: DataPaths,
    journal: SqliteJournal,
    clock: Clock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    linking: bool,
) -> None:
    if not linking:
        monkeypatch.setattr(os, "link", cannot_link)
    outside = tmp_path / "outside"
    outside.write_text("precious")
    folder = paths.root / "backups"
    folder.mkdir()
    (folder / "harit-20251124T160000Z.db").symlink_to(outside)
    (folder / "harit-20251124T160001Z.db").symlink_to(tmp_path / "nowhere")
    made = make_backups(paths, clock).make()
    assert made.name == "harit-20251124T160002Z.db"
    assert outside.read_text() == "precious"
    assert not (tmp_path / "nowhere").exists()
    assert [stored.path for stored in make_backups(paths, clock).list()] == [made]


def test_without_a_store_there_is_nothing_to_back_up(paths: DataPaths, clock: Clock) -> None:
    with pytest.raises(KnownError) as raised:
        make_backups(paths, clock).make()
    assert raised.value.code == "store.absent"
    assert not paths.root.exists()


def test_a_cancelled_backup_leaves_nothing(
    paths: DataPaths, journal: SqliteJournal, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup_copy, "_SLICE_PAGES", 4)
    backups = make_backups(paths, clock)
    with pytest.raises(QueryCancelled):
        backups.make(lambda: True)
    assert names(backups.folder) == []


def test_a_damaged_store_makes_no_backup_and_costs_none(
    paths: DataPaths, journal: SqliteJournal, clock: Clock
) -> None:
    backups = make_backups(paths, clock, keep=1)
    sound = backups.make()
    journal.close()
    with paths.database.open("r+b") as file:
        for page in range(3, paths.database.stat().st_size // 4096):
            file.seek(page * 4096)
            file.write(b"\xa5" * 64)
    clock.now_us += HOUR_US
    with pytest.raises(KnownError) as raised:
        backups.make()
    assert raised.value.code == "backup.failed"
    assert names(backups.folder) == [sound.name]


def test_a_full_disk_is_told_before_anything_is_written(
    paths: DataPaths, journal: SqliteJournal, clock: Clock, small_disk: Path
) -> None:
    backups = make_backups(paths, clock, folder=small_disk)
    with pytest.raises(KnownError) as raised:
        backups.make()
    assert raised.value.code == "backup.no_room"
    assert raised.value.params["path"] == str(small_disk)
    assert int(raised.value.params["needed_mb"]) >= 16
    assert names(small_disk) == []


def test_a_disk_that_fills_up_meanwhile_leaves_no_partial_file(
    paths: DataPaths,
    journal: SqliteJournal,
    clock: Clock,
    small_disk: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    journal.commit(make_items(1000, 4000))
    monkeypatch.setattr("harit_desktop.storage.backups._ROOM_BYTES", -(10**9))
    with pytest.raises(KnownError) as raised:
        make_backups(paths, clock, folder=small_disk).make()
    assert raised.value.code == "backup.no_room"
    assert names(small_disk) == []


def test_a_read_only_folder_is_a_clear_failure(
    paths: DataPaths, journal: SqliteJournal, clock: Clock, read_only: tuple[Path, Path]
) -> None:
    writable, refusing = read_only
    with pytest.raises(KnownError) as raised:
        make_backups(paths, clock, folder=refusing).make()
    assert raised.value.code == "backup.failed"
    assert raised.value.params == {"path": str(refusing), "reason": "Read-only file system"}
    assert names(writable) == []


def test_a_folder_on_a_disk_that_is_not_there_is_not_made(
    paths: DataPaths, journal: SqliteJournal, clock: Clock, tmp_path: Path
) -> None:
    with pytest.raises(KnownError) as raised:
        make_backups(paths, clock, folder=tmp_path / "usb" / "backups").make()
    assert raised.value.code == "backup.failed"
    assert not (tmp_path / "usb").exists()


def test_only_the_newest_stay_and_only_exact_names_go(
    paths: DataPaths, journal: SqliteJournal, clock: Clock
) -> None:
    folder = paths.root / "backups"
    folder.mkdir()
    others = [
        "harit-before-v2-20200101T000000Z.db",
        "harit-20200101T000000Z.db.old",
        "my-harit-20200101T000000Z.db",
        "harit-20200101T0000Z.db",
        "harit-20201301T000000Z.db",
        "harit-20200101T000000Z.DB",
        "soil_health_db-20200101T000000Z.sql.gz",
        "notes.txt",
    ]
    for name in others:
        (folder / name).write_text("theirs")
    (folder / "harit-20200101T000001Z.db").mkdir()
    (folder / "harit-20200102T000000Z.db").write_text("an old one")
    backups = make_backups(paths, clock, keep=2)
    made = []
    for _ in range(4):
        made.append(backups.make().name)
        clock.now_us += HOUR_US
    assert names(folder) == sorted([*others, "harit-20200101T000001Z.db", *made[-2:]])


def test_with_a_clock_that_went_back_the_new_one_stays(
    paths: DataPaths, journal: SqliteJournal, clock: Clock
) -> None:
    backups = make_backups(paths, clock, keep=1)
    clock.now_us += 1000 * HOUR_US
    backups.make()
    clock.now_us = START_US
    made = backups.make()
    assert made.exists()


def test_what_a_killed_program_left_is_swept_and_what_another_one_writes_is_not(
    paths: DataPaths, journal: SqliteJournal, clock: Clock
) -> None:
    folder = paths.root / "backups"
    folder.mkdir()
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    with part_file(folder) as mine:
        left = folder / mine.path.name.replace(f"-{os.getpid()}-", f"-{ended.pid}-")
        left.write_bytes(b"half")
        left.with_name(left.name + "-journal").write_bytes(b"")
        old = folder / ".harit-backup-00000000-1-0000000000000000.part"
        old.write_bytes(b"half")
        os.utime(old, (0, 0))
        young = folder / ".harit-backup-00000000-1-0000000000000001.part"
        young.write_bytes(b"half")
        backup_files.sweep_parts(folder)
        assert names(folder) == sorted([young.name, mine.path.name])
    assert names(folder) == [young.name]


def test_names_and_times(tmp_path: Path) -> None:
    (tmp_path / "harit-20251124T160000Z.db").write_text("x")
    (tmp_path / "soil_health_db-20251124T160500Z.sql.gz").write_text("x")
    (tmp_path / "harit-before-v2-20251124T161000Z.db").write_text("x")
    (tmp_path / "harit-20251124T162000Z.db").write_text("")
    found = [(b.kind, b.made_us, b.kept) for b in stored_backups(tmp_path)]
    assert found == [
        ("sqlite", START_US + 600 * US_PER_S, True),
        ("mysql", START_US + 300 * US_PER_S, False),
        ("sqlite", START_US, False),
    ]
    assert time_text(START_US + 999_999) == "20251124T160000Z"

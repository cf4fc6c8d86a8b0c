"""Backups of the SQLite store: copies while it is written, rotation, check, restore."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.errors import KnownError
from harit_desktop.settings.paths import DataPaths
from harit_desktop.storage import backup_copy, backup_files, backup_restore
from harit_desktop.storage.backup_files import part_file, stored_backups
from harit_desktop.storage.backups import Backups, check_backup
from harit_desktop.storage.database_files import time_text
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.storage.reader import QueryCancelled
from harit_desktop.storage.schema import SCHEMA_VERSION
from tests.servers import wait_until
from tests.storage.builders import START_US, make_items

HOUR_US = 3600 * US_PER_S
ROOT = Path(__file__).parents[2]


class Clock:
    def __init__(self, now_us: int = START_US) -> None:
        self.now_us = now_us

    def __call__(self) -> int:
        return self.now_us


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def paths(tmp_path: Path) -> DataPaths:
    return DataPaths(tmp_path / "data")


@pytest.fixture
def journal(paths: DataPaths) -> Iterator[SqliteJournal]:
    opened = SqliteJournal(paths.database, lambda: START_US, busy_ms=100)
    opened.open()
    opened.commit(make_items(0, 300))
    yield opened
    opened.close()


def make_backups(paths: DataPaths, clock: Clock, **changes: Any) -> Backups:
    chosen: dict[str, Any] = {
        "every_hours": 24,
        "keep": 3,
        "folder": None,
        "server": None,
        "first_wait_s": 0.0,
    }
    return Backups(paths, clock, **(chosen | changes))


def readings_in(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM sensor_readings").fetchone()
        return int(count)


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def fill_other(paths: DataPaths, count: int) -> None:
    """Replaces the store's content by other readings, with a log that is not folded in."""
    journal = SqliteJournal(paths.database, lambda: START_US)
    journal.open()
    journal.commit(make_items(10_000, count, "later"))
    journal.close()


# -- making ----------------------------------------------------------------------------


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
        _sql("PRAGMA wal_checkpoint(TRUNCATE)")(paths.database)
        assert paths.database.with_name("harit.db-wal").stat().st_size == 0

    def commit_between_slices() -> bool:
        nonlocal commits
        journal.commit(make_items(1000 + commits * 100, 100))
        _sql("PRAGMA wal_checkpoint(PASSIVE)")(paths.database)
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
        monkeypatch.setattr(os, "link", _cannot_link)
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


def _cannot_link(*_: object, **__: object) -> None:
    raise PermissionError(1, "Operation not permitted")


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


# -- rotation --------------------------------------------------------------------------


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


# -- the schedule ----------------------------------------------------------------------


class Running:
    def __init__(self, backups: Backups) -> None:
        self.stop = threading.Event()
        self.thread = threading.Thread(target=backups.run, args=(self.stop,))

    def __enter__(self) -> Running:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join(0.5)
        assert not self.thread.is_alive()


def test_an_overdue_backup_is_made_soon_and_only_once(
    paths: DataPaths,
    journal: SqliteJournal,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("harit_desktop.storage.backups.LOOK_AGAIN_S", 0.02)
    backups = make_backups(paths, clock)
    backups.make()
    with Running(backups):
        clock.now_us += 24 * HOUR_US - US_PER_S
        with pytest.raises(AssertionError):
            wait_until(lambda: len(backups.list()) == 2, 0.3)
        clock.now_us += US_PER_S
        wait_until(lambda: len(backups.list()) == 2)
        with pytest.raises(AssertionError):
            wait_until(lambda: len(backups.list()) == 3, 0.3)
    assert backups.problem is None


@pytest.mark.parametrize(
    "changes", [{"every_hours": 0}, {"first_wait_s": 60.0}], ids=["off", "first minute"]
)
def test_nothing_is_made_when_it_is_off_or_too_early(
    paths: DataPaths, journal: SqliteJournal, clock: Clock, changes: dict[str, Any]
) -> None:
    backups = make_backups(paths, clock, **changes)
    with Running(backups), pytest.raises(AssertionError):
        wait_until(lambda: backups.list(), 0.3)


def test_a_failure_is_told_and_tried_again(
    paths: DataPaths, journal: SqliteJournal, clock: Clock, tmp_path: Path
) -> None:
    folder = tmp_path / "usb" / "backups"
    backups = make_backups(paths, clock, folder=folder, retry_s=0.1)
    with Running(backups):
        wait_until(lambda: backups.problem)
        assert backups.problem is not None
        assert backups.problem.code == "backup.failed"
        folder.parent.mkdir()
        wait_until(lambda: backups.list())
        wait_until(lambda: backups.problem is None)


def test_a_backup_from_the_future_does_not_end_the_schedule(
    paths: DataPaths, journal: SqliteJournal, clock: Clock
) -> None:
    backups = make_backups(paths, clock)
    clock.now_us += 1000 * HOUR_US
    backups.make()
    clock.now_us = START_US
    with Running(backups):
        wait_until(lambda: len(backups.list()) == 2)


def test_a_stop_interrupts_a_backup_under_way(
    paths: DataPaths, journal: SqliteJournal, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = threading.Event()

    def endless(connection: sqlite3.Connection, _path: Path) -> None:
        started.set()
        connection.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT sum(i) FROM n"
        ).fetchone()

    monkeypatch.setattr(backup_copy, "_check_pages", endless)
    backups = make_backups(paths, clock)
    with Running(backups):
        assert started.wait(10)
    assert names(backups.folder) == []
    assert backups.problem is None


# -- checking --------------------------------------------------------------------------


@pytest.fixture
def made(paths: DataPaths, journal: SqliteJournal, clock: Clock) -> Path:
    made = make_backups(paths, clock).make()
    journal.close()
    return made


def test_what_a_backup_holds(paths: DataPaths, made: Path, clock: Clock) -> None:
    backups = make_backups(paths, clock)
    assert backups.check(made, lambda: False) == 300
    info = backups.describe(made)
    assert (info.readings, info.version, info.kind) == (300, SCHEMA_VERSION, "sqlite")
    assert (info.first_us, info.last_us) == (START_US, START_US + 299 * US_PER_S)
    assert info.made_us == START_US
    assert names(made.parent) == [made.name]


def _truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for page in range(2, len(data) // 4096):
        data[page * 4096 : page * 4096 + 64] = b"\xa5" * 64
    path.write_bytes(data)


def _sql(*statements: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection:
            for statement in statements:
                connection.execute(statement)
            connection.commit()

    return change


@pytest.mark.parametrize(
    "change",
    [
        _truncate,
        _flip,
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"SQLite format 3\x00 and then nothing"),
        lambda path: path.write_bytes(b"\x1f\x8b no gzip either"),
        lambda path: path.write_text("a letter"),
        lambda path: path.unlink(),
        lambda path: (path.unlink(), path.mkdir()),
        lambda path: (path.unlink(), os.mkfifo(path)),
        _sql("PRAGMA application_id = 7"),
        _sql("PRAGMA user_version = 0"),
        _sql("DROP TABLE sensor_readings"),
        _sql("CREATE VIEW v AS SELECT 1"),
        _sql(
            "CREATE TRIGGER t AFTER INSERT ON sensor_readings BEGIN"
            " DELETE FROM sensor_readings; END"
        ),
    ],
)
def test_a_bad_backup_is_refused_and_the_store_untouched(
    paths: DataPaths, made: Path, clock: Clock, change: Callable[[Path], Any]
) -> None:
    change(made)
    before = paths.database.read_bytes()
    backups = make_backups(paths, clock)
    for act in (lambda: backups.check(made, lambda: False), lambda: backups.restore(made)):
        with pytest.raises(KnownError) as raised:
            act()
        assert raised.value.code == "backup.bad_file"
        assert raised.value.params["path"] == str(made)
        assert raised.value.params["reason"]
    assert paths.database.read_bytes() == before
    assert [name for name in names(paths.root) if "restore" in name or "part" in name] == []


def test_a_backup_of_a_newer_version_is_refused(paths: DataPaths, made: Path, clock: Clock) -> None:
    _sql(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")(made)
    for act in (make_backups(paths, clock).describe, make_backups(paths, clock).restore):
        with pytest.raises(KnownError) as raised:
            act(made)
        assert raised.value.code == "backup.newer_version"
        assert raised.value.params["version"] == SCHEMA_VERSION + 1


def test_a_check_can_be_cancelled(paths: DataPaths, made: Path, clock: Clock) -> None:
    with pytest.raises(QueryCancelled):
        make_backups(paths, clock).check(made, lambda: True)


def test_the_store_itself_is_no_backup(paths: DataPaths, made: Path, clock: Clock) -> None:
    backups = make_backups(paths, clock)
    for act in (backups.describe, backups.restore):
        with pytest.raises(KnownError) as raised:
            act(paths.database)
        assert raised.value.code == "backup.bad_file"


# -- restoring -------------------------------------------------------------------------


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
    monkeypatch.setattr(os, "link", _cannot_link)
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
        done = subprocess.run(command, cwd=ROOT, timeout=60, check=False)
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
    _sql(
        "DROP TABLE cursors",
        "DROP TABLE rollups_minute",
        "DROP TABLE rollups_hour",
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
    _sql("INSERT OR REPLACE INTO cursors VALUES ('forwarded', 8)")(paths.database)
    made = make_backups(paths, clock).make()
    # Lost by the restore, after they were forwarded with the rest.
    journal.commit(make_items(10, 5))
    _sql("UPDATE cursors SET last_id = 15 WHERE name = 'forwarded'")(paths.database)
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

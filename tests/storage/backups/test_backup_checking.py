"""What a backup holds, and whether it is a sound one."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.errors import KnownError
from harit_desktop.settings.paths import DataPaths
from harit_desktop.storage.reader import QueryCancelled
from harit_desktop.storage.schema import SCHEMA_VERSION
from tests.storage.backups.parts import Clock, make_backups, names, sql
from tests.storage.builders import START_US


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
        sql("PRAGMA application_id = 7"),
        sql("PRAGMA user_version = 0"),
        sql("DROP TABLE sensor_readings"),
        sql("CREATE VIEW v AS SELECT 1"),
        sql(
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
    sql(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")(made)
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

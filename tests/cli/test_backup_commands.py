"""`backup` and `restore` as a person or a script runs them."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import time
from pathlib import Path

import pytest

from harit_desktop.cli.arguments import parse
from harit_desktop.runtime.instance import InstanceLock
from harit_desktop.settings.paths import DataPaths
from harit_desktop.storage.journal import SqliteJournal
from tests.end_to_end.programs import PROGRAM, REPOSITORY, environment, rows, run_program
from tests.mariadb_server import PASSWORD, USER, MariaDbServer
from tests.storage.builders import START_US, make_items

COUNT = "SELECT count(*) FROM sensor_readings"


@pytest.fixture
def paths(tmp_path: Path) -> DataPaths:
    paths = DataPaths(tmp_path / "data")
    add_readings(paths, 0, 20)
    return paths


def add_readings(paths: DataPaths, first: int, count: int) -> None:
    journal = SqliteJournal(paths.database, lambda: START_US)
    journal.open()
    journal.commit(make_items(first, count))
    journal.close()


def command(paths: DataPaths, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run_program("--data-dir", str(paths.root), *arguments)


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("harit-desktop: ")
    return done.stderr


def only(folder: Path) -> Path:
    (path,) = folder.iterdir()
    return path


def test_a_backup_is_made_while_the_program_runs(paths: DataPaths) -> None:
    lock = InstanceLock(paths.lock)
    assert lock.acquire()
    journal = SqliteJournal(paths.database, lambda: START_US)
    journal.open()
    journal.commit(make_items(20, 5))
    done = command(paths, "backup")
    journal.close()
    lock.release()
    made = only(paths.root / "backups")
    assert (done.returncode, done.stdout) == (0, f"{made}\n25 readings\n")
    assert rows(made, COUNT) == [(25,)]


def test_a_named_folder_keeps_every_backup(paths: DataPaths, tmp_path: Path) -> None:
    out = tmp_path / "stick"
    out.mkdir()
    for _ in range(3):
        done = command(paths, "--set", "storage.backup_keep=1", "backup", "--out", str(out))
        assert done.returncode == 0
    assert len(list(out.iterdir())) == 3
    assert not (paths.root / "backups").exists()


def test_a_backup_that_fails_is_one_line(paths: DataPaths, tmp_path: Path) -> None:
    absent = tmp_path / "absent" / "folder"
    done = command(paths, "backup", "--out", str(absent))
    assert done.returncode == 1
    assert str(absent) in one_line(done)
    empty = DataPaths(tmp_path / "empty")
    done = command(empty, "backup")
    assert done.returncode == 1
    assert "no readings" in one_line(done)


def test_a_restore_asks_and_says_what_is_at_stake(paths: DataPaths) -> None:
    command(paths, "backup")
    made = only(paths.root / "backups")
    add_readings(paths, 20, 13)
    done = command(paths, "restore", str(made))
    assert done.returncode == 1
    assert "--yes" in one_line(done)
    assert "20 readings from 2025-11-24" in done.stdout
    assert "33 readings from 2025-11-24" in done.stdout
    assert rows(paths.database, COUNT) == [(33,)]
    done = command(paths, "restore", str(made), "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    assert rows(paths.database, COUNT) == [(20,)]
    (kept,) = paths.root.glob("harit.db.before-restore-*")
    assert str(kept) in done.stdout
    assert rows(kept, COUNT) == [(33,)]


def test_a_damaged_store_can_be_replaced(paths: DataPaths) -> None:
    command(paths, "backup")
    made = only(paths.root / "backups")
    paths.database.write_bytes(b"no database" * 500)
    done = command(paths, "--yes", "restore", str(made))
    assert (done.returncode, done.stderr) == (0, "")
    assert "cannot be read" in done.stdout
    assert rows(paths.database, COUNT) == [(20,)]


def test_a_folder_in_use_is_not_restored(paths: DataPaths) -> None:
    command(paths, "backup")
    made = only(paths.root / "backups")
    lock = InstanceLock(paths.lock)
    assert lock.acquire()
    done = command(paths, "restore", str(made), "--yes")
    assert done.returncode == 1
    assert "already runs" in one_line(done)
    checked = command(paths, "restore", "--check", str(made))
    lock.release()
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "20 readings" in checked.stdout


@pytest.mark.parametrize("extra", [["--check"], ["--yes"]])
def test_a_bad_file_is_one_line(paths: DataPaths, tmp_path: Path, extra: list[str]) -> None:
    bad = tmp_path / "letter.txt"
    bad.write_text("dear user")
    for file in (bad, tmp_path / "absent.db", tmp_path, paths.database):
        done = command(paths, "restore", str(file), *extra)
        assert done.returncode == 1
        assert str(file) in one_line(done)
    assert rows(paths.database, COUNT) == [(20,)]


@pytest.mark.parametrize("argv", [["restore"], ["backup", "x"], ["restore", "a", "b"]])
def test_wrong_usage_ends_with_2(argv: list[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        parse(argv)
    assert raised.value.code == 2


def test_yes_may_stand_before_the_command() -> None:
    assert parse(["--yes", "restore", "a"]).yes
    assert parse(["restore", "a", "--yes"]).yes
    assert not parse(["restore", "a"]).yes


class Terminal:
    """The command with a terminal in front of it."""

    def __init__(self, paths: DataPaths, *arguments: str) -> None:
        self.master, slave = pty.openpty()
        self.text = ""
        self.process = subprocess.Popen(
            [*PROGRAM, "--data-dir", str(paths.root), *arguments],
            env=environment(),
            cwd=REPOSITORY,
            stdin=slave,
            stdout=slave,
            stderr=slave,
        )
        os.close(slave)

    def wait_for(self, text: str) -> None:
        ends_s = time.monotonic() + 30
        while text not in self.text:
            assert time.monotonic() < ends_s, self.text
            if select.select([self.master], [], [], 0.1)[0]:
                self.text += os.read(self.master, 4096).decode()

    def answer(self, text: str) -> int:
        os.write(self.master, text.encode())
        return self.end()

    def end(self) -> int:
        code = self.process.wait(30)
        os.close(self.master)
        return code


@pytest.mark.parametrize(
    ("answer", "code", "readings"),
    [("y\n", 0, 20), ("\n", 1, 33), ("no\n", 1, 33), ("\x04", 1, 33)],
)
def test_the_question_on_a_terminal(
    paths: DataPaths, answer: str, code: int, readings: int
) -> None:
    command(paths, "backup")
    made = only(paths.root / "backups")
    add_readings(paths, 20, 13)
    terminal = Terminal(paths, "restore", str(made))
    terminal.wait_for("[y/N] ")
    assert terminal.answer(answer) == code
    assert rows(paths.database, COUNT) == [(readings,)]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_at_the_question_changes_nothing(paths: DataPaths, number: int) -> None:
    command(paths, "backup")
    made = only(paths.root / "backups")
    add_readings(paths, 20, 13)
    terminal = Terminal(paths, "restore", str(made))
    terminal.wait_for("[y/N] ")
    terminal.process.send_signal(number)
    assert terminal.end() == 0
    assert rows(paths.database, COUNT) == [(33,)]


def test_a_server_is_backed_up_and_restored_too(
    paths: DataPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    with MariaDbServer() as server:
        server.query("CREATE TABLE sensor_readings (id INT PRIMARY KEY, N FLOAT)")
        server.query("INSERT INTO sensor_readings VALUES (1, 22.5), (2, NULL)")
        where = (
            *("--set", "storage.backend=mysql", "--set", "storage.mysql_host=127.0.0.1"),
            *("--set", f"storage.mysql_port={server.port}"),
            *("--set", f"storage.mysql_user={USER}"),
        )
        refused = with_password(paths, "wrong", *where, "backup")
        assert refused.returncode == 1
        assert PASSWORD not in refused.stderr
        # The journal's own copy was made and told before.
        assert refused.stdout.endswith(".db\n20 readings\n")
        done = with_password(paths, PASSWORD, *where, "backup")
        assert (done.returncode, done.stderr) == (0, "")
        (dump,) = (paths.root / "backups").glob("*.sql.gz")
        assert done.stdout.endswith(f"{dump}\n2 readings\n")
        server.query("DELETE FROM sensor_readings")
        done = with_password(paths, PASSWORD, *where, "restore", str(dump), "--yes")
        assert (done.returncode, done.stderr) == (0, "")
        assert "sensor_readings_before_" in done.stdout
        assert server.query("SELECT * FROM sensor_readings") == [(1, 22.5), (2, None)]
        assert rows(paths.database, COUNT) == [(20,)]


def with_password(
    paths: DataPaths, password: str, *arguments: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, "--data-dir", str(paths.root), *arguments],
        env=environment(HARIT_STORAGE__MYSQL_PASSWORD=password),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

"""The data folder has no room, may not be written, is held or damaged: F16-F18, F36-F38."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.end_to_end.programs import rows, run_program, wait_for
from tests.faults.history import check_history
from tests.faults.locks import locked
from tests.faults.program import Program, at, prepared
from tests.faults.sensors import Plan, Sensors, send
from tests.servers import MosquittoServer

pytestmark = [pytest.mark.e2e, pytest.mark.broker]

SEEN_S = 5.0
"""The promise is 2 s; the status comes once a second, and the computer may be busy."""

RESUMED_S = 10.0

REOPENED_S = 20.0
"""A store that could not be opened at the start is tried again every 10 s."""


def mount(*arguments: str | Path) -> None:
    done = subprocess.run(["mount", *map(str, arguments)], capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"this user may not mount: {done.stderr.decode().strip()}")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MB of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount("-t", "tmpfs", "-o", "size=4m", "tmpfs", folder)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.slow
def test_a_full_disk(broker: MosquittoServer, small_disk: Path, tmp_path: Path) -> None:
    """F16: says so, acknowledges nothing, and goes on by itself when there is room."""
    plan = Plan(2000, rate=1000, padding=2000)
    with Program(small_disk / "data", *at(broker)) as program:
        program.wait_for_state("connected")
        with Sensors(broker.port, tmp_path, plan) as sensors:
            program.wait_until_says("the disk is full", 15)
            confirmed = sensors.finish()
            program.wait_for_report(lambda r: r["store"] == "down", SEEN_S)
            stored = program.store.count()
            assert stored < plan.count, "there was room for all: nothing was tested"
            assert program.process.poll() is None
            mount("-o", "remount,size=64m", small_disk)
            check_history(program.store, confirmed, plan, timeout_s=RESUMED_S, late_s=1)
            program.wait_for_report(lambda r: r["store"] == "ok", SEEN_S)
        program.stop_in_time()


@pytest.mark.slow
def test_a_full_disk_at_the_end(broker: MosquittoServer, small_disk: Path, tmp_path: Path) -> None:
    """F16 and F32: the program ends in time while the disk is full; nothing is lost."""
    plan = Plan(2000, padding=2000)
    data = small_disk / "data"
    with Program(data, *at(broker)) as program:
        program.wait_for_state("connected")
        with Sensors(broker.port, tmp_path, plan) as sensors:
            confirmed = sensors.finish()
        program.wait_until_says("the disk is full", 15)
        program.stop_in_time()
    with Program(data, *at(broker)) as program:
        program.wait_until_says("the disk is full", 15)
        mount("-o", "remount,size=64m", small_disk)
        check_history(program.store, confirmed, plan, timeout_s=15, late_s=1)
        program.stop_in_time()


def test_a_file_that_may_not_grow(broker: MosquittoServer, tmp_path: Path) -> None:
    """F16 where nobody may mount: a limit of the file size, lifted later."""
    plan = Plan(2000, padding=2000)
    with Program(tmp_path / "data", *at(broker, "storage.csv_mirror=false")) as program:
        program.wait_for_state("connected")
        _, hard = resource.prlimit(program.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(program.process.pid, resource.RLIMIT_FSIZE, (1_500_000, hard))
        with Sensors(broker.port, tmp_path, plan) as sensors:
            confirmed = sensors.finish()
        program.wait_for_report(lambda r: r["store"] == "down", SEEN_S)
        assert 0 < program.store.count() < plan.count
        resource.prlimit(program.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
        check_history(program.store, confirmed, plan, timeout_s=RESUMED_S, late_s=1)
        program.stop_in_time()


def test_a_folder_that_may_not_be_written(broker: MosquittoServer, tmp_path: Path) -> None:
    """F17: the start says so in one line and exits, or runs and says that nothing is stored."""
    data = prepared(tmp_path / "data", broker)
    before = {file.name: file.read_bytes() for file in data.iterdir() if file.is_file()}
    mount("--bind", data, data)
    try:
        mount("-o", "remount,bind,ro", data)
        done = run_program("--headless", "--data-dir", str(data), *at(broker), timeout_s=20)
        assert done.returncode == 1
        assert str(data) in done.stderr
        assert "Traceback" not in done.stderr
        assert done.stderr.count("\n") == 1
    finally:
        subprocess.run(["umount", "-l", data], check=True)
    assert {f.name: f.read_bytes() for f in data.iterdir() if f.is_file()} == before


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user, which only root may")
def test_a_database_that_may_not_be_written(broker: MosquittoServer, tmp_path: Path) -> None:
    """F17: the database belongs to somebody else, and later to us again; nothing is lost."""
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv is not installed")
    plan = Plan(50)
    data = prepared(tmp_path / "data", broker)
    for each in (data, *data.rglob("*")):
        os.chmod(each, 0o777 if each.is_dir() else 0o666)
    # Others may look at what is in the folder, and at the folders on the way there.
    for parent in data.parents:
        if parent.owner() == "root" and parent.stat().st_mode & 0o055 != 0o055:
            parent.chmod(0o755)
    database = data / "harit.db"
    database.chmod(0o444)
    data.chmod(0o555)
    user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    with Program(data, *at(broker), prefix=user) as program:
        wait_for(lambda: program.reports or program.process.poll() is not None, 15)
        if program.process.poll() is not None:
            assert program.process.returncode == 1
            assert program.lines, "ended without a word"
            assert not program.says("Traceback")
            return
        send(broker.port, [plan.payload(n) for n in plan.numbers])
        program.wait_for_report(lambda r: r["store"] == "down", SEEN_S)
        program.wait_until_says("cannot be written", SEEN_S)
        assert program.store.count() == 0
        data.chmod(0o777)
        for each in data.glob("harit.db*"):
            each.chmod(0o666)
        check_history(program.store, set(plan.numbers), plan, timeout_s=REOPENED_S, late_s=1)
        program.stop_in_time()


@pytest.mark.slow
def test_another_program_holds_the_database(broker: MosquittoServer, tmp_path: Path) -> None:
    """F18, and F32: it ends in time while the database is held."""
    plan = Plan(1500, rate=500)
    data = tmp_path / "data"
    with Program(data, *at(broker)) as program:
        program.wait_for_state("connected")
        with Sensors(broker.port, tmp_path, plan) as sensors:
            time.sleep(0.5)
            with locked(program.database):
                program.wait_for_report(lambda r: r["store"] == "down", SEEN_S)
                program.wait_until_says("another program holds the database", SEEN_S)
                before = program.store.count()
                time.sleep(3)
                assert program.store.count() == before
                assert program.report["connection"] == "connected"
            program.wait_for_report(lambda r: r["store"] == "ok", SEEN_S)
            confirmed = sensors.finish()
        check_history(program.store, confirmed, plan, timeout_s=RESUMED_S, late_s=1)
        later = Plan(40, first=5000)
        with locked(program.database):
            send(broker.port, [later.payload(n) for n in later.numbers])
            program.wait_for_report(lambda r: r["store"] == "down", SEEN_S)
            program.stop_in_time()
    with Program(data, *at(broker)) as last:
        check_history(last.store, {*confirmed, *later.numbers}, plan, later, late_s=1)
        last.stop_in_time()


def garbage_header(path: Path) -> None:
    path.write_bytes(b"\xa5" * 100 + path.read_bytes()[100:])


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flipped_pages(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for page in range(2, len(data) // 4096):
        data[page * 4096 : page * 4096 + 64] = b"\xa5" * 64
    path.write_bytes(data)


def emptied(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.slow
def test_a_damaged_database_is_kept_and_replaced(broker: MosquittoServer, tmp_path: Path) -> None:
    """F36: for each damage a start, its words, what is kept of the old file, and a new row."""
    plan, seed = Plan(20), Plan(600, first=1000)
    data = tmp_path / "seed"
    with Program(data, *at(broker)) as program:
        program.wait_for_state("connected")
        send(broker.port, [seed.payload(n) for n in seed.numbers])
        check_history(program.store, set(seed.numbers), seed, late_s=0)
        program.stop_in_time()
    damages: tuple[Callable[[Path], None], ...]
    damages = (garbage_header, truncated, flipped_pages, emptied)
    for damage in damages:
        copy = tmp_path / damage.__name__
        shutil.copytree(data, copy)
        (copy / "settings.toml").unlink()
        damage(copy / "harit.db")
        damaged = (copy / "harit.db").read_bytes()
        with Program(copy, *at(broker)) as program:
            program.wait_for_state("connected")
            send(broker.port, [plan.payload(n) for n in plan.numbers])
            check_history(program.store, set(plan.numbers), plan, late_s=0)
            program.wait_until_says("the database was", SEEN_S)
            kept = [file.read_bytes() for file in copy.glob("harit.db.corrupt-*")]
            assert not damaged or damaged in kept, damage.__name__
            program.stop_in_time()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x00\xff\xfe", "the defaults are used"),
        (b"[broker\nport = 18", "the defaults are used"),
        (b"x = " + b"[" * 5000, "the defaults are used"),
        (b"[broker]\nport = 'many'\n", "'many' is not possible for broker.port"),
    ],
    ids=["bytes", "cut", "depth", "type"],
)
def test_damaged_settings_are_kept_and_the_defaults_used(
    tmp_path: Path, content: bytes, words: str
) -> None:
    """F37."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "settings.toml").write_bytes(content)
    with Program(data, "--set", "broker.port=1") as program:
        program.wait_until_says(words, 10)
        program.stop_in_time()
    copies = [file.read_bytes() for file in data.glob("settings*") if file.name != "settings.toml"]
    assert content in copies


@pytest.mark.parametrize("content", [b"garbage\x00\xff", b"1\n"])
def test_a_stale_lock_file_stops_nobody(tmp_path: Path, content: bytes) -> None:
    """F38; the second start beside a running program is refused in one line."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "lock").write_bytes(content)
    with Program(data, "--set", "broker.port=1") as program:
        wait_for(lambda: program.reports, 10)
        second = run_program("--headless", "--data-dir", str(data), timeout_s=20)
        assert (second.returncode, second.stderr.count("\n")) == (1, 1)
        program.kill()
    with Program(data, "--set", "broker.port=1") as program:
        wait_for(lambda: program.reports, 10)
        program.stop_in_time()
    assert rows(data / "harit.db", "PRAGMA quick_check") == [("ok",)]

"""Files: whose they are, where they are looked for, and what a name can do to them."""

from __future__ import annotations

import os
import runpy
import stat
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from harit_desktop.settings.owner_only import close_to_others
from harit_desktop.settings.paths import DataPaths
from tests.end_to_end.programs import CANONICAL, PROGRAM, REPOSITORY, environment, rows, wait_for
from tests.faults.program import Program, at, at_port
from tests.faults.sensors import send
from tests.servers import MosquittoServer, free_port

pytestmark = pytest.mark.e2e

EVERYBODY = ("sh", "-c", 'umask 0; exec "$@"', "sh")
"""A command before a command: whatever it makes would be for everybody."""
SCRIPT = Path(sys.executable).with_name("harit-desktop")
POSIX = pytest.mark.skipif(os.name != "posix", reason="rights of users are those of POSIX")


def readable_by_others(*folders: Path) -> list[str]:
    found = (path for folder in folders for path in (folder, *folder.rglob("*")))
    return [
        f"{path} {stat.filemode(path.lstat().st_mode)}"
        for path in found
        if path.lstat().st_mode & 0o077 and not path.is_symlink()
    ]


def run(command: Sequence[str | Path], **changes: str) -> None:
    done = subprocess.run(
        [*EVERYBODY, *map(str, command)],
        env=environment(**changes),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@POSIX
@pytest.mark.slow
@pytest.mark.broker
def test_all_that_a_run_leaves_is_its_owners_alone(tmp_path: Path) -> None:
    """Database and its log, CSV mirror, logs, settings, lock, broker's files, backups, exports
    and the window's state, while it runs and afterwards, under the most generous umask."""
    data, port = tmp_path / "data", free_port()
    options = at_port(1, "broker.mode=builtin", f"builtin_broker.port={port}")
    with Program(data, *options, prefix=EVERYBODY) as program:
        program.wait_for_state("connected", 30)
        send(port, [CANONICAL])
        wait_for(lambda: program.store.count() == 1)
        wait_for(lambda: (data / "sensor_readings.csv").exists())
        assert (data / "harit.db-wal").exists()
        assert readable_by_others(data) == []
        program.stop_in_time()
    run([*PROGRAM, "backup", "--data-dir", data])
    run([*PROGRAM, "export", "--out", tmp_path / "out.csv", "--data-dir", data])
    shot = tmp_path / "out.png"
    window: list[str | Path] = [
        "--screenshot",
        shot,
        "--after",
        "2",
        "--data-dir",
        data,
        "--set",
        "broker.port=1",
    ]
    run([*PROGRAM, *window], QT_QPA_PLATFORM="offscreen")
    assert list((data / "backups").iterdir())
    assert (data / "logs" / "harit.log").exists()
    assert readable_by_others(data) == []
    assert [stat.S_IMODE((tmp_path / f).stat().st_mode) for f in ("out.csv", "out.png")] == [
        0o600,
        0o600,
    ]


@POSIX
def test_what_an_earlier_version_left_open_is_closed(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    for name in ("logs", "backups", "broker", "broker_profiles", "templates", "profiles", "theirs"):
        (folder / name).mkdir(parents=True)
        (folder / name).chmod(0o755)
    own = ("harit.db", "harit.db-wal", "harit.db.damaged-2026", "harit-before.db", "settings.toml")
    more = ("sensor_readings.csv", "sensor_readings.1.csv", "outbox.db", "window.ini", "lock")
    for name in (*own, *more, "notes.txt"):
        (folder / name).touch()
        (folder / name).chmod(0o644)
    outside = tmp_path / "outside"
    outside.touch()
    outside.chmod(0o644)
    (folder / "sessions.json").symlink_to(outside)
    folder.chmod(0o755)
    close_to_others(DataPaths(folder))
    left = {Path(line.split()[0]).name for line in readable_by_others(folder)}
    assert left == {"data", "notes.txt", "theirs"}
    assert stat.S_IMODE(outside.stat().st_mode) == 0o644
    close_to_others(DataPaths(tmp_path / "nowhere"))


MARKER = "import pathlib; pathlib.Path({marker!r}).write_text(__file__)\n"


@pytest.fixture
def planted(tmp_path: Path) -> Iterator[Path]:
    """A folder, as a download folder may be, in which files wait to be loaded by mistake."""
    folder = tmp_path / "downloads"
    marker = str(tmp_path / "loaded")
    for name in (
        *("sitecustomize.py", "usercustomize.py", "json.py", "sqlite3.py", "msgspec.py"),
        *("PySide6/__init__.py", "harit_desktop/__init__.py", "harit_desktop/__main__.py"),
        "paho/__init__.py",
    ):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(MARKER.format(marker=marker))
    for name in ("platforms/libqoffscreen.so", "platforms/qoffscreen.dll", "styles/libq.so"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"no library")
    (folder / "qt.conf").write_text("[Paths]\nPrefix=.\nPlugins=.\nLibraries=.\n")
    mosquitto = folder / "mosquitto"
    mosquitto.write_text(f"#!/bin/sh\necho mosquitto > '{marker}'\nexec sleep 30\n")
    mosquitto.chmod(0o755)
    yield folder
    assert not (tmp_path / "loaded").exists(), (tmp_path / "loaded").read_text()


def started_in(folder: Path, *arguments: str | Path, **changes: str) -> str:
    """What the installed program said, started in a folder."""
    variables = {k: v for k, v in environment(**changes).items() if k != "PYTHONPATH"}
    done = subprocess.run(
        [SCRIPT, *arguments],
        env=variables,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.skipif(not SCRIPT.exists(), reason="the program is not installed")
def test_nothing_is_loaded_from_the_folder_it_is_started_in(planted: Path, tmp_path: Path) -> None:
    """Neither Python modules nor Qt's plugins and qt.conf, nor a broker with an empty PATH."""
    started_in(planted, "--version")
    said = started_in(
        planted,
        *("--data-dir", tmp_path / "data", "--screenshot", tmp_path / "a.png", "--after", "1"),
        *at_port(1, "broker.mode=builtin", f"builtin_broker.port={free_port()}"),
        QT_QPA_PLATFORM="offscreen",
        QT_DEBUG_PLUGINS="1",
        PATH=f".:{os.environ['PATH']}:",
    )
    assert (tmp_path / "a.png").stat().st_size > 10_000
    assert "offscreen" in said, "Qt did not tell what it loads"
    assert str(planted) not in said


def test_the_packaged_program_forgets_where_qt_should_look(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("QT_PLUGIN_PATH", "QT_QPA_PLATFORM_PLUGIN_PATH", "QML_IMPORT_PATH", "LD_LIBRARY_PATH")
    for name in names:
        monkeypatch.setenv(name, "/tmp/planted")
    monkeypatch.setenv("LD_LIBRARY_PATH_ORIG", "/opt/lib")
    runpy.run_path(str(REPOSITORY / "build_scripts" / "frozen_environment.py"))
    assert [os.environ.get(name) for name in names] == [None, None, None, "/opt/lib"]
    # It is run before everything else, and each library stays a file of the installed folder.
    spec = (REPOSITORY / "build_scripts" / "harit.spec").read_text()
    assert "frozen_environment.py" in spec
    assert "COLLECT(" in spec


def test_an_id_is_never_a_path(broker: MosquittoServer, tmp_path: Path) -> None:
    """Ids that would lead out of a folder, or that Windows takes for a device: rows, no files."""
    ids = ["../../x", "CON", "a:b", "...", "/etc/passwd", "..\\..\\x", "nul.csv", "~", "$HOME"]
    payloads = [CANONICAL.replace(b"sensor-publisher-01", escaped(each)) for each in ids]
    data = tmp_path / "deep" / "data"
    with Program(data, *at(broker)) as program:
        program.wait_for_state("connected", 30)
        send(broker.port, payloads)
        wait_for(lambda: program.store.count() == len(ids))
        stored = rows(program.database, "SELECT publisher_id FROM sensor_readings")
        program.stop_in_time()
    assert {row[0] for row in stored} == set(ids)
    run([*PROGRAM, "export", "--out", tmp_path / "deep" / "out.csv", "--data-dir", data])
    assert {path.name for path in tmp_path.iterdir()} == {"deep"}
    assert {path.name for path in (tmp_path / "deep").iterdir()} == {"data", "out.csv"}
    names = {path.name for path in data.rglob("*")}
    assert not any(mark in name for name in names for mark in ("passwd", "CON", "nul", "..."))


def escaped(text: str) -> bytes:
    return text.replace("\\", "\\\\").encode()


def test_an_export_does_not_follow_a_link_that_waits_for_it(tmp_path: Path) -> None:
    victim, out = tmp_path / "victim.txt", tmp_path / "out.csv"
    victim.write_text("precious")
    out.symlink_to(victim)
    done = subprocess.run(
        [*PROGRAM, "export", "--out", out, "--data-dir", tmp_path / "data"],
        env=environment(),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert victim.read_text() == "precious"
    assert out.is_symlink() or done.returncode == 0

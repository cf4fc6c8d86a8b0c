"""What only mosquitto does: it keeps messages, and it is a program of its own."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from harit_desktop.broker import mosquitto_engine, mosquitto_files
from harit_desktop.broker.errors import BrokerError
from harit_desktop.broker.supervisor import BuiltinBroker
from harit_desktop.domain.status import BrokerState
from tests.broker.support import Connect, Family, MakeBroker

pytestmark = pytest.mark.broker


def make_executable(path: Path, script: str) -> str:
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def leave_session_and_message(broker: BuiltinBroker, connect: Connect, payload: bytes) -> None:
    ready = broker.start()
    listener = connect(ready.port, "listener", clean=False)
    listener.subscribe("t")
    listener.close()
    connect(ready.port).publish("t", payload)


def test_a_message_for_an_absent_client_survives_a_restart(
    make_broker: MakeBroker, connect: Connect
) -> None:
    broker = make_broker("mosquitto")
    leave_session_and_message(broker, connect, b"kept")
    broker.stop()
    listener = connect(broker.start().port, "listener", clean=False)
    assert listener.wait_connected() == ("Success", True)
    assert listener.next_message() == ("t", b"kept")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs kill -9")
def test_a_message_survives_a_kill_of_mosquitto(
    make_broker: MakeBroker, connect: Connect, family: Family
) -> None:
    broker = make_broker("mosquitto")
    leave_session_and_message(broker, connect, b"kept")
    time.sleep(1.2)  # saved within a second of the change
    _, mosquitto = family(broker.ready.pid)
    mosquitto.kill()
    deadline_s = time.monotonic() + 5.0
    while broker.poll().state is not BrokerState.FAILED:
        assert time.monotonic() < deadline_s
        time.sleep(0.02)
    problem = broker.poll().problem
    assert problem is not None
    assert problem.code == "builtin_broker.crashed"
    assert f"exit code {-signal.SIGKILL}" in str(problem.params["detail"])
    listener = connect(broker.start().port, "listener", clean=False)
    assert listener.next_message() == ("t", b"kept")


@pytest.mark.parametrize("name", ["my data", "मिट्टी", "back\\slash", "line\nbreak", "a" * 200])
def test_it_works_in_a_folder_of_any_name(
    make_broker: MakeBroker, tmp_path: Path, name: str
) -> None:
    folder = tmp_path / name / name
    broker = make_broker("mosquitto", data_dir=folder)
    broker.start()
    broker.stop()
    assert (folder / "broker" / "mosquitto.db").is_file()
    mode = (folder / "broker").stat().st_mode
    assert stat.S_IMODE(mode) == stat.S_IRWXU
    assert not (folder / "broker" / "mosquitto.pid").exists()


def test_a_damaged_database_is_kept_aside(
    make_broker: MakeBroker, tmp_path: Path, connect: Connect
) -> None:
    folder = tmp_path / "data" / "broker"
    folder.mkdir(parents=True)
    (folder / "mosquitto.db").write_bytes(b"not a database")
    broker = make_broker("mosquitto")
    assert connect(broker.start().port).wait_connected()[0] == "Success"
    (aside,) = folder.glob("mosquitto.db.corrupt-*")
    assert aside.read_bytes() == b"not a database"
    assert any("set aside" in line for line in broker.log_lines())


def test_a_missing_executable_is_a_named_error(make_broker: MakeBroker, tmp_path: Path) -> None:
    broker = make_broker("mosquitto", executable=str(tmp_path / "nowhere"))
    with pytest.raises(BrokerError) as caught:
        broker.start()
    assert caught.value.code == "builtin_broker.engine_missing"


def test_an_executable_that_fails_is_a_named_error(make_broker: MakeBroker, tmp_path: Path) -> None:
    broken = make_executable(tmp_path / "mosquitto", "echo 'Error: \033[2Jno good' >&2; exit 7")
    with pytest.raises(BrokerError) as caught:
        make_broker("mosquitto", executable=broken).start()
    assert caught.value.code == "builtin_broker.engine_failed"
    detail = str(caught.value.params["detail"])
    assert "exit code 7" in detail
    assert "no good" in detail


@pytest.mark.parametrize("script", ["exit 7", "exec sleep 60"])
def test_auto_uses_amqtt_where_mosquitto_does_not_work(
    make_broker: MakeBroker, tmp_path: Path, connect: Connect, script: str
) -> None:
    broken = make_executable(tmp_path / "mosquitto", script)
    broker = make_broker("auto", executable=broken)
    ready = broker.start()
    assert (ready.engine, ready.durable) == ("amqtt", False)
    assert connect(ready.port).wait_connected()[0] == "Success"
    assert any("amqtt is used instead" in line for line in broker.log_lines())


def test_auto_prefers_mosquitto(make_broker: MakeBroker) -> None:
    assert make_broker("auto").start().engine == "mosquitto"


def test_an_unwritable_folder_is_a_named_error(make_broker: MakeBroker, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file, not a folder", encoding="utf-8")
    with pytest.raises(BrokerError) as caught:
        make_broker("mosquitto").start()
    assert caught.value.code == "builtin_broker.folder"


def test_a_mosquitto_left_behind_is_ended_first(
    make_broker: MakeBroker, tmp_path: Path, port: int
) -> None:
    folder = mosquitto_files.prepare_folder(str(tmp_path / "data"))
    mosquitto_files.write_config(folder, "127.0.0.1", port)
    executable = mosquitto_files.find_executable()
    assert executable is not None
    with subprocess.Popen(
        [executable, "-c", mosquitto_files.CONFIG_NAME], cwd=folder, stderr=subprocess.DEVNULL
    ) as orphan:
        mosquitto_files.write_pid(folder, orphan.pid)
        ready = make_broker("mosquitto").start()
        assert orphan.wait(1.0) == 0
    assert ready.port == port


def test_a_pid_that_is_somebody_else_is_left_alone(make_broker: MakeBroker, tmp_path: Path) -> None:
    folder = mosquitto_files.prepare_folder(str(tmp_path / "data"))
    mosquitto_files.write_pid(folder, os.getpid())
    make_broker("mosquitto").start()
    assert psutil.Process().is_running()


def test_the_current_folder_is_not_searched(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    make_executable(tmp_path / "mosquitto", "exit 0")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(mosquitto_files, "_UNIX_FOLDERS", ())
    monkeypatch.setenv("PATH", f".{os.pathsep}{os.pathsep}bin")
    assert mosquitto_files.find_executable() is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert mosquitto_files.find_executable() == str(tmp_path / "mosquitto")


def test_a_packaged_program_gives_mosquitto_the_system_libraries(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setenv("LD_LIBRARY_PATH", "/packed")
    monkeypatch.setenv("LD_LIBRARY_PATH_ORIG", "/system")
    monkeypatch.setenv("DYLD_LIBRARY_PATH", "/packed")
    environment = mosquitto_engine._environment()
    assert environment["LD_LIBRARY_PATH"] == "/system"
    assert "DYLD_LIBRARY_PATH" not in environment
    assert "LD_LIBRARY_PATH_ORIG" not in environment


def test_usual_folders_are_searched_after_the_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    folders = set(mosquitto_files._UNIX_FOLDERS)
    assert {"/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin", "/opt/local/sbin"} <= folders
    make_executable(tmp_path / "mosquitto", "exit 0")
    monkeypatch.setattr(mosquitto_files, "_UNIX_FOLDERS", (str(tmp_path),))
    assert mosquitto_files.find_executable() == str(tmp_path / "mosquitto")


@pytest.mark.parametrize("known_by", ["ProgramFiles", "ProgramFiles(x86)", "nothing"])
def test_on_windows_its_own_folder_is_searched(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, known_by: str
) -> None:
    folder = tmp_path / "mosquitto"
    folder.mkdir()
    make_executable(folder / "mosquitto.exe", "exit 0")
    assert mosquitto_files._WINDOWS_FOLDER == r"C:\Program Files\mosquitto"
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    for variable in mosquitto_files._WINDOWS_VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    if known_by == "nothing":
        monkeypatch.setattr(mosquitto_files, "_WINDOWS_FOLDER", str(folder))
    else:
        monkeypatch.setenv(known_by, str(tmp_path))
    assert mosquitto_files.find_executable() == str(folder / "mosquitto.exe")

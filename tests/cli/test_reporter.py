"""The collection of readings does not depend on who reads the status lines."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from harit_desktop.cli.reporter import change_lines, status_line
from harit_desktop.domain.errors import Problem
from harit_desktop.domain.status import (
    Counters,
    DatabaseChange,
    EngineStatus,
    LinkState,
    LinkStatus,
    ServerStatus,
)
from tests.end_to_end.programs import PROGRAM, REPOSITORY, environment, wait_for


def start(data: Path, stdout: int, stderr: int) -> subprocess.Popen[bytes]:
    command = [*PROGRAM, "--headless", "--status-json", "--set", "broker.port=1"]
    return subprocess.Popen(
        [*command, "--data-dir", str(data)],
        env=environment(),
        cwd=REPOSITORY,
        stdout=stdout,
        stderr=stderr,
    )


@pytest.mark.e2e
def test_a_reader_that_goes_away_stops_nothing(tmp_path: Path) -> None:
    read_end, write_end = os.pipe()
    with start(tmp_path / "data", write_end, subprocess.DEVNULL) as program:
        os.close(write_end)
        assert os.read(read_end, 1)
        os.close(read_end)
        time.sleep(2.5)
        assert program.poll() is None
        program.send_signal(signal.SIGTERM)
        assert program.wait(15) == 0


@pytest.mark.e2e
def test_a_reader_that_stands_still_does_not_hold_up_the_end(tmp_path: Path) -> None:
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    filled = 0
    try:
        while True:
            filled += os.write(write_end, bytes(4096))
    except BlockingIOError:
        pass
    os.set_blocking(write_end, True)
    with start(tmp_path / "data", write_end, write_end) as program:
        os.close(write_end)
        wait_for(lambda: (tmp_path / "data" / "harit.db").exists())
        time.sleep(1.5)
        program.send_signal(signal.SIGTERM)
        assert program.wait(15) == 0
    os.close(read_end)
    assert filled


def test_what_a_yes_would_add_is_listed() -> None:
    change = DatabaseChange(
        "adopt", "soil\x1b[2J", 12, ("harit_store",), ("sensor_readings.publisher_id",)
    )
    lines = change_lines(change)
    assert lines[0] == "the database 'soil\\x1b[2J' holds 12 readings; --yes would add"
    assert lines[1:3] == ["  table harit_store", "  column sensor_readings.publisher_id"]


def test_a_problem_of_an_open_connection_is_said() -> None:
    lost = Problem("broker.session_lost", {"host": "hub", "port": 1883, "at_us": 1})
    link = LinkStatus(state=LinkState.CONNECTED, host="hub", port=1883, problem=lost)
    assert "did not keep this program's session" in status_line(EngineStatus(link=link))


def test_text_from_a_server_cannot_steer_the_terminal() -> None:
    problem = Problem("server.failed", {"number": 1, "reason": "\x1b[2Jgone\n"})
    status = EngineStatus(server=ServerStatus(problem=problem))
    assert status_line(status).isprintable()


def test_what_the_rules_left_out_is_counted() -> None:
    status = EngineStatus(counters=Counters(received=5, skipped=4))
    assert "left out 4" in status_line(status)

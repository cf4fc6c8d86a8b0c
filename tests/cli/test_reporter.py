"""The collection of readings does not depend on who reads the status lines."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.end_to_end.programs import PROGRAM, REPOSITORY, environment, wait_for

pytestmark = pytest.mark.e2e


def start(data: Path, stdout: int, stderr: int) -> subprocess.Popen[bytes]:
    command = [*PROGRAM, "--headless", "--status-json", "--set", "broker.port=1"]
    return subprocess.Popen(
        [*command, "--data-dir", str(data)],
        env=environment(),
        cwd=REPOSITORY,
        stdout=stdout,
        stderr=stderr,
    )


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

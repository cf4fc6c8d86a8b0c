"""The program started with a profile: it connects, and tells nobody the password."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from harit_desktop.settings.paths import DataPaths
from harit_desktop.settings.profiles import ProfileBook
from tests.servers import MosquittoServer

PASSWORD = "unique-of-this-run-57721"


def test_a_headless_run_uses_the_profile_and_leaves_no_trace_of_the_password(
    tmp_path: Path,
) -> None:
    server = MosquittoServer(anonymous=False)
    passwords = server.folder / "passwords"
    subprocess.run(
        ["mosquitto_passwd", "-b", "-c", str(passwords), "farmer", PASSWORD],
        check=True,
        capture_output=True,
        timeout=10,
    )
    server.use([f"password_file {passwords}"])
    data = tmp_path / "data"
    with server:
        values = {"broker.host": "127.0.0.1", "broker.port": server.port}
        book = ProfileBook(DataPaths(data).broker_profiles)
        book.create("North farm", {**values, "broker.username": "farmer"})
        command = [sys.executable, "-m", "harit_desktop", "--headless", "--status-json"]
        process = subprocess.Popen(
            [*command, "--data-dir", str(data), "--profile", "north farm"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "HARIT_BROKER__PASSWORD": PASSWORD},
        )
        lines = []
        try:
            assert process.stdout is not None
            for line in process.stdout:
                lines.append(line)
                if json.loads(line)["connection"] == "connected" or len(lines) > 20:
                    break
            cmdline = Path(f"/proc/{process.pid}/cmdline")
            assert not cmdline.exists() or PASSWORD not in cmdline.read_text()
        finally:
            process.terminate()
            rest = process.communicate(timeout=20)
    assert json.loads(lines[-1])["connection"] == "connected", (lines, rest)
    assert process.returncode == 0
    assert PASSWORD not in "".join([*lines, *rest])
    files = [path for path in data.rglob("*") if path.is_file()]
    assert any(path.name.endswith(".log") for path in files)
    assert [path for path in files if PASSWORD.encode() in path.read_bytes()] == []


def test_a_profile_that_is_not_there_ends_in_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "harit_desktop", "--headless", "--data-dir", str(tmp_path)]
    done = subprocess.run(
        [*command, "--profile", "nowhere"], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 1
    assert done.stderr.strip().splitlines() == [
        "harit-desktop: there is no broker profile 'nowhere'"
    ]

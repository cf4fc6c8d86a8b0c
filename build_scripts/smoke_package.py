"""Starts a packaged Harit Desktop in each of its roles: python smoke_package.py EXECUTABLE.

Uses the standard library, mosquitto and (on Linux) Xvfb, never the source tree: what it
proves has to hold for the folder alone. Exit code 0 if every role works.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

START_S = 40.0
STOP_S = 10.0
READING = {
    "timestamp": "2025-12-02T17:50:00.123456",
    "publisher_id": "smoke",
    "sensor_readings": {
        "N": 22.5,
        "P": 17.8,
        "K": 152.3,
        "CO2": 498.2,
        "Temperature": 22.1,
        "Moisture": 54.8,
        "pH": 7.18,
    },
}


class SmokeFailure(Exception):
    """A role of the packaged program does not do what it should."""


class Program:
    """One run of the executable, away from the source tree and its environment."""

    def __init__(
        self, executable: str, folder: Path, arguments: list[str], **variables: str
    ) -> None:
        kept = ("HOME", "LANG", "PATH", "SYSTEMROOT", "TEMP", "TMP", "USERPROFILE")
        clean = {name: os.environ[name] for name in kept if name in os.environ}
        self.output = folder / f"{len(list(folder.iterdir()))}.txt"
        self._file = self.output.open("wb")
        self.process = subprocess.Popen(
            [executable, *arguments],
            cwd=folder,
            env=clean | variables,
            stdin=subprocess.DEVNULL,
            stdout=self._file,
            stderr=subprocess.STDOUT,
        )

    def wait_for(self, what: str, condition: Callable[[str], bool]) -> None:
        """Returns once the output so far meets `condition`."""
        end_s = time.monotonic() + START_S
        while not condition(self.text()):
            if self.process.poll() is not None:
                raise SmokeFailure(f"ended with {self.process.returncode} before: {what}")
            if time.monotonic() > end_s:
                raise SmokeFailure(f"not within {START_S:.0f} s: {what}")
            time.sleep(0.1)

    def finish(self, *, ask: bool) -> None:
        """Waits for the end, after asking for it or not; the exit code has to be 0."""
        if ask:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_S if ask else START_S)
        except subprocess.TimeoutExpired:
            raise SmokeFailure("did not end") from None
        if code != 0 and not (ask and sys.platform == "win32"):
            raise SmokeFailure(f"exit code {code}")

    def text(self) -> str:
        """Everything written so far."""
        return self.output.read_text(encoding="utf-8", errors="replace")

    def close(self) -> None:
        """Ends the run if it still goes on."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._file.close()


@contextmanager
def running(executable: str, folder: Path, *arguments: str, **variables: str) -> Iterator[Program]:
    """A run of the executable; what it wrote is shown if the block fails."""
    program = Program(executable, folder, list(arguments), **variables)
    try:
        yield program
    except SmokeFailure:
        print(f"--- {' '.join(arguments)}\n{program.text()[-4000:]}", flush=True)
        for log in sorted(folder.rglob("*.log")):
            text = log.read_text(encoding="utf-8", errors="replace")
            print(f"--- {log.name}\n{text[-4000:]}", flush=True)
        raise
    finally:
        program.close()


def check_version(executable: str, folder: Path) -> None:
    """--version names the three versions."""
    with running(executable, folder, "--version") as program:
        program.finish(ask=False)
        if not all(word in program.text() for word in ("Python", "Qt")):
            raise SmokeFailure("the versions of Python and Qt are missing")


def check_headless(executable: str, folder: Path) -> None:
    """A reading published to a real broker is in the store after a clean stop."""
    with mosquitto(folder) as port:
        options = ["--headless", "--status-json", "--data-dir", str(folder / "data")]
        options += ["--set", f"broker.port={port}"]
        with running(executable, folder, *options) as program:
            program.wait_for("connected", lambda text: status(text, "connection") == "connected")
            publish(port)
            program.wait_for("stored", lambda text: int(str(status(text, "stored") or 0)) >= 1)
            program.finish(ask=True)
    with closing(sqlite3.connect(folder / "data" / "harit.db")) as database:
        rows = database.execute("SELECT publisher_id, N, pH FROM sensor_readings").fetchall()
    if rows != [("smoke", 22.5, 7.18)]:
        raise SmokeFailure(f"the store holds {rows}")


def check_broker_child(engine: str) -> Callable[[str, Path], None]:
    """The demo runs on a broker that is a child process of the same executable."""

    def check(executable: str, folder: Path) -> None:
        options = ["--demo", "--headless", "--status-json", "--data-dir", str(folder / "demo")]
        options += ["--set", f"builtin_broker.engine={engine}"]
        options += ["--set", f"builtin_broker.port={free_port()}"]
        with running(executable, folder, *options) as program:
            program.wait_for("stored", lambda text: int(str(status(text, "stored") or 0)) >= 3)
            program.finish(ask=True)

    return check


def check_window(executable: str, folder: Path) -> None:
    """The window opens on a real X server, stays, and closes cleanly."""
    with x_server(folder) as display:
        options = ["--data-dir", str(folder / "window")]
        options += ["--set", f"broker.port={free_port()}"]
        with running(executable, folder, *options, DISPLAY=display) as program:
            program.wait_for("a window", lambda _: window_is_open(display))
            time.sleep(2)
            if not window_is_open(display):
                raise SmokeFailure("the window went away")
            program.finish(ask=True)


def check_screenshot(executable: str, folder: Path) -> None:
    """--screenshot draws the window without a display."""
    picture = folder / "picture.png"
    options = ["--data-dir", str(folder / "shot"), "--screenshot", str(picture), "--after", "2"]
    with running(executable, folder, *options) as program:
        program.finish(ask=False)
        if not picture.is_file() or not picture.read_bytes().startswith(b"\x89PNG"):
            raise SmokeFailure("there is no picture")


def status(text: str, key: str) -> object:
    """The newest value of `key` in a stream of JSON lines, other lines between them."""
    for line in reversed(text.splitlines()):
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict) and key in record:
            return record[key]
    return None


def window_is_open(display: str) -> bool:
    """Whether the X server shows a window of the program's name."""
    command = ["xdotool", "search", "--onlyvisible", "--name", "Harit"]
    found = subprocess.run(
        command, env=dict(os.environ, DISPLAY=display), capture_output=True, check=False
    )
    return found.returncode == 0 and bool(found.stdout.strip())


@contextmanager
def mosquitto(folder: Path) -> Iterator[int]:
    """A broker on a free loopback port."""
    port = free_port()
    configuration = folder / "mosquitto.conf"
    configuration.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    command = [find("mosquitto"), "-c", str(configuration)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until_listening(port)
        yield port
    finally:
        process.terminate()
        process.wait()


@contextmanager
def x_server(folder: Path) -> Iterator[str]:
    """A virtual display; yields its name."""
    read_end, write_end = os.pipe()
    command = [find("Xvfb"), "-displayfd", str(write_end), "-screen", "0", "1400x900x24"]
    command += ["-nolisten", "tcp"]
    with (folder / "xvfb.txt").open("wb") as log:
        process = subprocess.Popen(command, pass_fds=[write_end], stdout=log, stderr=log)
    os.close(write_end)
    try:
        with open(read_end, encoding="ascii") as pipe:
            number = pipe.readline().strip()
        if not number:
            raise SmokeFailure("Xvfb did not start")
        yield f":{number}"
    finally:
        process.terminate()
        process.wait()


def publish(port: int) -> None:
    """One reading, acknowledged by the broker."""
    command = [find("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(port), "-q", "1"]
    command += ["-t", "harit-samarth/sensor/data", "-m", json.dumps(READING)]
    subprocess.run(command, check=True, timeout=START_S)


def free_port() -> int:
    """A loopback port that nothing listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_listening(port: int) -> None:
    """Returns once a connection to `port` is accepted."""
    end_s = time.monotonic() + START_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > end_s:
                raise SmokeFailure("mosquitto did not start") from None
            time.sleep(0.05)
        else:
            return


def find(name: str) -> str:
    """The path of a program; Debian keeps some outside an ordinary user's PATH."""
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if path is None:
        raise SmokeFailure(f"{name} is not installed")
    return path


def main() -> int:
    """Runs every check; returns 1 if one failed."""
    executable = str(Path(sys.argv[1]).resolve())
    checks: dict[str, Callable[[str, Path], None]] = {
        "version": check_version,
        "headless with a real broker": check_headless,
        "built-in broker, amqtt": check_broker_child("amqtt"),
        "built-in broker, mosquitto": check_broker_child("mosquitto"),
        "screenshot": check_screenshot,
    }
    if sys.platform.startswith("linux"):
        checks["window"] = check_window
    failed = 0
    for name, check in checks.items():
        started_s = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="harit-smoke-") as folder:
            try:
                check(executable, Path(folder))
            except SmokeFailure as failure:
                failed += 1
                print(f"FAILED  {name}: {failure}", flush=True)
            else:
                print(f"ok      {name} ({time.monotonic() - started_s:.1f} s)", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

"""The program as a subprocess: headless, or with a window that a test can drive."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

REPOSITORY = Path(__file__).resolve().parents[2]
PROGRAM = [sys.executable, "-m", "harit_desktop"]

CANONICAL = (
    b'{"timestamp":"2025-12-02T17:50:00.123456","publisher_id":"sensor-publisher-01",'
    b'"sensor_readings":{"N":22.5,"P":17.8,"K":152.3,"CO2":498.2,"Temperature":22.1,'
    b'"Moisture":54.8,"pH":7.18}}'
)


def wait_for(condition: Callable[[], Any], timeout_s: float = 30.0) -> Any:
    """The first true answer of `condition`; fails the test when none comes in time."""
    ends = time.monotonic() + timeout_s
    while time.monotonic() < ends:
        answer = condition()
        if answer:
            return answer
        time.sleep(0.05)
    raise AssertionError(f"nothing within {timeout_s} s: {condition}")


def environment(**changes: str) -> dict[str, str]:
    """This process's environment without a display or settings of the person at it."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("HARIT_")
        and name not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    }
    return kept | {"PYTHONPATH": str(REPOSITORY)} | changes


def run_program(*arguments: str, timeout_s: float = 60.0) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *arguments],
        env=environment(),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def rows(database: Path, query: str, *parameters: object) -> list[tuple[Any, ...]]:
    """The answer of a query; nothing where the database or table is not there yet."""
    if not database.exists():
        return []
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)) as db:
        try:
            return db.execute(query, parameters).fetchall()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return []
            raise


class Headless:
    """`harit-desktop --headless --status-json` and what it reports."""

    def __init__(
        self,
        data_dir: Path,
        *arguments: str,
        command: Sequence[str] = PROGRAM,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self.database = data_dir / "harit.db"
        self.reports: list[dict[str, Any]] = []
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [*command, "--headless", "--status-json", "--data-dir", str(data_dir), *arguments],
            env=environment(**(variables or {})),
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._readers = [
            threading.Thread(target=self._read_reports, daemon=True),
            threading.Thread(target=self._read_lines, daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self._collect()

    @property
    def report(self) -> dict[str, Any]:
        return self.reports[-1] if self.reports else {}

    def wait_for_state(self, connection: str, timeout_s: float = 30.0) -> None:
        wait_for(lambda: self.report.get("connection") == connection, timeout_s)

    def stop(self, timeout_s: float = 10.0) -> int:
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout_s)
        self._collect()
        return code

    def kill(self) -> None:
        self.process.kill()
        self._collect()

    def _collect(self) -> None:
        self.process.wait()
        for reader in self._readers:
            reader.join(5)
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def _read_reports(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.reports.append(json.loads(line))

    def _read_lines(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line.rstrip("\n"))


class Window:
    """The program with its window on a virtual display, driven by objectName."""

    def __init__(
        self, data_dir: Path, display: str, arguments: Sequence[str] = (), **changes: str
    ) -> None:
        self.database = data_dir / "harit.db"
        read_end, write_end = os.pipe()
        self._stderr = (data_dir.parent / f"{data_dir.name}.stderr").open("w+")
        variables: Mapping[str, str] = environment(
            DISPLAY=display, QT_QPA_PLATFORM="xcb", REMOTE_CONTROL_FD=str(write_end), **changes
        )
        script = Path(__file__).with_name("remote_control.py")
        self.process = subprocess.Popen(
            [sys.executable, str(script), "--data-dir", str(data_dir), *arguments],
            env=dict(variables),
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stderr=self._stderr,
            pass_fds=(write_end,),
            text=True,
        )
        os.close(write_end)
        self._answers = os.fdopen(read_end)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):
            self.process.stdin.close()
        self._answers.close()
        self._stderr.close()

    @property
    def stderr(self) -> str:
        return Path(self._stderr.name).read_text()

    def ask(self, do: str, **parameters: Any) -> dict[str, Any]:
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):
            self.process.stdin.write(json.dumps({"do": do, **parameters}) + "\n")
            self.process.stdin.flush()
        line = self._answers.readline()
        assert line, f"the program ended: {self.stderr}"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def do(self, do: str, **parameters: Any) -> dict[str, Any]:
        answer = self.ask(do, **parameters)
        assert "error" not in answer, answer["error"]
        return answer

    def state(self, name: str) -> dict[str, Any]:
        """Properties of a widget or action; empty where there is none."""
        answer = self.ask("state", name=name)
        return {} if "error" in answer else answer

    def wait(self, name: str, timeout_s: float = 30.0, **expected: Any) -> dict[str, Any]:
        """Waits until a widget exists and has the expected properties."""

        def matches() -> dict[str, Any] | None:
            state = self.state(name)
            good = state and all(state.get(key) == value for key, value in expected.items())
            return state if good else None

        try:
            found: dict[str, Any] = wait_for(matches, timeout_s)
        except AssertionError:
            raise AssertionError(f"{name} is {self.state(name)}, not {expected}") from None
        return found

    def close(self, timeout_s: float = 10.0) -> int:
        self.do("close")
        return self.process.wait(timeout_s)

"""The real program without a window, with what a fault test needs around it."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.end_to_end.programs import PROGRAM, Headless, wait_for
from tests.faults.history import SqliteStore
from tests.servers import MosquittoServer

STOP_S = 5.0
"""The promise: the program ends within this time, whatever its network and store do."""

STARTER = Path(__file__).with_name("injected.py")


class Program(Headless):
    """`harit-desktop --headless --status-json` that a test may wrap, slow down and inspect.

    `prefix` is put before its command (`prlimit ...`), `variables` into its environment;
    `inject` are faults as `injected.py` takes them.
    """

    def __init__(
        self,
        data_dir: Path,
        *arguments: str,
        prefix: Sequence[str] = (),
        inject: Sequence[str] = (),
        **variables: str,
    ) -> None:
        command = [sys.executable, str(STARTER), *inject, "--"] if inject else PROGRAM
        super().__init__(data_dir, *arguments, command=[*prefix, *command], variables=variables)
        self.data_dir = data_dir
        self.store = SqliteStore(self.database)

    def stop_in_time(self) -> None:
        """SIGTERM: ends within the promised time with exit code 0 and no traceback."""
        started = time.monotonic()
        assert self.stop(STOP_S + 10) == 0, self.lines[-20:]
        assert time.monotonic() - started <= STOP_S, "the end took too long"
        assert not [line for line in self.lines if "Traceback" in line], self.lines

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def freeze(self) -> None:
        self.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.signal(signal.SIGCONT)

    def says(self, text: str, since: int = 0) -> bool:
        """Whether a status line contains `text` (from line `since` on)."""
        return any(text in line for line in self.lines[since:])

    def wait_until_says(self, text: str, timeout_s: float = 30.0) -> None:
        try:
            wait_for(lambda: self.says(text), timeout_s)
        except AssertionError:
            raise AssertionError(f"never said {text!r}: {self.lines[-3:]}") from None

    def wait_for_report(self, condition: Callable[[dict[str, Any]], Any], timeout_s: float) -> None:
        """Waits until a status object fulfils the condition."""
        try:
            wait_for(lambda: self.reports and condition(self.report), timeout_s)
        except AssertionError:
            raise AssertionError(f"last report after {timeout_s} s: {self.report}") from None

    @property
    def rss_mb(self) -> float:
        """What the system says, not the program itself."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024

    @property
    def log(self) -> str:
        files = sorted((self.data_dir / "logs").glob("harit.log*"))
        return "".join(file.read_text(errors="replace") for file in files)


def at(broker: MosquittoServer, *settings: str) -> list[str]:
    """The options that lead the program to a broker, and further settings."""
    return at_port(broker.port, *settings)


def at_port(port: int, *settings: str) -> list[str]:
    chosen = [f"broker.port={port}", *settings]
    return [option for each in chosen for option in ("--set", each)]


def prepared(data_dir: Path, broker: MosquittoServer, *settings: str) -> Path:
    """A data folder whose program has subscribed once, so that the broker keeps its session."""
    with Program(data_dir, *at(broker, *settings)) as program:
        program.wait_for_state("connected")
        program.stop_in_time()
    return data_dir

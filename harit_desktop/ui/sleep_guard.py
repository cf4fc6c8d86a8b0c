"""Keeps the computer from falling asleep by itself while readings are recorded.

The screen may go dark, and a sleep that a person asks for is not prevented. Everything is
let go when recording stops, when the program ends, and also when it is killed.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Protocol

log = logging.getLogger(__name__)

WHO = "Harit Desktop"
WHY = "Soil-sensor readings are being recorded"
SETTLE_S = 1.0
"""A child that refuses has ended by then."""
LOOK_S = 30.0
"""So often a held computer is looked after."""
_CHILD_END_S = 1.0
_ES_CONTINUOUS, _ES_SYSTEM_REQUIRED = 0x80000000, 0x00000001


class GuardState(StrEnum):
    OFF = "off"
    HELD = "held"
    IMPOSSIBLE = "impossible"


class Inhibitor(Protocol):
    """One way to keep a computer awake. Everything is called on one thread."""

    def take(self) -> str:
        """Holds it; an empty text, or why that is not possible."""
        ...

    def still_held(self) -> bool: ...
    def release(self) -> None: ...


class Children:
    """Helper programs that keep the computer awake for as long as they run.

    Each waits for its standard input to end, which it does when this program is gone,
    however it ended. One that holds is enough.
    """

    def __init__(
        self, commands: Sequence[Sequence[str]], environment: Mapping[str, str] | None = None
    ) -> None:
        self._commands = commands
        self._environment = environment
        self._running: list[subprocess.Popen[bytes]] = []

    def take(self) -> str:
        if not self._commands:
            return "no helper program is installed"
        reasons = []
        for command in self._commands:
            try:
                child = subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env=self._environment,
                    start_new_session=True,
                )
            except OSError as error:
                reasons.append(f"{command[0]}: {error.strerror or error}")
            else:
                self._running.append(child)
        time.sleep(SETTLE_S)
        for child in [child for child in self._running if child.poll() is not None]:
            reasons.append(f"a helper program ended with {child.returncode}")
            self._end(child)
        return "" if self._running else "; ".join(reasons)

    def still_held(self) -> bool:
        return any(child.poll() is None for child in self._running)

    def release(self) -> None:
        for child in list(self._running):
            self._end(child)

    def _end(self, child: subprocess.Popen[bytes]) -> None:
        self._running.remove(child)
        if child.stdin is not None:
            with contextlib.suppress(OSError):
                child.stdin.close()
        try:
            child.wait(_CHILD_END_S)
        except subprocess.TimeoutExpired:
            child.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(_CHILD_END_S)


class ExecutionState:
    """Windows: the state belongs to the thread that set it, and ends with it."""

    def take(self) -> str:
        return "" if self._set(_ES_CONTINUOUS | _ES_SYSTEM_REQUIRED) else "Windows refused it"

    def still_held(self) -> bool:
        return True

    def release(self) -> None:
        self._set(_ES_CONTINUOUS)

    def _set(self, flags: int) -> bool:
        windll = getattr(ctypes, "windll", None)
        return windll is not None and windll.kernel32.SetThreadExecutionState(flags) != 0


def system_inhibitor(
    platform: str = sys.platform,
    find: Callable[[str], str | None] = shutil.which,
    environment: Mapping[str, str] = os.environ,
) -> Inhibitor:
    """The way of this system."""
    if platform == "win32":
        return ExecutionState()
    if platform == "darwin":
        caffeinate = find("caffeinate")
        return Children([[caffeinate, "-i", "-w", str(os.getpid())]] if caffeinate else [])
    waiting = find("cat")
    if waiting is None:
        return Children([])
    desktop = environment.get("XDG_CURRENT_DESKTOP", "").upper()
    commands = [_logind(find)]
    if "GNOME" in desktop or "UNITY" in desktop:
        commands.append(_gnome(find))
    elif "KDE" in desktop:
        commands.append(_plasma(find))
    return Children(
        [[*command, waiting] for command in commands if command], _own_libraries(environment)
    )


def _logind(find: Callable[[str], str | None]) -> list[str]:
    program = find("systemd-inhibit")
    options = ["--what=idle", "--mode=block", f"--who={WHO}", f"--why={WHY}"]
    return [program, *options] if program else []


def _gnome(find: Callable[[str], str | None]) -> list[str]:
    program = find("gnome-session-inhibit")
    options = ["--inhibit", "suspend", "--app-id", "harit-desktop", "--reason", WHY]
    return [program, *options] if program else []


def _plasma(find: Callable[[str], str | None]) -> list[str]:
    program = find("kde-inhibit")
    return [program, "--power"] if program else []


def _own_libraries(environment: Mapping[str, str]) -> dict[str, str]:
    """A packaged program points the loader at its own libraries; children need theirs."""
    kept = dict(environment)
    original = kept.pop("LD_LIBRARY_PATH_ORIG", None)
    if original is not None:
        kept["LD_LIBRARY_PATH"] = original
    elif getattr(sys, "frozen", False):
        kept.pop("LD_LIBRARY_PATH", None)
    return kept


class SleepGuard:
    """Holds and lets go on a thread of its own: `follow` never blocks.

    Where it is not possible, `state` and `reason` say so, the log has one line of it, and
    recording goes on all the same.
    """

    def __init__(self, inhibitor: Inhibitor | None = None) -> None:
        self._inhibitor = inhibitor or system_inhibitor()
        self._changed = threading.Condition()
        self._wanted = False
        self._stopping = False
        self._state = GuardState.OFF
        self._reason = ""
        self._thread: threading.Thread | None = None

    @property
    def state(self) -> GuardState:
        return self._state

    @property
    def reason(self) -> str:
        """Why it is not possible, in English, for a support request."""
        return self._reason

    def follow(self, recording: bool) -> None:
        """Whether the computer is to stay awake from now on."""
        with self._changed:
            if recording == self._wanted or self._stopping:
                return
            self._wanted = recording
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="sleep-guard", daemon=True)
                self._thread.start()
            self._changed.notify()

    def end(self) -> None:
        """Lets go for good; the thread does it, and ends."""
        with self._changed:
            self._stopping = True
            self._wanted = False
            self._changed.notify()

    def _run(self) -> None:
        held = False
        while True:
            with self._changed:
                if self._wanted == held and not self._stopping:
                    self._changed.wait(LOOK_S if self._state is GuardState.HELD else None)
                wanted, stopping = self._wanted, self._stopping
            if wanted and not held:
                self._take()
            elif held and not wanted:
                self._let_go()
            elif self._state is GuardState.HELD and not self._inhibitor.still_held():
                self._give_up("the helper program ended")
            held = wanted
            if stopping:
                return

    def _take(self) -> None:
        reason = self._inhibitor.take()
        if reason:
            self._give_up(reason)
        else:
            self._state, self._reason = GuardState.HELD, ""

    def _let_go(self) -> None:
        self._inhibitor.release()
        self._state, self._reason = GuardState.OFF, ""

    def _give_up(self, reason: str) -> None:
        self._inhibitor.release()
        if reason != self._reason:
            log.info("the computer may fall asleep while recording: %s", reason)
        self._state, self._reason = GuardState.IMPOSSIBLE, reason

"""The computer stays awake while readings are recorded, and nothing is left behind."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from harit_desktop.ui import sleep_guard
from harit_desktop.ui.sleep_guard import Children, GuardState, SleepGuard, system_inhibitor

pytestmark = pytest.mark.skipif(os.name == "nt", reason="children of a Unix system")


def wait_for(true: Callable[[], bool], seconds: float = 5.0) -> None:
    until_s = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until_s
        time.sleep(0.02)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sleep_guard, "SETTLE_S", 0.2)
    monkeypatch.setattr(sleep_guard, "LOOK_S", 0.1)


@pytest.fixture
def made() -> Iterator[list[SleepGuard]]:
    guards: list[SleepGuard] = []
    yield guards
    for guard in guards:
        guard.end()
    wait_for(lambda: not any(one.name == "sleep-guard" for one in threading.enumerate()))


def command(name: str) -> list[str]:
    found = shutil.which(name)
    assert found is not None
    return [found]


def guard_of(made: list[SleepGuard], *names: str) -> tuple[SleepGuard, Children]:
    children = Children([command(name) for name in names])
    guard = SleepGuard(children)
    made.append(guard)
    return guard, children


def test_it_holds_while_recording_and_lets_go_after(made: list[SleepGuard]) -> None:
    guard, children = guard_of(made, "cat")
    assert guard.state is GuardState.OFF
    guard.follow(True)
    wait_for(lambda: guard.state is GuardState.HELD)
    child = children._running[0]
    assert child.poll() is None
    guard.follow(False)
    wait_for(lambda: guard.state is GuardState.OFF)
    assert child.poll() == 0
    guard.follow(True)
    wait_for(lambda: guard.state is GuardState.HELD)


def test_following_never_waits(made: list[SleepGuard]) -> None:
    taking, go_on = threading.Event(), threading.Event()

    class Slow(Children):
        def take(self) -> str:
            taking.set()
            go_on.wait(5.0)
            return super().take()

    guard = SleepGuard(Slow([command("cat")]))
    made.append(guard)
    guard.follow(True)
    assert taking.wait(3.0)
    guard.follow(False)
    guard.follow(True)
    assert guard.state is GuardState.OFF
    go_on.set()
    wait_for(lambda: guard.state is GuardState.HELD)


def test_one_that_holds_is_enough(made: list[SleepGuard]) -> None:
    guard, _ = guard_of(made, "false", "cat")
    guard.follow(True)
    wait_for(lambda: guard.state is GuardState.HELD)


def test_a_refusal_is_one_line_in_the_log(
    made: list[SleepGuard], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    guard, _ = guard_of(made, "false")
    guard.follow(True)
    wait_for(lambda: guard.state is GuardState.IMPOSSIBLE)
    assert guard.reason == "a helper program ended with 1"
    assert [record.levelno for record in caplog.records] == [logging.INFO]


def test_without_a_program_it_says_so(made: list[SleepGuard]) -> None:
    guard = SleepGuard(system_inhibitor("linux", lambda _: None, {}))
    made.append(guard)
    guard.follow(True)
    wait_for(lambda: guard.state is GuardState.IMPOSSIBLE)
    assert guard.reason == "no helper program is installed"


def test_a_helper_that_dies_is_noticed(made: list[SleepGuard]) -> None:
    guard, children = guard_of(made, "cat")
    guard.follow(True)
    wait_for(lambda: guard.state is GuardState.HELD)
    children._running[0].kill()
    wait_for(lambda: guard.state is GuardState.IMPOSSIBLE)


def test_a_killed_program_leaves_no_helper_behind() -> None:
    script = (
        "import time\n"
        "from harit_desktop.ui import sleep_guard as s\n"
        f"children = s.Children([[{command('cat')[0]!r}]])\n"
        "assert children.take() == ''\n"
        "print(children._running[0].pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        child = int(program.stdout.readline())
        os.kill(child, 0)
        program.send_signal(signal.SIGKILL)
    wait_for(lambda: not is_alive(child))


def is_alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize(
    ("desktop", "programs"),
    [
        ("ubuntu:GNOME", ["systemd-inhibit", "gnome-session-inhibit"]),
        ("KDE", ["systemd-inhibit", "kde-inhibit"]),
        ("XFCE", ["systemd-inhibit"]),
        ("", ["systemd-inhibit"]),
    ],
)
def test_each_desktop_is_asked_in_its_own_way(desktop: str, programs: list[str]) -> None:
    found = system_inhibitor(
        "linux", lambda name: f"/usr/bin/{name}", {"XDG_CURRENT_DESKTOP": desktop}
    )
    assert isinstance(found, Children)
    assert [command[0] for command in found._commands] == [f"/usr/bin/{p}" for p in programs]
    assert all(command[-1] == "/usr/bin/cat" for command in found._commands)


def test_a_mac_is_asked_in_its_own_way() -> None:
    found = system_inhibitor("darwin", lambda name: f"/usr/bin/{name}", {})
    assert isinstance(found, Children)
    assert found._commands == [["/usr/bin/caffeinate", "-i", "-w", str(os.getpid())]]


def test_packaged_libraries_are_not_given_to_the_helper() -> None:
    environment = {"LD_LIBRARY_PATH": "/bundle", "LD_LIBRARY_PATH_ORIG": "/own", "A": "b"}
    found = system_inhibitor("linux", lambda name: name, environment)
    assert isinstance(found, Children)
    assert found._environment == {"LD_LIBRARY_PATH": "/own", "A": "b"}

"""Makes or updates an environment: the slow path, taken once and after a change of the lock."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from dev_tools import system_packages
from dev_tools.console import SetupError, say
from dev_tools.environment import (
    ROOT,
    Environment,
    is_current,
    must_rebuild,
    write_stamp,
)

_PIP = ["-I", "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet"]


def prepare(groups: Sequence[str], environment: Environment) -> None:
    """Returns once the system packages of `groups` and `environment` are in place.

    Missing packages that cannot be installed are named and do not stop the set-up.
    Raises SetupError where the environment cannot be made.
    """
    with setup_lock():
        system_packages.install(groups, environment)
        if not is_current(environment):
            _make(environment)
        system_packages.remember(groups)


def _make(environment: Environment) -> None:
    name = os.path.relpath(environment.folder, ROOT)
    if must_rebuild(environment) or not _has_pip(environment):
        say(f"making {name} with Python {sys.version.split()[0]}")
        _create(environment)
    _forget(environment.stamp_file)
    with open(environment.unfinished_file, "w", encoding="utf-8"):
        pass
    say(f"installing the locked packages into {name} (a few minutes the first time)")
    lock = ["--require-hashes", "--no-deps", "--requirement", environment.lock_file]
    project = ["--no-deps", "--no-build-isolation", "--no-index", "--editable", ROOT]
    steps = [lock, project] if environment.with_project else [lock]
    for step in steps:
        if _run_pip(environment, step) != 0:
            # pip undid what it had begun, so the next start may go on from here.
            _forget(environment.unfinished_file)
            raise SetupError(
                "pip could not install the locked packages (its message is above). "
                "Check the network connection and give the same command again."
            )
    write_stamp(environment)
    _forget(environment.unfinished_file)


def _has_pip(environment: Environment) -> bool:
    check = [environment.python, "-I", "-c", "import pip"]
    try:
        return subprocess.run(check, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _create(environment: Environment) -> None:
    try:
        if os.path.lexists(environment.folder):
            shutil.rmtree(environment.folder)
    except OSError as error:
        raise SetupError(
            f"cannot remove the broken {environment.folder}: {error}. Close the programs that "
            "use it, leave the environment (deactivate), and give the same command again."
        ) from error
    os.makedirs(environment.folder)
    with open(environment.unfinished_file, "w", encoding="utf-8"):
        pass
    # The base interpreter: dev.py itself may run inside the folder that is made anew.
    base = getattr(sys, "_base_executable", None) or sys.executable
    made = subprocess.run(
        [base, "-I", "-m", "venv", environment.folder], stdout=sys.stderr, check=False
    )
    if made.returncode != 0:
        raise SetupError("Python's venv module failed (its message is above)")


def _run_pip(environment: Environment, arguments: list[str]) -> int:
    # PIP_USER and PIP_TARGET, as some machines set them, would install past the environment.
    variables = {k: v for k, v in os.environ.items() if k not in ("PIP_USER", "PIP_TARGET")}
    command = [environment.python, *_PIP, *arguments]
    process = subprocess.Popen(command, env=variables, stdin=subprocess.DEVNULL, stdout=sys.stderr)
    started_s = time.monotonic()
    terminal = sys.stderr.isatty()
    while True:
        try:
            code = process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            if terminal:
                elapsed_s = int(time.monotonic() - started_s)
                print(f"  {elapsed_s} s", end="\r", file=sys.stderr, flush=True)
        except KeyboardInterrupt:
            process.wait()
            raise
        else:
            return code


def _forget(path: str) -> None:
    try:
        os.remove(path)
    except FileNotFoundError:
        pass


@contextmanager
def setup_lock() -> Iterator[None]:
    """Held while anything is installed: of two starts on a fresh clone one waits.

    A kernel lock, so that a killed set-up never leaves it behind.
    """
    folder = os.path.join(ROOT, "build")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "setup.lock"), "a+b") as file:
        if not _try_lock(file.fileno()):
            say("another dev.py is setting up this folder; waiting for it")
            while not _try_lock(file.fileno()):
                time.sleep(0.2)
        yield


def _try_lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(descriptor, 0, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True

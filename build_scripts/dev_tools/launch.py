"""Starts the program in its environment, with as little between as the platform allows."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence

from dev_tools.console import say
from dev_tools.environment import DEVELOPMENT

NO_DISPLAY = (
    "no display found, so the demo runs without a window; for the window, give this command "
    "in a desktop session (or over ssh -X)"
)


def run_app(arguments: Sequence[str]) -> int:
    """Becomes `harit-desktop ARGUMENTS`; returns its exit code where it cannot become it."""
    arguments = list(arguments)
    if starts_demo(arguments, os.environ, sys.platform):
        say(NO_DISPLAY)
        arguments += ["--demo", "--headless"]
    # -P: the current folder stays the user's, and no file in it can pose as a module.
    return become([DEVELOPMENT.python, "-P", "-m", "harit_desktop", *arguments])


def become(command: Sequence[str]) -> int:
    """Replaces this process by `command`; on Windows runs it and returns its exit code."""
    sys.stdout.flush()
    sys.stderr.flush()
    if sys.platform != "win32":
        os.execv(command[0], list(command))
    import subprocess

    process = subprocess.Popen(list(command))
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            # Ctrl+C reached the child as well, and how to end is its decision.
            continue


def starts_demo(arguments: Sequence[str], variables: Mapping[str, str], platform: str) -> bool:
    """Whether a plain start has neither a display nor any data, and so shows the demo."""
    plain, data_dir = plain_start(arguments)
    return (
        plain
        and not has_display(variables, platform)
        and is_empty(data_dir or default_data_dir(variables))
    )


def plain_start(arguments: Sequence[str]) -> tuple[bool, str]:
    """Whether only a data folder is given, or nothing at all; and that folder."""
    rest = list(arguments)
    if not rest:
        return True, ""
    if len(rest) == 2 and rest[0] == "--data-dir":
        return True, rest[1]
    if len(rest) == 1 and rest[0].startswith("--data-dir="):
        return True, rest[0].partition("=")[2]
    return False, ""


def has_display(variables: Mapping[str, str], platform: str) -> bool:
    """Whether a window can be expected to open. A chosen Qt platform counts as one."""
    if platform in ("win32", "darwin"):
        return True
    return any(variables.get(k) for k in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def default_data_dir(variables: Mapping[str, str]) -> str:
    """The program's default data folder on Linux, without importing what computes it there."""
    chosen = variables.get("HARIT_DATA_DIR")
    if chosen:
        return chosen
    base = variables.get("XDG_DATA_HOME", "")
    if not base.strip():
        base = os.path.expanduser("~/.local/share")
    return os.path.join(base, "harit-desktop")


def is_empty(folder: str) -> bool:
    """Whether a folder is absent or holds nothing."""
    try:
        with os.scandir(folder) as entries:
            return next(entries, None) is None
    except FileNotFoundError:
        return True
    except OSError:
        return False

"""Dispatches a command line; the only place where an error becomes an exit code."""

from __future__ import annotations

import argparse
import os
import sys

from harit_desktop.cli.arguments import parse
from harit_desktop.cli.texts import sentence
from harit_desktop.domain.errors import KnownError

USAGE_CODES = (
    "settings.bad_assignment",
    "settings.unknown_key",
    "settings.secret_key",
    "settings.bad_value",
    "time.unreadable",
)


def run(argv: list[str]) -> int:
    """Runs the program; 0 for success, 1 for a failure, 2 for a usage error."""
    options = parse(argv)
    try:
        return _dispatch(options)
    except KnownError as error:
        complain(sentence(error.problem))
        return 2 if error.code in USAGE_CODES else 1
    except KeyboardInterrupt:
        return 0


def complain(line: str) -> None:
    """One line on stderr; a windowed build may have none."""
    if sys.stderr is not None:
        print(f"harit-desktop: {line}", file=sys.stderr, flush=True)


def _dispatch(options: argparse.Namespace) -> int:
    if options.version:
        from harit_desktop.cli.version import version_text

        print(version_text())
        return 0
    if options.command == "publish":
        from harit_desktop.cli.publish import run_publish

        return run_publish(options)
    if options.command == "export":
        from harit_desktop.cli.export import run_export

        return run_export(options)
    if options.command == "backup":
        from harit_desktop.cli.backup import run_backup

        return run_backup(options)
    if options.command == "restore":
        from harit_desktop.cli.restore import run_restore

        return run_restore(options)
    if options.command == "doctor":
        from harit_desktop.cli.doctor import run_doctor

        return run_doctor(options)
    if options.screenshot is not None:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    elif not options.headless:
        reason = missing_display()
        if reason is not None:
            complain(f"{reason}; running without a window")
            options.headless = True
    if options.headless:
        from harit_desktop.cli.headless import run_headless

        return run_headless(options)
    from harit_desktop.cli.window import run_window

    return run_window(options)


def missing_display() -> str | None:
    """Why no window can be shown here; None where one can."""
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM"):
        return None
    from harit_desktop.cli.display import display_problem

    return display_problem(os.environ)

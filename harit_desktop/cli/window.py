"""The window: the command without a name."""

from __future__ import annotations

import argparse

from harit_desktop.cli.main import USAGE_CODES, complain
from harit_desktop.cli.setup import calm_collector, data_paths, open_settings, start_observability
from harit_desktop.cli.texts import sentence
from harit_desktop.domain.errors import KnownError
from harit_desktop.runtime.instance import InstanceLock


def run_window(options: argparse.Namespace) -> int:
    """Shows the window until it is closed. A second start raises the first and ends.

    Why there is no start is said on stderr and, unless a screenshot was asked for, in a
    box: who starts the program by a click sees no terminal.
    """
    try:
        return _run(options)
    except KnownError as error:
        if options.screenshot is not None:
            raise
        said = sentence(error.problem)
        complain(said)
        from harit_desktop.ui.start_box import show_start_failure

        show_start_failure(error.problem, said)
        return 2 if error.code in USAGE_CODES else 1


def _run(options: argparse.Namespace) -> int:
    paths = data_paths(options)
    settings_store = open_settings(options, paths)
    lock = InstanceLock(paths.lock)
    if not lock.acquire():
        if options.screenshot is not None:
            raise KnownError("data_dir.in_use", path=str(paths.root))
        from harit_desktop.ui.instance_server import raise_running_window

        if raise_running_window(paths.instance_name()):
            return 0
        raise KnownError("data_dir.in_use", path=str(paths.root))
    redactor = start_observability(paths)
    calm_collector()
    from harit_desktop.app import build_engine
    from harit_desktop.ui.application import Screenshot, run_application

    screenshot = None
    if options.screenshot is not None:
        screenshot = Screenshot(
            options.screenshot.absolute(), options.after, options.size, options.view
        )
    engine = build_engine(paths, settings_store, redactor)
    try:
        return run_application(engine, screenshot)
    finally:
        lock.release()

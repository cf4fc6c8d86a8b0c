"""The engine without a window."""

from __future__ import annotations

import argparse

from harit_desktop.cli.reporter import Reporter
from harit_desktop.cli.setup import (
    calm_collector,
    collect_until,
    data_paths,
    open_settings,
    remarks,
    start_observability,
    stop_on_signals,
    take_folder,
)

STOP_DEADLINE_S = 4.5


def run_headless(options: argparse.Namespace) -> int:
    """Runs until SIGINT or SIGTERM; status on stderr, as JSON on stdout where asked."""
    paths = data_paths(options)
    settings_store = open_settings(options, paths)
    lock = take_folder(paths)
    redactor = start_observability(paths)
    calm_collector()
    from harit_desktop.app import build_engine

    stop = stop_on_signals()
    engine = build_engine(paths, settings_store, redactor)
    greeting = [f"Harit Desktop without a window; data in {paths.root}; Ctrl+C stops it"]
    if options.demo:
        greeting.append(
            "simulated sensors and a built-in broker; start it on a desktop for the window"
        )
    greeting += remarks(settings_store.current)
    Reporter(engine.snapshot, options.status_json, greeting).start()
    engine.start(connect=True, approve=options.yes)
    collect_until(stop)
    engine.stop(STOP_DEADLINE_S)
    lock.release()
    return 0

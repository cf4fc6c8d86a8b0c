"""The engine without a window, and its status lines."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

from harit_desktop.cli.setup import (
    data_paths,
    open_settings,
    start_observability,
    take_folder,
)
from harit_desktop.cli.texts import sentence
from harit_desktop.domain.status import EngineStatus, LinkState

PERIOD_S = 1.0
STOP_DEADLINE_S = 4.5


def run_headless(options: argparse.Namespace) -> int:
    """Runs until SIGINT or SIGTERM; status on stderr, as JSON on stdout where asked."""
    paths = data_paths(options)
    settings_store = open_settings(options, paths)
    lock = take_folder(paths)
    redactor = start_observability(paths)
    from harit_desktop.app import build_engine

    stop = threading.Event()

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGINT, ask_to_stop)
    engine = build_engine(paths, settings_store, redactor)
    _say(f"Harit Desktop without a window; data in {paths.root}; Ctrl+C stops it")
    if options.demo:
        _say("simulated sensors and a built-in broker; start it on a desktop for the window")
    engine.start(connect=True)
    try:
        _report_until(stop, engine.snapshot, options.status_json)
    finally:
        engine.stop(STOP_DEADLINE_S)
        lock.release()
    return 0


def _report_until(
    stop: threading.Event, snapshot: Callable[[], EngineStatus], as_json: bool
) -> None:
    import psutil

    from harit_desktop.runtime.engine import counters_json

    process = psutil.Process()
    due = time.monotonic() + PERIOD_S
    while not stop.wait(max(0.0, due - time.monotonic())):
        due += PERIOD_S
        status = snapshot()
        if as_json:
            rss_mb = process.memory_info().rss / 1e6
            print(json.dumps(counters_json(status, rss_mb)), flush=True)
        _say(status_line(status))


def status_line(status: EngineStatus) -> str:
    """One line for a terminal: connection, counters, store, and what is wrong."""
    link, counters = status.link, status.counters
    where = f" {link.host}:{link.port}" if link.host else ""
    line = (
        f"{link.state.value}{where}  received {counters.received}  stored {counters.stored}  "
        f"duplicates {counters.duplicates}  rejected {counters.rejected}  "
        f"unacked {counters.unacked}  {counters.msgs_per_s:.1f}/s  "
        f"store {status.store.state.value}  publisher {status.publisher.state.value}"
    )
    problems = [p for p in (link.problem, status.store.problem, *status.problems) if p is not None]
    if link.state is LinkState.CONNECTED:
        problems = [p for p in problems if p is not link.problem]
    return "  | ".join([line, *(sentence(problem) for problem in problems)])


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)

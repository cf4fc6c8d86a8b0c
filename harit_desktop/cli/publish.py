"""`harit-desktop publish`: the simulated sensors alone."""

from __future__ import annotations

import argparse
import contextlib
import sys
import threading
from typing import Any

from harit_desktop.cli.setup import (
    data_paths,
    open_settings,
    start_observability,
    stop_on_signals,
)
from harit_desktop.cli.texts import sentence
from harit_desktop.domain.errors import Problem
from harit_desktop.domain.status import PublisherState, PublisherStatus

STOP_DEADLINE_S = 4.0
POLL_S = 0.1


def run_publish(options: argparse.Namespace) -> int:
    """Publishes until `--count` readings are confirmed, or until it is asked to stop.

    Returns 0 after a clean end, 1 when the broker refuses this publisher for good.
    """
    paths = data_paths(options)
    settings_store = open_settings(options, paths)
    redactor = start_observability(paths)
    changes: dict[str, Any] = {}
    if options.interval is not None:
        changes["publisher.interval_s"] = options.interval
    if options.devices is not None:
        changes["publisher.devices"] = options.devices
    settings = settings_store.override(changes)
    from harit_desktop.app import build_lone_publisher

    stop = stop_on_signals()
    publisher = build_lone_publisher(paths, settings, options.count, redactor)
    publisher.start()
    try:
        failed = _watch(publisher, stop)
    finally:
        clean = publisher.stop(STOP_DEADLINE_S)
    _report(publisher.status())
    return 1 if failed or not clean else 0


def _watch(publisher: Any, stop: threading.Event) -> bool:
    """Until finished, asked to stop, or refused for good (True)."""
    last: tuple[PublisherState, Problem | None] | None = None
    while not publisher.finished.is_set() and not stop.wait(POLL_S):
        status = publisher.status()
        if (status.state, status.problem) != last:
            last = (status.state, status.problem)
            _report(status)
        if status.state is PublisherState.ERROR:
            return True
    return False


def _report(status: PublisherStatus) -> None:
    line = f"{status.state.value} {status.host}:{status.port}  published {status.published}"
    if status.waiting:
        line += f"  waiting {status.waiting}"
    if status.problem is not None:
        line += f"  | {sentence(status.problem)}"
    if sys.stderr is not None:
        with contextlib.suppress(OSError):
            print(line, file=sys.stderr, flush=True)

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
from harit_desktop.domain.status import PublisherRoute, PublisherState, PublisherStatus

STOP_DEADLINE_S = 4.0
POLL_S = 0.1

_ROUTES = {
    PublisherRoute.MQTT: "by MQTT",
    PublisherRoute.RETRYING: "trying the broker again",
    PublisherRoute.API: "by the API",
    PublisherRoute.HOLDING: "kept in the outbox",
}


def run_publish(options: argparse.Namespace) -> int:
    """Publishes until `--count` readings arrived, or until it is asked to stop.

    Returns 0 after a clean end, 1 when readings are refused for good or found no room. What
    nobody confirmed stays in the outbox, for the next run to send first.
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
    if publisher.finished.is_set():
        failed |= publisher.confirmed_own < options.count
    _say(_last_line(publisher.status()))
    return 1 if failed or not clean else 0


def _watch(publisher: Any, stop: threading.Event) -> bool:
    """Until finished, asked to stop, or refused for good (True)."""
    last: tuple[PublisherState, PublisherRoute, Problem | None] | None = None
    while not publisher.finished.is_set() and not stop.wait(POLL_S):
        status = publisher.status()
        if (status.state, status.route, status.problem) != last:
            last = (status.state, status.route, status.problem)
            _say(_line(status))
        if status.state is PublisherState.ERROR:
            return True
    return False


def _line(status: PublisherStatus) -> str:
    words = [status.state.value]
    if status.host:
        words.append(f"{status.host}:{status.port}")
    words.append(f"{_ROUTES[status.route]}  published {status.published}")
    if status.via_api:
        words.append(f"({status.via_api} through the API)")
    if status.waiting:
        words.append(f" waiting {status.waiting}")
    if status.problem is not None:
        words.append(f" | {sentence(status.problem)}")
    return " ".join(words)


def _last_line(status: PublisherStatus) -> str:
    line = f"stopped  published {status.published}"
    if status.via_api:
        line += f" ({status.via_api} through the API)"
    if status.waiting:
        line += f"  {status.waiting} stay in the outbox and are sent by the next run"
    if status.problem is not None:
        line += f"  | {sentence(status.problem)}"
    return line


def _say(line: str) -> None:
    if sys.stderr is not None:
        with contextlib.suppress(OSError):
            print(line, file=sys.stderr, flush=True)

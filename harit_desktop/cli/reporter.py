"""Status lines for the terminal and for scripts, written on a thread of their own.

A reader that stands still or goes away must not stop the collection of readings: the
thread waits for it alone, and a stream that fails is not written to any more.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from harit_desktop.cli.texts import printable, sentence
from harit_desktop.domain.status import ApiState, DatabaseChange, EngineStatus, PublisherRoute

PERIOD_S = 1.0
STDOUT, STDERR = 1, 2


class Reporter:
    """Writes `greeting` at once, then a line a second to stderr and, with `as_json`, an
    object a second to stdout."""

    def __init__(
        self, snapshot: Callable[[], EngineStatus], as_json: bool, greeting: Sequence[str]
    ) -> None:
        self._snapshot = snapshot
        self._as_json = as_json
        self._greeting = greeting
        self._broken: set[int] = set()
        self._thread = threading.Thread(target=self._run, name="reporter", daemon=True)

    def start(self) -> None:
        """Begins to report; the thread ends with the process."""
        self._thread.start()

    def _run(self) -> None:
        for line in self._greeting:
            self._write(STDERR, line)
        import psutil

        process = psutil.Process()
        asked: DatabaseChange | None = None
        due = time.monotonic() + PERIOD_S
        while self._broken != {STDOUT, STDERR}:
            time.sleep(max(0.0, due - time.monotonic()))
            due = max(due + PERIOD_S, time.monotonic())
            status = self._snapshot()
            if status.server.change not in (None, asked):
                asked = status.server.change
                for line in change_lines(asked):
                    self._write(STDERR, line)
            if self._as_json:
                rss_mb = process.memory_info().rss / 1e6
                self._write(STDOUT, json.dumps(counters_json(status, rss_mb)))
            self._write(STDERR, status_line(status))

    def _write(self, stream: int, line: str) -> None:
        if stream in self._broken:
            return
        data = (line + "\n").encode("utf-8", "backslashreplace")
        try:
            while data:
                data = data[os.write(stream, data) :]
        except OSError:
            self._broken.add(stream)


def counters_json(status: EngineStatus, rss_mb: float) -> dict[str, Any]:
    """The object of `--status-json`."""
    counters = status.counters
    return {
        "received": counters.received,
        "stored": counters.stored,
        "duplicates": counters.duplicates,
        "rejected": counters.refused,
        "unacked": counters.unacked,
        "waiting": counters.waiting,
        "msgs_per_s": round(counters.msgs_per_s, 1),
        "connection": status.link.state.value,
        "store": status.store.state.value,
        "api": status.api.state.value,
        "publisher": status.publisher.state.value,
        "uptime_s": round(status.uptime_s, 1),
        "rss_mb": round(rss_mb, 1),
    }


def change_lines(change: DatabaseChange) -> list[str]:
    """What a yes would add to a database, line by line."""
    found = f"the database {change.database!r} holds {change.rows} readings; --yes would add"
    tables = [f"  table {name}" for name in change.tables]
    columns = [f"  column {name}" for name in change.columns]
    kept = "nothing is removed or renamed; until then readings wait on this computer"
    return [printable(line) for line in (found, *tables, *columns, kept)]


def _publisher_words(status: EngineStatus) -> str:
    publisher = status.publisher
    if publisher.route is PublisherRoute.MQTT:
        return publisher.state.value
    return f"{publisher.state.value} ({publisher.route.value}, {publisher.waiting} in the outbox)"


def status_line(status: EngineStatus) -> str:
    """One line for a terminal: connection, counters, store, and what is wrong."""
    link, counters = status.link, status.counters
    where = f" {link.host}:{link.port}" if link.host else ""
    line = (
        f"{link.state.value}{where}  received {counters.received}  stored {counters.stored}  "
        f"duplicates {counters.duplicates}  rejected {counters.rejected}  "
        f"not mapped {counters.not_mapped}  "
        f"left out {counters.skipped}  "
        f"unacked {counters.unacked}  {counters.msgs_per_s:.1f}/s  "
        f"store {status.store.state.value}  publisher {_publisher_words(status)}"
    )
    if status.api.state is not ApiState.OFF:
        line += f"  api {status.api.state.value.replace('_', ' ')}"
    problems = [
        p
        for p in (link.problem, status.store.problem, status.server.problem, *status.problems)
        if p is not None
    ]
    return "  | ".join([line, *(sentence(problem) for problem in problems)])

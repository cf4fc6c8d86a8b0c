"""Writes into the log what changed, for whoever looks at it the next day."""

from __future__ import annotations

import logging

from harit_desktop.domain.errors import Problem
from harit_desktop.domain.status import EngineStatus

log = logging.getLogger(__name__)


class StateLog:
    """Compares one state of the engine with the one before."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[str, str]] = {}

    def note(self, status: EngineStatus) -> None:
        """Logs the parts whose state, or the kind of whose problem, is another one now."""
        parts = {
            "broker": (status.link.state.value, status.link.problem),
            "store": (status.store.state.value, status.store.problem),
            "database server": (status.server.state.value, status.server.problem),
            "publisher": (status.publisher.state.value, status.publisher.problem),
            "backup": ("running" if status.backup.running else status.backup.path, None),
        }
        for name, (state, problem) in parts.items():
            now = (state, problem.code if problem is not None else "")
            if now != self._seen.get(name, ("", "")):
                self._seen[name] = now
                _write(name, state, problem)


def _write(name: str, state: str, problem: Problem | None) -> None:
    level = logging.INFO if problem is None else logging.WARNING
    log.log(level, "%s: %s%s", name, state, "" if problem is None else f", {problem}")

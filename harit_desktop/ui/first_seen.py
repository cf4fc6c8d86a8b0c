"""Remembers when a problem was first met, for problems that do not say it themselves."""

from __future__ import annotations

from collections.abc import Iterable

from harit_desktop.domain.clock import NowUs
from harit_desktop.domain.errors import Problem


class FirstSeen:
    """Keeps a time for each problem that is present; a change of its parameters is new."""

    def __init__(self, now_us: NowUs) -> None:
        self._now_us = now_us
        self._times: dict[str, int] = {}

    def __call__(self, problem: Problem) -> int:
        """When this problem was first met (UTC microseconds)."""
        return self._times.get(str(problem), self._now_us())

    def follow(self, present: Iterable[Problem]) -> None:
        """Notes what is new and forgets what is over."""
        now_us = self._now_us()
        names = [str(problem) for problem in present]
        self._times = {name: self._times.get(name, now_us) for name in names}

"""The journal as the pipeline commits to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harit_desktop.domain.batch import CommitItem, CommitResult
from harit_desktop.domain.errors import KnownError, Problem
from harit_desktop.domain.message import RawMessage
from harit_desktop.runtime.store_parts import JournalPart


class SpoolingJournal:
    """Commits within the spool's bound, and tells those who follow the journal what is new."""

    def __init__(
        self,
        journal: JournalPart,
        spool_problem: Callable[[], Problem | None],
        committed: Callable[[int], None],
    ) -> None:
        self._journal = journal
        self._spool_problem = spool_problem
        self._committed = committed

    def commit(self, batch: Sequence[CommitItem]) -> CommitResult:
        """As the journal's; raises KnownError(store.spool_full) with nothing stored."""
        problem = self._spool_problem()
        if problem is not None:
            raise KnownError(problem.code, **problem.params)
        result = self._journal.commit(batch)
        self._committed(self._journal.status().last_id)
        return result

    def is_delivered(self, message: RawMessage) -> bool:
        return self._journal.is_delivered(message)

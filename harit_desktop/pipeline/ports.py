"""What the pipeline needs of its neighbours, so that none of them knows another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from harit_desktop.domain.analysis import Analysis
from harit_desktop.domain.batch import CommitItem, CommitResult
from harit_desktop.domain.message import RawMessage, Receipt, Rejection
from harit_desktop.domain.reading import Reading


class Decoder(Protocol):
    """Turns bytes into readings. Never raises, whatever the bytes are."""

    def decode(self, message: RawMessage) -> Reading | Rejection: ...


class Analyser(Protocol):
    """Judges a reading. Pure per device history; called by the pipeline thread only."""

    def analyse(self, reading: Reading) -> Analysis: ...


class Journal(Protocol):
    """The local store. One owner thread; one transaction a batch."""

    def commit(self, batch: Sequence[CommitItem]) -> CommitResult:
        """Stores a batch durably, all or nothing.

        Raises KnownError (store.locked, store.full, store.read_only, store.failed)
        with nothing stored; the caller keeps the batch and tries again.
        """
        ...


class Acknowledger(Protocol):
    """The source's side that sends acknowledgements."""

    def acknowledge(self, receipts: Sequence[Receipt]) -> None:
        """Acknowledges in the order given; receipts of an earlier connection are dropped."""
        ...


class Mirror(Protocol):
    """A follower of committed batches (CSV files); a failure of its own stays its own."""

    def write(self, batch: Sequence[CommitItem], result: CommitResult) -> None: ...

    def close(self) -> None:
        """Writes what still waits; nothing is written afterwards."""
        ...

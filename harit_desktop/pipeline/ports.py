"""What the pipeline needs of its neighbours, so that none of them knows another."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from harit_desktop.domain.analysis import Analysis
from harit_desktop.domain.batch import CommitItem, CommitResult
from harit_desktop.domain.message import Heard, RawMessage, Receipt, Rejection
from harit_desktop.domain.quality import QualityEvent, Verdict
from harit_desktop.domain.reading import AnalysedReading, Reading, Readings


class Decoder(Protocol):
    """Turns bytes into readings. Never raises, whatever the bytes are."""

    def decode(self, message: RawMessage) -> Reading | Readings | Rejection | Heard: ...


class Quality(Protocol):
    """Asks whether values are to be believed; remembers every probe. Pipeline thread only."""

    def configure(
        self,
        *,
        volumetric_most: float | None,
        zones: Mapping[str, str],
        utc_offset_s: int,
        unless: Collection[str],
    ) -> None:
        """`volumetric_most` is the most water that is believed where moisture is volumetric,
        but of the devices in `unless`; probes of one zone are compared with each other; hours
        of the day are counted at a fixed distance from UTC."""
        ...

    def examine(self, reading: Reading) -> Verdict: ...
    def export_changed(self) -> dict[str, bytes]: ...
    def restore(self, publisher_id: str, saved: bytes) -> bool: ...
    def forget(self, publisher_ids: Iterable[str]) -> None: ...
    def known(self) -> Sequence[str]: ...


class Analyser(Protocol):
    """Judges a reading by its values and flags alone."""

    @property
    def volumetric_most(self) -> float | None: ...

    @property
    def moisture_calibrated(self) -> frozenset[str]: ...

    def analyse(self, reading: Reading, verdict: Verdict) -> Analysis: ...


class BaselineStore(Protocol):
    """Where the probes' baselines are kept, beside the readings they were learned from.

    Every method may raise KnownError (store.*).
    """

    def load_baselines(self, limit: int) -> tuple[dict[str, bytes], int]:
        """Those of the probes heard last, and the id of the last reading in them."""
        ...

    def load_baseline(self, publisher_id: str) -> bytes | None: ...
    def save_baselines(self, states: Mapping[str, bytes], last_id: int) -> None: ...
    def readings_after(self, last_id: int, limit: int) -> list[tuple[int, Reading]]: ...


class Journal(Protocol):
    """The local store. One owner thread; one transaction a batch."""

    def commit(self, batch: Sequence[CommitItem]) -> CommitResult:
        """Stores a batch durably, all or nothing.

        Raises KnownError (store.locked, store.full, store.read_only, store.failed)
        with nothing stored; the caller keeps the batch and tries again.
        """
        ...

    def is_delivered(self, message: RawMessage) -> bool:
        """Whether an earlier delivery of a redelivered message stored a reading, or a part of
        one, that only the delivery can tell from an equal one. Raises as `commit`."""
        ...


class Acknowledger(Protocol):
    """The source's side that sends acknowledgements."""

    def acknowledge(self, receipts: Sequence[Receipt]) -> None:
        """Acknowledges in the order given; receipts of an earlier connection are dropped."""
        ...


class ReadingWatcher(Protocol):
    """Watches over stored readings for a person."""

    def offer(self, items: Sequence[AnalysedReading], events: Sequence[QualityEvent]) -> None:
        """Takes a batch's readings and what they changed in their probes' events; never
        blocks and never raises."""
        ...


class AnalysisOutlet(Protocol):
    """Tells other programs what we make of a reading."""

    def offer(self, items: Sequence[AnalysedReading]) -> None:
        """Takes stored readings; never blocks and never raises."""
        ...


class Mirror(Protocol):
    """A follower of committed batches (CSV files); a failure of its own stays its own."""

    def write(self, batch: Sequence[CommitItem], result: CommitResult) -> None: ...

    def close(self) -> None:
        """Writes what still waits; nothing is written afterwards."""
        ...

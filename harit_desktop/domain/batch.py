"""A batch on its way through the pipeline: what is committed, and what came of it."""

from __future__ import annotations

import msgspec

from harit_desktop.domain.message import Heard, MessageRecord, Outcome, RawMessage, Rejection
from harit_desktop.domain.quality import QualityEvent
from harit_desktop.domain.reading import AnalysedReading


class CommitItem(msgspec.Struct, frozen=True, gc=False):
    """One message of a batch and what it was decoded to, or one reading of a message.

    Exactly one of `analysed`, `rejection`, `heard`, `skipped` and `merged` is given. `show_only`
    marks a retained message without a time of its own, which is logged and shown but not
    stored. `events` are what the reading changed in its probe's events. `skipped` says which
    rule left the reading out.

    A message with several readings is as many items in a row, with `part` from 1; else it
    is 0. A reading of several messages is as many items in a row: the first has the reading
    and the other messages as `pieces` (() where a piece stayed alone, None for a reading that
    was never in pieces), the others have `merged` set.
    """

    message: RawMessage
    analysed: AnalysedReading | None = None
    rejection: Rejection | None = None
    show_only: bool = False
    heard: Heard | None = None
    events: tuple[QualityEvent, ...] = ()
    skipped: Rejection | None = None
    part: int = 0
    pieces: tuple[RawMessage, ...] | None = None
    merged: bool = False


class CommitResult(msgspec.Struct, frozen=True):
    """What became of each item, in the order of the batch, with its message-log line."""

    outcomes: tuple[Outcome, ...]
    records: tuple[MessageRecord, ...]

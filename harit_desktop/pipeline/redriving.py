"""Another try for messages that were rejected: after a mapping was saved, or a fault put right.

Each goes the way of every message, through the inbox, with the time of its arrival then. The
store deals with it at most once and takes its row out of the rejected ones in the same
transaction, so that a run may be broken off at any moment, and repeated.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Protocol

import msgspec

from harit_desktop.domain.message import Outcome, RawMessage
from harit_desktop.pipeline.answers import Answers

SLICE = 200
"""Messages handed in at once, twice as many under way: little beside the inbox, so that live
readings hardly wait."""
ANSWER_S = 30.0
_POLL_S = 0.1


class RejectedSource(Protocol):
    """Where rejected messages are kept. Raises KnownError (store.*)."""

    def redrivable(
        self, codes: Collection[str], limit: int, after_id: int = 0
    ) -> list[tuple[int, RawMessage]]: ...


class Redriven(msgspec.Struct, frozen=True):
    """What became of the messages of a run; of one with several readings, the first's.

    `merged` are pieces of a reading that is counted once; `set_aside` those that are understood
    and no new reading (old values, other programs' talk, what routing leaves out).
    `unanswered` were handed in and nothing is known of them: the store does not answer, or
    the program stops. `complete` is False where the run was broken off.
    """

    stored: int = 0
    duplicate: int = 0
    merged: int = 0
    set_aside: int = 0
    still_rejected: int = 0
    unanswered: int = 0
    complete: bool = True


class Redriving:
    """One run at a time, on any thread but the pipeline's, which it waits for.

    `understands` says whether the present decoder would take a message: what it would reject
    again stays untouched. `deliver` queues a message and says whether there was room.
    """

    def __init__(
        self,
        source: RejectedSource,
        understands: Callable[[RawMessage], bool],
        deliver: Callable[[RawMessage], bool],
        answers: Answers,
        answer_s: float = ANSWER_S,
    ) -> None:
        self._source = source
        self._understands = understands
        self._deliver = deliver
        self._answers = answers
        self._answer_s = answer_s

    def run(
        self,
        codes: Collection[str],
        progress: Callable[[int], None] = lambda _: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Redriven:
        """Tries all messages that were rejected for one of `codes`, the oldest first.

        `progress` gets how many were looked at. Ends soon after `cancelled()`. Raises
        KnownError (store.*) where they cannot be read.
        """
        counts, seen, complete = Counter[str](), 0, True
        under_way: list[int] = []
        for messages in self._slices(codes):
            if cancelled() or counts["unanswered"]:
                complete = False
                break
            # Answers are waited for one slice later: a piece of a reading is stored with those
            # that follow it.
            before, under_way = under_way, []
            for message in messages:
                if not self._understands(message):
                    counts["still_rejected"] += 1
                elif (ticket := self._hand_in(message, cancelled)) is not None:
                    under_way.append(ticket)
                else:
                    complete = False
            self._count(before, counts)
            seen += len(messages)
            progress(seen)
        self._count(under_way, counts)
        return Redriven(**counts, complete=complete and not counts["unanswered"])

    def _slices(self, codes: Collection[str]) -> Iterator[list[RawMessage]]:
        after_id = 0
        while found := self._source.redrivable(codes, SLICE, after_id):
            after_id = found[-1][0]
            yield [message for _, message in found]

    def _count(self, tickets: Sequence[int], counts: Counter[str]) -> None:
        """Waits until these messages are dealt with."""
        until_s = time.monotonic() + self._answer_s
        for ticket in tickets:
            answer = self._answers.wait(ticket, max(0.0, until_s - time.monotonic()))
            counts["unanswered" if answer is None else _NAMES[answer.outcome]] += 1

    def _hand_in(self, message: RawMessage, cancelled: Callable[[], bool]) -> int | None:
        """The ticket of a message that was queued; None where there was no room."""
        ticket = self._answers.expect()
        numbered = msgspec.structs.replace(message, ticket=ticket)
        until_s = time.monotonic() + self._answer_s
        while not self._deliver(numbered):
            if cancelled() or time.monotonic() > until_s:
                self._answers.forget(ticket)
                return None
            time.sleep(_POLL_S)
        return ticket


_NAMES = {
    Outcome.STORED: "stored",
    Outcome.DUPLICATE: "duplicate",
    Outcome.MERGED: "merged",
    Outcome.REJECTED: "still_rejected",
    Outcome.SHOWN: "set_aside",
    Outcome.HEARD: "set_aside",
    Outcome.SKIPPED: "set_aside",
}

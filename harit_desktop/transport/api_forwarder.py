"""Posts stored readings to a remote API, so that a web page behind it keeps working."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from harit_desktop.domain.api import ApiPage
from harit_desktop.domain.clock import US_PER_S, NowUs
from harit_desktop.domain.errors import KnownError, Problem
from harit_desktop.domain.reading import AnalysedReading
from harit_desktop.domain.status import ApiForwardStatus, ForwardState
from harit_desktop.transport.api_failures import ApiFailure
from harit_desktop.transport.post_doubt import (
    CUT_OFF_S,
    HISTORY_ROWS,
    LOOK_AGAIN_S,
    Fate,
    PostDoubt,
)
from harit_desktop.transport.retry import BackOff

_log = logging.getLogger(__name__)

GROUP = 10
"""Readings between two moves of the cursor: so many are looked up after a start."""

RETRY_AFTER_LIMIT_S = 300.0
_BEAT_LIMIT_S = 150.0
_LOOK_S = 1.0
_LAST_POST_S = 1.0
_LOGGED_EVERY = 100


class Queued(Protocol):
    """A stored reading and the id to advance to when it is passed on."""

    @property
    def id(self) -> int: ...
    @property
    def analysed(self) -> AnalysedReading: ...


class Queue(Protocol):
    """The readings that are to be passed on; for one thread. Raises KnownError(store.*)."""

    def start_at_end_if_new(self) -> None: ...
    def next(self, limit: int) -> Sequence[Queued]: ...
    def advance(self, last_id: int) -> None: ...
    def waiting(self) -> int: ...


class Client(Protocol):
    """The part of ApiClient that is needed. `close` ends a request that is under way."""

    def history(self, limit: int) -> bytes: ...
    def post_reading(self, body: bytes) -> bytes: ...
    def close(self) -> None: ...


class ForwardTimes(msgspec.Struct, frozen=True):
    """How long, in seconds: between two tries of an API that refuses us, and until it is
    looked at again whether it writes into our own database."""

    refused_s: float = 300.0
    verified_s: float = 3600.0


class ApiForwarder:
    """Implements the runtime's ApiForwardPart. Started once, stopped once; owns `client`.

    Each reading goes with its own time and publisher, oldest first, and the queue's cursor
    moves only behind what the API took or will never take. `read_history` understands an
    answer of `history`, or raises KnownError. `own_database` names the database where the rows
    of that answer are rows of our own: an API that writes there is not posted to, because each
    reading would be stored twice. It is asked before the first post, after the first post (an
    API without rows shows only then where it writes), after every failure, and every hour; it
    may block, and raises KnownError where it cannot tell: then nothing is posted either. The
    same answer tells whether a post without an answer arrived. `address` is what people are
    shown.
    """

    def __init__(
        self,
        client: Client,
        queue: Queue,
        encode_post: Callable[[AnalysedReading], bytes],
        address: str,
        now_us: NowUs,
        *,
        read_history: Callable[[bytes], ApiPage],
        own_database: Callable[[ApiPage], str | None],
        times: ForwardTimes | None = None,
    ) -> None:
        self._client = client
        self._queue = queue
        self._encode_post = encode_post
        self._address = address
        self._now_us = now_us
        self._read_history = read_history
        self._own_database = own_database
        self._times = times or ForwardTimes()
        self._status = ApiForwardStatus(address=address)
        self._back_off = BackOff()
        self._begun = self._proven = self._ended = False
        self._begun_s = 0.0
        self._left_over = GROUP
        """So many readings the run before may have posted and not noted, if it was killed."""
        self._verified_until_s = 0.0
        self._refusal: Problem | None = None
        self._doubt: PostDoubt[Queued] = PostDoubt(now_us)
        self._beat_s = 0.0
        self._stopping = threading.Event()
        self._retry = threading.Event()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="api-forward", daemon=True)

    def start(self) -> None:
        self._beat_s = time.monotonic()
        self._set(state=ForwardState.WAITING)
        self._thread.start()

    def stop(self, deadline_s: float) -> bool:
        """Ends within the deadline, also while a request hangs; False when left behind (in a
        name lookup, which has no time-out): it posts nothing more then."""
        until_s = time.monotonic() + deadline_s
        self._stopping.set()
        self._retry.set()
        self._wake.set()
        if self._thread.ident is not None:
            # A post under way that is cut off would be posted again at the next start.
            self._thread.join(min(_LAST_POST_S, deadline_s / 2))
        self._client.close()
        if self._thread.ident is not None:
            self._thread.join(max(0.0, until_s - time.monotonic()))
        self._set(state=ForwardState.OFF, problem=None, retry_at_us=None)
        self._ended = True
        return not self._thread.is_alive()

    def status(self) -> ApiForwardStatus:
        return self._status

    def healthy(self) -> bool:
        """False when the thread died or hangs: a bug, which only a new forwarder cures."""
        if self._thread.ident is None or self._stopping.is_set():
            return True
        return self._thread.is_alive() and time.monotonic() - self._beat_s < _BEAT_LIMIT_S

    def retry_now(self) -> None:
        """Ends the pause before the next attempt."""
        self._retry.set()
        self._wake.set()

    def wake(self) -> None:
        """More readings are committed to the journal. From any thread."""
        self._wake.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._beat_s = time.monotonic()
            self._wake.clear()
            try:
                idle = self._round()
            except ApiFailure as failure:
                self._failed(failure)
            except KnownError as error:
                self._unsure(self._named(error))
            except Exception as error:  # noqa: BLE001 - the thread must outlive any fault
                _log.exception("Passing readings on failed and goes on")
                detail = type(error).__name__
                self._unsure(Problem("api.lost", {"host": self._address, "detail": detail}))
            else:
                if idle:
                    self._rest()

    def _round(self) -> bool:
        """Posts one group; True where there is nothing more to do for now."""
        if not self._begun:
            self._queue.start_at_end_if_new()
            self._begun, self._begun_s = True, time.monotonic()
        self._count()
        if self._left_over and self._look_up():
            self._left_over -= self._doubt.item is None
            return False
        self._left_over = 0
        if time.monotonic() >= self._verified_until_s and not self._verify():
            return False
        self._set(state=ForwardState.SENDING, problem=self._refusal, retry_at_us=None)
        page = self._queue.next(GROUP if self._proven else 1)
        if not page:
            return True
        sent = self._status.sent
        self._post(page)
        if not self._proven and self._status.sent > sent and self._verify():
            self._proven = True
        return False

    def _look_up(self) -> bool:
        """Asks whether the run before has posted the oldest reading that waits; False where no
        more is to be asked. Posted in order: where it was not, neither were those after it."""
        page = self._queue.next(1)
        if not page:
            return False
        if self._doubt.item is None:
            reading = page[0].analysed.reading
            late_s = max(0.0, self._begun_s + CUT_OFF_S - time.monotonic())
            self._doubt.suspect(page[0], reading.values, late_s, made_us=reading.received_us)
        sent = self._status.sent
        return not self._verify() or self._status.sent > sent

    def _post(self, page: Sequence[Queued]) -> None:
        done_id: int | None = None
        try:
            for item in page:
                if self._stopping.is_set():
                    break
                self._beat_s = time.monotonic()
                self._post_one(item)
                done_id = item.id
        finally:
            # Also behind those before a failure.
            if done_id is not None:
                self._queue.advance(done_id)
                self._count()

    def _post_one(self, item: Queued) -> None:
        """Returns when the API has the reading, or never will."""
        values = item.analysed.reading.values
        try:
            self._client.post_reading(self._encode_post(item.analysed))
        except ApiFailure as failure:
            self._doubt.failed(item, values, failure)
            if failure.kind != "refused":
                raise
            refused = self._status.refused + 1
            if refused % _LOGGED_EVERY == 1:
                _log.warning(
                    "The API refused reading %d (%d so far): %s", item.id, refused, failure.problem
                )
            self._refusal = failure.problem
            self._set(refused=refused, problem=failure.problem)
        else:
            self._doubt.arrived(values)
            self._set(sent=self._status.sent + 1)
        self._back_off.reset()

    def _verify(self) -> bool:
        """Whether the API may be posted to, as far as its newest rows tell."""
        self._beat_s = time.monotonic()
        page = self._read_history(self._client.history(HISTORY_ROWS))
        database = self._own_database(page)
        if self._stopping.is_set():
            return False
        if database is not None:
            problem = Problem("api.forward_own_database", {"database": database})
            self._pause(ForwardState.REFUSED, problem, self._times.refused_s)
            return False
        doubtful = self._doubt.item
        fate = self._doubt.look(page)
        if fate is Fate.UNSURE:
            self._pause(ForwardState.WAITING, self._status.problem, LOOK_AGAIN_S)
            return False
        if doubtful is not None and fate is Fate.ARRIVED:
            self._queue.advance(doubtful.id)
            self._set(sent=self._status.sent + 1)
        self._verified_until_s = time.monotonic() + self._times.verified_s
        return True

    def _failed(self, failure: ApiFailure) -> None:
        if failure.kind != "retry":
            self._pause(ForwardState.REFUSED, failure.problem, self._times.refused_s)
            return
        pause_s = self._back_off.next_pause_s()
        if failure.retry_after_s is not None:
            pause_s = max(pause_s, min(failure.retry_after_s, RETRY_AFTER_LIMIT_S))
        self._pause(ForwardState.WAITING, failure.problem, pause_s)

    def _unsure(self, problem: Problem) -> None:
        """The store or its server cannot say what it has, or the API's answer does not."""
        self._pause(ForwardState.WAITING, problem, self._back_off.next_pause_s())

    def _named(self, error: KnownError) -> Problem:
        """Who reads an answer does not know whose it is."""
        if error.params.get("host") != "":
            return error.problem
        return Problem(error.code, {**error.params, "host": self._address})

    def _pause(self, state: ForwardState, problem: Problem | None, pause_s: float) -> None:
        """Waits until it is time, or a person does not want to wait any longer."""
        if self._stopping.is_set():
            return
        # Another backend may answer at this address when it comes back.
        self._verified_until_s, self._proven = 0.0, False
        if problem != self._status.problem:
            _log.warning("Readings cannot be passed on: %s", problem)
        retry_at_us = self._now_us() + round(pause_s * US_PER_S)
        self._set(state=state, problem=problem, retry_at_us=retry_at_us)
        until_s = time.monotonic() + pause_s
        while (left_s := until_s - time.monotonic()) > 0 and not self._retry.is_set():
            self._beat_s = time.monotonic()
            self._retry.wait(min(left_s, _LOOK_S))
            if self._wake.is_set():
                self._wake.clear()
                self._count_quietly()
        if self._retry.is_set() and not self._stopping.is_set():
            self._retry.clear()
            self._back_off.reset()
        self._set(retry_at_us=None)

    def _rest(self) -> None:
        """Waits for readings, in short waits that show that the thread is alive."""
        while not self._wake.wait(_LOOK_S):
            self._beat_s = time.monotonic()
        self._retry.clear()

    def _count(self) -> None:
        self._set(waiting=self._queue.waiting())

    def _count_quietly(self) -> None:
        try:
            self._count()
        except KnownError as error:
            _log.debug("The waiting readings cannot be counted: %s", error)

    def _set(self, **changes: object) -> None:
        # One writer: `start`, then the forwarder's thread, then `stop`.
        if not self._ended:
            self._status = msgspec.structs.replace(self._status, **changes)

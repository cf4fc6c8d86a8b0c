"""Reads a remote API's history while the broker is away, on a thread of its own."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol

import msgspec

from harit_desktop.domain.api import POLLED_TOPIC, ApiPage
from harit_desktop.domain.clock import US_PER_S, NowUs
from harit_desktop.domain.errors import KnownError, Problem
from harit_desktop.domain.message import Origin, RawMessage
from harit_desktop.domain.status import ApiStatus, LinkStatus
from harit_desktop.transport.api_failures import ApiFailure
from harit_desktop.transport.api_gap import HistoryGap
from harit_desktop.transport.api_standing import ApiStanding
from harit_desktop.transport.retry import BackOff
from harit_desktop.transport.source_failover import STABLE_S, SourceFailover, SourceMode

_log = logging.getLogger(__name__)

RETRY_AFTER_LIMIT_S = 300.0
_REFUSED_PAUSE_S = 300.0
_REST_PAUSE_S = 5.0
_LEAST_PAUSE_S = 0.2
_BEAT_LIMIT_S = 90.0
"""A request ends after 30 s at the latest; a name lookup may take longer."""

_TOO_MUCH = {"api.too_big", "api.timeout"}
_REFUSING = {400, 413, 422}
_LAST_ROUNDS = 3
"""Tried so often to reach back to a gap's beginning once the broker is back."""


class HistoryClient(Protocol):
    """The part of ApiClient that is needed. `close` ends a request that is under way."""

    def history(self, limit: int) -> bytes: ...
    def close(self) -> None: ...


class SourceTimes(msgspec.Struct, frozen=True):
    """How long, in seconds: a stable connection of the broker, the pauses between two checks
    while the API is not in use and between two readings of the whole gap, the longest pause
    between two looks at the broker's link, and how long the history is read on once the broker
    is back: those who send may find it again later than we do, and post until then."""

    stable_s: float = STABLE_S
    check_s: float = 60.0
    deep_s: float = 300.0
    look_s: float = 1.0
    after_s: float = 600.0


class ApiSource:
    """Implements the runtime's ApiSourcePart. Started once, stopped once; owns `client`.

    `read_history` understands an answer and raises KnownError where it cannot. `deliver`
    takes a message, or answers False when it has no room: what is left out then is read
    again. `newest_us` is the instant of the newest stored reading, `address` what people are
    shown. Each row is delivered once in a run, oldest first.
    """

    def __init__(
        self,
        client: HistoryClient,
        read_history: Callable[[bytes], ApiPage],
        deliver: Callable[[RawMessage], bool],
        link_status: Callable[[], LinkStatus],
        now_us: NowUs,
        *,
        mode: SourceMode,
        poll_s: float,
        keepalive_s: float,
        newest_us: Callable[[], int | None],
        address: str,
        times: SourceTimes | None = None,
    ) -> None:
        self._client = client
        self._read_history = read_history
        self._deliver = deliver
        self._link_status = link_status
        self._now_us = now_us
        self._poll_s = poll_s
        self._newest_us = newest_us
        self._times = times or SourceTimes()
        self._failover = SourceFailover(
            mode, keepalive_s, time.monotonic, stable_s=self._times.stable_s
        )
        self._gap = HistoryGap()
        self._standing = ApiStanding(address, now_us)
        self._back_off = BackOff()
        self._address = address
        self._in_use = self._open = False
        self._last_rounds = 0
        self._after_until_s = 0.0
        self._due_s = self._deep_s = self._held_s = self._beat_s = 0.0
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._asked = threading.Event()
        self._thread = threading.Thread(target=self._run, name="api-source", daemon=True)

    def start(self) -> None:
        self._beat_s = time.monotonic()
        self._standing.follow(self._failover, self._beat_s)
        self._thread.start()

    def stop(self, deadline_s: float) -> bool:
        """Ends within the deadline, also while a request hangs; False when left behind (in a
        name lookup, which has no time-out): it delivers nothing more then."""
        self._stopping.set()
        self._wake.set()
        self._client.close()
        if self._thread.ident is not None:
            self._thread.join(deadline_s)
        self._standing.end()
        return not self._thread.is_alive()

    def status(self) -> ApiStatus:
        return self._standing.status

    def healthy(self) -> bool:
        """False when the thread died or hangs: a bug, which only a new source cures."""
        if self._thread.ident is None or self._stopping.is_set():
            return True
        return self._thread.is_alive() and time.monotonic() - self._beat_s < _BEAT_LIMIT_S

    def retry_now(self) -> None:
        """Asks the API at once, whatever the pause before the next attempt."""
        self._asked.set()
        self._wake.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._beat_s = time.monotonic()
            try:
                self._look()
                if self._asked.is_set() or time.monotonic() >= self._due_s:
                    self._attempt()
            except Exception as error:  # noqa: BLE001 - a bug here must not end the reading
                _log.exception("Reading the API failed and goes on")
                detail = type(error).__name__
                self._failed(Problem("api.lost", {"host": self._address, "detail": detail}))
            self._wake.wait(self._pause_s())
            self._wake.clear()

    def _look(self) -> None:
        """Follows the broker's link, and begins or ends a gap with it."""
        now_us, now_s = self._now_us(), time.monotonic()
        self._failover.observe(self._link_status(), now_us)
        was_in_use, self._in_use = self._in_use, self._failover.in_use
        self._standing.follow(self._failover, now_s)
        if self._in_use and not was_in_use:
            lost_us = now_us - round(self._failover.away_s * US_PER_S)
            self._gap.open(self._newest_us(), lost_us, now_us)
            self._open = True
            self._back_off.reset()
            self._due_s, self._deep_s = self._held_s, 0.0
            _log.warning("Readings come from the API at %s now", self._address)
        elif was_in_use and not self._in_use:
            # The gap stays open until what came in since the last round has been read, too.
            self._gap.end(now_us)
            self._last_rounds = 0
            self._after_until_s = now_s + self._times.after_s
            if self._standing.health == "ok":
                self._due_s = 0.0
            _log.warning("Readings come from the broker again")

    def _attempt(self) -> None:
        if self._asked.is_set():
            self._asked.clear()
            self._back_off.reset()
        self._standing.asking()
        began_s = time.monotonic()
        try:
            all_taken = self._poll() if self._open else self._check()
        except ApiFailure as failure:
            self._failed(failure.problem, failure.kind, failure.retry_after_s)
            return
        except KnownError as error:
            # Who reads an answer does not know whose it is.
            host = error.params.get("host") or self._address.rpartition(":")[0]
            self._failed(Problem(error.code, {**error.params, "host": host}))
            return
        self._back_off.reset()
        self._held_s = 0.0
        if not self._in_use and all_taken:
            self._due_s = began_s + self._times.check_s
        else:
            pause_s = self._poll_s if all_taken else min(self._poll_s, _REST_PAUSE_S)
            self._due_s = max(began_s + pause_s, time.monotonic() + _LEAST_PAUSE_S)

    def _check(self) -> bool:
        """The cheapest question that tells whether the history could be read."""
        self._ask(1)
        return True

    def _poll(self) -> bool:
        """One round; False when there was no room for all that it found."""
        last = not self._in_use
        unread = last and (self._last_rounds == 0 or self._gap.cut_short)
        deep = unread or time.monotonic() >= self._deep_s
        page, failure = self._read_gap(deep=deep)
        all_taken = self._deliver_new(page)
        if failure is not None:
            raise failure
        if not all_taken:
            return False
        if deep:
            self._deep_s = time.monotonic() + self._times.deep_s
            if self._gap.out_of_reach:
                _log.warning("The API gives %d rows and no older ones", len(page.rows))
        self._gap.done(page, self._now_us())
        if last:
            self._last_rounds += 1
            read = not self._gap.cut_short or self._last_rounds >= _LAST_ROUNDS
            if read and time.monotonic() >= self._after_until_s:
                self._gap.close()
                self._open = False
        return True

    def _read_gap(self, *, deep: bool) -> tuple[ApiPage, ApiFailure | None]:
        """The page that reaches back far enough, or the largest there is and why."""
        limit = self._gap.begin_round(self._now_us(), deep=deep)
        try:
            page = self._ask(limit)
        except ApiFailure as failure:
            if _too_much(failure):
                self._gap.too_many(None)
            raise
        while (larger := self._gap.more(page, limit)) is not None:
            limit = larger
            try:
                page = self._ask(limit)
            except ApiFailure as failure:
                if not _too_much(failure):
                    return page, failure
                self._gap.too_many(page)
                return page, None
        return page, None

    def _ask(self, limit: int) -> ApiPage:
        self._beat_s = time.monotonic()
        body = self._client.history(limit)
        page = self._read_history(body)
        self._gap.noticed(page, self._now_us())
        self._standing.answered()
        return page

    def _deliver_new(self, page: ApiPage) -> bool:
        for row in self._gap.fresh(page):
            if self._stopping.is_set():
                return False
            message = RawMessage(
                topic=POLLED_TOPIC,
                payload=row.payload,
                received_us=self._now_us(),
                origin=Origin.API,
            )
            if not self._deliver(message):
                return False
            self._gap.taken(row)
            self._standing.took_one()
        return True

    def _failed(
        self, problem: Problem, kind: str = "retry", retry_after_s: float | None = None
    ) -> None:
        if self._stopping.is_set():
            return
        refused = kind != "retry"
        pause_s = _REFUSED_PAUSE_S if refused else self._back_off.next_pause_s()
        now_s = time.monotonic()
        if retry_after_s is not None:
            wished_s = min(retry_after_s, RETRY_AFTER_LIMIT_S)
            pause_s = max(pause_s, wished_s)
            self._held_s = now_s + wished_s
        if problem != self._standing.status.problem:
            _log.warning("The API cannot be read: %s", problem)
        self._due_s = now_s + pause_s
        self._standing.failed(problem, refused=refused, pause_s=pause_s)

    def _pause_s(self) -> float:
        """Until there is something to do or to look at."""
        now_s = time.monotonic()
        moments = [self._due_s, now_s + self._times.look_s]
        for deadline_s in (self._failover.switch_at_s, self._failover.back_at_s):
            if deadline_s is not None:
                moments.append(deadline_s)
        return max(0.0, min(moments) - now_s)


def _too_much(failure: ApiFailure) -> bool:
    """Whether fewer rows may be answered where these were not."""
    refused = failure.kind == "refused" or failure.params.get("status") in _REFUSING
    return refused or failure.code in _TOO_MUCH

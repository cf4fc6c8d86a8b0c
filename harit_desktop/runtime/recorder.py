"""Notes when the program ran, had no source or the computer slept, to explain gaps later."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple, Protocol

from msgspec.structs import replace

from harit_desktop.domain.clock import US_PER_DAY, US_PER_S, NowUs
from harit_desktop.domain.errors import KnownError, Problem
from harit_desktop.domain.gaps import RecordingKind, RecordingSpan
from harit_desktop.domain.status import ApiState, ApiStatus, LinkState, LinkStatus
from harit_desktop.runtime.sleep_clock import Elapsed, elapsed
from harit_desktop.runtime.worker import Worker

log = logging.getLogger(__name__)

TICK_S = 1.0
WRITE_EVERY_S = 60.0
RETRY_S = 10.0
HOLD_US = 10 * US_PER_S
"""A trouble that is over sooner is not worth a row."""
LEAST_SLEEP_S = 5.0
MISSED_S = 120.0
"""Nothing in the program keeps the recorder waiting for so long: the process was stopped."""
JUMP_US = 5 * US_PER_S
"""From so much on, the wall clock was set and did not only drift."""
EARLIEST_US = 1_735_689_600 * US_PER_S
"""2025-01-01: a clock before that has not been set yet."""
MAX_WAITING = 200

_READING_STATES = (ApiState.STANDBY, ApiState.IN_USE)


class RecordingLogPart(Protocol):
    """Where the stretches are kept; may block."""

    def keep(self, spans: Iterable[RecordingSpan]) -> Sequence[RecordingSpan]:
        """Begins those without an id and extends the others; returns them with their ids."""
        ...


def trouble_of(link: LinkStatus, api: ApiStatus, *, wanted: bool) -> RecordingKind | None:
    """Why nothing can come in at present; None where the source is there."""
    if not wanted:
        return RecordingKind.DISCONNECTED
    if link.state is LinkState.OFF:
        # Only the API is wanted.
        return None if api.state in _READING_STATES else RecordingKind.API_DOWN
    return None if link.state is LinkState.CONNECTED else RecordingKind.BROKER_DOWN


class _Moment(NamedTuple):
    now_us: int
    clock: Elapsed

    @property
    def total_s(self) -> float:
        return self.clock.awake_s + self.clock.asleep_s


class Recorder:
    """Looks once a second, on a thread of its own, and writes once a minute, at every change
    and at the end. What cannot be written is tried again.

    `trouble` must be quick and safe from any thread; `ready` tells whether the store is open.
    After a crash the stretches end where they were written last.
    """

    def __init__(
        self,
        recording_log: RecordingLogPart,
        trouble: Callable[[], RecordingKind | None],
        ready: Callable[[], bool],
        now_us: NowUs,
        clock: Callable[[], Elapsed] = elapsed,
    ) -> None:
        self._log = recording_log
        self._trouble = trouble
        self._ready = ready
        self._now_us = now_us
        self._clock = clock
        self._writing = threading.Lock()
        self._failing = False
        self._due_s = 0.0
        self._seen: _Moment | None = None
        self._since: tuple[RecordingKind, int] | None = None
        self._run: RecordingSpan | None = None
        self._open: RecordingSpan | None = None
        self._ended: deque[RecordingSpan] = deque(maxlen=MAX_WAITING)
        self._worker = Worker("recorder", self._body, give_up=False)

    @property
    def problem(self) -> Problem | None:
        return self._worker.problem

    def start(self) -> None:
        self._worker.start()

    def stop(self, deadline_s: float) -> bool:
        """Writes the end; call it while the store is still open. False when left behind."""
        self._worker.ask_to_stop()
        return self._worker.join(deadline_s)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """No write is under way or begun within the block: the store's file may be replaced."""
        with self._writing:
            yield

    def _body(self, stop: threading.Event) -> None:
        while not stop.is_set():
            self.tick()
            stop.wait(TICK_S)
        self.finish()

    # -- on the recorder's thread ----------------------------------------------------

    def tick(self) -> None:
        """Looks at the clocks and at the source."""
        now = _Moment(self._now_us(), self._clock())
        if now.now_us < EARLIEST_US:
            return
        before, self._seen = self._seen, now
        if before is not None:
            self._pass(before, now)
        if self._run is None:
            self._run = RecordingSpan(RecordingKind.RUN, now.now_us, now.now_us)
            self._changed(now)
        self._run = _until(self._run, now.now_us)
        self._follow(self._trouble(), now)
        if now.total_s >= self._due_s:
            self._write(now)

    def finish(self) -> None:
        """Writes how far everything came."""
        self.tick()
        if self._seen is not None:
            self._write(self._seen)

    def _pass(self, before: _Moment, now: _Moment) -> None:
        """Notices a sleep, a clock that was set, and that the process stood still."""
        slept_s = now.clock.asleep_s - before.clock.asleep_s
        jump_us = now.now_us - before.now_us - int((now.total_s - before.total_s) * US_PER_S)
        jumped = abs(jump_us) > JUMP_US
        if slept_s >= LEAST_SLEEP_S:
            self._note(RecordingKind.ASLEEP, now.now_us - int(slept_s * US_PER_S), now)
        if jumped and 0 < jump_us <= US_PER_DAY:
            # Set by more, it was wrong before: there is nothing to bridge.
            self._note(RecordingKind.CLOCK_SET, before.now_us, now)
        if jumped or now.clock.awake_s - before.clock.awake_s > MISSED_S:
            ended = [span for span in (self._run, self._open) if span is not None]
            self._ended.extend(ended)
            self._run = self._open = self._since = None

    def _note(self, kind: RecordingKind, from_us: int, now: _Moment) -> None:
        self._ended.append(RecordingSpan(kind, from_us, now.now_us))
        self._changed(now)

    def _follow(self, kind: RecordingKind | None, now: _Moment) -> None:
        """Begins, extends or ends the present trouble."""
        if self._open is not None and self._open.kind is not kind:
            # It ended since the last look: `until_us` is of then.
            self._ended.append(self._open)
            self._open = None
            self._changed(now)
        if kind is None:
            self._since = None
        elif self._open is not None:
            self._open = _until(self._open, now.now_us)
        else:
            if self._since is None or self._since[0] is not kind:
                self._since = (kind, now.now_us)
            from_us = self._since[1]
            if now.now_us - from_us >= HOLD_US:
                self._open = RecordingSpan(kind, from_us, now.now_us)
                self._changed(now)

    def _changed(self, now: _Moment) -> None:
        if not self._failing:
            self._due_s = now.total_s

    def _write(self, now: _Moment) -> None:
        if not self._ready() or not self._writing.acquire(blocking=False):
            return
        ended = list(self._ended)
        live = [span for span in (self._run, self._open) if span is not None]
        try:
            kept = self._log.keep([*ended, *live])[len(ended) :]
        except KnownError as error:
            if not self._failing:
                log.warning("how the program ran could not be noted: %s", error)
            self._failing, self._due_s = True, now.total_s + RETRY_S
            return
        finally:
            self._writing.release()
        self._ended.clear()
        self._run = kept[0] if self._run is not None else None
        self._open = kept[-1] if self._open is not None else None
        self._failing, self._due_s = False, now.total_s + WRITE_EVERY_S


def _until(span: RecordingSpan, now_us: int) -> RecordingSpan:
    return replace(span, until_us=max(span.until_us, now_us))

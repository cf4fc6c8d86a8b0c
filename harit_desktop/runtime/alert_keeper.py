"""The alerts' worker: watches, stores what changed, and has people told."""

from __future__ import annotations

import logging
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from msgspec.structs import replace

from harit_desktop.alerting.desk import Desk
from harit_desktop.alerting.manager import AlertManager
from harit_desktop.alerting.telling import QuietHours
from harit_desktop.domain.alert import Alert, AlertBoard, AlertTransition
from harit_desktop.domain.clock import US_PER_S, NowUs
from harit_desktop.domain.device import DeviceState
from harit_desktop.domain.errors import KnownError, Problem
from harit_desktop.domain.quality import QualityEvent
from harit_desktop.domain.reading import AnalysedReading
from harit_desktop.domain.status import EngineStatus
from harit_desktop.runtime.alert_feed import AlertFeed
from harit_desktop.runtime.alert_plan import AlertPlan
from harit_desktop.runtime.alert_sender import AlertSender
from harit_desktop.runtime.store_parts import AlertStorePart
from harit_desktop.runtime.worker import Worker

log = logging.getLogger(__name__)

STEP_S = 1.0
MOST_COMMANDS = 64
MOST_UNSAVED = 5000
SAVE_AGAIN_US = 5 * US_PER_S
LOAD_PATIENCE_US = 10 * US_PER_S
"""Without the store for so long, the alerts begin without those of the run before."""

_Act = Callable[[Desk, int], None]


class AlertKeeper:
    """Owns the thread "alerts". `board` and `problems` are for any thread, and the methods
    never block but for `stop` and `suspend`."""

    def __init__(
        self,
        store: AlertStorePart,
        now_us: NowUs,
        status: Callable[[], EngineStatus],
        devices: Callable[[], Sequence[DeviceState]],
        sender: AlertSender,
    ) -> None:
        self._store = store
        self._now_us = now_us
        self._status = status
        self._devices = devices
        self._sender = sender
        self._feed = AlertFeed()
        self._plan = AlertPlan()
        self._used: AlertPlan | None = None
        self._manager: AlertManager | None = None
        self._faults: frozenset[tuple[str, str]] | None = None
        self._commands: queue.Queue[tuple[Sequence[int], _Act]] = queue.Queue(MOST_COMMANDS)
        self._unsaved: dict[int, Alert] = {}
        self._lines: deque[AlertTransition] = deque(maxlen=MOST_UNSAVED)
        self._save_at_us = 0
        self._store_problem: Problem | None = None
        self._wake = threading.Event()
        self._worker = self._new_worker()
        self.board = AlertBoard()

    def _new_worker(self) -> Worker:
        return Worker("alerts", self._body, give_up=False)

    # -- for any thread ------------------------------------------------------------------

    @property
    def problems(self) -> tuple[Problem | None, ...]:
        dropped = self._feed.dropped
        full = Problem("alerts.too_many", {"count": dropped}) if dropped else None
        return (self._worker.problem, self._store_problem, full, *self._sender.problems)

    def offer(self, items: Iterable[AnalysedReading], events: Iterable[QualityEvent] = ()) -> None:
        """Takes stored readings and what they changed in their probes' events."""
        self._feed.offer(items, events)

    def use(self, plan: AlertPlan) -> None:
        """Goes by another plan from the next second on."""
        self._plan = plan
        self._sender.use(plan)
        self._wake.set()

    def acknowledge(self, ids: Sequence[int], note: str = "") -> None:
        """Somebody has seen them."""
        person = self._plan.person
        self._submit(ids, lambda desk, now: desk.acknowledge(ids, person, now, note))

    def mute(self, alert_id: int, minutes: float) -> None:
        """No word of its rule and device for so long; 0 takes that back."""
        person, length_us = self._plan.person, int(minutes * 60 * US_PER_S)
        self._submit(
            [alert_id],
            lambda desk, now: desk.mute(alert_id, now + length_us, person, now),
        )

    def note(self, alert_id: int, note: str) -> None:
        """Keeps what somebody says about it."""
        person = self._plan.person
        self._submit([alert_id], lambda desk, now: desk.add_note(alert_id, note, person, now))

    def see(self, ids: Sequence[int]) -> None:
        """Somebody has seen that they are over."""
        person = self._plan.person
        self._submit(ids, lambda desk, now: desk.see(ids, person, now))

    def _submit(self, ids: Sequence[int], act: _Act) -> None:
        try:
            self._commands.put_nowait((ids, act))
        except queue.Full:
            log.error("too many commands wait for the alerts, one was dropped")
        self._wake.set()

    # -- life cycle ----------------------------------------------------------------------

    def start(self) -> None:
        self._sender.start()
        self._worker.start()

    def stop(self, deadline_s: float) -> bool:
        """Stores what is left and ends; False when a thread outlived the deadline."""
        clean = self.suspend(deadline_s / 2)
        return self._sender.stop(deadline_s / 2) and clean

    def suspend(self, deadline_s: float) -> bool:
        """Stores what is left and lets the store go, so that its file can be replaced."""
        self._worker.ask_to_stop()
        self._wake.set()
        return self._worker.join(deadline_s)

    def resume(self) -> None:
        """Goes on after `suspend`, with what the store says now."""
        self._manager, self._used, self._faults = None, None, None
        self._unsaved.clear()
        self._lines.clear()
        self._worker = self._new_worker()
        self._worker.start()

    # -- on the alerts' thread -----------------------------------------------------------

    def _body(self, stop: threading.Event) -> None:
        began_us = self._now_us()
        while not stop.is_set():
            late = not 0 <= self._now_us() - began_us < LOAD_PATIENCE_US
            manager = self._manager or self._load(begin_anyway=late)
            if manager is not None:
                self._step(manager)
            self._wake.wait(STEP_S)
            self._wake.clear()
        if self._manager is not None:
            self._step(self._manager, last=True)

    def _load(self, *, begin_anyway: bool) -> AlertManager | None:
        """The alerts as the store has them; None while it cannot be read."""
        try:
            found = self._store.load_open(self._now_us())
        except KnownError as error:
            self._store_problem = _not_stored(error)
            if not begin_anyway:
                return None
            log.warning("the alerts begin without those of the run before: %s", error)
            # Above every id that was counted up from 1.
            self._manager = AlertManager(next_id=self._now_us() // 1000)
            return self._manager
        self._store_problem = None
        self._manager = AlertManager(found.alerts, found.next_id, found.mutes)
        self._faults = found.faults
        return self._manager

    def _step(self, manager: AlertManager, *, last: bool = False) -> None:
        now_us = self._now_us()
        plan = self._plan
        if not plan.watches_as(self._used):
            quiet = QuietHours(plan.quiet_from, plan.quiet_to)
            manager.use(plan.rules, plan.limits or {}, plan.correct, quiet, now_us, plan.left_out)
            self._used = plan
        if self._faults is not None:
            manager.end_faults(self._faults, now_us)
            self._faults = None
        self._execute(manager, now_us)
        items, events = self._feed.take()
        manager.feed(items, now_us)
        manager.take_quality(events)
        manager.look(self._status(), self._devices(), now_us)
        self._sender.offer(manager.take_tellings(), now_us)
        for alert, transition in manager.take_events(now_us, everything=last):
            self._unsaved.pop(alert.id, None)
            self._unsaved[alert.id] = alert
            if transition is not None:
                self._lines.append(transition)
        self._save(now_us, at_once=last)
        self._publish(manager.board(now_us))

    def _execute(self, manager: AlertManager, now_us: int) -> None:
        while True:
            try:
                ids, act = self._commands.get_nowait()
            except queue.Empty:
                return
            missing = manager.desk.missing(ids)
            if missing:
                try:
                    manager.desk.take_back(self._store.find(missing))
                except KnownError as error:
                    log.warning("alerts of the store cannot be changed now: %s", error)
            act(manager.desk, now_us)
            manager.desk.let_go(ids)

    def _save(self, now_us: int, *, at_once: bool) -> None:
        while len(self._unsaved) > MOST_UNSAVED:
            del self._unsaved[next(iter(self._unsaved))]
        failing = self._store_problem is not None
        waits = failing and 0 < self._save_at_us - now_us <= SAVE_AGAIN_US
        if not self._unsaved or (waits and not at_once):
            return
        try:
            self._store.save(list(self._unsaved.values()), list(self._lines))
        except KnownError as error:
            if not failing:
                log.warning("alerts wait, the store failed: %s", error)
            self._store_problem = _not_stored(error)
            self._save_at_us = now_us + SAVE_AGAIN_US
        else:
            self._store_problem = None
            self._unsaved.clear()
            self._lines.clear()

    def _publish(self, board: AlertBoard) -> None:
        sent, problems = self._sender.sent, tuple(one.code for one in self._sender.problems)
        before = self.board
        # A mute or the quiet hours may end: another banner without another alert.
        shown = AlertBoard(before.version, board.alerts, board.telling, sent, problems)
        if shown != before:
            self.board = replace(shown, version=before.version + 1)


def _not_stored(error: KnownError) -> Problem:
    return Problem("alerts.not_stored", {"cause": error.code})

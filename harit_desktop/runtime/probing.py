"""A test of settings that are not in force yet: step by step, cancellable, within a limit."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from harit_desktop.domain.diagnosis import GOES_ON, Checks, Facts, Step
from harit_desktop.domain.errors import KnownError, Problem
from harit_desktop.domain.status import LinkState, LinkStatus
from harit_desktop.settings.model import BrokerSettings

log = logging.getLogger(__name__)

LIMIT_S = 10.0


@dataclass(frozen=True)
class StepResult:
    """What one step found: `facts`, or the `problem` that ended the test. A step that does
    not apply has neither."""

    step: str
    facts: Facts | None = None
    problem: Problem | None = None


def with_running_link(
    checks: Checks, link: Callable[[], LinkStatus], wanted: BrokerSettings, client_id: str
) -> Checks:
    """The same with a last look at the program's own connection. Whether another program uses
    its client id shows there alone: to try the id would throw off whoever uses it."""

    def look() -> Facts:
        status = link()
        if (status.host, status.port) == (wanted.host, wanted.port):
            if status.problem is not None and status.problem.code == "broker.client_id_in_use":
                raise KnownError(status.problem.code, **status.problem.params)
            if status.state is LinkState.CONNECTED:
                return {"client_id": client_id}
        raise KnownError("doctor.client_id_untold")

    steps = [
        dataclasses.replace(step, run=look, skip=None) if step.name == "client_id" else step
        for step in checks.steps
    ]
    return dataclasses.replace(checks, steps=tuple(steps))


class Probe:
    """Checks under way on a thread of their own; `results` grows as the steps are done.

    `plan` is called on that thread. A view asks `done` now and then, which also ends a test
    that takes longer than `limit_s` and what its checks need beyond it; nothing here blocks.
    Results of a test that was cancelled or is too late do not change any more.
    """

    def __init__(self, name: str, plan: Callable[[], Checks], limit_s: float = LIMIT_S) -> None:
        self._plan = plan
        self._limit_s = limit_s
        self._lock = threading.Lock()
        self._results: list[StepResult] = []
        self._checks: Checks | None = None
        self._step = ""
        self._over = False
        self._began_s = time.monotonic()
        self._thread = threading.Thread(target=self._run, name=f"test-{name}", daemon=True)
        self._thread.start()

    @property
    def results(self) -> tuple[StepResult, ...]:
        with self._lock:
            return tuple(self._results)

    @property
    def step(self) -> str:
        """The step under way; empty before the first one."""
        return self._step

    @property
    def ok(self) -> bool:
        """Whether every step went well; for a test that is done."""
        results = self.results
        return bool(results) and all(result.problem is None for result in results)

    @property
    def done(self) -> bool:
        with self._lock:
            if self._over:
                return True
            limit_s = self._limit_s + (self._checks.longer_s if self._checks is not None else 0.0)
            if time.monotonic() - self._began_s < limit_s:
                return False
            problem = Problem("doctor.no_answer", {"seconds": round(limit_s)})
            self._results.append(StepResult(self._step, problem=problem))
            self._over = True
        self.cancel()
        return True

    def cancel(self) -> None:
        """Ends the test; a step under way is left behind and ends soon."""
        with self._lock:
            self._over, checks = True, self._checks
        if checks is not None:
            checks.give_up()

    def _run(self) -> None:
        checks: Checks | None = None
        try:
            checks = self._plan()
            with self._lock:
                self._checks = checks
            for step in checks.steps:
                if not self._take(self._check(step)):
                    break
        except KnownError as error:
            # Of the plan: a step's own problem is a result.
            self._take(StepResult(self._step, problem=error.problem))
        except Exception as error:
            # A bug in one check must not leave the window waiting for its end.
            log.exception("the test of %s failed", self._step or "the settings")
            problem = Problem("doctor.fault", {"error": type(error).__name__})
            self._take(StepResult(self._step, problem=problem))
        finally:
            with self._lock:
                self._over = True
            if checks is not None:
                with contextlib.suppress(KnownError, OSError):
                    checks.close()

    def _check(self, step: Step) -> StepResult:
        self._step = step.name
        if step.skip is not None:
            return StepResult(step.name)
        try:
            return StepResult(step.name, facts=step.run())
        except KnownError as error:
            return StepResult(step.name, problem=error.problem)

    def _take(self, result: StepResult) -> bool:
        """Keeps a result; False when nobody waits for more, or what follows needs it."""
        with self._lock:
            if not self._over:
                self._results.append(result)
            ends = result.problem is not None and result.problem.code not in GOES_ON
            return not self._over and not ends

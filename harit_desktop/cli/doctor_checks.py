"""Runs checks: each chain on a thread of its own, with deadlines for each step and for all."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from harit_desktop.cli.doctor_texts import ENDS_A_CHAIN, NOT_A_FAULT, finding
from harit_desktop.domain.diagnosis import Checks, Facts, Step, variant_of
from harit_desktop.domain.errors import KnownError, Problem

log = logging.getLogger(__name__)

State = Literal["pass", "fail", "skip"]

OK = "ok"
"""The code of a step that found nothing wrong."""


class Result(msgspec.Struct, frozen=True):
    """What one step found, as `doctor --json` prints it."""

    name: str
    state: State
    code: str
    text: str


class Chain:
    """Checks under way; `results` grows as their steps are done.

    `says` makes a sentence of a good step's facts (chain, step, facts), `finds` of a problem.
    A step that overruns
    its own deadline, or that is not done at the moment `until_s` of the monotonic clock, is
    given up, with all after it: the chain's thread is then left behind.
    """

    def __init__(
        self,
        checks: Checks,
        says: Callable[[str, str, Facts], str],
        until_s: float = math.inf,
        finds: Callable[[Problem], str] = finding,
    ) -> None:
        self.name = checks.name
        self._steps = checks.steps
        self._close = checks.close
        self._give_up = checks.give_up
        self._says = says
        self._finds = finds
        self._until_s = until_s
        self._lock = threading.Lock()
        self._results: list[Result] = []
        self._began_s = time.monotonic()
        self._ended_early = False
        self._thread = threading.Thread(target=self._run, name=f"doctor-{checks.name}", daemon=True)

    def start(self) -> None:
        self._began_s = time.monotonic()
        self._thread.start()

    @property
    def results(self) -> Sequence[Result]:
        with self._lock:
            return tuple(self._results)

    @property
    def done(self) -> bool:
        return len(self.results) == len(self._steps)

    def look(self) -> None:
        """Ends the chain where it, or its present step, takes longer than it may."""
        with self._lock:
            if len(self._results) == len(self._steps):
                return
            step = self._steps[len(self._results)]
            now_s = time.monotonic()
            if now_s - self._began_s >= step.deadline_s:
                problem = Problem("doctor.no_answer", {"seconds": round(step.deadline_s)})
            elif now_s >= self._until_s:
                problem = Problem("doctor.out_of_time")
            else:
                return
            self._add(self._of_problem(step, problem))
            self._skip_rest(Problem("doctor.not_reached", {"step": self._name_of(step)}))
        self._give_up()

    def stop(self) -> None:
        """Leaves what is not done yet undone."""
        with self._lock:
            self._skip_rest(Problem("doctor.interrupted"))
        self._give_up()

    def join(self, timeout_s: float) -> None:
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            for step in self._steps:
                result = self._check(step)
                with self._lock:
                    if self._ended_early:
                        return
                    self._add(result)
                    if result.state == "fail" or result.code in ENDS_A_CHAIN:
                        name = self._name_of(step)
                        self._skip_rest(Problem("doctor.not_reached", {"step": name}))
                        return
        finally:
            try:
                self._close()
            except (KnownError, OSError) as error:
                log.debug("the farewell failed: %s", error)

    def _check(self, step: Step) -> Result:
        if step.skip is not None:
            return self._of_problem(step, Problem(step.skip))
        try:
            text = self._says(self.name, step.name, step.run())
            return Result(self._name_of(step), "pass", OK, text)
        except KnownError as error:
            return self._of_problem(step, error.problem)
        except Exception as error:
            log.exception("the check %s failed", step.name)
            return self._of_problem(step, Problem("doctor.fault", {"error": repr(error)[:200]}))

    def _of_problem(self, step: Step, problem: Problem) -> Result:
        state: State = "skip" if problem.code in NOT_A_FAULT else "fail"
        code = variant_of(problem).replace(":", ".")
        return Result(self._name_of(step), state, code, self._finds(problem))

    def _name_of(self, step: Step) -> str:
        return f"{self.name}.{step.name}"

    def _add(self, result: Result) -> None:
        self._results.append(result)
        self._began_s = time.monotonic()

    def _skip_rest(self, problem: Problem) -> None:
        self._ended_early = True
        for step in self._steps[len(self._results) :]:
            rest = problem if step.skip is None else Problem(step.skip)
            self._add(self._of_problem(step, rest))

"""Runs checks: each chain on a thread of its own, each step with a deadline of its own."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from harit_desktop.cli.doctor_texts import ENDS_A_CHAIN, NOT_A_FAULT, finding
from harit_desktop.domain.errors import KnownError, Problem

log = logging.getLogger(__name__)

Facts = Mapping[str, str | int | float]
State = Literal["pass", "fail", "skip"]

OK = "ok"
"""The code of a step that found nothing wrong."""


class Result(msgspec.Struct, frozen=True):
    """What one step found, as `doctor --json` prints it."""

    name: str
    state: State
    code: str
    text: str


@dataclass(frozen=True)
class Step:
    """A check that returns facts or raises KnownError. `says` makes a sentence of the facts.

    With `skip`, why there is nothing to check, it is not run.
    """

    name: str
    run: Callable[[], Facts]
    says: Callable[[Facts], str]
    deadline_s: float
    skip: str | None = None


class Chain:
    """Steps of which each needs the ones before it; `results` grows as they are done.

    `close` is called on the chain's thread after the last step, `give_up` on the caller's
    when a step overruns its deadline: its thread is then left behind.
    """

    def __init__(
        self,
        name: str,
        steps: Sequence[Step],
        close: Callable[[], None] = lambda: None,
        give_up: Callable[[], None] = lambda: None,
    ) -> None:
        self.name = name
        self._steps = tuple(steps)
        self._close = close
        self._give_up = give_up
        self._lock = threading.Lock()
        self._results: list[Result] = []
        self._began_s = time.monotonic()
        self._ended_early = False
        self._thread = threading.Thread(target=self._run, name=f"doctor-{name}", daemon=True)

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
        """Ends the chain where its present step takes longer than it may."""
        with self._lock:
            if len(self._results) == len(self._steps):
                return
            step = self._steps[len(self._results)]
            if time.monotonic() - self._began_s < step.deadline_s:
                return
            problem = Problem("doctor.no_answer", {"seconds": round(step.deadline_s)})
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
            return Result(self._name_of(step), "pass", OK, step.says(step.run()))
        except KnownError as error:
            return self._of_problem(step, error.problem)
        except Exception as error:
            log.exception("the check %s failed", step.name)
            return self._of_problem(step, Problem("doctor.fault", {"error": repr(error)[:200]}))

    def _of_problem(self, step: Step, problem: Problem) -> Result:
        state: State = "skip" if problem.code in NOT_A_FAULT else "fail"
        return Result(self._name_of(step), state, problem.code, finding(problem))

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

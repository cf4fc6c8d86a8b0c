"""What the command that finds faults is made of: steps that give facts, and their order."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from harit_desktop.domain.errors import Problem

Facts = dict[str, str | int | float]
"""What a step found, by names that fill a sentence."""

_SHOWN_ADDRESSES = 3

_CLOSER = {
    "broker.tls": "cause",
    "broker.no_mqtt": "cause",
    "broker.auth": "cause",
    "broker.websocket": "cause",
}
"""Problems that a check can say closer, and the parameter that does."""


def _nothing() -> None:
    """There is nothing to close or to give up."""


@dataclass(frozen=True)
class Step:
    """A check that returns facts or raises KnownError, and how long it may take.

    With `skip`, the code of why there is nothing to check, it is not run.
    """

    name: str
    run: Callable[[], Facts]
    deadline_s: float
    skip: str | None = None


@dataclass(frozen=True)
class Checks:
    """Steps of which each needs the ones before it, to be run on one thread.

    `close` is called on that thread after the last step; `give_up`, from any thread, makes
    a step under way end soon. `longer_s` is what they may take beyond the usual together.
    """

    name: str
    steps: tuple[Step, ...]
    close: Callable[[], None] = _nothing
    give_up: Callable[[], None] = _nothing
    longer_s: float = 0.0


GOES_ON = frozenset(
    {
        "doctor.no_message",
        "doctor.unproved",
        "doctor.withheld",
        "doctor.all_silent",
        "doctor.listen_denied",
        "doctor.limits_untold",
        "doctor.session_untold",
        "doctor.session_forgotten",
        "doctor.client_id_untold",
    }
)
"""Worth saying, and no reason to end a test."""


def variant_of(problem: Problem) -> str:
    """The code of what was found, with its cause behind a colon where there is one."""
    cause = problem.params.get(_CLOSER.get(problem.code, ""), "")
    return f"{problem.code}:{cause}" if cause else problem.code


def milliseconds(seconds: float) -> int:
    """Whole milliseconds, rounded up."""
    return math.ceil(seconds * 1000)


def name_facts(host: str, addresses: Iterable[str]) -> Facts:
    """What a name stands for; each address once, and only the first ones."""
    found = list(dict.fromkeys(addresses))
    return {"host": host, "addresses": ", ".join(found[:_SHOWN_ADDRESSES])}


def port_facts(host: str, port: int, seconds: float) -> Facts:
    """A port that took a connection after so long."""
    return {"host": host, "port": port, "milliseconds": milliseconds(seconds)}

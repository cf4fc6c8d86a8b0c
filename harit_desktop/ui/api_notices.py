"""What a problem of the broker or the API means while the other one is there, or is not."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication

from harit_desktop.domain.errors import Problem
from harit_desktop.domain.status import ApiState, EngineStatus, LinkState
from harit_desktop.ui.words import moment_text, seconds_until

API = "api."
BOTH_DOWN = "both.down"
_TRYING = (LinkState.LOST, LinkState.CONNECTING)
# Of these it is said already what becomes of the readings.
_FORWARD_OFF = ("api.forward_own_database", "api.forward_own_api", "api.refused")
_COMING = (ApiState.STANDBY, ApiState.CHECKING)


def merged(found: Sequence[Problem], status: EngineStatus) -> list[Problem]:
    """The same problems, with one in the place of two where broker and API both fail.

    One that needs a person (a refused login, a certificate) stays a matter of its own.
    """
    link, api = status.link, status.api
    waiting = link.state in _TRYING and api.needed and api.state is ApiState.UNREACHABLE
    if not waiting or link.problem is None or api.problem is None:
        return list(found)
    both = Problem(BOTH_DOWN, {"broker": str(link.problem), "api": str(api.problem)})
    known = (BOTH_DOWN, link.problem.code, api.problem.code)
    places = [number for number, problem in enumerate(found) if problem.code in known]
    at = min(places, default=len(found))
    kept = [problem for problem in found if problem.code not in known]
    return [*kept[:at], both, *kept[at:]]


def meanwhile(problem: Problem, status: EngineStatus, now_us: int) -> str:
    """A sentence on the readings while this lasts; "" where there is nothing to say."""
    if problem == status.link.problem:
        return _without_broker(problem, status, now_us)
    if not problem.code.startswith(API):
        return ""
    tr = QCoreApplication.translate
    if problem == status.api.problem:
        if status.api.needed:
            return tr("Notices", "No reading comes in until it answers.")
        if status.link.state is LinkState.CONNECTED:
            return tr("Notices", "Readings come over MQTT; the API would only stand in.")
    if problem == status.publisher.problem:
        return tr("Notices", "Readings to publish wait in the outbox; none is lost.")
    if problem == status.api_forward.problem and problem.code not in _FORWARD_OFF:
        return tr("Notices", "Readings to send on wait on this computer; none is lost.")
    return ""


def _without_broker(problem: Problem, status: EngineStatus, now_us: int) -> str:
    tr = QCoreApplication.translate
    if status.link.state is LinkState.CONNECTED:
        return ""
    if status.api.state is ApiState.IN_USE:
        if problem.code == "broker.lost":
            return tr("Notices", "Reading through the API meanwhile; gaps fill in when it is back.")
        return tr("Notices", "Reading through the API meanwhile.")
    wait_s = seconds_until(status.api.switch_at_us, now_us)
    if status.api.state not in _COMING or wait_s is None:
        return ""
    return tr("Notices", "The API takes over in {seconds} s.").format(seconds=wait_s)


def retry_s(problem: Problem, status: EngineStatus, now_us: int) -> int | None:
    """When the next attempt is due of whoever has the problem; None where none is."""
    owners = (
        (status.api.problem, status.api.retry_at_us),
        (status.api_forward.problem, status.api_forward.retry_at_us),
        (status.publisher.problem, status.publisher.retry_at_us),
    )
    if problem.code == BOTH_DOWN:
        waits = [
            seconds_until(at_us, now_us)
            for at_us in (status.link.retry_at_us, status.api.retry_at_us)
        ]
        return min((wait for wait in waits if wait is not None), default=None)
    if problem.code.startswith(API):
        at_us = next((at for known, at in owners if known == problem), None)
        return seconds_until(at_us, now_us)
    if problem == status.local_api.problem:
        return None
    return status.link.retry_in_s(now_us)


def severity(problem: Problem, status: EngineStatus, usual: str) -> str:
    """Without the broker everything depends on the API."""
    urgent = problem == status.api.problem and status.api.needed
    return "crit" if urgent and problem.code.startswith(API) else usual


def shown_until(status: EngineStatus, now_us: int) -> str:
    """Up to when the charts know something."""
    return moment_text(status.last_received_us or status.link.since_us, now_us)

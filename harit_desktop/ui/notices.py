"""What the banner under the tabs can say, and which of several things it says."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from PySide6.QtCore import QCoreApplication

from harit_desktop.domain.errors import Problem
from harit_desktop.domain.message import MessageRecord
from harit_desktop.domain.status import BrokerState, EngineStatus
from harit_desktop.ui.messages.rejection_texts import rejection_text
from harit_desktop.ui.problem_texts import ProblemText, problem_text
from harit_desktop.ui.words import clock_text, count

BROKER_GONE = ("broker.refused", "broker.lost", "broker.timeout", "broker.no_mqtt")
_RANK = {"question": 0, "crit": 1, "warn": 2, "info": 3}


@dataclass(frozen=True)
class Button:
    """A button of a notice; `key` names what it does."""

    key: str
    text: str
    primary: bool = False


@dataclass(frozen=True)
class Notice:
    """One thing to say. `severity` is question, crit, warn or info.

    Two notices are the same matter when `code` and `subject` are equal, however their
    words change from second to second.
    """

    code: str
    subject: str
    severity: str
    headline: str
    body: str = ""
    buttons: tuple[Button, ...] = ()
    details: str = ""

    @property
    def identity(self) -> tuple[str, str]:
        return (self.code, self.subject)

    @property
    def rank(self) -> int:
        return _RANK[self.severity]


@dataclass(frozen=True)
class Question:
    """Asks before something is done; `on_yes` does it."""

    notice: Notice
    on_yes: Callable[[], None]


def problems_of(status: EngineStatus, builtin: bool = False) -> tuple[Problem, ...]:
    """Everything that is wrong now, each matter once, in the order of the data path.

    `builtin`: our own broker is the one in use. While it is down, that nobody answers on
    its port is no matter of its own.
    """
    found: list[Problem] = []
    broker = status.builtin_broker
    if broker.state is BrokerState.RUNNING and broker.port != broker.asked_port:
        moved = {"asked_port": broker.asked_port, "port": broker.port}
        found.append(Problem("builtin_broker.port_moved", moved))
    candidates = (
        status.store.problem,
        status.link.problem,
        broker.problem,
        status.publisher.problem,
        *status.problems,
    )
    for problem in candidates:
        # Subscriber and publisher meet the same broker: one matter, one notice.
        if problem is None or problem.code in {known.code for known in found}:
            continue
        if builtin and broker.problem is not None and problem.code in BROKER_GONE:
            continue
        found.append(problem)
    return tuple(found)


def notices_of(
    status: EngineStatus,
    now_us: int,
    builtin: bool = False,
    newest_rejected: MessageRecord | None = None,
) -> list[Notice]:
    """The present problems as notices, the most severe first.

    `newest_rejected` is the latest message that could not be read, for its Details.
    """
    link = status.link
    retry_s = link.retry_in_s(now_us)
    context = {"time": clock_text(link.since_us)}
    problems = problems_of(status, builtin)
    texts = (problem_text(problem, retry_s, context, builtin) for problem in problems)
    found = [_notice(text) for text in texts]
    rejected = status.counters.rejected
    if rejected:
        found.append(_rejected_notice(rejected, newest_rejected))
    return by_severity(found)


def by_severity(notices: Iterable[Notice]) -> list[Notice]:
    """The most severe first, otherwise in the given order."""
    return sorted(notices, key=lambda notice: notice.rank)


def _notice(text: ProblemText) -> Notice:
    return Notice(
        code=text.code,
        subject=text.headline,
        severity=text.severity,
        headline=text.headline,
        body=text.body,
        buttons=tuple(Button(key, _button_text(key)) for key in text.actions),
        details=text.details,
    )


def without_button(notices: Iterable[Notice], key: str) -> list[Notice]:
    """The notices without a button that leads where the user already is."""
    return [
        replace(notice, buttons=tuple(button for button in notice.buttons if button.key != key))
        for notice in notices
    ]


def _rejected_notice(rejected: int, newest: MessageRecord | None) -> Notice:
    """Messages that could not be read; once put aside it comes back at ten times as many."""
    params = {"count": count(rejected)}
    if newest is not None and newest.problem is not None:
        params |= {"newest": rejection_text(newest.problem), "topic": newest.topic}
    text = problem_text(Problem("payload.bad", params))
    return replace(_notice(text), subject=f"{len(str(rejected))} digits")


def _button_text(key: str) -> str:
    tr = QCoreApplication.translate
    texts = {
        "retry": tr("Notices", "Try now"),
        "broker_settings": tr("Notices", "Broker settings…"),
        "builtin_settings": tr("Notices", "Built-in broker…"),
        "publisher_settings": tr("Notices", "Publisher settings…"),
        "storage_settings": tr("Notices", "Storage settings…"),
        "show_messages": tr("Notices", "Show messages"),
        "dismiss": tr("Notices", "OK"),
    }
    return texts[key]

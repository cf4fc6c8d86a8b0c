"""What the banner under the tabs can say, and which of several things it says."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import QCoreApplication

from harit_desktop.domain.errors import Problem
from harit_desktop.domain.message import MessageRecord
from harit_desktop.domain.status import (
    BackupStatus,
    BrokerState,
    EngineStatus,
    LinkStatus,
    ServerState,
    ServerStatus,
    StoreState,
)
from harit_desktop.ui import api_notices
from harit_desktop.ui.messages.rejection_texts import rejection_text
from harit_desktop.ui.problem_texts import ProblemText, details_of, problem_text
from harit_desktop.ui.spool_room import spool_room_text
from harit_desktop.ui.words import clock_text, count, moment_text, plain, seconds_until

SERVER = "server."
TIDYING = "store.maintenance_failed"
BROKER_GONE = ("broker.refused", "broker.lost", "broker.timeout", "broker.no_mqtt")
# A question among the problems waits; what is badly wrong does not.
_RANK = {"crit": 0, "question": 1, "warn": 2, "info": 3}
# By these the same matter is known again while the words about it change.
_ONE_MATTER = (
    *("server.silent", "server.lost", "broker.stalled"),
    *("api.http", "api.busy", "api.refused", "api.timeout", "both.down"),
)
_COUNTED = ("broker.dropped", "server.rows_refused", "publisher.outbox_full")


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
        status.server.problem,
        status.link.problem,
        broker.problem,
        status.publisher.problem,
        status.api.problem,
        status.api_forward.problem,
        status.local_api.problem,
        status.backup.problem,
        *status.problems,
    )
    for problem in candidates:
        # Subscriber and publisher meet the same broker: one matter, one notice.
        if problem is None or problem.code in {known.code for known in found}:
            continue
        if builtin and broker.problem is not None and problem.code in BROKER_GONE:
            continue
        if problem.code == TIDYING and status.store.state is StoreState.DOWN:
            # What stops the store stops the tidying too, and is said already.
            continue
        found.append(problem)
    return tuple(api_notices.merged(found, status))


@dataclass(frozen=True)
class NoticeContext:
    """What notices say beside the engine's state.

    `builtin`: our own broker is the one in use. `newest_rejected` is the latest message that
    could not be read, `newest_unmapped` the latest that waits to be mapped, each for the
    Details. `spool_limit_mb` is how much may wait for the database server; `seen_us` tells
    when a problem was first met.
    """

    builtin: bool = False
    newest_rejected: MessageRecord | None = None
    newest_unmapped: MessageRecord | None = None
    spool_limit_mb: int | None = None
    seen_us: Callable[[Problem], int] | None = None


def notices_of(
    status: EngineStatus, now_us: int, given: NoticeContext = NoticeContext()
) -> list[Notice]:
    """The present problems and news as notices, the most severe first."""
    found = [
        _notice(problem, _text(problem, status, now_us, given))
        for problem in problems_of(status, given.builtin)
    ]
    rejected = status.counters.rejected
    if rejected:
        found.append(_messages_notice("payload.bad", rejected, given.newest_rejected))
    waiting = status.counters.not_mapped
    if waiting:
        found.append(_messages_notice("payload.unmapped", waiting, given.newest_unmapped))
    return by_severity([*found, *backup_notices(status.backup)])


def _text(problem: Problem, status: EngineStatus, now_us: int, given: NoticeContext) -> ProblemText:
    """A problem in words, with what it does not carry itself taken from the state."""
    if not problem.code.startswith(SERVER):
        link = status.link
        context = {"time": clock_text(link.since_us)}
        at_us = problem.params.get("at_us")
        if at_us is None and given.seen_us is not None:
            at_us = given.seen_us(problem)
        if isinstance(at_us, int):
            context["at"] = moment_text(at_us, now_us)
        context["until"] = api_notices.shown_until(status, now_us)
        context["meanwhile"] = api_notices.meanwhile(problem, status, now_us)
        known = _restored_where(_seen_before(problem, link))
        wait_s = api_notices.retry_s(problem, status, now_us)
        text = problem_text(known, wait_s, context, given.builtin)
        severity = api_notices.severity(problem, status, text.severity)
        return replace(text, details=details_of(problem), severity=severity)
    server = status.server
    context = {
        "host": server.host,
        "port": str(server.port),
        "database": server.database,
        "time": moment_text(server.since_us, now_us),
        "room": spool_room_text(status, given.spool_limit_mb),
    }
    present = _as_it_is_now(problem, server)
    text = problem_text(present, seconds_until(server.retry_at_us, now_us), context)
    return replace(text, details=details_of(problem))


def _seen_before(problem: Problem, link: LinkStatus) -> Problem:
    """A broker that once accepted us in this run needs no advice on its port."""
    silent = problem.code == "broker.timeout" and problem.params.get("phase") == "connack"
    if not silent or link.session_present is None:
        return problem
    return Problem(problem.code, {**problem.params, "phase": "connack_again"})


def _restored_where(problem: Problem) -> Problem:
    """A dump replaces tables of the server, any other backup the store's own file."""
    local = str(problem.params.get("kept_as", "")).startswith("harit.db")
    if problem.code != "store.restored" or local:
        return problem
    return Problem(problem.code, {**problem.params, "place": "server"})


def _as_it_is_now(problem: Problem, server: ServerStatus) -> Problem:
    """The same problem with `now` where the server's state gives it other words."""
    now = ""
    if problem.code == "server.table_missing" and server.state is ServerState.READY:
        # It is there again; what was in it is another matter.
        now = "made"
    elif problem.code == "server.silent" and server.retry_at_us is not None:
        # Between two attempts nobody waits, and the seconds would stand still.
        now = "paused"
    return Problem(problem.code, {**problem.params, "now": now}) if now else problem


def backup_notices(backup: BackupStatus) -> list[Notice]:
    """The backup that was asked for: being made, or where it is."""
    tr = QCoreApplication.translate
    if backup.running:
        headline = tr("Notices", "A backup is being made.")
        body = tr("Notices", "Recording goes on meanwhile.")
        return [Notice("backup.running", "", "info", headline, body)]
    if not backup.path:
        return []
    path = Path(backup.path)
    headline = tr("Notices", "The backup is made: {file}.").format(file=plain(path.name))
    body = tr("Notices", "It is in {folder}.").format(folder=plain(str(path.parent)))
    buttons = tuple(Button(key, _button_text(key)) for key in ("open_backups", "dismiss"))
    return [Notice("backup.made", backup.path, "info", headline, body, buttons)]


def by_severity(notices: Iterable[Notice]) -> list[Notice]:
    """The most severe first, otherwise in the given order."""
    return sorted(notices, key=lambda notice: notice.rank)


def _notice(problem: Problem, text: ProblemText) -> Notice:
    return Notice(
        code=text.code,
        subject=_subject(problem, text),
        severity=text.severity,
        headline=text.headline,
        body=text.body,
        buttons=tuple(
            Button(key, _button_text(key), primary=key in ("review_change", "map"))
            for key in text.actions
        ),
        details=text.details,
    )


def _subject(problem: Problem, text: ProblemText) -> str:
    """What tells this matter from others with its code; counts speak up at ten times more."""
    if problem.code in _ONE_MATTER:
        return ""
    if problem.code in _COUNTED:
        return f"{len(str(problem.params.get('count', '')))} digits"
    return text.headline


def without_button(notices: Iterable[Notice], key: str) -> list[Notice]:
    """The notices without a button that leads where the user already is."""
    return [
        replace(notice, buttons=tuple(button for button in notice.buttons if button.key != key))
        for notice in notices
    ]


def _messages_notice(code: str, number: int, newest: MessageRecord | None) -> Notice:
    """Messages that are no readings; once put aside it comes back at ten times as many."""
    params = {"count": count(number)}
    if newest is not None and newest.problem is not None:
        params |= {"newest": rejection_text(newest.problem), "topic": newest.topic}
    problem = Problem(code, params)
    return replace(_notice(problem, problem_text(problem)), subject=f"{len(str(number))} digits")


def _button_text(key: str) -> str:
    tr = QCoreApplication.translate
    texts = {
        "retry": tr("Notices", "Try now"),
        "broker_settings": tr("Notices", "Broker settings…"),
        "builtin_settings": tr("Notices", "Built-in broker…"),
        "publisher_settings": tr("Notices", "Publisher settings…"),
        "storage_settings": tr("Notices", "Storage settings…"),
        "api_settings": tr("Notices", "API settings…"),
        "local_api_settings": tr("Notices", "Local API…"),
        "map": tr("Notices", "Listen and map…"),
        "show_messages": tr("Notices", "Show messages"),
        "review_change": tr("Notices", "Review…"),
        "back_up": tr("Notices", "Back up now"),
        "restore": tr("Notices", "Restore a backup…"),
        "open_backups": tr("Notices", "Open folder"),
        "dismiss": tr("Notices", "OK"),
    }
    return texts[key]

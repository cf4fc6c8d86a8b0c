"""Those who wait for a commit: told, too late, or given up."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from harit_desktop.domain.api import Answer
from harit_desktop.domain.batch import CommitItem, CommitResult
from harit_desktop.domain.errors import Problem
from harit_desktop.domain.message import MessageRecord, Origin, Outcome, RawMessage, Rejection
from harit_desktop.pipeline.answers import Answers

BAD = Problem("payload.bad", {})


def settle(answers: Answers, *tickets: int) -> None:
    """As the pipeline does after a commit, here of messages that were no readings."""
    items = [
        CommitItem(
            RawMessage("api/analyze", b"?", 1, origin=Origin.API, ticket=ticket),
            rejection=Rejection(BAD),
        )
        for ticket in tickets
    ]
    record = MessageRecord(1, 1, Origin.API, "api/analyze", "", 0, False, Outcome.REJECTED, 1, BAD)
    outcomes = (Outcome.REJECTED,) * len(items)
    answers.settle(items, CommitResult(outcomes, (record,) * len(items)))


def test_each_hears_of_its_own() -> None:
    answers = Answers()
    first, second = answers.expect(), answers.expect()
    settle(answers, 0, first)
    assert answers.wait(first, 0) == Answer(Outcome.REJECTED, problem=BAD)
    assert answers.wait(second, 0.01) is None


def test_what_comes_too_late_is_nobodys() -> None:
    answers = Answers()
    ticket = answers.expect()
    assert answers.wait(ticket, 0) is None
    settle(answers, ticket)


def test_all_who_wait_can_be_given_up() -> None:
    answers = Answers()
    tickets = [answers.expect() for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        waits = [pool.submit(answers.wait, ticket, 30.0) for ticket in tickets[:-1]]
        settle(answers, tickets[0])
        began_s = time.monotonic()
        answers.give_up()
        told = [wait.result(5) for wait in waits]
        assert time.monotonic() - began_s < 5
    assert told == [Answer(Outcome.REJECTED, problem=BAD)] + [None] * 6
    # Given up before it waited.
    assert answers.wait(tickets[-1], 30.0) is None
    settle(answers, *tickets)


def test_those_who_come_after_are_told() -> None:
    answers = Answers()
    answers.give_up()
    ticket = answers.expect()
    settle(answers, ticket)
    assert answers.wait(ticket, 0) is not None


def test_giving_up_while_commits_come_in_harms_neither() -> None:
    answers = Answers()
    ended = threading.Event()

    def give_up() -> None:
        while not ended.is_set():
            answers.give_up()

    with ThreadPoolExecutor(1) as pool:
        giving_up = pool.submit(give_up)
        for _ in range(2000):
            ticket = answers.expect()
            settle(answers, ticket, ticket)
            answers.wait(ticket, 5.0)
        ended.set()
        giving_up.result(5)

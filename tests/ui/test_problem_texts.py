"""Every problem that the engine can report has words of its own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import harit_desktop
from harit_desktop.domain.errors import Problem
from harit_desktop.domain.status import (
    BrokerState,
    BuiltinBrokerStatus,
    EngineStatus,
    LinkState,
    LinkStatus,
    PublisherStatus,
    StoreStatus,
)
from harit_desktop.settings.model import FIELD_SPECS, SECRET_KEYS
from harit_desktop.transport.mqtt_errors import CODES, TLS_CAUSES
from harit_desktop.ui.notices import NoticeContext, notices_of, problems_of
from harit_desktop.ui.problem_table import ENTRIES, VARIANT_PARAMS
from harit_desktop.ui.problem_texts import details_of, problem_text

pytestmark = pytest.mark.usefixtures("qapp")

PACKAGE = Path(harit_desktop.__file__).parent
RAISED = re.compile(
    r"""(?:KnownError|Problem|set_aside)\((?:[^()"]*\b)?\s*"([a-z_]+\.[a-z_]+)\"""", re.VERBOSE
)
# Codes that stand in a table of their file.
LITERAL = re.compile(
    r'"((?:store|export|csv_mirror|builtin_broker|worker|profile|server|backup|broker'
    r'|api|local_api|publisher|both|devices)\.[a-z_]+)"'
)
# These end a command of the terminal, or a query that nobody waits for, or stand with one
# message: never in the banner.
ELSEWHERE = {
    "data_dir.in_use",
    "data_dir.unusable",
    "server.row_refused",
    "query.cancelled",
    "routing.left_out",
    "export.cancelled",
    "settings.bad_assignment",
    "settings.secret_key",
    "store.absent",
    "store.empty_item",
    "store.mysql_unsupported",
    "store.not_ready",
    "store.not_storable",
    "time.unreadable",
}
PARAMS = {
    "at": "14:02",
    "database": "soil_health_db",
    "host": "farm-hub",
    "port": 8883,
    "topic": "a/b",
    "reason": "permission denied",
    "time": "14:02",
}


def raised_codes() -> set[str]:
    found = set()
    for path in PACKAGE.rglob("*.py"):
        if "ui" not in path.relative_to(PACKAGE).parts:
            text = path.read_text(encoding="utf-8")
            found |= set(RAISED.findall(text)) | set(LITERAL.findall(text))
    # What the doctor finds is told in the terminal.
    told = {code for code in found if code.startswith("doctor.")}
    return found - told - set(FIELD_SPECS) - set(SECRET_KEYS)


def test_the_search_finds_codes() -> None:
    known = {"settings.bad_value", "worker.down", "store.foreign", "store.spool_full"}
    known |= {"broker.session_lost", "server.auth", "backup.bad_file"}
    assert known <= raised_codes()


def test_every_code_in_the_sources_has_words() -> None:
    unknown = raised_codes() - set(ENTRIES)
    assert unknown - ELSEWHERE == set()


def test_every_broker_code_and_tls_cause_has_words() -> None:
    assert set(CODES) <= set(ENTRIES)
    generic = problem_text(Problem("broker.tls", {"cause": "other"})).headline
    for cause in TLS_CAUSES:
        text = problem_text(Problem("broker.tls", {"cause": cause, "host": "h", "port": 1}))
        assert cause == "other" or text.headline != generic


@pytest.mark.parametrize("key", sorted(ENTRIES))
def test_every_entry_is_whole_sentences_and_ends_in_advice_or_comfort(key: str) -> None:
    code, _, variant = key.partition(":")
    params = dict(PARAMS)
    if code in VARIANT_PARAMS:
        params[VARIANT_PARAMS[code]] = variant
    text = problem_text(Problem(code, params), retry_s=8)
    assert text.severity in ("info", "warn", "question", "crit")
    assert text.headline.endswith(".") or text.headline.endswith('".')
    assert text.body.endswith(".")
    assert "{" not in text.headline + text.body
    assert code not in text.headline + text.body


def test_the_next_attempt_is_named() -> None:
    refused = Problem("broker.refused", {"host": "farm-hub", "port": 8883})
    assert problem_text(refused, 8).headline == "The broker at farm-hub:8883 does not answer."
    assert problem_text(refused, 8).body.startswith("Trying again in 8 s. ")
    assert problem_text(refused, 0).body.startswith("Trying again now. ")
    assert "Trying again" not in problem_text(refused, None).body


def test_the_built_in_broker_is_not_looked_for_on_another_computer() -> None:
    down = Problem("builtin_broker.exited", {"port": 1883})
    silent = Problem("broker.refused", {"host": "127.0.0.1", "port": 1883})
    link = LinkStatus(state=LinkState.LOST, problem=silent)
    stopped = EngineStatus(link=link, builtin_broker=BuiltinBrokerStatus(problem=down))
    own = NoticeContext(builtin=True)
    notices = notices_of(stopped, 0, own)
    assert [notice.code for notice in notices] == ["builtin_broker.exited"]
    assert notices[0].headline == "The built-in broker on this computer stopped."
    alone = notices_of(EngineStatus(link=link), 0, own)[0]
    assert alone.headline == "The built-in broker on this computer does not answer."
    assert "broker computer" not in alone.body
    assert "broker computer" in notices_of(EngineStatus(link=link), 0)[0].body


def test_an_unknown_code_is_honest_and_keeps_its_details() -> None:
    text = problem_text(Problem("new.trouble", {"where": "x" * 500}))
    assert text.headline == "Something went wrong."
    assert text.details.startswith("new.trouble\nwhere: xxx")
    assert len(text.details) < 300


def test_what_is_said_of_unread_messages_is_true_on_their_page_too() -> None:
    body = problem_text(Problem("payload.bad", {"count": 3})).body
    assert body.startswith("Each is kept with its reason; none is in the charts.")


def test_a_missing_parameter_is_a_question_mark() -> None:
    assert problem_text(Problem("broker.dns")).headline == 'No computer named "?" was found.'


def test_text_from_outside_is_one_printable_line() -> None:
    details = details_of(Problem("x.y", {"reason": "a\nb\u202ec" + "d" * 400}))
    assert details.splitlines()[1].startswith("reason: a b\ufffdc")


def test_one_matter_is_one_notice_and_the_worst_comes_first() -> None:
    refused = Problem("broker.refused", {"host": "h", "port": 1})
    status = EngineStatus(
        link=LinkStatus(state=LinkState.LOST, problem=refused, retry_at_us=9_000_000),
        publisher=PublisherStatus(problem=refused),
        store=StoreStatus(problem=Problem("store.full")),
        builtin_broker=BuiltinBrokerStatus(state=BrokerState.RUNNING, port=1884, asked_port=1883),
        problems=(Problem("settings.unknown_key", {"key": "x"}),),
    )
    assert len(problems_of(status)) == 4
    notices = notices_of(status, 1_000_000)
    assert [notice.severity for notice in notices] == ["crit", "warn", "info", "info"]
    assert notices[0].code == "store.full"
    assert "Trying again in 8 s." in notices[1].body
    assert notices[2].headline == "Port 1883 is used by another program."

"""What the banner says of the database server, the spool, backups and a broker's losses."""

from __future__ import annotations

import pytest
from msgspec import structs

from harit_desktop.domain.errors import Problem
from harit_desktop.domain.status import (
    BackupStatus,
    Counters,
    EngineStatus,
    LinkState,
    LinkStatus,
    ServerState,
    ServerStatus,
    StoreState,
    StoreStatus,
)
from harit_desktop.settings.model import StorageSettings
from harit_desktop.ui.first_seen import FirstSeen
from harit_desktop.ui.message_banner import MessageBanner
from harit_desktop.ui.notices import Notice, NoticeContext, notices_of
from harit_desktop.ui.spool_room import spool_room_s
from harit_desktop.ui.store_identity import StoreIdentity
from harit_desktop.ui.theme import ThemeController
from harit_desktop.ui.words import clock_text
from tests.ui.chart_samples import NOW_US, SECOND_US

pytestmark = pytest.mark.usefixtures("qapp")

DAY_S = 86_400
UNREACHABLE = Problem("server.unreachable", {"host": "10.0.0.5", "port": 3306, "detail": "x"})
SERVER = ServerStatus(
    ServerState.LOST,
    "10.0.0.5",
    3306,
    "soil_health_db",
    since_us=NOW_US - 60 * SECOND_US,
    retry_at_us=NOW_US + 8 * SECOND_US,
    problem=UNREACHABLE,
)
STATUS = EngineStatus(
    store=StoreStatus(backend="mysql", opened=True),
    server=SERVER,
    counters=Counters(stored=DAY_S, waiting=0),
    uptime_s=float(DAY_S),
)
MYSQL = NoticeContext(spool_limit_mb=500)


def only(status: EngineStatus, given: NoticeContext = MYSQL) -> Notice:
    found = notices_of(status, NOW_US, given)
    assert len(found) == 1, found
    return found[0]


def with_server(code: str, **params: str | int) -> EngineStatus:
    server = structs.replace(SERVER, problem=Problem(code, params))
    return structs.replace(STATUS, server=server)


def test_a_server_that_is_away_names_the_room_of_the_spool() -> None:
    notice = only(STATUS)
    assert notice.headline == "MySQL at 10.0.0.5:3306 does not answer."
    # 500 MB hold 833,333 readings of 600 bytes; one comes a second.
    assert notice.body == (
        "New readings wait in the spool on this computer (room for about 9 days); none is "
        "lost. Trying again in 8 s. Check that the server is on and the network works."
    )
    assert [button.key for button in notice.buttons] == ["retry", "storage_settings"]


def test_room_that_nobody_knows_yet_is_not_named() -> None:
    fresh = structs.replace(STATUS, uptime_s=5.0)
    assert "computer; none is lost." in only(fresh).body
    assert spool_room_s(structs.replace(STATUS, counters=Counters()), 500) is None
    full = structs.replace(STATUS, counters=Counters(stored=9, waiting=10_000_000))
    assert spool_room_s(full, 500) == 0


@pytest.mark.parametrize(
    ("days", "text"),
    [(1000, "a year or more"), (9, "9 days"), (1, "20 hours"), (0.01, "10 minutes")],
)
def test_the_room_has_one_unit(days: float, text: str) -> None:
    readings = 500e6 / 600 / (days * DAY_S) * DAY_S
    status = structs.replace(STATUS, counters=Counters(stored=int(readings)))
    assert f"room for about {text}" in only(status).body


def test_the_silence_of_a_server_is_one_matter_while_it_grows() -> None:
    def waiting(seconds: int) -> EngineStatus:
        status = with_server("server.silent", seconds=seconds)
        return structs.replace(status, server=structs.replace(status.server, retry_at_us=None))

    first, later = only(waiting(20)), only(waiting(21))
    assert first.headline != later.headline
    assert first.identity == later.identity
    assert later.headline == "MySQL at 10.0.0.5 has not answered for 21 s."
    # Nobody waits between two attempts: the seconds would stand still.
    paused = only(with_server("server.silent", seconds=21))
    assert paused.identity == later.identity
    assert paused.headline == "MySQL at 10.0.0.5 takes too long to answer."
    assert "seconds: 21" in paused.details


def test_an_unknown_password_is_asked_for_rather_than_called_wrong() -> None:
    unknown = only(with_server("server.auth", user="harit", password="no"))
    assert unknown.headline == "No password is known for harit."
    assert "Enter it in Storage settings." in unknown.body
    wrong = only(with_server("server.auth", user="harit"))
    assert wrong.headline == "MySQL refused the user name or password."


def test_tidying_is_not_named_while_the_store_is_down_and_never_in_raw_words() -> None:
    raw = "attempt to write a readonly database"
    tidying = Problem("store.maintenance_failed", {"reason": raw})
    alone = EngineStatus(store=StoreStatus(StoreState.OK), problems=(tidying,))
    said = only(alone, NoticeContext())
    assert raw not in said.headline + said.body
    assert "Free some space" not in said.body
    assert raw in said.details
    down = StoreStatus(StoreState.DOWN, problem=Problem("store.read_only"))
    assert only(structs.replace(alone, store=down), NoticeContext()).code == "store.read_only"


def test_a_broker_that_worked_in_this_run_gets_no_advice_on_its_port() -> None:
    problem = Problem("broker.timeout", {"host": "h", "port": 1883, "phase": "connack"})
    link = LinkStatus(LinkState.LOST, "h", 1883, problem=problem)
    never = only(EngineStatus(link=link), NoticeContext())
    assert "TLS" in never.body
    frozen = only(EngineStatus(link=structs.replace(link, session_present=True)), NoticeContext())
    assert "overloaded or frozen" in frozen.body
    assert "TLS" not in frozen.body
    assert "phase: connack" in frozen.details.splitlines()


def test_what_a_lost_broker_keeps_is_a_condition() -> None:
    for cause in ("", "keepalive"):
        problem = Problem("broker.lost", {"cause": cause})
        link = LinkStatus(LinkState.LOST, "h", 1883, session_present=True, problem=problem)
        assert "If the broker keeps sessions" in only(EngineStatus(link=link), NoticeContext()).body


def test_a_restored_dump_says_what_is_sent_again() -> None:
    def said(kept_as: str) -> str:
        problem = Problem("store.restored", {"kept_as": kept_as})
        return only(EngineStatus(problems=(problem,)), NoticeContext()).body

    assert "sent again" in said("sensor_readings_before_20261123T160000Z")
    assert "sent again" not in said("harit.db.before-restore-20261123T160000Z")


def test_a_database_of_another_program_is_a_question_with_review() -> None:
    status = with_server("server.adoption_needed", database="soil_health_db", rows=12340, columns=9)
    notice = only(status)
    assert notice.severity == "question"
    assert notice.headline == "soil_health_db already holds 12,340 readings of another program."
    assert notice.buttons[0].key == "review_change"
    assert notice.buttons[0].text == "Review…"
    assert "dismiss" not in [button.key for button in notice.buttons]


def test_a_table_that_was_made_anew_is_told_otherwise_than_one_that_is_gone() -> None:
    gone = with_server("server.table_missing", table="sensor_readings")
    assert only(gone).headline == "The table sensor_readings is missing in soil_health_db."
    assert "New readings wait" in only(gone).body
    server = structs.replace(gone.server, state=ServerState.READY)
    made = only(structs.replace(gone, server=server))
    assert made.headline == "The table sensor_readings was missing in soil_health_db."
    assert "New readings wait" not in made.body


def test_a_full_disk_stands_before_a_question() -> None:
    status = with_server("server.adoption_needed", database="d", rows=1, columns=9)
    store = structs.replace(status.store, problem=Problem("store.full"))
    found = notices_of(structs.replace(status, store=store), NOW_US, MYSQL)
    assert [notice.code for notice in found] == ["store.full", "server.adoption_needed"]


@pytest.mark.parametrize(
    ("code", "severity"),
    [
        ("server.auth", "crit"),
        ("server.plain_password", "crit"),
        ("server.dns", "warn"),
        ("server.too_many_connections", "warn"),
        ("server.not_durable", "warn"),
    ],
)
def test_what_only_a_person_can_mend_is_red(code: str, severity: str) -> None:
    assert only(with_server(code)).severity == severity


def test_a_lost_session_says_when_and_can_be_put_aside(theme: ThemeController) -> None:
    at_us = NOW_US - 600 * SECOND_US
    problem = Problem("broker.session_lost", {"host": "h", "port": 1883, "at_us": at_us})
    link = LinkStatus(LinkState.CONNECTED, "h", 1883, problem=problem)
    banner = MessageBanner(theme)
    try:
        notice = only(EngineStatus(link=link), NoticeContext())
        assert f"(seen at {clock_text(at_us)})" in notice.headline
        assert notice.severity == "warn"
        banner.set_notices([notice])
        banner._press("dismiss")
        banner.set_notices([notice])
        assert banner.notice is None
        again = structs.replace(problem, params={**problem.params, "at_us": NOW_US})
        newer = only(EngineStatus(link=structs.replace(link, problem=again)), NoticeContext())
        banner.set_notices([newer])
        assert banner.notice == newer
    finally:
        banner.close()
        banner.deleteLater()


def test_dropped_messages_get_the_time_at_which_they_were_met() -> None:
    clock = [NOW_US]
    seen = FirstSeen(lambda: clock[0])
    problem = Problem("broker.dropped", {"count": 1500})
    seen.follow([problem])
    clock[0] += 3600 * SECOND_US
    seen.follow([problem])
    link = LinkStatus(LinkState.CONNECTED, "h", 1883, problem=problem)
    notice = notices_of(EngineStatus(link=link), clock[0], NoticeContext(seen_us=seen))[0]
    at = clock_text(NOW_US)
    assert notice.headline == f"Messages that the broker dropped: 1,500, last at {at}."
    seen.follow([])
    assert seen(problem) == clock[0]


def test_a_backup_is_told_while_it_runs_and_when_it_is_made() -> None:
    running = only(EngineStatus(backup=BackupStatus(running=True)))
    assert running.headline == "A backup is being made."
    made = only(EngineStatus(backup=BackupStatus(path="/b/harit-1.db")))
    assert made.headline == "The backup is made: harit-1.db."
    assert made.body == "It is in /b."
    assert [button.key for button in made.buttons] == ["open_backups", "dismiss"]
    other = only(EngineStatus(backup=BackupStatus(path="/b/harit-2.db")))
    assert other.identity != made.identity
    failed = Problem("backup.no_room", {"path": "/b", "needed_mb": 40})
    both = EngineStatus(backup=BackupStatus(problem=failed), problems=(failed,))
    assert only(both).headline == "There is no room for a backup in /b."


def test_another_store_is_noticed_once() -> None:
    identity, sqlite = StoreIdentity(), StorageSettings()
    assert not identity.changed(EngineStatus(), sqlite)
    restored = EngineStatus(problems=(Problem("store.restored", {"kept_as": "a"}),))
    assert identity.changed(restored, sqlite)
    assert not identity.changed(restored, sqlite)
    mysql = StorageSettings(backend="mysql")
    assert identity.changed(restored, mysql)
    ready = structs.replace(restored, server=ServerStatus(ServerState.READY))
    assert identity.changed(ready, mysql)
    assert not identity.changed(restored, mysql)
    assert not identity.changed(ready, mysql)

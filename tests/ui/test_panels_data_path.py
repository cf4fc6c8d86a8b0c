"""The Data path panel: what each state of the engine looks like in words."""

from typing import Any

import pytest
from msgspec import structs
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from harit_desktop.domain.errors import Problem
from harit_desktop.domain.status import (
    BrokerState,
    BuiltinBrokerStatus,
    Counters,
    EngineStatus,
    LinkState,
    LinkStatus,
    PublisherState,
    PublisherStatus,
    ServerState,
    ServerStatus,
    StoreState,
    StoreStatus,
)
from harit_desktop.ui.panels.data_path import ROWS, DataPathPanel
from harit_desktop.ui.problem_table import ENTRIES
from harit_desktop.ui.theme import DARK, ThemeController
from tests.ui.chart_samples import NOW_US, SECOND_US

LINK = LinkStatus(LinkState.CONNECTED, "192.168.1.20", 8883, tls=True)
STORE = StoreStatus(StoreState.OK, "sqlite", True, rows=12, size_bytes=212_000_000)
MYSQL = structs.replace(STORE, backend="mysql")
SERVER = ServerStatus(
    ServerState.READY, "10.0.0.5", 3306, "soil_health_db", rows=12_340, retry_at_us=None
)


@pytest.fixture
def panel(qtbot: QtBot, theme: ThemeController) -> DataPathPanel:
    made = DataPathPanel()
    qtbot.addWidget(made)
    made.show()
    return made


def show(panel: DataPathPanel, **parts: Any) -> None:
    status = structs.replace(EngineStatus(link=LINK, store=STORE), **parts)
    panel.set_status(status, NOW_US)


def told(panel: DataPathPanel, row: str) -> tuple[str, str, str]:
    """(state property, detail, state word) of a row."""
    name = "conn.spool.depth" if row == "spool" else f"conn.{row}.detail"
    detail = panel.findChild(QLabel, name)
    word = panel.findChild(QLabel, f"conn.{row}.state")
    assert detail.property("state") == word.property("state") == panel.rows[row].property("state")
    return str(word.property("state")), detail.text(), word.text()


def test_five_rows_when_all_is_well(panel: DataPathPanel) -> None:
    show(
        panel,
        publisher=PublisherStatus(PublisherState.RUNNING, 3, 2.0),
        counters=Counters(received=5, stored=5),
    )
    assert told(panel, "broker") == ("live", "192.168.1.20:8883 · TLS", "OK")
    assert told(panel, "api") == ("empty", "Not set up", "")
    assert told(panel, "database") == ("live", "SQLite · 212 MB", "OK")
    assert told(panel, "spool") == ("live", "0 waiting", "OK")
    assert told(panel, "publisher") == ("live", "Running · 3 devices / 2 s", "")


def test_five_rows_before_anything_is_set_up(panel: DataPathPanel) -> None:
    panel.set_status(EngineStatus(), NOW_US)
    assert told(panel, "broker") == ("empty", "Not set up", "")
    assert told(panel, "database") == ("connecting", "Opening…", "")
    assert told(panel, "spool") == ("live", "0 waiting", "OK")
    assert told(panel, "publisher") == ("empty", "Stopped", "")


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        (structs.replace(LINK, state=LinkState.OFF), ("empty", "Disconnected", "")),
        (
            structs.replace(LINK, state=LinkState.CONNECTING, tls=False),
            ("connecting", "Connecting to 192.168.1.20:8883…", ""),
        ),
        (
            structs.replace(LINK, state=LinkState.CONNECTING, tls=False, attempt=2),
            ("connecting", "Connecting to 192.168.1.20:8883… try 2", ""),
        ),
        (
            structs.replace(
                LINK,
                state=LinkState.LOST,
                since_us=NOW_US - 125 * SECOND_US,
                retry_at_us=NOW_US + 7_200_000,
            ),
            ("stale", "Lost 2 min ago, retry in 8 s", "Lost"),
        ),
        (
            structs.replace(LINK, state=LinkState.REFUSED, problem=Problem("broker.auth")),
            ("error", "Login refused", "Refused"),
        ),
        (
            structs.replace(
                LINK,
                state=LinkState.REFUSED,
                problem=Problem("broker.tls", {"cause": "passphrase"}),
            ),
            ("error", "Key pass phrase is wrong", "Refused"),
        ),
        (
            structs.replace(
                LINK, state=LinkState.REFUSED, problem=Problem("broker.tls", {"cause": "other"})
            ),
            ("error", "No secure connection", "Refused"),
        ),
        (
            structs.replace(LINK, state=LinkState.REFUSED, problem=Problem("something.new")),
            ("error", "Connection refused", "Refused"),
        ),
    ],
)
def test_the_broker_row(
    panel: DataPathPanel, link: LinkStatus, expected: tuple[str, str, str]
) -> None:
    show(panel, link=link)
    assert told(panel, "broker") == expected


def test_the_built_in_broker_is_named_and_its_failure_too(panel: DataPathPanel) -> None:
    own = BuiltinBrokerStatus(BrokerState.RUNNING, "amqtt", "127.0.0.1", 1884)
    show(panel, link=LinkStatus(LinkState.CONNECTED, "127.0.0.1", 1884), builtin_broker=own)
    assert told(panel, "broker")[1] == "Built-in · 127.0.0.1:1884"
    failed = structs.replace(own, state=BrokerState.FAILED)
    show(panel, builtin_broker=failed)
    assert told(panel, "broker") == ("error", "Built-in broker stopped by an error", "Error")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("broker.dns", "Host not found"),
        ("broker.refused", "Nothing answers"),
        ("broker.unreachable", "Host not reachable"),
        ("broker.timeout", "No answer in time"),
        ("broker.lost", "Not reached yet"),
    ],
)
def test_a_broker_that_was_never_reached_is_not_called_lost(
    panel: DataPathPanel, code: str, reason: str
) -> None:
    waits = structs.replace(
        LINK, state=LinkState.LOST, problem=Problem(code), retry_at_us=NOW_US + 4 * SECOND_US
    )
    show(panel, link=waits)
    assert told(panel, "broker") == ("stale", f"{reason}, retry in 4 s", "No answer")
    show(panel, link=structs.replace(waits, retry_at_us=None))
    assert told(panel, "broker")[1] == f"{reason}, trying again"
    show(panel, link=structs.replace(waits, session_present=False, since_us=NOW_US))
    assert told(panel, "broker")[1].startswith("Lost ")


def test_a_broker_that_is_only_disconnected_is_set_up(panel: DataPathPanel) -> None:
    show(panel, link=LinkStatus())
    assert told(panel, "broker")[1] == "Not set up"
    panel.set_configured(True)
    assert told(panel, "broker") == ("empty", "Disconnected", "")
    own = BuiltinBrokerStatus(BrokerState.RUNNING, "amqtt", "127.0.0.1", 1884)
    show(panel, link=LinkStatus(), builtin_broker=own)
    assert told(panel, "broker")[1] == "Disconnected · built-in broker runs"


def test_one_device_is_not_a_plural(panel: DataPathPanel) -> None:
    show(panel, publisher=PublisherStatus(PublisherState.RUNNING, 1, 2.0))
    assert told(panel, "publisher")[1] == "Running · 1 device / 2 s"


@pytest.mark.parametrize(
    ("store", "expected"),
    [
        (structs.replace(STORE, rows=0), ("live", "SQLite · ready, 0 readings", "OK")),
        (
            structs.replace(STORE, state=StoreState.DOWN, problem=Problem("store.full")),
            ("error", "Disk full, readings wait", "Error"),
        ),
        (
            structs.replace(STORE, state=StoreState.DOWN, problem=Problem("store.locked")),
            ("stale", "Locked by another program", "Waiting"),
        ),
        (
            structs.replace(STORE, state=StoreState.DOWN, problem=Problem("store.read_only")),
            ("error", "harit.db cannot be written", "Error"),
        ),
        (
            structs.replace(STORE, state=StoreState.DOWN, problem=Problem("store.failed")),
            ("error", "SQLite · not available", "Error"),
        ),
    ],
)
def test_the_database_row(
    panel: DataPathPanel, store: StoreStatus, expected: tuple[str, str, str]
) -> None:
    show(panel, store=store)
    assert told(panel, "database") == expected


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        ({}, ("live", "MySQL · 12,340 readings", "OK")),
        ({"rows": 1}, ("live", "MySQL · 1 reading", "OK")),
        ({"rows": None}, ("live", "MySQL · soil_health_db", "OK")),
        ({"problem": Problem("server.not_durable")}, ("stale", "MySQL · 12,340 readings", "Check")),
        ({"state": ServerState.CONNECTING}, ("connecting", "MySQL · connecting…", "")),
        (
            {"state": ServerState.LOST, "retry_at_us": NOW_US + 7_200_000},
            ("stale", "No answer, retry in 8 s", "Spooling"),
        ),
        (
            {"state": ServerState.LOST, "problem": Problem("server.full")},
            ("stale", "Server disk full, trying again", "Spooling"),
        ),
        (
            {"state": ServerState.REFUSED, "problem": Problem("server.auth")},
            ("error", "Login refused", "Refused"),
        ),
        ({"state": ServerState.REFUSED}, ("error", "MySQL refused", "Refused")),
        ({"state": ServerState.CONSENT}, ("stale", "Waits for your decision", "Question")),
    ],
)
def test_the_database_row_of_a_server(
    panel: DataPathPanel, server: dict[str, Any], expected: tuple[str, str, str]
) -> None:
    show(panel, store=MYSQL, server=structs.replace(SERVER, **server))
    assert told(panel, "database") == expected


def test_the_journal_that_fails_is_said_before_the_server(panel: DataPathPanel) -> None:
    full = structs.replace(MYSQL, state=StoreState.DOWN, problem=Problem("store.full"))
    show(panel, store=full, server=SERVER)
    assert told(panel, "database")[1] == "Disk full, readings wait"


def test_what_waits_is_counted_with_the_users_grouping(panel: DataPathPanel) -> None:
    lost = structs.replace(SERVER, state=ServerState.LOST)
    show(panel, store=MYSQL, server=lost, counters=Counters(waiting=1904))
    assert told(panel, "spool") == ("stale", "1,904 waiting", "Waiting")


def test_what_is_on_its_way_to_the_server_is_no_trouble(panel: DataPathPanel) -> None:
    show(panel, store=MYSQL, server=SERVER, counters=Counters(waiting=1904))
    assert told(panel, "spool") == ("live", "1,904 waiting, sending", "OK")
    show(panel, store=MYSQL, server=SERVER, counters=Counters(waiting=2))
    assert told(panel, "spool") == ("live", "2 waiting", "OK")


@pytest.mark.parametrize(
    ("unacked", "detail"),
    [
        (12, "12 wait with the broker"),
        (1, "1 waits with the broker"),
        (0, "New ones wait with the broker"),
    ],
)
@pytest.mark.parametrize("code", ["store.read_only", "store.full", "store.locked"])
def test_what_the_journal_cannot_take_waits_with_the_broker(
    panel: DataPathPanel, code: str, unacked: int, detail: str
) -> None:
    down = structs.replace(STORE, state=StoreState.DOWN, problem=Problem(code, {"path": "x"}))
    show(panel, store=down, counters=Counters(received=20, unacked=unacked))
    assert told(panel, "spool") == ("stale", detail, "Waiting")
    show(panel, counters=Counters(received=20))
    assert told(panel, "spool") == ("live", "0 waiting", "OK")


def test_a_full_spool_is_red_in_its_own_row(panel: DataPathPanel) -> None:
    full = structs.replace(
        MYSQL, state=StoreState.DOWN, problem=Problem("store.spool_full", {"limit_mb": 500})
    )
    lost = structs.replace(SERVER, state=ServerState.LOST)
    show(panel, store=full, server=lost, counters=Counters(waiting=900_000))
    assert told(panel, "spool") == ("error", "900,000 waiting", "Full")
    assert told(panel, "database")[2] == "Spooling"


@pytest.mark.parametrize("scale", [1.0, 1.5])
def test_no_text_of_the_store_rows_is_cut(
    panel: DataPathPanel, theme: ThemeController, scale: float
) -> None:
    """At the panel's width of 1366x768, and as wide as the text size makes it."""
    codes = [code for code in ENTRIES if code.startswith(("server.", "store."))]
    theme.set_text_scale(scale)
    try:
        panel.resize(round(236 * scale), panel.sizeHint().height())
        for code in codes:
            problem = Problem(code.partition(":")[0])
            for server_state in ServerState:
                server = structs.replace(
                    SERVER,
                    state=server_state,
                    problem=problem,
                    retry_at_us=NOW_US + 59 * SECOND_US,
                    rows=1_284_302,
                )
                for store in (MYSQL, structs.replace(MYSQL, state="down", problem=problem)):
                    counters = Counters(waiting=999_999, unacked=99_999)
                    show(panel, store=store, server=server, counters=counters)
                    for row in ("database", "spool"):
                        shown = panel.rows[row]
                        assert shown.detail.toolTip() == "", shown.detail.text()
                        assert shown._title.toolTip() == "", shown.word.text()
    finally:
        theme.set_text_scale(1.0)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (PublisherState.STARTING, ("connecting", "Starting…", "")),
        (PublisherState.UNCONFIRMED, ("stale", "Running, broker not confirming", "Waiting")),
        (PublisherState.ERROR, ("error", "Stopped by an error", "Error")),
    ],
)
def test_the_publisher_row(
    panel: DataPathPanel, state: PublisherState, expected: tuple[str, str, str]
) -> None:
    show(panel, publisher=PublisherStatus(state, 1, 2.5))
    assert told(panel, "publisher") == expected


def test_a_row_says_all_of_it_to_a_screen_reader(panel: DataPathPanel) -> None:
    show(panel)
    said = panel.findChild(QLabel, "conn.broker.state").accessibleName()
    assert said == "Broker: OK, 192.168.1.20:8883 · TLS"


def test_trouble_has_a_sign_besides_its_colour(panel: DataPathPanel) -> None:
    show(panel)
    calm = [
        len(row.findChildren(QLabel, options=Qt.FindDirectChildrenOnly))
        for row in panel.rows.values()
    ]
    assert calm == [5] * len(ROWS)
    assert not panel.rows["database"]._sign.isVisible()
    show(panel, store=structs.replace(STORE, state=StoreState.DOWN, problem=Problem("store.full")))
    assert panel.rows["database"]._sign.isVisible()
    assert panel.findChild(QLabel, "conn.database.state").property("severity") == "crit"


def test_rows_can_be_clicked_and_pressed(panel: DataPathPanel, qtbot: QtBot) -> None:
    clicked: list[str] = []
    panel.row_clicked.connect(clicked.append)
    for row in panel.rows.values():
        qtbot.mouseClick(row, Qt.MouseButton.LeftButton)
    qtbot.keyClick(panel.rows["broker"], Qt.Key.Key_Space)
    assert clicked == [*ROWS, "broker"]


def test_a_host_from_outside_stays_text(panel: DataPathPanel) -> None:
    show(panel, link=LinkStatus(LinkState.CONNECTED, "<b>{x}</b>", 1))
    detail = panel.findChild(QLabel, "conn.broker.detail")
    assert detail.text() == "<b>{x}</b>:1"
    assert detail.textFormat() == Qt.TextFormat.PlainText


def test_the_theme_recolours_the_rows(panel: DataPathPanel) -> None:
    show(panel)
    light = panel.grab().toImage()
    panel.set_tokens(DARK)
    assert panel.grab().toImage() != light

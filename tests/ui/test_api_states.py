"""The API fallback on screen: data path, status bar, banner, devices and strips."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from harit_desktop.domain.errors import Problem
from harit_desktop.domain.status import (
    ApiForwardStatus,
    ApiState,
    ApiStatus,
    Counters,
    EngineStatus,
    ForwardState,
    LinkState,
    LinkStatus,
    LocalApiState,
    LocalApiStatus,
    PublisherRoute,
    PublisherState,
    PublisherStatus,
    StoreState,
    StoreStatus,
)
from harit_desktop.ui.charts.series import SeriesData
from harit_desktop.ui.live_page import LivePage
from harit_desktop.ui.notices import Notice, notices_of
from harit_desktop.ui.panels.data_path import DataPathPanel
from harit_desktop.ui.panels.device_rows import device_row
from harit_desktop.ui.status_bar import StatusBar
from harit_desktop.ui.theme import ThemeController
from harit_desktop.ui.words import clock_text
from tests.ui.chart_samples import NOW_US, SECOND_US, device, every, points, series

CONNECTED = LinkStatus(LinkState.CONNECTED, "192.168.1.20", 1883)
GONE = Problem("broker.lost", {"host": "192.168.1.20", "port": 1883})
LOST = structs.replace(
    CONNECTED,
    state=LinkState.LOST,
    since_us=NOW_US - 60 * SECOND_US,
    retry_at_us=NOW_US + 8 * SECOND_US,
    session_present=True,
    problem=GONE,
)
STORE = StoreStatus(StoreState.OK, "sqlite", True, rows=12)
STANDBY = ApiStatus(ApiState.STANDBY, "farm.example:443", checked_us=NOW_US - 40 * SECOND_US)
SINCE_US = NOW_US - 600 * SECOND_US
IN_USE = ApiStatus(ApiState.IN_USE, "farm.example:443", since_us=SINCE_US, needed=True)
SLOW = Problem("api.timeout", {"host": "farm.example", "seconds": 10.0})
DEAD = ApiStatus(
    ApiState.UNREACHABLE,
    "farm.example:443",
    retry_at_us=NOW_US + 16 * SECOND_US,
    needed=True,
    problem=SLOW,
)
PUBLISHER = PublisherStatus(PublisherState.RUNNING, 3, 2.0)


def status(link: LinkStatus = CONNECTED, **parts: Any) -> EngineStatus:
    return EngineStatus(link=link, store=STORE, **parts)


@pytest.fixture
def panel(qtbot: QtBot, theme: ThemeController) -> DataPathPanel:
    made = DataPathPanel()
    qtbot.addWidget(made)
    made.show()
    return made


def told(panel: DataPathPanel, row: str) -> tuple[str, str, str]:
    detail = panel.findChild(QLabel, f"conn.{row}.detail")
    word = panel.findChild(QLabel, f"conn.{row}.state")
    return str(word.property("state")), detail.text(), word.text()


# -- the data path -------------------------------------------------------------------------

IN_20_S = NOW_US + 20 * SECOND_US
API_ROWS: dict[str, tuple[EngineStatus, tuple[str, str, str]]] = {
    "checking": (status(api=ApiStatus(ApiState.CHECKING)), ("connecting", "Checking…", "")),
    "standby": (status(api=STANDBY), ("live", "Standby · checked 40 s ago", "OK")),
    "takes over": (
        status(LOST, api=structs.replace(STANDBY, switch_at_us=IN_20_S, needed=True)),
        ("live", "Takes over in 20 s", "Standby"),
    ),
    "in use": (
        status(LOST, api=IN_USE),
        ("fallback", f"In use since {clock_text(SINCE_US)}", "Fallback"),
    ),
    "goes back": (
        status(api=structs.replace(IN_USE, back_at_us=IN_20_S)),
        ("fallback", "Back to the broker in 20 s", "Fallback"),
    ),
    "not needed": (
        status(api=structs.replace(DEAD, needed=False)),
        ("stale", "Too slow, retry in 16 s", "Not reachable"),
    ),
    "needed": (status(LOST, api=DEAD), ("error", "Too slow, retry in 16 s", "Not reachable")),
    "refused": (
        status(
            api=ApiStatus(
                ApiState.REFUSED, needed=True, problem=Problem("api.auth", {"status": 401})
            )
        ),
        ("error", "Key refused (401)", "Refused"),
    ),
}


@pytest.mark.parametrize("name", API_ROWS)
def test_the_api_row_says_how_it_is_and_what_comes_next(panel: DataPathPanel, name: str) -> None:
    shown, expected = API_ROWS[name]
    panel.set_status(shown, NOW_US)
    assert told(panel, "api") == expected
    assert expected[1] in panel.rows["api"].accessibleName()
    severities = {"error": "crit", "stale": "warn", "fallback": "info"}
    found = panel.findChild(QLabel, "conn.api.state").property("severity") or ""
    assert found == severities.get(expected[0], "")


def test_an_api_that_is_not_used_says_why(panel: DataPathPanel) -> None:
    panel.set_status(status(), NOW_US)
    assert told(panel, "api") == ("empty", "Not set up", "")
    panel.set_choices("mqtt_only", True, 3)
    assert told(panel, "api")[1] == "Off, MQTT only is chosen"
    panel.set_choices("api_only", True, 3)
    panel.set_status(status(LinkStatus(), api=IN_USE), NOW_US)
    assert told(panel, "api")[2] == "Only source"
    assert told(panel, "broker")[1] == "Off: only the API is read"


def route(way: PublisherRoute, **more: Any) -> EngineStatus:
    return status(LOST, publisher=structs.replace(PUBLISHER, route=way, **more))


IN_4_S = NOW_US + 4 * SECOND_US
ROUTES: dict[str, tuple[EngineStatus, tuple[str, str, str]]] = {
    "mqtt": (route(PublisherRoute.MQTT), ("live", "Running · 3 devices / 2 s", "")),
    "retrying": (
        route(PublisherRoute.RETRYING, attempt=2, retry_at_us=IN_4_S),
        ("stale", "Broker: try 2 of 3 in 4 s", "Retrying"),
    ),
    "api": (
        route(PublisherRoute.API, via_api=96),
        ("fallback", "Sending through the API", "Through the API"),
    ),
    "api, going back": (
        route(PublisherRoute.API, back_at_us=IN_20_S),
        ("fallback", "Back to the broker in 20 s", "Through the API"),
    ),
    "holding": (
        route(PublisherRoute.HOLDING, waiting=12, retry_at_us=IN_4_S),
        ("stale", "12 in the outbox, retry in 4 s", "Waiting"),
    ),
    "stopped with rest": (
        status(publisher=PublisherStatus(waiting=3, route=PublisherRoute.HOLDING)),
        ("empty", "Stopped · 3 in the outbox", ""),
    ),
}


@pytest.mark.parametrize("name", ROUTES)
def test_the_publisher_row_says_which_way_its_readings_go(panel: DataPathPanel, name: str) -> None:
    shown, expected = ROUTES[name]
    panel.set_status(shown, NOW_US)
    assert told(panel, "publisher") == expected


def test_sending_on_and_our_own_api_have_rows_only_where_they_are_on(panel: DataPathPanel) -> None:
    panel.set_status(status(), NOW_US)
    assert panel.rows["forward"].isHidden()
    assert panel.rows["localApi"].isHidden()
    forward = ApiForwardStatus(ForwardState.WAITING, waiting=1904, retry_at_us=IN_20_S)
    local = LocalApiStatus(LocalApiState.RUNNING, "127.0.0.1", 5000, answered=3)
    panel.set_status(status(api_forward=forward, local_api=local), NOW_US)
    assert told(panel, "forward") == ("stale", "1,904 waiting, retry in 20 s", "Waiting")
    assert told(panel, "localApi") == ("live", "127.0.0.1:5000", "OK")
    assert "Answered: 3" in panel.rows["localApi"].accessibleDescription()
    own = Problem("api.forward_own_database", {"database": "soil"})
    busy = Problem("local_api.port_busy", {"host": "127.0.0.1", "port": 5000})
    refused = ApiForwardStatus(ForwardState.REFUSED, problem=own)
    failed = LocalApiStatus(LocalApiState.FAILED, "127.0.0.1", 5000, problem=busy)
    panel.set_status(status(api_forward=refused, local_api=failed), NOW_US)
    assert told(panel, "forward") == ("error", "It writes into our database", "Refused")
    assert told(panel, "localApi") == ("error", "Port 5000 is taken", "Off")
    panel.set_status(status(), NOW_US)
    assert panel.rows["forward"].isHidden()


def test_no_text_of_the_panel_is_cut_at_its_usual_width(panel: DataPathPanel) -> None:
    panel.setFixedWidth(236)
    for shown, _ in (*API_ROWS.values(), *ROUTES.values()):
        panel.set_status(shown, NOW_US)
        for row in panel.rows.values():
            if row.isHidden():
                continue
            label = row.detail
            assert label.fontMetrics().horizontalAdvance(label.text()) <= 236 - 24 - 26, (
                label.text()
            )


# -- status bar and banner -----------------------------------------------------------------


def test_the_status_bar_tells_the_source(qtbot: QtBot, theme: ThemeController) -> None:
    bar = StatusBar(theme)
    qtbot.addWidget(bar)
    asked: list[str] = []
    bar.row_asked.connect(asked.append)
    bar.show_status(status(LOST, api=IN_USE, publisher=PUBLISHER), NOW_US, True)
    assert bar.link.text() == "Reading through the API…"
    assert bar.link.property("state") == "fallback"
    qtbot.keyClick(bar.link, " ")
    assert asked == ["api"]
    bar.show_status(status(LOST, api=DEAD), NOW_US, True)
    assert bar.link.text() == "Neither broker nor API answers"
    assert bar.link.property("state") == "error"
    bar.show_status(status(api=STANDBY), NOW_US, True)
    assert bar.link.text() == "Live over MQTT"
    bar.show_status(ROUTES["holding"][0], NOW_US, True)
    assert bar.publisher.text() == "Publisher waiting"


def only(shown: EngineStatus) -> Notice:
    (notice,) = notices_of(shown, NOW_US)
    return notice


def test_a_lost_broker_names_the_api_that_stands_in() -> None:
    notice = only(status(LOST, api=IN_USE))
    assert notice.body == (
        "Reading through the API meanwhile; gaps fill in when it is back. Trying again in 8 s."
    )
    assert notice.severity == "warn"
    coming = structs.replace(STANDBY, switch_at_us=IN_20_S, needed=True)
    assert "The API takes over in 20 s." in only(status(LOST, api=coming)).body
    assert "API" not in only(status(LOST)).body


def test_both_down_is_one_matter_and_says_until_when_something_is_known() -> None:
    at_us = NOW_US - 60 * SECOND_US
    shown = structs.replace(status(LOST, api=DEAD), last_received_us=at_us)
    notice = only(shown)
    assert notice.code == "both.down"
    assert notice.severity == "crit"
    assert notice.headline == "No source is reachable: broker and API both fail."
    assert f"up to {clock_text(at_us)}." in notice.body
    assert "Trying again in 8 s." in notice.body
    assert "broker.lost" in notice.details
    assert "api.timeout" in notice.details
    assert [button.key for button in notice.buttons] == [
        *("retry", "broker_settings", "api_settings")
    ]
    said = structs.replace(shown, problems=(Problem("both.down", {"broker": "b", "api": "a"}),))
    assert [found.code for found in notices_of(said, NOW_US)] == ["both.down"]


def test_what_needs_a_person_is_not_hidden_behind_both_down() -> None:
    link = structs.replace(LOST, state=LinkState.REFUSED, problem=Problem("broker.auth"))
    codes = {notice.code for notice in notices_of(status(link, api=DEAD), NOW_US)}
    assert codes == {"broker.auth", "api.timeout"}


def test_an_api_error_is_worse_where_the_api_is_needed() -> None:
    busy = Problem("api.busy", {"host": "farm.example", "status": 503, "seconds": 16})
    spare = only(status(api=structs.replace(DEAD, problem=busy, needed=False)))
    assert spare.headline == "The API at farm.example answered with error 503 (busy)."
    assert spare.severity == "warn"
    assert spare.body.startswith("Readings come over MQTT; the API would only stand in. ")
    assert "Trying again in 16 s." in spare.body
    alone = only(status(LinkStatus(), api=structs.replace(DEAD, problem=busy)))
    assert alone.severity == "crit"
    assert "No reading comes in until it answers." in alone.body


def test_the_retry_is_that_of_the_one_who_has_the_problem() -> None:
    forward = ApiForwardStatus(ForwardState.WAITING, waiting=3, retry_at_us=IN_20_S, problem=SLOW)
    notice = only(status(api=STANDBY, api_forward=forward))
    assert notice.headline == "The API at farm.example did not answer within 10 s."
    assert "wait on this computer; none is lost. Trying again in 20 s." in notice.body


# -- devices and strips --------------------------------------------------------------------


def test_a_device_row_names_the_api() -> None:
    row = device_row(device(age_s=20, via_api=True), {}, NOW_US)
    assert (row.state, row.detail) == ("fallback", "via API, 20 s ago")
    assert "via API" in row.spoken
    assert device_row(device(age_s=3), {}, NOW_US).state == "live"
    assert device_row(device(age_s=300, via_api=True), {}, NOW_US).state == "stale"
    low = device(values={"Moisture": 1.0}, via_api=True)
    assert device_row(low, {"Moisture": (40.0, 60.0, 30.0, 70.0)}, NOW_US).state == "error"


@pytest.fixture
def page(qtbot: QtBot, theme: ThemeController) -> LivePage:
    made = LivePage()
    qtbot.addWidget(made)
    made.resize(900, 640)
    made.show()
    made.set_range("15m")
    made.set_focus("soil-01")
    made.set_devices([device("soil-01", via_api=True, interval_s=10.0)], NOW_US)
    return made


def drawn_marks(page: LivePage) -> int:
    page.tick(NOW_US + SECOND_US)
    line = page.strip("N").chart.frame_shown.focus
    return 0 if line is None or line.via_api is None else int(line.via_api.sum())


def test_strips_mark_the_readings_of_the_api_and_say_the_state(page: LivePage) -> None:
    page.append_points("soil-01", points(every(10, 300, NOW_US - 300 * SECOND_US)))
    page.append_points("soil-01", points(every(10, 300), via_api=True))
    assert drawn_marks(page) == 30
    strip = page.strip("N")
    assert strip.property("state") == "fallback"
    assert strip.header.value.property("state") == "fallback"
    assert strip.header.trend.text() == "via API, 4 s ago"
    assert "via API" in strip.accessibleDescription()
    plain = page.strip("N").chart.grab().toImage()
    page.set_devices([device("soil-01", interval_s=10.0)], NOW_US)
    page.set_series("soil-01", series(every(10, 600)))
    assert page.strip("N").property("state") == "live"
    # The store does not tell the source; what is known of it stays.
    assert drawn_marks(page) == 30
    page._data._series.clear()
    page.set_series("soil-01", series(every(10, 600)))
    assert drawn_marks(page) == 0
    assert page.strip("N").chart.grab().toImage() != plain


def test_a_reading_that_gave_way_goes_with_the_next_look_into_the_store(page: LivePage) -> None:
    """The same reading under the server's time first, later as the broker delivered it."""
    page.append_points("soil-01", points(every(10, 100) - 3 * SECOND_US, via_api=True))
    fetched: SeriesData = series(every(10, 100))
    page.set_series("soil-01", fetched)
    data = page._data.data("soil-01")
    assert data is not None
    assert data.time_us.tolist() == fetched.time_us.tolist()


def test_marks_survive_readings_that_share_a_pixel(page: LivePage) -> None:
    page.append_points("soil-01", points(every(0.2, 600), via_api=True))
    assert drawn_marks(page) > 100


def test_only_a_stored_reading_is_a_reading(qtbot: QtBot, theme: ThemeController) -> None:
    bar = StatusBar(theme)
    qtbot.addWidget(bar)
    heard_us = NOW_US - 90 * SECOND_US

    def show(stored: int, received_us: int) -> str:
        counters = Counters(stored=stored)
        shown = structs.replace(status(), counters=counters, last_received_us=received_us)
        bar.show_status(shown, NOW_US, True)
        return bar.last_reading.text()

    assert show(0, heard_us) == ""
    assert show(1, heard_us) == "· last reading 1 min ago"
    assert show(1, NOW_US - 4 * SECOND_US) == "· last reading 1 min ago"
    assert show(2, NOW_US - 4 * SECOND_US) == "· last reading 4 s ago"

"""What the charts ask of the store while its server is away, and when it is back."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.channels import CHANNEL_INDEX, CHANNELS
from harit_desktop.domain.device_book import Calibration, CalibrationKind, DeviceRecord
from harit_desktop.domain.quality import Change, QualityEvent, StoredEvent
from harit_desktop.domain.status import (
    ApiState,
    ApiStatus,
    EngineStatus,
    ServerState,
    ServerStatus,
    StoreStatus,
)
from harit_desktop.runtime.commands import (
    AddCalibration,
    ApplySettings,
    RemoveCalibration,
    SaveDevice,
)
from harit_desktop.runtime.engine import Engine
from harit_desktop.storage.series import Series, empty_series
from harit_desktop.ui.live_feed import SETTLED_AFTER_US, LiveFeed
from harit_desktop.ui.live_page import LivePage
from harit_desktop.ui.theme import ThemeController
from tests.mariadb_server import MariaDbServer
from tests.ui.chart_samples import MINUTE_US, NOW_US, SECOND_US, device, every, series
from tests.ui.conftest import EngineMaker, WindowMaker
from tests.ui.test_main_window import find, with_devices
from tests.ui.test_main_window_store import choose_server, told


def status(state: ServerState) -> EngineStatus:
    return EngineStatus(store=StoreStatus(backend="mysql"), server=ServerStatus(state))


class Fed:
    """A page and its feed on an engine whose store counts the questions."""

    def __init__(self, qtbot: QtBot, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
        self.qtbot = qtbot
        self.asked = 0
        # Another reader takes the place of the first one when the store is open.
        qtbot.waitUntil(lambda: engine.snapshot().store.opened)
        monkeypatch.setattr(engine.history, "series", self._series)
        self.page = LivePage()
        qtbot.addWidget(self.page)
        self.page.show()
        self.feed = LiveFeed(engine, self.page)
        self.page.set_focus("soil-01")
        self.page.set_devices([device("soil-01")], NOW_US)

    def _series(self, *_: object) -> Series:
        self.asked += 1
        return empty_series()

    def beat(self, state: ServerState, at_s: float) -> int:
        """One beat, and what it led to; how often the store was asked until now."""
        at_us = NOW_US + int(at_s * SECOND_US)
        for _ in range(2):
            self.feed.follow(status(state), at_us)
            self.feed.poll([], at_us, True)
            self.page.tick(at_us)
            self.wait()
        self.feed.poll([], at_us, True)
        return self.asked

    def wait(self) -> None:
        loading = self.feed._loading
        if loading is not None:
            self.qtbot.waitUntil(lambda: loading[1].done)


@pytest.fixture
def fed(
    qtbot: QtBot,
    theme: ThemeController,
    make_engine: EngineMaker,
    monkeypatch: pytest.MonkeyPatch,
) -> Fed:
    return Fed(qtbot, make_engine(), monkeypatch)


def test_what_is_in_view_is_read_again_when_the_server_is_back(fed: Fed) -> None:
    settled_s = SETTLED_AFTER_US / SECOND_US
    assert fed.beat(ServerState.CONNECTING, 0) == 1
    assert "does not answer" in fed.page.strip("N").chart.frame_shown.empty_text
    assert fed.beat(ServerState.LOST, 1) == 1
    assert fed.beat(ServerState.READY, 2) == 2
    assert fed.beat(ServerState.READY, 3) == 2
    # What was asked at once may still be the journal's answer.
    assert fed.beat(ServerState.READY, 2 + settled_s) == 3
    assert fed.beat(ServerState.READY, 20) == 3
    assert fed.beat(ServerState.LOST, 21) == 3
    assert fed.beat(ServerState.READY, 22) == 4


def test_with_the_local_store_alone_nothing_is_asked_twice(fed: Fed) -> None:
    for at_s in (0.0, 10.0, 20.0):
        at_us = NOW_US + int(at_s * SECOND_US)
        fed.feed.follow(EngineStatus(), at_us)
        fed.feed.poll([], at_us, True)
        fed.page.tick(at_us)
        fed.feed.poll([], at_us, True)
        fed.wait()
    assert fed.asked == 1
    assert "database" not in fed.page.strip("N").chart.frame_shown.empty_text.lower()


def test_what_is_in_view_is_read_again_once_the_broker_has_taken_over(fed: Fed) -> None:
    """What the broker delivered takes the place of what the API gave."""

    def beat(state: ApiState, at_s: float) -> int:
        at_us = NOW_US + int(at_s * SECOND_US)
        for _ in range(2):
            fed.feed.follow(EngineStatus(api=ApiStatus(state)), at_us)
            fed.feed.poll([], at_us, True)
            fed.page.tick(at_us)
            fed.wait()
        fed.feed.poll([], at_us, True)
        return fed.asked

    settled_s = SETTLED_AFTER_US / SECOND_US
    assert beat(ApiState.STANDBY, 0) == 1
    assert beat(ApiState.IN_USE, 10) == 1
    assert beat(ApiState.STANDBY, 100) == 1
    assert beat(ApiState.STANDBY, 100 + settled_s) == 2
    assert beat(ApiState.STANDBY, 200) == 2


MOISTURE = CHANNEL_INDEX["Moisture"]


def flagged_series() -> Series:
    """An hour of minute buckets of which one holds a suspect reading."""
    data = series(every(60, 3600))
    data.flags[30, MOISTURE] = Flag.SUSPECT
    arrays = (data.time_us, data.values, data.flags, data.index)
    return Series(*arrays, bucketed=True, low=data.values, high=data.values, bucket_us=MINUTE_US)


def test_reasons_are_asked_of_the_bucket_under_the_cursor(
    fed: Fed, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, int, int]] = []

    def reasons(name: str, from_us: int, to_us: int, *_: object) -> list[tuple[int, object]]:
        asked.append((name, from_us, to_us))
        return [(from_us + 1, {"Moisture": "spike.returned"}), (from_us + 2, {"N": "noise.high"})]

    history = fed.feed._engine.history
    monkeypatch.setattr(history, "series", lambda *_: flagged_series())
    monkeypatch.setattr(history, "reasons", reasons)
    fed.beat(ServerState.READY, 0)
    page, at_us = fed.page, int(flagged_series().time_us[30])
    chart = page.strip("Moisture").chart
    chart.hovered.emit(page.stack.view.x_of(at_us))
    assert chart._mark.note == "suspect"

    def told() -> bool:
        fed.feed.poll([], NOW_US, False)
        return bool(chart._mark.note == "suspect: jumps that return")

    qtbot.waitUntil(told)
    from_us = at_us // MINUTE_US * MINUTE_US
    assert asked == [("soil-01", from_us, from_us + MINUTE_US - 1)]


def test_unusual_values_of_the_focus_are_asked_for(
    fed: Fed, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = flagged_series()
    at_us = int(data.time_us[10])
    facts = (Change.RAISED, at_us, at_us, at_us, 1, Flag.PASS, ("pH",), 7.2, 6.5)
    unusual = StoredEvent(1, QualityEvent("soil-01", "unusual", "unusual.hour", *facts), None)
    spike = StoredEvent(2, QualityEvent("soil-01", "spike", "spike.returned", *facts), None)
    history = fed.feed._engine.history
    monkeypatch.setattr(history, "series", lambda *_: data)
    monkeypatch.setattr(history, "quality_events", lambda *_: (unusual, spike))
    fed.feed.focus = "soil-01"
    fed.beat(ServerState.READY, 0)

    def ringed() -> bool:
        fed.feed.poll([], NOW_US, False)
        fed.page.tick(NOW_US + SECOND_US)
        flags = fed.page.strip("pH").chart.frame_shown.flags
        return [mark.time_us for mark in flags.unusual] == [at_us]

    qtbot.waitUntil(ringed)
    assert fed.page.strip("N").chart.frame_shown.flags.unusual == ()


def test_names_and_calibrations_are_followed_while_it_runs(
    qtbot: QtBot, make_window: WindowMaker, make_engine: EngineMaker
) -> None:
    engine = make_engine()
    window = make_window(engine)
    with_devices(qtbot, engine, "soil-01")
    qtbot.waitUntil(lambda: window.presenter._live_page is not None)
    page = window.presenter._live_page
    value = page.strip("Moisture").header.value
    qtbot.waitUntil(lambda: value.property("value") is not None)
    sent = value.property("value")
    engine.submit(SaveDevice(DeviceRecord("soil-01", "North plot")))
    pairs = ((0.0, 0.0), (100.0, 50.0))
    kind = CalibrationKind.TWO_POINT
    engine.submit(AddCalibration(Calibration("soil-01", "Moisture", kind, 0, pairs, 0)))
    qtbot.waitUntil(lambda: value.property("value") == pytest.approx(sent / 2), timeout=10_000)
    qtbot.waitUntil(lambda: find(page, "live.context.device").text() == "North plot")
    engine.submit(RemoveCalibration(engine.book.calibrations[0].id))
    qtbot.waitUntil(lambda: value.property("value") == sent, timeout=10_000)


def test_another_profile_shades_other_limits_while_it_runs(
    qtbot: QtBot, make_window: WindowMaker, make_engine: EngineMaker
) -> None:
    engine = make_engine()
    window = make_window(engine)
    with_devices(qtbot, engine, "soil-01")
    qtbot.waitUntil(lambda: window.presenter._live_page is not None)
    page = window.presenter._live_page

    def shaded() -> list[object]:
        frames = [page.strip(channel.key).chart.frame_shown for channel in CHANNELS]
        return [None if frame is None else frame.limits for frame in frames]

    def follows() -> bool:
        wanted = engine.judgement.limits()
        return shaded() == [wanted.get(channel.key) for channel in CHANNELS]

    qtbot.waitUntil(lambda: any(shaded()) and follows())
    before = shaded()
    engine.submit(ApplySettings({"analysis.profile": "rice"}))
    qtbot.waitUntil(lambda: shaded() != before and follows(), timeout=10_000)
    engine.submit(ApplySettings({"analysis.profile": "classic"}))
    qtbot.waitUntil(lambda: shaded() == before, timeout=10_000)


def test_a_range_chosen_while_the_server_was_away_fills_by_itself(
    qtbot: QtBot, make_window: WindowMaker, make_engine: EngineMaker
) -> None:
    """With a real server, which alone has a reading of three days ago."""
    with MariaDbServer() as server:
        engine = make_engine()
        window = make_window(engine)
        with_devices(qtbot, engine, "soil-01")
        choose_server(qtbot, window, server)
        qtbot.waitUntil(lambda: told(window, "database") == "MySQL · 1 reading", timeout=30_000)
        server.query(
            "INSERT INTO sensor_readings (publisher_id, timestamp_us, received_us, source,"
            " time_source, N, pH, reading_key) SELECT publisher_id,"
            " timestamp_us - 3 * 86400000000, received_us - 3 * 86400000000, source, time_source,"
            " N, pH, REVERSE(reading_key) FROM sensor_readings"
        )
        server.kill()
        with_devices(qtbot, engine, "soil-02")
        qtbot.waitUntil(lambda: told(window, "spool") == "1 waiting", timeout=30_000)
        window.presenter.set_focus_device("soil-01")
        window.presenter.set_range("7d")
        page = window.presenter._live_page
        hint = find(page, "live.context.hint")
        qtbot.waitUntil(lambda: "does not answer" in hint.text(), timeout=20_000)
        assert page.strip("N").chart.property("points") == 1
        server.start()
        find(window, "button.banner.retry").click()

        def points() -> int:
            return int(window.presenter._live_page.strip("N").chart.property("points"))

        qtbot.waitUntil(lambda: points() == 2, timeout=40_000)
        qtbot.waitUntil(lambda: "does not answer" not in hint.text(), timeout=10_000)

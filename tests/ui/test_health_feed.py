"""What feeds the soil-health panel, and the choice of profile, in a real window."""

from __future__ import annotations

import time

import numpy as np
import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from harit_desktop.domain.channels import CHANNELS
from harit_desktop.domain.clock import US_PER_DAY
from harit_desktop.domain.device_book import Calibration, CalibrationKind, DeviceRecord
from harit_desktop.domain.quality import QualityDay
from harit_desktop.runtime.commands import AddCalibration, ApplySettings, SaveDevice
from harit_desktop.runtime.engine import Engine
from harit_desktop.storage.judged_by import JudgedBy
from harit_desktop.storage.series import Series, empty_series
from harit_desktop.ui.health_feed import HealthFeed
from harit_desktop.ui.health_questions import change_question, last_days
from harit_desktop.ui.main_window import MainWindow
from harit_desktop.ui.panels.soil_health import SoilHealthPanel
from harit_desktop.ui.theme import ThemeController
from tests.ui.chart_samples import HOUR_US, NOW_US, SECOND_US, device
from tests.ui.conftest import EngineMaker, WindowMaker
from tests.ui.deliveries import deliver, reading
from tests.ui.test_main_window import find, record_commands, text, with_devices

NONE = (0,) * len(CHANNELS)


def note(window: QWidget, channel: str) -> str:
    return find(window, f"health.contrib.{channel}").accessibleDescription()


def shown_profile(window: MainWindow) -> str:
    return text(window, "label.health.profile")


def opened(qtbot: QtBot, engine: Engine) -> Engine:
    qtbot.waitUntil(lambda: engine.snapshot().store.opened)
    return engine


# -- the panel -------------------------------------------------------------------------------


def test_a_reading_is_explained_with_its_trust_and_advice(
    qtbot: QtBot, make_window: WindowMaker, make_engine: EngineMaker
) -> None:
    engine = make_engine(**{"analysis.profile": "wheat"})
    window = make_window(engine)
    with_devices(qtbot, engine, "soil-01")
    qtbot.waitUntil(lambda: shown_profile(window) == "Profile: Wheat · 6 of 6 channels")
    assert "nine times in ten" in text(window, "label.health.trust")
    assert note(window, "N") == "estimated"
    assert "kg/ha in the top 15 cm" in find(window, "health.contrib.N").toolTip()
    advice = [label.text() for label in window.findChildren(QLabel)]
    assert any(line.startswith("Phosphorus is an estimate.") for line in advice)
    alone = find(window, "label.health.siblings")
    assert isinstance(alone, QLabel)
    assert alone.isVisible()
    assert alone.text() == "Drift is not checked: no other probe in this zone."
    qtbot.waitUntil(lambda: text(window, "label.health.quality") == "Today: 1 reading, all good.")
    with_devices(qtbot, engine, "soil-02")
    qtbot.waitUntil(lambda: alone.text().startswith("Drift is not checked yet: the other"))
    engine.submit(SaveDevice(DeviceRecord("soil-02", zone="Canal")))
    qtbot.waitUntil(lambda: alone.text() == "Drift is not checked: no other probe in this zone.")


def test_a_calibration_is_said_of_the_readings_that_it_is_for(
    qtbot: QtBot, make_window: WindowMaker, make_engine: EngineMaker
) -> None:
    engine = make_engine(**{"analysis.profile": "wheat"})
    window = make_window(engine)
    with_devices(qtbot, engine, "soil-01")
    qtbot.waitUntil(lambda: note(window, "N") == "estimated")
    now_us = time.time_ns() // 1000
    entered = Calibration(
        "soil-01",
        "Moisture",
        CalibrationKind.TWO_POINT,
        now_us - US_PER_DAY,
        ((10.0, 12.0), (60.0, 58.0)),
        now_us,
    )
    engine.submit(SaveDevice(DeviceRecord("soil-01", name="North plot")))
    engine.submit(AddCalibration(entered))
    qtbot.waitUntil(lambda: note(window, "Moisture").startswith("calibrated "), timeout=10_000)
    tip = find(window, "health.contrib.Moisture").toolTip()
    assert "Moisture: 53.4 % (the probe says 55.0 %)" in tip
    titles = [label.text() for label in window.findChildren(QLabel)]
    assert "Soil health · North plot" in titles


def test_an_index_of_another_profile_is_not_explained_by_this_one(
    qtbot: QtBot, theme: ThemeController, make_engine: EngineMaker
) -> None:
    engine = opened(qtbot, make_engine(**{"analysis.profile": "wheat"}))
    panel = SoilHealthPanel()
    qtbot.addWidget(panel)
    panel.show()
    feed = HealthFeed(engine, panel)
    judged = device("soil-01")
    assert judged.analysis.profile == "classic"
    feed.show_device(judged, NOW_US)
    assert "judged with other settings than those of now (Harit Classic)" in text(
        panel, "label.health.hint"
    )
    assert not find(panel, "label.health.profile").isVisible()


def change_of(panel: SoilHealthPanel, feed: HealthFeed, at_us: int) -> str:
    feed.show_device(device("soil-01", index=65), at_us)
    return text(panel, "label.health.change")


def test_a_change_of_settings_or_calibrations_is_no_change_of_the_soil(
    qtbot: QtBot, theme: ThemeController, make_engine: EngineMaker
) -> None:
    engine = opened(qtbot, make_engine())
    panel = SoilHealthPanel()
    qtbot.addWidget(panel)
    feed = HealthFeed(engine, panel)
    feed.show_device(device("soil-01", index=65), NOW_US)
    panel.set_trend([NOW_US - 24 * HOUR_US, NOW_US], [27.0, 65.0])
    assert change_of(panel, feed, NOW_US) == "▲ 38 since yesterday"
    # How it is published has no part in it.
    engine.submit(ApplySettings(changes={"analysis.publish": False}))
    qtbot.waitUntil(lambda: not engine.settings.analysis.publish)
    assert change_of(panel, feed, NOW_US) == "▲ 38 since yesterday"
    entered = ((10.0, 12.0), (60.0, 58.0))
    for name, said in (("soil-02", "▲ 38 since yesterday"), ("soil-01", "")):
        known = Calibration(name, "Moisture", CalibrationKind.TWO_POINT, 5, entered, NOW_US - 9)
        before = engine.corrections
        engine.submit(AddCalibration(known))
        qtbot.waitUntil(lambda before=before: engine.corrections is not before)
        assert change_of(panel, feed, NOW_US) == said
    # A window that is opened later knows it from the book.
    later = HealthFeed(engine, panel)
    later.show_device(device("soil-01", index=65), NOW_US)
    panel.set_trend([NOW_US - 24 * HOUR_US, NOW_US], [27.0, 65.0])
    assert text(panel, "label.health.change") == ""


def test_a_chosen_crop_is_no_change_of_the_soil(
    qtbot: QtBot, make_window: WindowMaker, make_engine: EngineMaker
) -> None:
    engine = make_engine()
    window = make_window(engine)
    with_devices(qtbot, engine, "soil-01")
    judged_by = JudgedBy(engine.paths.database)
    now_us = time.time_ns() // 1000
    day = (now_us - US_PER_DAY, now_us)
    assert judged_by.last_other_us("soil-01", *day) == 0
    engine.submit(ApplySettings(changes={"analysis.profile": "rice"}))
    qtbot.waitUntil(lambda: engine.judgement.profile == "rice")
    old_us = engine.live.devices()[0].timestamp_us
    deliver(engine, [reading("soil-01", 5)])
    qtbot.waitUntil(lambda: judged_by.last_other_us("soil-01", *day) == old_us)
    assert judged_by.last_other_us("soil-02", *day) == 0
    assert judged_by.last_other_us("soil-01", old_us + 1, now_us) == 0
    # And the panel was told by its own question.
    window.presenter._health_feed._trend.ask_by(0)
    qtbot.waitUntil(lambda: window.soil_panel._other_us == old_us)


def test_a_value_is_as_severe_in_the_panel_as_in_its_strip(
    qtbot: QtBot, make_window: WindowMaker, make_engine: EngineMaker
) -> None:
    engine = make_engine(**{"analysis.profile": "wheat"})
    window = make_window(engine)
    values = {"N": 0, "P": 18, "K": 150, "CO2": 500, "Temperature": 22, "Moisture": 55, "pH": 7.2}
    with_devices(qtbot, engine, "soil-01", sensor_readings=values)
    qtbot.waitUntil(lambda: shown_profile(window).startswith("Profile: Wheat"))
    # No supply of a nutrient is an alarm, so that its strip is amber.
    assert find(window, "health.contrib.N").property("state") == "live"


class Store:
    """Answers for the store, and counts the questions."""

    def __init__(self, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[str] = []
        self.readings = 300
        monkeypatch.setattr(engine.history, "quality_days", self._days)
        monkeypatch.setattr(engine.history, "series", lambda *_: empty_series())

    def _days(self, publisher_id: str, days: object, _: object) -> tuple[QualityDay, ...]:
        self.asked.append(publisher_id)
        count = self.readings + len(self.asked)
        day = QualityDay(publisher_id, 0, 1, count, count, NONE, NONE, NONE, (), 0.0)
        return (day, day)


def test_quality_is_asked_once_a_minute_and_anew_for_another_device(
    qtbot: QtBot, theme: ThemeController, make_engine: EngineMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = opened(qtbot, make_engine())
    store = Store(engine, monkeypatch)
    panel = SoilHealthPanel()
    qtbot.addWidget(panel)
    panel.show()
    feed = HealthFeed(engine, panel)

    def beats(name: str, at_us: int, said: str) -> None:
        def beat() -> bool:
            feed.show_device(device(name), at_us)
            feed.poll(at_us)
            return text(panel, "label.health.quality") == said

        qtbot.waitUntil(beat)

    beats("soil-01", NOW_US, "Today: 301 readings, all good.")
    beats("soil-01", NOW_US + 30 * SECOND_US, "Today: 301 readings, all good.")
    assert store.asked == ["soil-01"]
    beats("soil-01", NOW_US + 61 * SECOND_US, "Today: 302 readings, all good.")
    feed.show_device(device("soil-02"), NOW_US + 62 * SECOND_US)
    assert not find(panel, "panel.health.quality").isVisible() or (
        text(panel, "label.health.quality") == ""
    )
    beats("soil-02", NOW_US + 62 * SECOND_US, "Today: 303 readings, all good.")
    assert store.asked == ["soil-01", "soil-01", "soil-02"]
    # Of a day with few readings a minute is a long time.
    store.readings = 0
    beats("soil-02", NOW_US + 123 * SECOND_US, "Today: 4 readings, all good.")
    beats("soil-02", NOW_US + 129 * SECOND_US, "Today: 5 readings, all good.")


def test_local_days_begin_at_midnight_today_first() -> None:
    (today, tomorrow), (yesterday, end) = last_days(NOW_US, 2)
    assert today <= NOW_US < tomorrow
    assert end == today
    assert 22 * HOUR_US < end - yesterday < 26 * HOUR_US


def test_the_change_of_a_week_is_worked_out_from_daily_means(
    qtbot: QtBot, make_engine: EngineMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = opened(qtbot, make_engine())
    times = NOW_US - np.arange(8 * 24)[::-1] * HOUR_US
    values = np.tile([channel.start for channel in CHANNELS], (times.size, 1))
    values[:, 0] = np.linspace(30.0, 20.0, times.size)
    values[:, 2] = np.linspace(100.0, 150.0, times.size)
    values[::7, 2] = 9999.0 - np.arange(values[::7, 2].size) * 100
    flags = np.ones(values.shape, np.uint8)
    flags[::7, 2] = 4
    index = np.full(times.size, 60.0)
    week = Series(times, values, flags, index, None, None, False, 0)
    monkeypatch.setattr(engine.history, "series", lambda *_: week)
    question = change_question(engine, 60 * SECOND_US)
    question.about("soil-01")
    found: list[dict[str, float]] = []

    def answered() -> bool:
        answer = question.poll(NOW_US)
        if answer is not None:
            found.append(answer)
        return bool(found)

    qtbot.waitUntil(answered)
    assert found[0]["N"] == pytest.approx(-31, abs=4)
    # A failed value is no part of a mean.
    assert found[0]["K"] == pytest.approx(44, abs=6)


# -- the choice of profile -------------------------------------------------------------------


def test_the_menu_lists_the_profiles_by_name_with_the_present_one_checked(
    make_window: WindowMaker, make_engine: EngineMaker
) -> None:
    window = make_window(make_engine(**{"analysis.profile": "rice"}))
    actions = window.actions_.profile_group.actions()
    assert [action.text() for action in actions][:3] == [
        "Harit Classic",
        "Harit Condition, any crop",
        "Rice",
    ]
    assert [action.data() for action in actions if action.isChecked()] == ["rice"]
    assert find(window, "action.analysis.profile.wheat").text() == "Wheat"  # type: ignore[attr-defined]  # A QAction.


def test_a_chosen_profile_is_taken_over(
    qtbot: QtBot, make_window: WindowMaker, make_engine: EngineMaker
) -> None:
    engine = make_engine()
    window = make_window(engine)
    with_devices(qtbot, engine, "soil-01")
    qtbot.waitUntil(lambda: shown_profile(window).startswith("Profile: Harit Classic"))
    find(window, "action.analysis.profile.rice").trigger()  # type: ignore[attr-defined]  # A QAction.
    qtbot.waitUntil(lambda: engine.settings.analysis.profile == "rice")
    hint = find(window, "label.health.hint")
    qtbot.waitUntil(hint.isVisible)
    assert "The next one will be judged with the new ones." in text(window, "label.health.hint")
    deliver(engine, [reading("soil-01", 5)])
    qtbot.waitUntil(lambda: shown_profile(window).startswith("Profile: Rice"))


def test_own_profiles_appear_when_the_menu_opens(
    qtbot: QtBot, make_window: WindowMaker, make_engine: EngineMaker
) -> None:
    engine = make_engine()
    window = make_window(engine)
    engine.paths.profiles.mkdir(parents=True, exist_ok=True)
    (engine.paths.profiles / "my-mango.toml").write_text("", encoding="utf-8")
    window.actions_.profile_menu.aboutToShow.emit()

    def listed() -> bool:
        return window.findChild(QAction, "action.analysis.profile.my-mango") is not None

    qtbot.waitUntil(listed)
    before = window.actions_.profile_group.actions()
    window.presenter.refresh()
    assert window.actions_.profile_group.actions() == before


def test_a_profile_that_is_gone_stays_listed_as_the_chosen_one(
    make_window: WindowMaker, make_engine: EngineMaker
) -> None:
    window = make_window(make_engine(**{"analysis.profile": "lost-one"}))
    checked = [a for a in window.actions_.profile_group.actions() if a.isChecked()]
    assert [action.text() for action in checked] == ["lost-one"]


def test_the_command_of_the_menu_changes_one_setting(
    make_window: WindowMaker, make_engine: EngineMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = make_engine()
    window = make_window(engine)
    sent = record_commands(monkeypatch, engine)
    find(window, "action.analysis.profile.cotton").trigger()  # type: ignore[attr-defined]  # A QAction.
    assert sent == [ApplySettings(changes={"analysis.profile": "cotton"})]


def test_dialogs_about_a_device_wait_for_one(
    qtbot: QtBot, make_window: WindowMaker, make_engine: EngineMaker
) -> None:
    engine = make_engine()
    window = make_window(engine)
    actions = window.actions_
    assert not actions.calibration.isEnabled()
    assert not actions.device.isEnabled()
    assert actions.reanalyse.isEnabled()
    with_devices(qtbot, engine, "soil-01")
    qtbot.waitUntil(lambda: actions.calibration.isEnabled() and actions.device.isEnabled())
    actions.device.trigger()
    assert window.dialogs.device is not None
    window.dialogs.device.close()
    actions.calibration.trigger()
    assert window.dialogs.calibration is not None
    assert window.dialogs.calibration.publisher_id == "soil-01"
    window.dialogs.calibration.close()
    actions.reanalyse.trigger()
    assert window.dialogs.reanalyse is not None
    window.dialogs.reanalyse.close()

"""What a device's row, tool tip and dialog say of the device itself."""

from __future__ import annotations

import time

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QListView
from pytestqt.qtbot import QtBot

from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.channels import CHANNEL_COUNT, CHANNEL_INDEX
from harit_desktop.domain.device import DeviceState, ExtraValue, PublisherWord
from harit_desktop.domain.extras import EXTRA_CHANNELS
from harit_desktop.ui.device_dialog import DeviceDialog
from harit_desktop.ui.extras.device_notes import device_lines
from harit_desktop.ui.extras.extra_frames import MIN_SPANS
from harit_desktop.ui.extras.names import extra_name, extra_short_name, quantity_value
from harit_desktop.ui.panels.device_rows import device_row
from harit_desktop.ui.panels.devices import DevicesPanel
from harit_desktop.ui.theme import ThemeController
from harit_desktop.ui.words import day_text
from tests.ui.chart_samples import LIMITS, MINUTE_US, NOW_US, SECOND_US, analysis, device
from tests.ui.conftest import EngineMaker

TOLD_US = NOW_US - SECOND_US


def extras(at_us: int = NOW_US, **values: float) -> tuple[ExtraValue, ...]:
    return tuple(ExtraValue(key, value, at_us) for key, value in values.items())


def said(online: bool, retained: bool = False, at_us: int = TOLD_US) -> PublisherWord:
    return PublisherWord("soil-01", online, at_us, retained)


def row_of(state: DeviceState) -> tuple[str, str]:
    row = device_row(state, LIMITS, NOW_US)
    return row.state, row.detail


def test_every_extra_channel_has_a_name_and_an_axis() -> None:
    for extra in EXTRA_CHANNELS:
        assert len(extra_short_name(extra.key)) <= 12
        same = ("Salinity", "Light", "Battery")
        assert (extra_name(extra.key) == extra.key) is (extra.key in same)
        assert MIN_SPANS[extra.key] > 0
        assert extra.unit in quantity_value(extra.key, 1.0)
    assert quantity_value("pH", 7.0) == "7.00"
    assert quantity_value("EC", 1512.4) == "1,512 µS/cm"


def test_a_low_battery_is_said_in_the_row() -> None:
    assert row_of(device(extras=extras(Battery=15.0))) == ("warn", "battery 15 %")
    assert row_of(device(extras=extras(Battery=20.0)))[0] == "live"
    # A voltage alone does not tell how full a battery is.
    assert row_of(device(extras=extras(BatteryVoltage=2.1)))[0] == "live"


def test_what_is_wrong_with_the_soil_goes_before_the_battery() -> None:
    low = device(values={"Moisture": 16.0}, extras=extras(Battery=3.0))
    assert row_of(low) == ("error", "Moisture low")
    flags = [int(Flag.PASS)] * CHANNEL_COUNT
    flags[CHANNEL_INDEX["pH"]] = Flag.FAIL
    faulty = device(analysis=analysis(60, flags=tuple(flags)), extras=extras(Battery=3.0))
    assert row_of(faulty)[1] == "pH faulty"


def test_a_last_will_is_said_with_its_time() -> None:
    moment = day_text(TOLD_US, NOW_US)
    away = device(word=said(False))
    assert row_of(away) == ("warn", f"says it is offline since {moment}")
    assert device_row(away, LIMITS, NOW_US).brief == f"offline since {moment}"
    silent = device(age_s=600.0, word=said(False))
    assert row_of(silent) == ("stale", f"says it is offline since {moment}")
    assert row_of(device(word=said(True)))[0] == "live"


def test_a_retained_word_is_called_old_and_has_no_time() -> None:
    away = device(word=said(False, retained=True))
    assert row_of(away) == ("warn", "said it is offline (old word, retained)")
    assert device_lines(away, NOW_US)[0] == (
        "Said that it is offline (old word, retained at the broker)"
    )


def test_a_reading_since_takes_the_word_back() -> None:
    back = device(word=said(False, at_us=NOW_US - MINUTE_US))
    assert row_of(back)[0] == "live"
    assert device_lines(back, NOW_US)[0].endswith("but sent a reading since")


@pytest.mark.parametrize(
    ("interval_s", "rate", "line"),
    [
        (60.0, 0.0, "A reading every 60 s"),
        (2.0, 0.5, "A reading every 2 s"),
        (1.5, 0.5, "A reading every 1.5 s"),
        (900.0, 0.0, "A reading every 15 min"),
        (0.5, 0.9, "2.0 readings a second"),
        (0.1, 12.0, "12 messages/s: more often than soil changes, and each is stored"),
        (2.0, 1.5, "1.5 messages/s: more often than soil changes, and each is stored"),
    ],
)
def test_how_often_it_reports(interval_s: float, rate: float, line: str) -> None:
    assert device_lines(device(interval_s=interval_s, messages_per_s=rate), NOW_US) == [line]


def test_a_pace_of_long_ago_is_not_told() -> None:
    state = device(age_s=30.0, interval_s=None, messages_per_s=12.0)
    assert device_lines(state, NOW_US) == []


def test_an_older_value_says_when_it_was() -> None:
    old = extras(NOW_US - 90 * MINUTE_US, Battery=64.0)
    state = device(interval_s=None, extras=(*extras(EC=512.0, RSSI=-87.0), *old))
    moment = day_text(NOW_US - 90 * MINUTE_US, NOW_US)
    assert device_lines(state, NOW_US) == [
        f"Signal strength -87 dBm · Battery 64 % ({moment})",
        "Conductivity 512 µS/cm",
    ]


def test_the_tool_tip_has_a_line_for_each_and_no_markup(
    qtbot: QtBot, theme: ThemeController
) -> None:
    panel = DevicesPanel()
    qtbot.addWidget(panel)
    state = device("<b>x</b>", extras=extras(Battery=15.0, RSSI=-87.0))
    panel.set_devices([state], NOW_US)
    view = panel.findChild(QListView, "list.devices")
    tip = view.model().index(0, 0).data(Qt.ItemDataRole.ToolTipRole)
    assert tip.startswith("<qt>&lt;b&gt;x")
    assert tip.endswith("<br>A reading every 2 s<br>Battery 15 % · Signal strength -87 dBm</qt>")


def test_the_dialog_says_how_the_device_is(
    qtbot: QtBot, theme: ThemeController, make_engine: EngineMaker
) -> None:
    engine = make_engine(start=False)
    now_us = time.time_ns() // 1000
    state = msgspec.structs.replace(device(), timestamp_us=now_us, received_us=now_us)
    engine.live.preload([state, msgspec.structs.replace(state, publisher_id="b", interval_s=None)])
    engine.live.learn_extras("soil-01", extras(now_us, Battery=15.0, SNR=7.5))
    dialog = DeviceDialog(engine, "soil-01")
    qtbot.addWidget(dialog)
    dialog.open()
    qtbot.waitExposed(dialog)
    assert dialog.health.text() == "A reading every 2 s\nBattery 15 % · Signal to noise 7.5 dB"
    assert dialog.health.accessibleName().startswith("State, A reading every 2 s")
    engine.live.hear([PublisherWord("soil-01", False, now_us)], {}, now_us)
    dialog.poll()
    assert dialog.health.text().startswith("Says that it is offline, since ")
    dialog.choose("b")
    assert not dialog.health.isVisible()
    assert not dialog.health.title.isVisible()

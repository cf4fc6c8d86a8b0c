"""The calibration dialog: what is entered is checked in place, stored, and told in words."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
import pytest
from PySide6.QtCore import QDateTime, QLocale, Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.calibration import Corrections
from harit_desktop.domain.device import DeviceState
from harit_desktop.domain.device_book import Calibration, CalibrationKind
from harit_desktop.runtime.commands import AddCalibration
from harit_desktop.runtime.engine import Engine
from harit_desktop.ui.calibration_checks import check_line, check_value, warn_apart, warn_close
from harit_desktop.ui.calibration_dialog import CalibrationDialog
from harit_desktop.ui.calibration_form import fresh_value
from harit_desktop.ui.calibration_texts import (
    dated_text,
    effect_text,
    entered_text,
    missing_samples_text,
)
from harit_desktop.ui.dialog_parts import NumberEdit
from harit_desktop.ui.moment_edit import MomentEdit
from harit_desktop.ui.theme import ThemeController
from tests.ui.conftest import EngineMaker, WindowMaker
from tests.ui.deliveries import VALUES, deliver

DEVICE = "probe-1"
DAY_US = 86_400_000_000


def now_us() -> int:
    return time.time_ns() // 1000


def line(at_us: int, *points: tuple[float, float], note: str = "") -> Calibration:
    kind = CalibrationKind.TWO_POINT
    return Calibration(DEVICE, "Moisture", kind, at_us, points, at_us, note)


def sample(channel: str, at_us: int, probe: float, true: float, number: int = 0) -> Calibration:
    kind = CalibrationKind.LABORATORY
    return Calibration(DEVICE, channel, kind, at_us, ((probe, true),), at_us, "", number)


# -- words and checks --------------------------------------------------------------------


def effects(channel: str, *calibrations: Calibration) -> list[str]:
    segments = Corrections(calibrations).segments(DEVICE, channel)
    return [effect_text(channel, segment) for segment in segments]


def test_what_a_line_does_is_told_as_a_formula(american_numbers: None) -> None:
    assert effects("Moisture", line(1, (10.0, 8.7), (60.0, 62.7))) == ["1.08 × probe − 2.1"]
    assert effects("Moisture", line(1, (10.0, 5.0), (60.0, 80.0))) == ["1.5 × probe − 10"]
    assert effects("Moisture", line(1, (10.0, 12.0), (60.0, 47.0))) == ["0.7 × probe + 5"]


def test_what_samples_do_is_told_with_the_trust_they_earn() -> None:
    three = [sample("K", n, 150.0, 164.0, n) for n in (1, 2, 3)]
    assert effects("K", *three) == [
        "shift +14 mg/kg, 1 sample: reliability 1, after 180 days 0.4",
        "shift +14 mg/kg, 2 samples: reliability 1, after 180 days 0.4",
        "shift +14 mg/kg, 3 samples: reliability 1, after 60 days 0.8",
    ]
    assert effects("pH", sample("pH", 1, 7.2, 6.85)) == ["shift −0.35, 1 sample"]
    assert missing_samples_text("K", 1) == "2 more samples and potassium counts as calibrated."
    assert missing_samples_text("K", 2) == "One more sample and potassium counts as calibrated."
    assert missing_samples_text("K", 3) == missing_samples_text("pH", 1) == ""


def test_what_was_entered_is_told_as_it_was_entered() -> None:
    assert entered_text(line(1, (8.2, 5.0), (61.0, 48.5))) == "8.2 is 5, 61 is 48.5 %"
    assert entered_text(sample("P", 1, 12.0, 9.4)) == "laboratory 9.4, probe 12 mg/kg"
    assert entered_text(sample("pH", 1, 7.2, 6.85)) == "laboratory 6.85, probe 7.2"


@pytest.mark.parametrize(
    ("channel", "value", "text"),
    [
        ("Moisture", 0.0, ""),
        ("Moisture", 100.0, ""),
        ("Moisture", -0.1, "Enter a value from 0 to 100 %."),
        ("pH", 14.2, "Enter a value from 0 to 14."),
        ("K", 3000.0, "Enter a value from 0 to 2,999 mg/kg."),
        ("N", None, "Enter a number with a decimal point, such as 23.5."),
    ],
)
def test_values_outside_the_sensor_are_refused(
    channel: str, value: float | None, text: str
) -> None:
    assert check_value(channel, value) == text


def test_points_that_make_no_line_are_refused() -> None:
    same_probe = check_line((20.0, 5.0), (20.0, 40.0))
    assert same_probe is not None
    assert same_probe.fields == ("dry.probe", "wet.probe")
    same_truth = check_line((10.0, 40.0), (60.0, 40.0))
    assert same_truth is not None
    assert "every reading would become 40.0" in same_truth.text
    swapped = check_line((10.0, 50.0), (60.0, 5.0))
    assert swapped is not None
    assert "swapped" in swapped.text
    assert check_line((10.0, 5.0), (60.0, 50.0)) is None
    assert warn_close((10.0, 5.0), (18.0, 12.0))
    assert not warn_close((10.0, 5.0), (60.0, 50.0))


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("23.5", 23.5),
        (" -4 ", -4.0),
        ("7,2", None),
        ("1,234", None),
        ("nan", None),
        ("inf", None),
        ("1e400", None),
        ("", None),
        ("5 %", None),
    ],
)
def test_numbers_are_read_and_never_guessed(qtbot: QtBot, typed: str, value: float | None) -> None:
    edit = NumberEdit("number")
    qtbot.addWidget(edit)
    edit.setText(typed)
    assert edit.value() == value


@pytest.mark.parametrize(
    ("channel", "probe", "laboratory", "asks"),
    [
        ("N", 22.0, 2000.0, "by which method"),
        ("P", 100.0, 12.0, "kg/ha or mg/kg"),
        ("K", 150.0, 164.0, ""),
        ("P", 0.0, 4.0, ""),
        ("P", 0.0, 40.0, "more than 5 times"),
        ("pH", 7.2, 5.1, "more than 2."),
        ("pH", 7.2, 6.0, ""),
    ],
)
def test_values_far_apart_get_a_word_of_caution(
    channel: str, probe: float, laboratory: float, asks: str
) -> None:
    text = warn_apart(channel, probe, laboratory)
    assert bool(text) == bool(asks)
    assert asks in text


def test_a_comma_is_asked_for_where_it_is_the_decimal_sign() -> None:
    before = QLocale()
    QLocale.setDefault(QLocale(QLocale.Language.German, QLocale.Country.Germany))
    try:
        assert check_value("N", None) == "Enter a number, such as 23,5."
    finally:
        QLocale.setDefault(before)


def test_every_time_in_the_table_has_its_day_and_hour() -> None:
    noon = int(datetime(2026, 11, 24, 12, 0).astimezone().timestamp()) * 1_000_000
    assert dated_text(noon, noon) == "24 Nov 12:00"
    assert dated_text(noon - 30 * DAY_US, noon).endswith(" 12:00")
    assert dated_text(noon - 366 * DAY_US, noon) == "23 Nov 2025 12:00"


@pytest.mark.parametrize("start", ["begin", "all", "year", "end of the year"])
@pytest.mark.parametrize("typed", ["2027-03-01 09:05", "2025-12-31 23:59", "202503010905"])
def test_a_time_is_taken_as_it_is_typed(qtbot: QtBot, start: str, typed: str) -> None:
    edit = MomentEdit("moment", 1_795_000_000_000_000)
    qtbot.addWidget(edit)
    edit.show()
    edit.setFocus()
    if start == "all":
        edit.lineEdit().selectAll()
    elif start == "year":
        edit.setSelectedSection(MomentEdit.Section.YearSection)
    else:
        edit.lineEdit().setCursorPosition(0 if start == "begin" else 4)
    qtbot.keyClicks(edit, typed)
    shown = edit.text()
    assert "".join(filter(str.isdigit, shown)) == "".join(filter(str.isdigit, typed))


def test_a_part_of_a_time_is_changed_alone(qtbot: QtBot) -> None:
    edit = MomentEdit("moment", 1_795_000_000_000_000)
    qtbot.addWidget(edit)
    edit.show()
    edit.setDateTime(QDateTime.fromString("2026-11-24 10:20", "yyyy-MM-dd HH:mm"))
    edit.lineEdit().setCursorPosition(6)
    qtbot.keyClicks(edit, "03")
    assert edit.text() == "2026-03-24 10:20"
    # A sign goes on to the next part where nothing has gone on by itself.
    edit.setSelectedSection(MomentEdit.Section.HourSection)
    qtbot.keyClicks(edit, "7:5")
    qtbot.keyClick(edit, Qt.Key.Key_Return)
    assert edit.dateTime().toString("HH:mm") == "07:05"
    edit.setSelectedSection(MomentEdit.Section.MonthSection)
    qtbot.keyClicks(edit, "2-1 4")
    qtbot.keyClick(edit, Qt.Key.Key_Tab)
    assert edit.dateTime().toString("yyyy-MM-dd HH:mm") == "2026-02-01 04:05"


# -- the present reading -----------------------------------------------------------------


def newest(engine: Engine) -> DeviceState:
    return next(d for d in engine.live.devices() if d.publisher_id == DEVICE)


@pytest.fixture
def engine(make_engine: EngineMaker) -> Engine:
    return make_engine()


def send(qtbot: QtBot, engine: Engine, readings: Sequence[tuple[float, dict[str, object]]]) -> None:
    """Readings as (seconds ago, values that differ from the usual ones), oldest first."""
    before = engine.snapshot().counters.stored
    payloads = []
    for age_s, values in readings:
        stamp = datetime.fromtimestamp(time.time() - age_s, UTC).isoformat()
        tree = {
            "timestamp": stamp,
            "publisher_id": DEVICE,
            "sensor_readings": {**VALUES, **values},
        }
        payloads.append(json.dumps(tree).encode())
    deliver(engine, payloads)
    wanted = before + len(payloads)
    qtbot.waitUntil(lambda: engine.snapshot().counters.stored == wanted, timeout=20_000)
    qtbot.waitUntil(lambda: bool(engine.live.devices()), timeout=20_000)


def test_a_present_reading_is_fresh_possible_and_there(qtbot: QtBot, engine: Engine) -> None:
    send(qtbot, engine, [(1, {"Moisture": 33.3})])
    state = newest(engine)
    value, text = fresh_value(state, "Moisture", now_us())
    assert value == 33.3
    assert text.startswith("The probe says 33.3 % now (")
    assert fresh_value(None, "Moisture", 0) == (None, "There is no reading of this probe yet.")
    late_us = state.received_us + 3600 * 1_000_000
    assert fresh_value(state, "Moisture", late_us) == (
        None,
        "No present reading: the probe was last heard 1 h ago.",
    )
    failed = msgspec.structs.replace(
        state, analysis=msgspec.structs.replace(state.analysis, flags=(Flag.FAIL,) * 7)
    )
    assert fresh_value(failed, "Moisture", now_us())[0] is None
    suspect = msgspec.structs.replace(
        state, analysis=msgspec.structs.replace(state.analysis, flags=(Flag.SUSPECT,) * 7)
    )
    # Who moves a probe into other soil makes it step, and wants just that reading.
    value, text = fresh_value(suspect, "Moisture", now_us())
    assert value == 33.3
    assert "It is suspect. That is usual after the probe was moved" in text
    drifting = msgspec.structs.replace(
        suspect,
        analysis=msgspec.structs.replace(
            suspect.analysis, reasons=(("Moisture", "step.unsettled"),)
        ),
    )
    assert "suspect: " in fresh_value(drifting, "Moisture", now_us())[1]


# -- the dialog --------------------------------------------------------------------------


class Opened:
    def __init__(self, qtbot: QtBot, engine: Engine) -> None:
        self.qtbot = qtbot
        self.engine = engine
        self.dialog = CalibrationDialog(engine, DEVICE)
        qtbot.addWidget(self.dialog)
        self.dialog.open()
        qtbot.waitExposed(self.dialog)

    def fill(self, **numbers: str) -> None:
        form = self.dialog.moisture
        for name, text in numbers.items():
            form.numbers[name.replace("_", ".")].setText(text)

    def rows(self) -> list[list[str]]:
        tree = self.dialog.table.list
        items = [tree.topLevelItem(n) for n in range(tree.topLevelItemCount())]
        return [[item.text(column) for column in range(5)] for item in items if item]

    def wait(self, found: object) -> None:
        def polled() -> bool:
            self.dialog.poll()
            return bool(found())  # type: ignore[operator]  # A function of no arguments.

        self.qtbot.waitUntil(polled, timeout=20_000)

    def press(self, button: object) -> None:
        self.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)

    def problem(self) -> str:
        return self.dialog.moisture.problem.text()


@pytest.fixture
def opened(qtbot: QtBot, theme: ThemeController, engine: Engine) -> Opened:
    send(qtbot, engine, [(1, {"Moisture": 54.8})])
    return Opened(qtbot, engine)


def test_two_points_are_entered_and_stand_in_the_table(opened: Opened) -> None:
    form = opened.dialog.moisture
    opened.wait(lambda: form.take["wet"].isEnabled())
    opened.press(form.take["wet"])
    assert form.numbers["wet.probe"].text() == "54.8"
    opened.fill(dry_probe="10", dry_true="8", wet_true="48")
    assert form.preview.text() == ("Gives 0.893 × probe − 0.9. The present 54.8 % would be 48.0 %.")
    form.note_edit.setText("  oven, <b>105</b> °C ")
    opened.press(form.add)
    opened.wait(lambda: len(opened.rows()) == 1)
    stored = opened.engine.book.calibrations[0]
    assert stored.points == ((10.0, 8.0), (54.8, 48.0))
    assert stored.note == "oven, <b>105</b> °C"
    assert opened.rows()[0][1:] == [
        "Moisture",
        "10 is 8, 54.8 is 48 %",
        "0.893 × probe − 0.9",
        "oven, <b>105</b> °C",
    ]
    assert opened.dialog.outcome.text().startswith("Entered.")
    assert [number.text() for number in form.numbers.values()] == ["", "", "", ""]
    # What the probe sent is what is stored.
    values = opened.engine.history.last_values(DEVICE)
    assert values is not None
    assert values[5] == 54.8


def test_the_table_is_in_order_and_says_until_when(opened: Opened) -> None:
    opened.engine.submit(AddCalibration(line(now_us() - 2 * DAY_US, (10, 8), (60, 62), note="b")))
    opened.engine.submit(AddCalibration(line(now_us() - 9 * DAY_US, (10, 9), (60, 60), note="a")))
    opened.wait(lambda: len(opened.rows()) == 2)
    first, second = opened.rows()
    assert [first[4], second[4]] == ["a", "b"]
    assert "; until " in first[3]
    assert "; until " not in second[3]


def test_mistakes_are_said_below_the_fields_and_nothing_is_entered(opened: Opened) -> None:
    form = opened.dialog.moisture
    opened.fill(dry_probe="20", dry_true="-4", wet_probe="60", wet_true="sixty")
    opened.press(form.add)
    assert opened.problem().splitlines() == [
        "▲ Enter a value from 0 to 100 %.",
        "▲ Enter a number with a decimal point, such as 23.5.",
    ]
    assert form.numbers["dry.true"].property("invalid") == "true"
    assert form.numbers["dry.true"].accessibleDescription() == "Enter a value from 0 to 100 %."
    assert form.numbers["dry.probe"].property("invalid") == "false"
    opened.fill(dry_true="5", wet_probe="20", wet_true="50")
    assert "same at both points" in opened.problem()
    opened.fill(wet_probe="60")
    assert opened.problem() == ""
    form.at_edit.setDateTime(QDateTime.currentDateTime().addDays(1))
    opened.press(form.add)
    assert opened.problem() == "▲ This time has not come yet. Enter a time up to now."
    assert form.at_edit.property("invalid") == "true"
    opened.dialog.poll()
    assert opened.engine.book.calibrations == ()


def test_an_empty_field_is_no_mistake_before_add(opened: Opened) -> None:
    form = opened.dialog.moisture
    form.numbers["dry.probe"].setFocus()
    opened.qtbot.keyClicks(form.numbers["dry.probe"], "12")
    opened.qtbot.keyClick(form.numbers["dry.probe"], Qt.Key.Key_Tab)
    assert opened.problem() == ""
    opened.press(form.add)
    assert opened.problem() == "▲ Enter a number with a decimal point, such as 23.5."


def test_removing_asks_in_place(opened: Opened) -> None:
    opened.engine.submit(AddCalibration(line(now_us() - DAY_US, (10, 8), (60, 62))))
    opened.wait(lambda: len(opened.rows()) == 1)
    table = opened.dialog.table
    assert not table.remove.isEnabled()
    table.list.setCurrentItem(table.list.topLevelItem(0))
    opened.press(table.remove)
    assert table.no.hasFocus()
    opened.press(table.no)
    assert not table.yes.isVisible()
    assert table.list.hasFocus()
    opened.press(table.remove)
    opened.press(table.yes)
    opened.wait(lambda: opened.rows() == [])
    assert opened.engine.book.calibrations == ()


def test_the_probes_value_comes_from_the_hour_of_the_sample(
    qtbot: QtBot, theme: ThemeController, engine: Engine
) -> None:
    old = [(7200 + n * 60, {"K": 100 + n}) for n in range(5, -1, -1)]
    send(qtbot, engine, [*old, (1, {"K": 177})])
    opened = Opened(qtbot, engine)
    form = opened.dialog.laboratory
    opened.dialog.tabs.setCurrentWidget(form)
    form.channel.setCurrentIndex(form.channel.findData("K"))
    opened.wait(lambda: form.numbers["probe"].text() == "177.0")
    sampled = QDateTime.currentDateTime().addSecs(-7200)
    form.at_edit.setDateTime(sampled)
    opened.wait(lambda: form.numbers["probe"].text() == "102.5")
    assert form.found.text().startswith("Median of 6 readings, ")
    form.numbers["true"].setText("116.5")
    opened.press(form.add)
    opened.wait(lambda: len(opened.rows()) == 1)
    assert opened.rows()[0][1:4] == [
        "Potassium",
        "laboratory 116.5, probe 102.5 mg/kg",
        "shift +14 mg/kg, 1 sample: reliability 1, after 180 days 0.4",
    ]
    # The next value of the same sample has the same time.
    shown = form.at_edit.dateTime().toString("yyyy-MM-dd HH:mm")
    assert shown == sampled.toString("yyyy-MM-dd HH:mm")
    assert form.numbers["true"].text() == ""


def test_a_typed_value_of_the_probe_is_not_overwritten(opened: Opened) -> None:
    form = opened.dialog.laboratory
    opened.dialog.tabs.setCurrentWidget(form)
    opened.wait(lambda: form.numbers["probe"].text() == "22.0")
    form.numbers["probe"].setFocus()
    form.numbers["probe"].selectAll()
    opened.qtbot.keyClicks(form.numbers["probe"], "19.5")
    form.look()
    opened.wait(lambda: form.found.text().startswith("The only reading"))
    assert form.numbers["probe"].text() == "19.5"
    assert form.again.isVisible()
    opened.press(form.again)
    opened.wait(lambda: form.numbers["probe"].text() == "22.0")
    assert not form.again.isVisible()


def test_an_hour_without_readings_asks_for_the_value(opened: Opened) -> None:
    form = opened.dialog.laboratory
    form.at_edit.setDateTime(QDateTime.currentDateTime().addDays(-40))
    opened.wait(lambda: "enter the probe's value yourself" in form.found.text())
    assert form.numbers["probe"].text() == ""


def test_a_laboratory_value_far_off_is_told_before_it_is_entered(opened: Opened) -> None:
    form = opened.dialog.laboratory
    opened.dialog.tabs.setCurrentWidget(form)
    form.channel.setCurrentIndex(form.channel.findData("K"))
    opened.wait(lambda: form.numbers["probe"].text() == "150.0")
    form.numbers["true"].setText("164")
    assert form.preview.text().startswith("Gives shift +14 mg/kg, 1 sample")
    assert "The present 150 mg/kg would be 164 mg/kg." in form.preview.text()
    assert form.preview.property("severity") == ""
    form.numbers["true"].setText("1640")
    assert form.preview.text().startswith("▲ Laboratory and probe differ by more than 5 times.")
    assert form.preview.property("severity") == "warn"
    opened.press(form.add)
    opened.wait(lambda: len(opened.rows()) == 1)


def test_what_was_said_of_an_entry_is_true_and_goes_in_time(opened: Opened) -> None:
    form = opened.dialog.moisture
    good = {"dry_probe": "10", "dry_true": "8", "wet_probe": "60", "wet_true": "48"}
    opened.fill(**good)
    opened.press(form.add)
    opened.wait(lambda: len(opened.rows()) == 1)
    outcome = opened.dialog.outcome
    assert outcome.text().startswith("Entered. Readings from now on are judged with it")
    # A mistake, and then another form, take it away.
    opened.press(form.add)
    assert (outcome.text(), bool(opened.problem())) == ("", True)
    opened.fill(**good)
    form.at_edit.setDateTime(QDateTime.currentDateTime().addDays(-3))
    opened.press(form.add)
    opened.wait(lambda: len(opened.rows()) == 2)
    assert "keep their index until you judge them again: Re-analyse." in outcome.text()
    opened.dialog.tabs.setCurrentWidget(opened.dialog.laboratory)
    assert outcome.text() == ""


def test_a_wrong_field_has_its_red_edge_with_the_focus_too(
    opened: Opened, theme: ThemeController
) -> None:
    number = opened.dialog.moisture.numbers["dry.probe"]
    number.setFocus()
    opened.wait(number.hasFocus)

    def edge() -> str:
        return number.grab().toImage().pixelColor(0, number.height() // 2).name()

    calm = edge()
    opened.fill(dry_probe="x")
    opened.press(opened.dialog.moisture.add)
    opened.wait(number.hasFocus)
    crit = theme.tokens.color("crit").name()
    assert edge() == crit
    assert calm != crit


def test_a_soil_health_cards_kilograms_become_milligrams(opened: Opened) -> None:
    form = opened.dialog.laboratory
    opened.dialog.tabs.setCurrentWidget(form)
    form.channel.setCurrentIndex(form.channel.findData("P"))
    opened.wait(lambda: form.numbers["probe"].text() == "18.0")
    form.unit.setCurrentIndex(form.unit.findData("kg/ha"))
    form.numbers["true"].setText("22.4")
    opened.press(form.add)
    opened.wait(lambda: len(opened.rows()) == 1)
    assert opened.engine.book.calibrations[0].points[0] == (18.0, pytest.approx(10.0))


def test_ph_has_no_kilograms(opened: Opened) -> None:
    form = opened.dialog.laboratory
    opened.dialog.tabs.setCurrentWidget(form)
    form.channel.setCurrentIndex(form.channel.findData("pH"))
    assert not form.unit.isVisible()


def test_what_is_not_stored_in_time_comes_back(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harit_desktop.ui.calibration_dialog.SLOW_S", -1.0)
    monkeypatch.setattr(opened.engine, "submit", lambda command: None)
    opened.fill(dry_probe="10", dry_true="8", wet_probe="60", wet_true="62")
    opened.press(opened.dialog.moisture.add)
    assert not opened.dialog.tabs.isEnabled()
    opened.dialog.poll()
    assert opened.dialog.outcome.text().startswith("It is not stored yet.")
    assert opened.dialog.tabs.isEnabled()
    assert opened.dialog.moisture.numbers["dry.probe"].text() == "10"


def test_every_field_has_a_name_for_a_screen_reader(opened: Opened) -> None:
    for form in (opened.dialog.moisture, opened.dialog.laboratory):
        fields = [*form.numbers.values(), form.at_edit, form.note_edit]
        assert all(field.accessibleName() for field in fields)
        assert len({number.accessibleName() for number in form.numbers.values()}) == len(
            form.numbers
        )
    assert opened.dialog.laboratory.channel.accessibleName()
    assert opened.dialog.laboratory.unit.accessibleName()


def test_tab_goes_through_the_fields_in_their_order(opened: Opened) -> None:
    form = opened.dialog.moisture
    opened.wait(lambda: form.take["wet"].isEnabled())
    form.numbers["dry.probe"].setFocus()
    seen: dict[str, None] = {}
    # A date takes Tab five times: year, month, day, hour, minute.
    for _ in range(13):
        focused = opened.dialog.focusWidget()
        assert focused is not None
        seen[focused.objectName().removeprefix("dialog.calibration.moisture.")] = None
        opened.qtbot.keyClick(focused, Qt.Key.Key_Tab)
    assert list(seen) == [
        *("dry.probe", "dry.true", "dry.take", "wet.probe", "wet.true", "wet.take"),
        *("at", "note", "add"),
    ]


def test_enter_adds_what_the_form_in_view_says(opened: Opened) -> None:
    opened.fill(dry_probe="10", dry_true="8", wet_probe="60", wet_true="62")
    opened.qtbot.keyClick(opened.dialog.moisture.note_edit, Qt.Key.Key_Return)
    opened.wait(lambda: len(opened.rows()) == 1)
    opened.dialog.tabs.setCurrentWidget(opened.dialog.laboratory)
    assert opened.dialog.laboratory.add.isDefault()
    assert not opened.dialog.moisture.add.isDefault()


@pytest.mark.parametrize(("basis", "words"), [("vwc", "% of volume"), ("saturation", "% of sat")])
def test_it_says_what_the_true_values_are_in(
    qtbot: QtBot, theme: ThemeController, make_engine: EngineMaker, basis: str, words: str
) -> None:
    engine = make_engine(start=False, **{"analysis.moisture_basis": basis})
    dialog = CalibrationDialog(engine, DEVICE)
    qtbot.addWidget(dialog)
    assert words in dialog.findChild(QLabel, "dialog.calibration.moisture.explained").text()


def test_it_fits_a_small_screen_with_its_fields_apart(
    qtbot: QtBot, theme: ThemeController, engine: Engine
) -> None:
    opened = Opened(qtbot, engine)
    opened.dialog.resize(760, 100)
    opened.dialog.poll()
    opened.wait(lambda: opened.dialog.moisture.height() > 0)
    assert opened.dialog.height() <= 600
    form = opened.dialog.moisture
    rows = [form.numbers["dry.probe"], form.numbers["wet.probe"], form.at_edit, form.add]
    for above, below in itertools.pairwise(rows):
        assert above.geometry().bottom() < below.geometry().top()


def test_it_says_what_stays(opened: Opened) -> None:
    promise = opened.dialog.findChild(QLabel, "dialog.calibration.promise")
    assert promise.text().startswith("What is stored stays as the probe sent it.")


def test_the_window_opens_one_dialog_and_leads_to_re_analysis(make_window: WindowMaker) -> None:
    window = make_window(start=False)
    window.dialogs.open_calibration("probe-1")
    first = window.dialogs.calibration
    window.dialogs.open_calibration("probe-1")
    assert window.dialogs.calibration is first
    window.dialogs.open_calibration("probe-2")
    assert window.dialogs.calibration is not None
    assert window.dialogs.calibration.publisher_id == "probe-2"
    window.dialogs.calibration.reanalyse.click()
    assert window.dialogs.reanalyse is not None
    window.dialogs.reanalyse.close()
    window.dialogs.calibration.close()
    assert window.dialogs.calibration is None

"""The Devices panel: rows, states, choice, spoken text."""

import pytest
from msgspec import structs
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QLabel, QListView
from pytestqt.qtbot import QtBot

from harit_desktop.domain.analysis import Analysis, Flag
from harit_desktop.domain.calibration import Corrections
from harit_desktop.domain.channels import CHANNEL_COUNT, CHANNEL_INDEX
from harit_desktop.domain.device_book import Calibration, CalibrationKind, DeviceBook, DeviceRecord
from harit_desktop.domain.errors import Problem
from harit_desktop.domain.status import (
    EngineStatus,
    ServerState,
    ServerStatus,
    StoreState,
    StoreStatus,
)
from harit_desktop.ui.panels.device_delegate import DeviceDelegate
from harit_desktop.ui.panels.device_rows import OBJECT_NAME_ROLE, ROW_ROLE, STATE_ROLE, DeviceRow
from harit_desktop.ui.panels.devices import DevicesPanel
from harit_desktop.ui.theme import DARK, ThemeController
from harit_desktop.ui.words import day_text
from tests.ui.chart_samples import LIMITS, MINUTE_US, NOW_US, SECOND_US, analysis, device

SPOKEN = Qt.ItemDataRole.AccessibleTextRole


@pytest.fixture
def panel(qtbot: QtBot, theme: ThemeController) -> DevicesPanel:
    made = DevicesPanel()
    qtbot.addWidget(made)
    made.resize(236, 400)
    made.show()
    return made


def view(panel: DevicesPanel) -> QListView:
    return panel.findChild(QListView, "list.devices")


def test_an_empty_list_says_what_will_happen(panel: DevicesPanel) -> None:
    label = panel.findChild(QLabel, "label.devices.empty")
    assert label.isVisible()
    panel.set_store(EngineStatus(store=StoreStatus(StoreState.OK, opened=True)))
    assert label.text().startswith("No devices yet.")
    panel.set_devices([device()], NOW_US)
    assert not label.isVisible()
    assert view(panel).isVisible()
    panel.set_devices([], NOW_US)
    assert label.isVisible()


def test_only_an_open_and_empty_store_has_no_devices(panel: DevicesPanel) -> None:
    label = panel.findChild(QLabel, "label.devices.empty")
    assert label.text() == "Looking for stored devices…"
    broken = Problem("store.read_only", {"path": "x"})
    panel.set_store(EngineStatus(store=StoreStatus(problem=broken)))
    assert label.text().startswith("The stored devices are not known")
    mysql = StoreStatus(StoreState.SPOOLING, "mysql", opened=True)
    panel.set_store(EngineStatus(store=mysql, server=ServerStatus(ServerState.LOST)))
    assert (
        label.text() == "Devices that only the database server knows appear here when it answers."
    )
    panel.set_store(EngineStatus(store=mysql, server=ServerStatus(ServerState.READY)))
    assert label.text().startswith("No devices yet.")


def test_rows_carry_their_name_state_and_full_text(panel: DevicesPanel) -> None:
    panel.set_devices([device("soil-01", index=78)], NOW_US)
    row = panel.model.index(0)
    assert row.data(OBJECT_NAME_ROLE) == "device.row.soil-01"
    assert row.data(STATE_ROLE) == "live"
    assert row.data(ROW_ROLE).detail == "3 s ago"
    assert row.data(SPOKEN) == "soil-01, 78, Excellent, 3 seconds ago"


def test_simulated_devices_are_marked(panel: DevicesPanel) -> None:
    panel.set_devices([device(simulated=True)], NOW_US)
    assert panel.model.index(0).data(SPOKEN).endswith(", simulated")
    marked = panel.grab().toImage()
    panel.set_devices([device(simulated=False)], NOW_US)
    assert panel.grab().toImage() != marked


def test_devices_are_sorted_by_name_with_numbers_by_value(panel: DevicesPanel) -> None:
    panel.set_devices([device(name) for name in ("soil-10", "Soil-2", "soil-1")], NOW_US)
    assert panel.model.ids() == ["soil-1", "Soil-2", "soil-10"]


def test_ages_go_on_and_silence_is_told(panel: DevicesPanel) -> None:
    panel.set_devices([device(interval_s=2.0)], NOW_US)
    row = panel.model.index(0)
    panel.tick(NOW_US + 20 * SECOND_US)
    assert row.data(ROW_ROLE).detail == "23 s ago"
    panel.tick(NOW_US + 6 * MINUTE_US)
    assert row.data(STATE_ROLE) == "stale"
    assert row.data(ROW_ROLE).detail == "silent for 6 min"


def test_a_row_is_painted_again_only_when_its_text_changes(panel: DevicesPanel) -> None:
    panel.set_devices([device(age_s=120.0, interval_s=60.0)], NOW_US)
    changed: list[object] = []
    panel.model.dataChanged.connect(lambda *rows: changed.append(rows))
    for tenth in range(10):
        panel.tick(NOW_US + tenth * SECOND_US // 10)
    assert changed == []
    panel.tick(NOW_US + MINUTE_US)
    assert len(changed) == 1


@pytest.mark.parametrize(
    ("moisture", "reason"), [(20.0, "Moisture low"), (80.0, "Moisture high"), (35.0, "")]
)
def test_a_value_beyond_its_alarm_limit_is_named(
    panel: DevicesPanel, moisture: float, reason: str
) -> None:
    panel.set_limits(LIMITS)
    panel.set_devices([device(values={"Moisture": moisture})], NOW_US)
    row = panel.model.index(0)
    assert row.data(STATE_ROLE) == ("error" if reason else "live")
    assert row.data(ROW_ROLE).detail == (reason or "3 s ago")


def test_without_limits_the_analysis_has_to_do(panel: DevicesPanel) -> None:
    judged = analysis(40, factors=("Moisture",))
    panel.set_devices([device(analysis=judged)], NOW_US)
    assert panel.model.index(0).data(ROW_ROLE).detail == "Moisture out of range"


def test_an_impossible_value_is_named(panel: DevicesPanel) -> None:
    flags = [Flag.PASS] * CHANNEL_COUNT
    flags[CHANNEL_INDEX["pH"]] = Flag.FAIL
    judged = analysis(60, flags=tuple(flags))
    panel.set_devices([device(values={"pH": 15.0}, analysis=judged)], NOW_US)
    assert panel.model.index(0).data(ROW_ROLE).detail == "pH faulty"


def flagged(index: int | None, code: str, flag: Flag, *keys: str) -> Analysis:
    flags = [Flag.PASS] * CHANNEL_COUNT
    for key in keys:
        flags[CHANNEL_INDEX[key]] = flag
    judged = analysis(index, flags=tuple(flags))
    return structs.replace(judged, reasons=tuple((key, code) for key in keys))


@pytest.mark.parametrize("flag", [Flag.SUSPECT, Flag.FAIL])
def test_a_probe_in_the_air_is_no_bad_soil(panel: DevicesPanel, flag: Flag) -> None:
    panel.set_limits({"N": (10.0, 50.0, 5.0, 100.0), **LIMITS})
    judged = flagged(12, "cross.in_air", flag, "N", "P", "K", "Moisture")
    panel.set_devices([device(values={"N": 0.0, "Moisture": 0.5}, analysis=judged)], NOW_US)
    row = panel.model.index(0).data(ROW_ROLE)
    assert (row.state, row.detail) == ("error", "Probe out of the soil")
    assert (row.index, row.band_shown) == ("–", "Unknown")


def test_values_that_stand_still_are_told_of_the_probe(panel: DevicesPanel) -> None:
    judged = flagged(60, "cross.frozen", Flag.SUSPECT, *CHANNEL_INDEX)
    panel.set_devices([device(analysis=judged)], NOW_US)
    row = panel.model.index(0).data(ROW_ROLE)
    assert (row.state, row.detail) == ("error", "All values stand still")


@pytest.mark.parametrize("limits", [LIMITS, {}])
def test_a_suspect_value_takes_the_calm_mark_away(
    panel: DevicesPanel, limits: dict[str, tuple[float, float, float, float]]
) -> None:
    panel.set_limits(limits)
    panel.set_devices([device()], NOW_US)
    calm = panel.grab().toImage()
    judged = flagged(80, "drift.siblings", Flag.SUSPECT, "Moisture")
    judged = structs.replace(judged, is_anomalous=True)
    panel.set_devices([device(analysis=judged)], NOW_US)
    row = panel.model.index(0).data(ROW_ROLE)
    assert (row.state, row.detail) == ("warn", "Moisture suspect: drifting")
    assert row.brief == "Moisture suspect"
    assert "Moisture suspect: drifting" in row.spoken
    assert panel.grab().toImage() != calm
    two = flagged(80, "drift.pair", Flag.SUSPECT, "Moisture", "pH")
    panel.set_devices([device(analysis=two)], NOW_US)
    row = panel.model.index(0).data(ROW_ROLE)
    assert (row.detail, row.brief) == ("Moisture and pH suspect", "2 values suspect")


def test_what_is_believed_and_alarming_goes_before_what_is_doubted(panel: DevicesPanel) -> None:
    panel.set_limits(LIMITS)
    judged = flagged(40, "noise.high", Flag.SUSPECT, "N")
    panel.set_devices([device(values={"Moisture": 20.0}, analysis=judged)], NOW_US)
    assert panel.model.index(0).data(ROW_ROLE).detail == "Moisture low"
    judged = flagged(40, "noise.high", Flag.SUSPECT, "Moisture")
    panel.set_devices([device(values={"Moisture": 20.0}, analysis=judged)], NOW_US)
    assert panel.model.index(0).data(ROW_ROLE).detail == "Moisture suspect: unsteady"


def test_several_faulty_channels_are_counted(panel: DevicesPanel) -> None:
    judged = flagged(None, "range.sentinel", Flag.FAIL, "Temperature", "Moisture", "pH")
    panel.set_devices([device(analysis=judged)], NOW_US)
    row = panel.model.index(0).data(ROW_ROLE)
    assert (row.detail, row.brief) == ("Temperature, Moisture, and pH faulty", "3 values faulty")


def test_the_first_device_is_chosen_where_nothing_is(panel: DevicesPanel, qtbot: QtBot) -> None:
    with qtbot.waitSignal(panel.device_chosen, timeout=1000) as chosen:
        panel.set_devices([device("soil-02"), device("soil-01")], NOW_US)
    assert chosen.args == ["soil-01"]
    assert panel.focus_device == "soil-01"
    assert view(panel).currentIndex().row() == 0


def test_a_choice_made_elsewhere_is_shown_in_silence(panel: DevicesPanel, qtbot: QtBot) -> None:
    panel.set_focus("soil-02")
    with qtbot.assertNotEmitted(panel.device_chosen, wait=10):
        panel.set_devices([device("soil-01"), device("soil-02")], NOW_US)
    assert view(panel).currentIndex().row() == 1
    # A device that sorts before it must not move the choice.
    with qtbot.assertNotEmitted(panel.device_chosen, wait=10):
        panel.set_devices([device("a"), device("soil-01"), device("soil-02")], NOW_US)
    assert view(panel).currentIndex().row() == 2


def test_clicks_keys_and_actions_choose(panel: DevicesPanel, qtbot: QtBot) -> None:
    panel.set_devices([device(f"soil-{i}") for i in (1, 2, 3)], NOW_US)
    chosen: list[str] = []
    panel.device_chosen.connect(chosen.append)
    place = view(panel).visualRect(panel.model.index(1)).center()
    qtbot.mouseClick(view(panel).viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.keyClick(view(panel), Qt.Key.Key_Down)
    panel.next_device()
    panel.previous_device()
    assert chosen == ["soil-2", "soil-3", "soil-1", "soil-3"]


def test_a_name_from_outside_stays_text_and_is_cut(panel: DevicesPanel) -> None:
    panel.set_devices([device("<h1>" + "x" * 1000)], NOW_US)
    shown = panel.model.index(0).data(ROW_ROLE).name
    assert shown.startswith("<h1>xxx")
    assert len(shown) == 200
    panel.grab()


def test_the_theme_recolours_the_rows(panel: DevicesPanel) -> None:
    panel.set_devices([device(age_s=600.0)], NOW_US)
    light = panel.grab().toImage()
    panel.set_tokens(DARK)
    assert panel.grab().toImage() != light


def test_a_reading_that_arrived_long_after_it_was_measured_says_when(
    panel: DevicesPanel,
) -> None:
    old = device(timestamp_us=NOW_US - 400 * 24 * 60 * MINUTE_US)
    panel.set_devices([old], NOW_US)
    row = panel.model.index(0).data(ROW_ROLE)
    assert row.state == "live"
    assert row.detail.startswith("measured ")
    assert "2025" in row.detail
    assert "measured" in row.spoken


@pytest.mark.parametrize(
    ("change", "values", "detail", "brief"),
    [
        ({"age_s": 36.0}, {}, "silent for 36 s · measured {day}", "measured {day}"),
        ({}, {"Moisture": 20.0}, "Moisture low · measured {day}", "Moisture low · measured {day}"),
    ],
)
def test_an_old_reading_keeps_its_time_whatever_else_is_told(
    panel: DevicesPanel,
    change: dict[str, float],
    values: dict[str, float],
    detail: str,
    brief: str,
) -> None:
    at_us = NOW_US - 400 * 24 * 60 * MINUTE_US
    panel.set_limits(LIMITS)
    panel.set_devices([device(values=values, timestamp_us=at_us, **change)], NOW_US)
    row = panel.model.index(0).data(ROW_ROLE)
    day = day_text(at_us, NOW_US)
    assert day.endswith("2025")
    assert row.detail == detail.format(day=day)
    assert row.brief == brief.format(day=day)
    assert row.detail in row.spoken


def test_a_clock_that_is_ahead_is_told(panel: DevicesPanel) -> None:
    ahead = device(timestamp_us=NOW_US + 100 * MINUTE_US)
    moment = day_text(ahead.timestamp_us, NOW_US)
    panel.set_devices([ahead], NOW_US)
    row = panel.model.index(0)
    told = f"stamped ahead of this computer's clock: {moment}"
    assert row.data(ROW_ROLE).detail == told
    assert row.data(ROW_ROLE).brief == f"stamped ahead: {moment}"
    assert told in row.data(Qt.ItemDataRole.ToolTipRole).replace("&#x27;", "'")
    # Once that time has come there is nothing to tell.
    panel.tick(NOW_US + 100 * MINUTE_US)
    assert row.data(ROW_ROLE).detail == "silent for 1 h 40 min"


def test_a_suspect_clock_is_told_beside_the_age(panel: DevicesPanel) -> None:
    panel.set_devices([device(clock_suspect=True)], NOW_US)
    row = panel.model.index(0).data(ROW_ROLE)
    assert (row.state, row.detail, row.brief) == (
        "live",
        "3 s ago · clock suspect",
        "clock suspect",
    )
    assert "clock suspect" in row.spoken


def test_until_its_interval_is_known_a_probe_may_take_minutes(panel: DevicesPanel) -> None:
    panel.set_devices([device(interval_s=None)], NOW_US)
    row = panel.model.index(0)
    panel.tick(NOW_US + 170 * SECOND_US)
    assert row.data(STATE_ROLE) == "live"
    panel.tick(NOW_US + 200 * SECOND_US)
    assert row.data(STATE_ROLE) == "stale"


def drawn_texts(panel: DevicesPanel, monkeypatch: pytest.MonkeyPatch, width: int) -> list[str]:
    """What the only row paints with its mark "Simulated" at a width."""
    texts: list[str] = []
    real = DeviceDelegate._draw

    def draw(painter: QPainter, box: QRect, text: str) -> None:
        texts.append(text)
        real(painter, box, text)

    monkeypatch.setattr(DeviceDelegate, "_draw", staticmethod(draw))
    panel.resize(width, 200)
    panel.grab()
    return list(dict.fromkeys(texts))


@pytest.mark.parametrize(
    ("name", "width", "expected"),
    [
        ("soil-01", 236, ["Simulated", "soil-01", "3 s ago"]),
        ("simulator-01-3", 210, ["Sim", "simulator-01-3", "3 s ago"]),
        ("simulator-number-01-3", 236, ["Sim", "simulator-number-01-3", "3 s ago"]),
    ],
)
def test_the_mark_of_made_up_data_leaves_room_for_the_name(
    panel: DevicesPanel,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    width: int,
    expected: list[str],
) -> None:
    panel.set_devices([device(name, simulated=True)], NOW_US)
    assert drawn_texts(panel, monkeypatch, width) == expected


def test_a_name_that_does_not_fit_keeps_its_end(
    panel: DevicesPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel.set_devices([device("a-very-long-name-of-a-probe-in-the-north-03")], NOW_US)
    shown = drawn_texts(panel, monkeypatch, 200)[0]
    assert "…" in shown
    assert shown.startswith("a-very")
    assert shown.endswith("-03")


def test_where_a_text_does_not_fit_its_brief_form_is_drawn(
    panel: DevicesPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel.set_devices([device(timestamp_us=NOW_US + 100 * MINUTE_US)], NOW_US)
    assert drawn_texts(panel, monkeypatch, 220)[1].startswith("stamped ahead: ")
    assert drawn_texts(panel, monkeypatch, 500)[1].startswith("stamped ahead of this computer")


class TestBook:
    def book(self, *records: DeviceRecord) -> DeviceBook:
        return DeviceBook({record.publisher_id: record for record in records})

    def rows(self, panel: DevicesPanel) -> list[DeviceRow]:
        return [panel.model.index(n).data(ROW_ROLE) for n in range(panel.model.rowCount())]

    def names(self, panel: DevicesPanel) -> list[str]:
        return [row.name for row in self.rows(panel)]

    def test_a_device_bears_its_name_and_the_tool_tip_its_id(self, panel: DevicesPanel) -> None:
        panel.set_devices([device("soil-01"), device("soil-02")], NOW_US)
        panel.set_book(self.book(DeviceRecord("soil-01", "<b>North</b>")), Corrections())
        assert self.names(panel) == ["<b>North</b>", "soil-02"]
        index = panel.model.index(0)
        assert "&lt;b&gt;North&lt;/b&gt;, soil-01" in index.data(Qt.ItemDataRole.ToolTipRole)
        assert index.data(SPOKEN).startswith("<b>North</b>, 65")
        assert index.data(OBJECT_NAME_ROLE) == "device.row.soil-01"

    def test_without_zones_there_are_no_captions(self, panel: DevicesPanel) -> None:
        panel.set_devices([device("soil-01")], NOW_US)
        panel.set_book(self.book(DeviceRecord("soil-01", "North")), Corrections())
        assert [row.caption for row in self.rows(panel)] == [None]

    def test_zones_group_their_devices_those_without_one_last(self, panel: DevicesPanel) -> None:
        names = ("a-1", "b-1", "c-1", "d-1")
        panel.set_devices([device(name) for name in names], NOW_US)
        before = view(panel).visualRect(panel.model.index(0)).height()
        panel.set_book(
            self.book(
                DeviceRecord("a-1", zone="West"),
                DeviceRecord("c-1", zone="East"),
                DeviceRecord("d-1", zone="West", position=1),
            ),
            Corrections(),
        )
        assert self.names(panel) == ["c-1", "d-1", "a-1", "b-1"]
        captions = [row.caption for row in self.rows(panel)]
        assert captions == ["East", "West", None, "Without a zone"]
        view(panel).doItemsLayout()
        heights = [view(panel).visualRect(panel.model.index(n)).height() for n in range(4)]
        assert heights[2] == before
        assert heights[0] == heights[1] == heights[3] > before

    def test_a_hidden_device_is_left_out_unless_the_window_looks_at_it(
        self, panel: DevicesPanel
    ) -> None:
        panel.set_devices([device("a-1"), device("b-1"), device("c-1")], NOW_US)
        assert panel.focus_device == "a-1"
        hidden = [DeviceRecord(name, hidden=True) for name in ("a-1", "b-1")]
        panel.set_book(self.book(*hidden), Corrections())
        assert self.names(panel) == ["a-1", "c-1"]
        panel.set_focus("c-1")
        assert self.names(panel) == ["c-1"]
        assert sorted(panel.model.ids()) == ["a-1", "b-1", "c-1"]
        panel.set_focus("b-1")
        assert self.names(panel) == ["b-1", "c-1"]
        assert view(panel).currentIndex().row() == 0

    def test_values_are_judged_as_calibrated(self, panel: DevicesPanel) -> None:
        panel.set_limits(LIMITS)
        panel.set_devices([device("soil-01", values={"Moisture": 55.0})], NOW_US)
        assert self.rows(panel)[0].state == "live"
        halved = ((20.0, 10.0), (60.0, 30.0))
        known = Calibration("soil-01", "Moisture", CalibrationKind.TWO_POINT, 0, halved, 0)
        panel.set_book(DeviceBook(calibrations=(known,)), Corrections([known]))
        assert self.rows(panel)[0].detail == "Moisture low"


class TestOrder:
    @pytest.fixture
    def placed(self, panel: DevicesPanel) -> list[list[DeviceRecord]]:
        """What the panel asked to keep; it is kept at once."""
        asked: list[list[DeviceRecord]] = []
        records: dict[str, DeviceRecord] = {}

        def keep(changed: list[DeviceRecord]) -> None:
            asked.append(changed)
            records.update({one.publisher_id: one for one in changed})
            panel.set_book(DeviceBook(dict(records)), Corrections())

        panel.placed.connect(keep)
        panel.set_devices([device(name) for name in ("a-1", "b-1", "c-1", "d-1")], NOW_US)
        return asked

    def move(self, panel: DevicesPanel, publisher_id: str, name: str) -> None:
        menu = panel.device_menu(publisher_id)
        action = next(one for one in menu.actions() if one.objectName() == f"menu.devices.{name}")
        assert action.isEnabled()
        action.trigger()

    def test_a_device_goes_up_and_down(
        self, panel: DevicesPanel, placed: list[list[DeviceRecord]]
    ) -> None:
        self.move(panel, "c-1", "up")
        assert panel.model.shown_ids() == ["a-1", "c-1", "b-1", "d-1"]
        self.move(panel, "a-1", "down")
        assert panel.model.shown_ids() == ["c-1", "a-1", "b-1", "d-1"]
        # Only the two that changed places are written again.
        assert sorted(record.publisher_id for record in placed[1]) == ["a-1", "c-1"]
        self.move(panel, "a-1", "byName")
        assert panel.model.shown_ids() == ["a-1", "b-1", "c-1", "d-1"]
        assert not any(record.position for record in placed[2])

    def test_keys_move_the_device_in_focus(
        self, panel: DevicesPanel, placed: list[list[DeviceRecord]], qtbot: QtBot
    ) -> None:
        panel.set_focus("b-1")
        qtbot.keyClick(view(panel), Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
        if not placed:
            # Without a window manager the window is not active, and so are no shortcuts.
            panel._move_focus(1)
        assert panel.model.shown_ids() == ["a-1", "c-1", "b-1", "d-1"]
        assert panel.focus_device == "b-1"
        assert view(panel).currentIndex().row() == 2

    def test_a_device_stays_within_its_zone(self, panel: DevicesPanel) -> None:
        panel.set_devices([device(name) for name in ("a-1", "b-1", "c-1")], NOW_US)
        records = [DeviceRecord("a-1", zone="West"), DeviceRecord("b-1", zone="West")]
        panel.set_book(DeviceBook({one.publisher_id: one for one in records}), Corrections())
        model = panel.model
        assert [model.movable(one, 1) for one in ("a-1", "b-1", "c-1")] == [True, False, False]
        assert not model.is_placed("a-1")
        assert [record.zone for record in model.moved("a-1", 1)] == ["West", "West"]

    def test_a_hidden_device_keeps_its_place(self, panel: DevicesPanel) -> None:
        panel.set_devices([device(name) for name in ("a-1", "b-1", "c-1")], NOW_US)
        panel.set_book(DeviceBook({"b-1": DeviceRecord("b-1", hidden=True)}), Corrections())
        moved = {one.publisher_id: one for one in panel.model.moved("a-1", 1)}
        assert [moved[one].position for one in ("c-1", "b-1", "a-1")] == [0, 1, 2]
        assert moved["b-1"].hidden

    def test_the_menu_opens_the_device(self, panel: DevicesPanel) -> None:
        panel.set_devices([device("a-1")], NOW_US)
        asked: list[str] = []
        panel.device_asked.connect(asked.append)
        self.move(panel, "a-1", "device")
        assert asked == ["a-1"]

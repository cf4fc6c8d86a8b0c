"""The Live page: states, headers, gaps, cursor, freeze, ranges, when it draws."""

from collections.abc import Callable

import numpy as np
import pyqtgraph as pg
import pytest
from msgspec import structs
from PySide6.QtCore import QCoreApplication, QPoint, QPointF, Qt, QTranslator
from PySide6.QtGui import QFontMetricsF, QImage, QPainter
from PySide6.QtWidgets import QLabel, QStyleOptionGraphicsItem
from pytestqt.qtbot import QtBot

from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.channels import CHANNEL_COUNT, CHANNEL_INDEX, CHANNELS
from harit_desktop.domain.status import LinkState
from harit_desktop.ui.charts.alarm_runs import Onset
from harit_desktop.ui.charts.annotations import Annotator
from harit_desktop.ui.charts.flag_marks import APART_PX
from harit_desktop.ui.charts.frame import Scale
from harit_desktop.ui.charts.live_data import MAX_CONTEXT
from harit_desktop.ui.fonts import app_font
from harit_desktop.ui.live_page import LivePage
from harit_desktop.ui.theme import DARK, LIGHT, SIZES, ThemeController
from harit_desktop.ui.words import day_text, moment_text
from tests.ui.chart_samples import (
    HOUR_US,
    LIMITS,
    MINUTE_US,
    NOW_US,
    SECOND_US,
    analysis,
    device,
    every,
    points,
    series,
)

MOISTURE = CHANNEL_INDEX["Moisture"]


@pytest.fixture
def page(qtbot: QtBot, theme: ThemeController) -> LivePage:
    made = LivePage()
    qtbot.addWidget(made)
    made.resize(840, 600)
    made.set_link(LinkState.CONNECTED)
    made.set_limits(LIMITS)
    made.show()
    return made


@pytest.fixture
def shown(page: LivePage) -> LivePage:
    """An hour of readings of two devices, every two seconds, one in focus."""
    page.set_range("1h")
    page.set_focus("soil-01")
    page.set_devices([device("soil-01"), device("soil-02")], NOW_US)
    for name in ("soil-01", "soil-02"):
        page.set_series(name, series(every(2, 3600)))
    page.tick(NOW_US)
    return page


def chart_image(page: LivePage, key: str) -> QImage:
    return page.strip(key).chart.grab().toImage()


class TestNames:
    def test_strips_values_trends_and_charts_have_their_names(self, shown: LivePage) -> None:
        for channel in CHANNELS:
            strip = shown.findChild(object, f"strip.{channel.key}")
            assert strip is shown.strip(channel.key)
            assert isinstance(shown.findChild(QLabel, f"value.{channel.key}"), QLabel)
            assert isinstance(shown.findChild(QLabel, f"trend.{channel.key}"), QLabel)
            chart = shown.findChild(pg.PlotWidget, f"chart.{channel.key}")
            assert 1790 <= chart.property("points") <= 1800

    def test_a_strip_says_what_it_measures_and_how_it_stands(self, page: LivePage) -> None:
        page.set_range("1h")
        page.set_focus("soil-02")
        page.set_devices([device("soil-02", values={"Moisture": 36.4})], NOW_US)
        page.set_series("soil-02", series(every(2, 3600), Moisture=np.linspace(48, 36.4, 1800)))
        page.tick(NOW_US)
        strip = page.strip("Moisture")
        assert strip.accessibleName() == "Moisture, percent, soil-02"
        said = strip.accessibleDescription()
        assert said.startswith("36.4, below 40–60, ")
        assert said.endswith(", 1 h shown")
        assert page.findChild(QLabel, "value.Moisture").accessibleName() == "Moisture 36.4 percent"

    def test_a_device_name_is_never_markup(self, page: LivePage) -> None:
        page.set_focus("<b>x</b>")
        page.set_devices([device("<b>x</b>")], NOW_US)
        label = page.findChild(QLabel, "live.context.device")
        assert label.text() == "<b>x</b>"
        assert label.textFormat() == Qt.TextFormat.PlainText


class TestStates:
    def state(self, page: LivePage, key: str = "Moisture") -> str:
        strip = page.strip(key)
        assert strip.chart.property("state") == strip.property("state")
        return str(strip.property("state"))

    def test_without_a_device_it_waits(self, page: LivePage) -> None:
        page.tick(NOW_US)
        assert self.state(page) == "empty"
        frame = page.strip("N").chart.frame_shown
        assert frame.empty_text == "Waiting for the first reading"
        assert page.findChild(QLabel, "value.N").text() == "–"

    def test_a_fresh_value_is_live_and_its_value_readable(self, shown: LivePage) -> None:
        assert self.state(shown) == "live"
        value = shown.findChild(QLabel, "value.Moisture")
        assert value.text() == "55.0"
        assert value.property("value") == 55.0
        assert shown.strip("Moisture").chart.end_dot() is not None

    def test_silence_is_stale_greyed_with_its_age_and_hatched_until_now(
        self, shown: LivePage
    ) -> None:
        later_us = NOW_US + 6 * MINUTE_US
        shown.tick(later_us)
        assert self.state(shown) == "stale"
        assert shown.findChild(QLabel, "trend.Moisture").text() == "6 min ago"
        assert shown.findChild(QLabel, "value.Moisture").property("state") == "stale"
        shown.tick(later_us + SECOND_US)
        (gap,) = shown.strip("Moisture").chart.frame_shown.gaps
        assert gap.start_us == NOW_US
        assert gap.duration_s == pytest.approx(360, abs=2)
        assert shown.strip("Moisture").chart.end_dot() is not None
        assert shown.strip("Moisture").chart.frame_shown.old

    def test_a_lost_link_is_connecting_from_its_third_interval_on(self, shown: LivePage) -> None:
        shown.set_link(LinkState.LOST)
        shown.tick(NOW_US + SECOND_US)
        assert self.state(shown) == "live"
        shown.tick(NOW_US + 8 * SECOND_US)
        assert self.state(shown) == "connecting"
        assert len(shown.strip("N").chart.frame_shown.gaps) == 1

    def test_a_value_beyond_its_alarm_limit_is_an_error(self, shown: LivePage) -> None:
        low = np.linspace(55, 20, 1800)
        shown.set_series("soil-01", series(every(2, 3600), Moisture=low))
        shown.set_devices([device("soil-01", values={"Moisture": 20.0})], NOW_US)
        shown.tick(NOW_US)
        assert self.state(shown) == "error"
        trend = shown.findChild(QLabel, "trend.Moisture")
        assert trend.text() == "below 40–60"
        assert trend.property("severity") == "crit"
        assert shown.strip("Moisture").chart.alarms == 1

    def test_a_value_between_the_limits_only_warns(self, shown: LivePage) -> None:
        shown.set_devices([device("soil-01", values={"Moisture": 65.0})], NOW_US)
        trend = shown.findChild(QLabel, "trend.Moisture")
        assert self.state(shown) == "live"
        assert trend.text() == "above 40–60"
        assert trend.property("severity") == "warn"

    def test_an_impossible_value_is_not_shown_as_a_number(self, shown: LivePage) -> None:
        flags = tuple(Flag.FAIL if i == MOISTURE else Flag.PASS for i in range(CHANNEL_COUNT))
        refused = device("soil-01", values={"Moisture": 140.0}, analysis=analysis(60, flags=flags))
        shown.set_devices([refused], NOW_US)
        assert shown.findChild(QLabel, "value.Moisture").text() == "–"
        assert shown.findChild(QLabel, "trend.Moisture").text() == "faulty: 140.0"
        assert self.state(shown) == "error"

    def test_a_channel_missing_from_the_last_reading_is_empty(self, shown: LivePage) -> None:
        shown.set_devices([device("soil-01", values={"Moisture": None})], NOW_US)
        assert self.state(shown) == "empty"
        assert self.state(shown, "N") == "live"

    def test_an_old_reading_bears_the_time_of_its_measurement_fresh_and_silent(
        self, shown: LivePage
    ) -> None:
        at_us = NOW_US - 400 * 24 * HOUR_US
        note = shown.findChild(QLabel, "trend.Moisture")
        shown.set_devices([device("soil-01", timestamp_us=at_us)], NOW_US)
        assert note.text() == moment_text(at_us, NOW_US)
        shown.tick(NOW_US + 40 * SECOND_US)
        assert self.state(shown) == "stale"
        assert note.text() == moment_text(at_us, NOW_US)
        assert note.text() in shown.strip("Moisture").accessibleDescription()
        low = device("soil-01", timestamp_us=at_us, values={"Moisture": 20.0})
        shown.set_devices([low], NOW_US)
        assert note.text() == f"{day_text(at_us, NOW_US)} · below 40–60"

    def test_a_refused_value_is_told_also_when_it_is_old(self, shown: LivePage) -> None:
        flags = tuple(Flag.FAIL if i == MOISTURE else Flag.PASS for i in range(CHANNEL_COUNT))
        refused = device("soil-01", values={"Moisture": 140.0}, analysis=analysis(60, flags=flags))
        shown.set_devices([refused], NOW_US)
        shown.tick(NOW_US + 59 * SECOND_US)
        assert self.state(shown) == "stale"
        assert shown.findChild(QLabel, "trend.Moisture").text() == "faulty: 140.0"

    def test_a_channel_that_is_not_sent_has_no_age(self, page: LivePage) -> None:
        page.set_focus("soil-01")
        page.set_devices([device("soil-01", values={"P": None})], NOW_US)
        page.set_series("soil-01", series(every(2, 600), P=np.nan))
        for now_us in (NOW_US, NOW_US + 59 * SECOND_US):
            page.tick(now_us)
            header = page.strip("P").header
            assert header.trend.text() == "not sent by this device"
            assert not header.clock.isVisible()
            text = page.strip("P").chart.frame_shown.empty_text
            assert text == "This device sends no phosphorus"
        assert page.strip("N").header.trend.text() == "1 min ago"
        page.set_devices([device("soil-01", values={"K": None})], NOW_US)
        assert page.strip("K").header.trend.text() == "not in the last reading"


class TestEmptyPlots:
    def text(self, page: LivePage, key: str = "N") -> str:
        page.tick(NOW_US)
        return str(page.strip(key).chart.frame_shown.empty_text)

    def shows(self, page: LivePage, times_us: list[int], **channels: float) -> None:
        page.set_focus("soil-01")
        newest = device("soil-01", timestamp_us=max(times_us))
        page.set_devices([newest], NOW_US)
        page.set_series("soil-01", series(np.array(times_us), **channels))

    @pytest.mark.parametrize("key", ["15m", "1h", "24h", "7d", "30d", "all"])
    def test_a_reading_of_a_clock_that_is_ahead_is_told_or_shown(
        self, page: LivePage, key: str
    ) -> None:
        ahead_us = NOW_US + 100 * MINUTE_US
        page.set_range(key)
        self.shows(page, [ahead_us])
        told = f"Stamped ahead of this computer's clock: {moment_text(ahead_us, NOW_US)}"
        assert self.text(page) == ("" if key == "all" else told)
        header = page.strip("N").header.trend.text()
        assert header == f"stamped ahead: {day_text(ahead_us, NOW_US)}"
        if key == "all":
            assert page.stack.view.x_of(ahead_us) <= page.strip("N").chart.plot_width()
            assert page.strip("N").chart.end_dot() is not None

    def test_readings_in_view_are_not_written_over(self, page: LivePage) -> None:
        page.set_range("15m")
        self.shows(page, [NOW_US - MINUTE_US, NOW_US + 100 * MINUTE_US])
        assert self.text(page) == ""

    def test_frozen_everything_ends_where_it_was_frozen(self, page: LivePage) -> None:
        page.set_range("all")
        self.shows(page, [NOW_US - MINUTE_US, NOW_US])
        page.tick(NOW_US)
        page.set_frozen(True)
        later_us = NOW_US + HOUR_US
        page.append_points("soil-01", points(np.array([later_us])))
        page.tick(later_us)
        assert page.stack.view.end_us < NOW_US + 5 * MINUTE_US

    def test_only_refused_values_are_named(self, page: LivePage) -> None:
        self.shows(page, [NOW_US])
        data = series(np.array([NOW_US]), Moisture=140.0)
        data.flags[:, MOISTURE] = Flag.FAIL
        page.set_series("soil-01", data)
        assert self.text(page, "Moisture") == "Only refused values in this time range"

    def test_a_reading_older_than_the_range_is_told_without_its_series(
        self, page: LivePage
    ) -> None:
        old_us = NOW_US - 2 * 24 * HOUR_US
        page.set_range("15m")
        page.set_focus("soil-01")
        page.set_devices([device("soil-01", age_s=2 * 86_400)], NOW_US)
        page.set_series("soil-01", series(np.array([], np.int64)))
        assert self.text(page).endswith(f"the newest is from {moment_text(old_us, NOW_US)}")


AWAY = "Database server does not answer; only readings of this computer are shown"


class TestServerAway:
    def hint(self, page: LivePage) -> str:
        return page.findChild(QLabel, "live.context.hint").text()

    def test_an_empty_plot_says_that_the_server_is_away(self, page: LivePage) -> None:
        page.set_away(AWAY)
        page.set_focus("soil-01")
        old = device("soil-01", age_s=3 * 86_400, values={"pH": None})
        page.set_devices([old], NOW_US)
        page.set_series("soil-01", series(every(2, 0)), partial=True)
        page.tick(NOW_US)
        for key in ("Moisture", "pH"):
            chart = page.strip(key).chart
            assert chart.frame_shown.empty_text == AWAY
            metrics = QFontMetricsF(app_font(SIZES.caption, 400, 1.0))
            assert metrics.horizontalAdvance(AWAY) < chart.frame_shown.view.width_px
        assert page.findChild(QLabel, "trend.pH").text() != "not sent by this device"
        assert self.hint(page) == AWAY
        page.set_away("")
        page.tick(NOW_US + SECOND_US)
        assert page.strip("Moisture").chart.frame_shown.empty_text.startswith("No reading in this")

    def test_without_a_device_as_well(self, page: LivePage) -> None:
        page.set_away(AWAY)
        page.tick(NOW_US)
        assert page.strip("N").chart.frame_shown.empty_text == AWAY

    def test_what_the_server_gave_before_needs_no_such_word(self, shown: LivePage) -> None:
        shown.set_away(AWAY)
        shown.tick(NOW_US + SECOND_US)
        assert self.hint(shown) == "other devices in grey"
        shown.set_range("24h")
        shown.set_series("soil-01", series(every(2, 600)), partial=True)
        shown.tick(NOW_US + 2 * SECOND_US)
        assert self.hint(shown) == AWAY

    def test_a_part_of_the_store_takes_nothing_away(self, shown: LivePage) -> None:
        shown.set_series("soil-01", series(every(2, 600), Moisture=44.0), partial=True)
        data = shown._data.data("soil-01")
        assert data.size == 1800
        assert (data.values[-300:, MOISTURE] == 44.0).all()
        assert (np.diff(data.time_us) > 0).all()
        shown.set_series("soil-01", series(every(2, 0)), partial=True)
        assert shown._data.data("soil-01").size == 1800
        shown.set_series("soil-01", series(every(2, 1200)))
        assert shown._data.data("soil-01").size == 600

    def test_everything_is_asked_for_again_others_when_they_are_shown(
        self, shown: LivePage, qtbot: QtBot
    ) -> None:
        asked: list[str] = []
        shown.series_wanted.connect(asked.append)
        shown.set_devices([device("soil-01")], NOW_US)
        shown.read_again()
        assert asked == ["soil-01"]
        assert shown.strip("Moisture").chart.property("points") > 1700
        shown.set_focus("soil-02")
        shown.set_devices([device("soil-01"), device("soil-02")], NOW_US)
        shown.tick(NOW_US + SECOND_US)
        assert "soil-02" in asked


class TestPlot:
    def test_a_lone_reading_can_be_seen(self, page: LivePage) -> None:
        """Also where it is not the newest one and silence has set in."""

        def inked(image: QImage) -> int:
            wanted = LIGHT.color("ink").rgb()
            return sum(
                image.pixelColor(x, y).rgb() == wanted
                for x in range(image.width())
                for y in range(image.height())
            )

        page.set_range("1h")
        page.set_focus("soil-01")
        page.set_devices([device("soil-01", age_s=600.0, interval_s=60.0)], NOW_US)
        times = [NOW_US - minutes * MINUTE_US for minutes in (40, 39, 38, 37, 25, 10)]
        page.set_series("soil-01", series(np.array(sorted(times))))
        page.tick(NOW_US)
        image = chart_image(page, "N")
        x = int(page.stack.view.x_of(NOW_US - 25 * MINUTE_US))
        assert inked(image.copy(x - 6, 0, 12, image.height())) >= 9
        dot = page.strip("N").chart.end_dot()
        newest = image.copy(int(dot.x()) - 4, int(dot.y()) - 4, 9, 9)
        colors = {newest.pixelColor(x, y).rgb() for x in range(9) for y in range(9)}
        assert len(colors) > 3

    def test_the_axis_holds_a_context_line_that_leaves_the_focus_a_third(
        self, shown: LivePage
    ) -> None:
        focus = np.linspace(20, 30, 1800)
        shown.set_series("soil-01", series(every(2, 3600), N=focus))
        shown.set_series("soil-02", series(every(2, 3600), N=49.0))
        shown.tick(NOW_US)
        frame = shown.strip("N").chart.frame_shown
        assert frame.high > 49
        shown.set_series("soil-02", series(every(2, 3600), N=52.0))
        shown.tick(NOW_US)
        assert shown.strip("N").chart.frame_shown.high < 33

    def test_a_gap_breaks_the_line_and_is_hatched(self, page: LivePage) -> None:
        page.set_focus("soil-01")
        page.set_devices([device("soil-01", interval_s=60.0)], NOW_US)
        times = np.delete(every(60, 86_400), np.s_[700:742])
        page.set_series("soil-01", series(times))
        page.tick(NOW_US)
        frame = page.strip("N").chart.frame_shown
        assert frame.focus.starts.size == 2
        (gap,) = frame.gaps
        assert gap.duration_s == 43 * 60

    def test_refused_readings_are_marks_and_not_values(self, shown: LivePage) -> None:
        data = series(every(2, 3600))
        data.values[900:910, MOISTURE] = 140.0
        data.flags[900:910, MOISTURE] = Flag.FAIL
        shown.set_series("soil-01", data)
        shown.tick(NOW_US)
        frame = shown.strip("Moisture").chart.frame_shown
        # A run has one mark, and a bar for its length.
        assert frame.flags.faulty_high.marks == ((int(data.time_us[900]), 140.0),)
        assert len(frame.flags.faulty_high.bars) == 1
        assert frame.flags.faulty_low.marks == ()
        assert frame.high < 140
        assert frame.focus.mean.max() < 140

    def test_marks_of_many_refused_readings_are_spread_as_these_are(self, page: LivePage) -> None:
        page.set_range("30d")
        page.set_focus("soil-01")
        page.set_devices([device("soil-01")], NOW_US)
        data = series(every(30 * 60, 30 * 86_400))
        data.flags[::2, MOISTURE] = Flag.FAIL
        page.set_series("soil-01", data)
        page.tick(NOW_US)
        frame = page.strip("Moisture").chart.frame_shown
        marks = frame.flags.faulty_low.marks + frame.flags.faulty_high.marks
        days = {(NOW_US - at_us) // (24 * HOUR_US) for at_us, _ in marks}
        assert days >= set(range(29))
        assert len(marks) <= frame.view.width_px / APART_PX + 1

    def test_the_name_of_a_running_alarm_lies_on_a_ground_of_its_own(self, page: LivePage) -> None:
        page.set_range("15m")
        page.set_focus("soil-01")
        page.set_devices([device("soil-01", values={"Moisture": 95.0})], NOW_US)
        times = every(2, 900)
        page.set_series("soil-01", series(times, Moisture=np.where(times % 4, 75.0, 95.0)))
        page.tick(NOW_US)
        chart = page.strip("Moisture").chart
        annotator = Annotator(
            chart.frame_shown, Scale(chart.frame_shown.view, 70, 96, 80), LIGHT, 1
        )
        image = QImage(900, 80, QImage.Format.Format_ARGB32)
        image.fill(LIGHT.color("ink"))
        painter = QPainter(image)
        annotator.running_alarm(painter, Onset(int(times[300]), 1, 70.0, True))
        painter.end()
        (box,) = annotator._taken
        ink = LIGHT.color("ink").rgb()
        inside = sum(
            image.pixelColor(x, y).rgb() == ink
            for x in range(int(box.left()) + 1, int(box.right()) - 1)
            for y in range(int(box.top()) + 1, int(box.bottom()) - 1)
        )
        assert inside == 0

    def test_the_alarm_run_is_red_where_it_is_and_ink_elsewhere(self, shown: LivePage) -> None:
        def reds(image: QImage) -> int:
            colors = (
                image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())
            )
            wanted = LIGHT.color("crit").rgb()
            return sum(color.rgb() == wanted for color in colors)

        assert reds(chart_image(shown, "Moisture")) == 0
        shown.set_series("soil-01", series(every(2, 3600), Moisture=np.linspace(55, 20, 1800)))
        shown.tick(NOW_US)
        assert reds(chart_image(shown, "Moisture")) > 50

    def test_simulated_and_measured_devices_are_not_drawn_together(self, page: LivePage) -> None:
        made = [device(f"sim-{i}", simulated=True) for i in range(2)]
        page.set_focus("sim-0")
        page.set_devices([*made, device("real-1")], NOW_US)
        assert page._data.shown() == ["sim-0", "sim-1"]
        page.set_series("sim-0", series(every(2, 60)))
        page.tick(NOW_US)
        assert page.strip("pH").chart.frame_shown.simulated_text == "Simulated data"
        page.set_focus("real-1")
        page.tick(NOW_US)
        assert page.strip("pH").chart.frame_shown.simulated_text == ""

    def test_a_fleet_is_cut_to_a_few_context_lines(self, page: LivePage) -> None:
        page.set_focus("soil-50")
        page.set_devices([device(f"soil-{i:02}") for i in range(100)], NOW_US)
        assert len(page._data.shown()) == 1 + MAX_CONTEXT

    def test_one_far_device_does_not_press_the_focus_flat(self, shown: LivePage) -> None:
        shown.set_series("soil-02", series(every(2, 3600), N=2000.0))
        shown.tick(NOW_US)
        frame = shown.strip("N").chart.frame_shown
        assert frame.high < 60

    def test_the_view_of_the_plot_widget_is_the_one_drawn(self, shown: LivePage) -> None:
        (left, right), (low, high) = shown.strip("K").chart.viewRange()
        frame = shown.strip("K").chart.frame_shown
        assert left == pytest.approx(frame.view.start_us / 1e6)
        assert right == pytest.approx(frame.view.end_us / 1e6)
        assert (low, high) == pytest.approx((frame.low, frame.high))

    @pytest.mark.parametrize("key", ["15m", "1h", "24h", "7d", "30d", "all"])
    def test_every_range_draws(self, shown: LivePage, key: str) -> None:
        shown.set_range(key)
        shown.tick(NOW_US)
        assert shown.strip("N").chart.property("points") > 0

    def test_an_unknown_range_is_refused(self, page: LivePage) -> None:
        with pytest.raises(ValueError, match="range"):
            page.set_range("2y")

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e308, -1e308, 5e-324])
    def test_extreme_values_do_no_harm(self, shown: LivePage, value: float) -> None:
        shown.append_points("soil-01", points(np.array([NOW_US + SECOND_US]), N=value))
        shown.tick(NOW_US + 2 * SECOND_US)
        assert not chart_image(shown, "N").isNull()


class TestCursor:
    def x_of(self, page: LivePage, time_us: int) -> float:
        return page.stack.view.x_of(time_us)

    def test_the_mouse_reads_all_strips_at_once(self, shown: LivePage, qtbot: QtBot) -> None:
        chart = shown.strip("K").chart
        qtbot.mouseMove(chart.viewport(), QPoint(300, 20))
        wanted_us = shown.stack.view.time_at(300)
        assert shown.stack.cursor_us == pytest.approx(wanted_us, abs=2 * SECOND_US)
        marks = [shown.strip(channel.key).chart._mark for channel in CHANNELS]
        assert [mark.text for mark in marks][:2] == ["22.0 mg/kg", "18.0 mg/kg"]
        assert len({mark.time_us for mark in marks}) == 1
        assert shown.stack.axis.cursor_text

    def test_it_says_no_data_in_a_gap(self, page: LivePage) -> None:
        page.set_focus("soil-01")
        page.set_devices([device("soil-01", interval_s=60.0)], NOW_US)
        page.set_series("soil-01", series(np.delete(every(60, 86_400), np.s_[500:900])))
        page.tick(NOW_US)
        page.strip("N").chart.hovered.emit(self.x_of(page, NOW_US - 700 * MINUTE_US))
        mark = page.strip("N").chart._mark
        assert mark.value is None
        assert mark.text == "no data"

    def test_keys_step_reading_by_reading_and_jump_to_the_ends(
        self, shown: LivePage, qtbot: QtBot
    ) -> None:
        strip = shown.strip("N")
        qtbot.keyClick(strip, Qt.Key.Key_End)
        assert shown.stack.cursor_us == NOW_US
        qtbot.keyClick(strip, Qt.Key.Key_Left)
        assert shown.stack.cursor_us == NOW_US - 2 * SECOND_US
        qtbot.keyClick(strip, Qt.Key.Key_Left, Qt.KeyboardModifier.ControlModifier)
        assert shown.stack.cursor_us == NOW_US - 22 * SECOND_US
        qtbot.keyClick(strip, Qt.Key.Key_Right)
        assert shown.stack.cursor_us == NOW_US - 20 * SECOND_US
        qtbot.keyClick(strip, Qt.Key.Key_Home)
        assert shown.stack.cursor_us <= NOW_US - 3590 * SECOND_US
        qtbot.keyClick(strip, Qt.Key.Key_Escape)
        assert shown.stack.cursor_us is None

    def test_at_the_end_it_goes_with_the_newest_reading(self, shown: LivePage) -> None:
        shown.cursor_to_latest()
        shown.append_points("soil-01", points(np.array([NOW_US + 2 * SECOND_US])))
        shown.tick(NOW_US + 3 * SECOND_US)
        assert shown.stack.cursor_us == NOW_US + 2 * SECOND_US

    def test_the_chip_stays_inside_and_off_the_newest_reading(self, shown: LivePage) -> None:
        shown.cursor_to_latest()
        for _ in range(40):
            for channel in CHANNELS:
                chart = shown.strip(channel.key).chart
                dot = chart.end_dot()
                assert chart.chip.left() >= 0
                assert chart.chip.right() <= chart.plot_width()
                assert chart.chip.top() >= 0
                assert chart.chip.bottom() <= chart.height()
                assert not chart.chip.contains(dot)
            shown.strip("N").cursor_stepped.emit(-5)

    def test_it_goes_when_the_mouse_leaves(self, shown: LivePage) -> None:
        chart = shown.strip("N").chart
        chart.hovered.emit(100.0)
        chart.unhovered.emit()
        assert shown.stack.cursor_us is None

    def test_up_and_down_go_from_strip_to_strip(self, shown: LivePage, qtbot: QtBot) -> None:
        with qtbot.waitActive(shown):
            shown.activateWindow()
        shown.strip("N").setFocus()
        qtbot.keyClick(shown.strip("N"), Qt.Key.Key_Down)
        assert shown.strip("P").hasFocus()
        qtbot.keyClick(shown.strip("P"), Qt.Key.Key_Up)
        qtbot.keyClick(shown.strip("N"), Qt.Key.Key_Up)
        assert shown.strip("N").hasFocus()


class TestFreeze:
    def test_it_stops_drawing_and_counts_what_comes(self, shown: LivePage) -> None:
        seen: list[int] = []
        shown.missed_changed.connect(seen.append)
        before = shown.findChild(QLabel, "value.N").text()
        shown.set_frozen(True)
        shown.tick(NOW_US)
        draws = shown.stack.draw_count
        for second in range(2, 20, 2):
            at_us = NOW_US + second * SECOND_US
            shown.append_points("soil-01", points(np.array([at_us]), N=99.0))
            shown.append_points("soil-02", points(np.array([at_us]), N=99.0))
            shown.set_devices([device("soil-01", age_s=-second, values={"N": 99.0})], at_us)
            shown.tick(at_us)
        assert shown.stack.draw_count <= draws + 1  # one for the changed set of devices
        assert seen[-1] == 9
        assert shown.findChild(QLabel, "value.N").text() == before
        assert shown.stack.view.x_of(NOW_US) <= shown.stack.view.width_px

    def test_resuming_shows_everything_that_came(self, shown: LivePage) -> None:
        seen: list[int] = []
        shown.missed_changed.connect(seen.append)
        shown.set_frozen(True)
        at_us = NOW_US + 2 * SECOND_US
        shown.append_points("soil-01", points(np.array([at_us]), N=99.0))
        shown.set_devices([device("soil-01", age_s=-2, values={"N": 99.0})], at_us)
        shown.tick(at_us)
        assert shown.strip("N").chart.frame_shown.focus.high.max() < 99
        shown.set_frozen(False)
        shown.tick(at_us)
        assert seen[-1] == 0
        assert shown.findChild(QLabel, "value.N").text() == "99.0"
        assert shown.strip("N").chart.frame_shown.focus.high.max() == 99

    def test_space_asks_for_it(self, shown: LivePage, qtbot: QtBot) -> None:
        with qtbot.waitSignal(shown.freeze_asked, timeout=1000):
            qtbot.keyClick(shown.strip("N"), Qt.Key.Key_Space)


class TestDrawing:
    def draws(self, page: LivePage, run: Callable[[], None]) -> int:
        before = page.stack.draw_count
        run()
        return page.stack.draw_count - before

    def test_about_once_a_pixel_however_much_arrives(self, shown: LivePage) -> None:
        shown.set_range("15m")
        shown.tick(NOW_US)
        pixels = 10 * SECOND_US / shown.stack.view.us_per_px

        def ten_seconds() -> None:
            for beat in range(1, 1001):
                at_us = NOW_US + beat * 10_000
                shown.append_points("soil-01", points(np.array([at_us]), N=float(beat)))
                shown.tick(at_us)

        assert pixels / 2 <= self.draws(shown, ten_seconds) <= min(pixels + 1, 40)

    def test_not_at_all_while_nothing_moves(self, shown: LivePage) -> None:
        shown.set_range("30d")
        shown.tick(NOW_US)

        def minute() -> None:
            for second in range(1, 61):
                shown.tick(NOW_US + second * SECOND_US // 10)

        assert self.draws(shown, minute) <= 1

    def test_not_while_hidden_but_at_once_when_shown_again(self, shown: LivePage) -> None:
        shown.hide()
        assert self.draws(shown, lambda: shown.tick(NOW_US + HOUR_US)) == 0
        shown.show()
        assert self.draws(shown, lambda: shown.tick(NOW_US + HOUR_US)) == 1

    def test_equal_readings_of_a_wide_range_draw_nothing(self, shown: LivePage) -> None:
        shown.set_range("24h")
        shown.tick(NOW_US)

        def readings() -> None:
            for second in range(2, 10, 2):
                at_us = NOW_US + second * SECOND_US
                shown.append_points("soil-01", points(np.array([at_us])))
                shown.tick(at_us)

        assert self.draws(shown, readings) <= 1

    def test_a_new_theme_recolours_everything(self, shown: LivePage) -> None:
        light = chart_image(shown, "N").pixelColor(5, 40)
        shown.set_tokens(DARK)
        shown.tick(NOW_US)
        dark = chart_image(shown, "N").pixelColor(5, 40)
        assert light.lightness() > 200 > 80 > dark.lightness()

    def test_strips_share_the_height_and_follow_the_size(
        self, shown: LivePage, qtbot: QtBot
    ) -> None:
        for width, height in ((788, 470), (1306, 900)):
            shown.resize(width, height)
            qtbot.waitUntil(lambda width=width: shown.stack.width() == width)
            shown.tick(NOW_US)
            heights = {shown.strip(channel.key).height() for channel in CHANNELS}
            assert max(heights) - min(heights) <= 1
            assert min(heights) >= 56
            assert shown.stack.view.width_px == shown.strip("N").chart.plot_width()


class TestTextSize:
    @pytest.mark.parametrize("height", [430, 500, 700])
    def test_large_texts_in_low_strips_do_not_overlap(
        self, shown: LivePage, theme: ThemeController, height: int
    ) -> None:
        theme.set_text_scale(1.5)
        try:
            shown.set_tokens(LIGHT)
            shown.resize(900, height)
            QCoreApplication.processEvents()
            shown.tick(NOW_US + 40 * SECOND_US)
            QCoreApplication.processEvents()
            for channel in CHANNELS:
                header = shown.strip(channel.key).header
                labels = [header.name, header.value, header.unit, header.clock, header.trend]
                boxes = [label.geometry() for label in labels if label.isVisible()]
                assert header.trend.isVisible()
                assert header.unit.isVisible() == (height == 700)
                for i, box in enumerate(boxes):
                    assert not any(box.intersects(other) for other in boxes[i + 1 :])
                    assert box.bottom() < header.height()
        finally:
            theme.set_text_scale(1.0)
            shown.set_tokens(LIGHT)


class TestSeriesWanted:
    def test_the_page_asks_once_for_each_device_and_range(
        self, page: LivePage, qtbot: QtBot
    ) -> None:
        asked: list[str] = []
        page.series_wanted.connect(asked.append)
        page.set_focus("soil-01")
        page.set_devices([device("soil-01"), device("soil-02")], NOW_US)
        for _ in range(3):
            page.tick(NOW_US)
        assert asked == ["soil-01", "soil-02"]
        page.set_series("soil-01", series(every(60, 3600)))
        page.set_series("soil-02", series(every(60, 3600)))
        page.tick(NOW_US)
        assert len(asked) == 2
        page.set_range("7d")
        page.tick(NOW_US)
        assert asked[2:] == ["soil-01", "soil-02"]

    def test_readings_that_came_before_the_series_are_kept(self, page: LivePage) -> None:
        page.set_range("1h")
        page.set_focus("soil-01")
        page.set_devices([device("soil-01")], NOW_US)
        page.append_points("soil-01", points(np.array([NOW_US - SECOND_US, NOW_US])))
        page.set_series("soil-01", series(every(2, 60, NOW_US - SECOND_US)))
        page.tick(NOW_US)
        assert page.strip("N").chart.property("points") == 31

    def test_what_left_the_range_is_forgotten(self, shown: LivePage) -> None:
        shown.set_devices([structs.replace(device("soil-01"), interval_s=60.0)], NOW_US)
        for minute in range(1, 200):
            at_us = NOW_US + minute * MINUTE_US
            shown.append_points("soil-01", points(np.array([at_us])))
            shown.tick(at_us)
        kept = shown.stack._data.data("soil-01")
        assert kept.time_us[0] >= NOW_US + (200 - 60 - 10) * MINUTE_US


class TestLanguage:
    def test_another_language_shows_at_once(self, shown: LivePage) -> None:
        class Loud(QTranslator):
            def translate(
                self, context: str, text: str, disambiguation: str | None = None, n: int = -1
            ) -> str:
                return text + "!"

            def isEmpty(self) -> bool:
                return False

        loud = Loud()
        QCoreApplication.installTranslator(loud)
        try:
            QCoreApplication.processEvents()
            assert shown.strip("Moisture").header.name.text() == "Moisture!"
            assert shown.findChild(QLabel, "live.context.hatched").text() == "hatched: no data!"
        finally:
            QCoreApplication.removeTranslator(loud)
        QCoreApplication.processEvents()
        assert shown.strip("Moisture").header.name.text() == "Moisture"


def test_a_whole_page_fits_the_smallest_window(page: LivePage, qtbot: QtBot) -> None:
    # 1024x640 less menu, toolbar, tabs, status bar and the devices panel.
    assert page.minimumSizeHint().height() <= 500
    assert page.minimumSizeHint().width() <= 700


class TestSmallThings:
    def test_the_legend_ends_at_the_edge_whatever_it_has_to_say(self, page: LivePage) -> None:
        row = page._context_row

        def last_right() -> int:
            shown = [label for label in (row.shaded, row.hatched) if label.isVisible()]
            return max(label.geometry().right() for label in shown)

        page.tick(NOW_US)
        page.grab()
        empty = last_right()
        assert not row.hatched.isVisible()
        page.set_focus("soil-01")
        page.set_devices([device("soil-01")], NOW_US)
        page.tick(NOW_US)
        page.grab()
        assert row.hatched.isVisible()
        assert last_right() == empty

    def test_no_text_of_the_plot_shines_through_the_readout(self, shown: LivePage) -> None:
        shown.cursor_to_latest()
        chart = shown.strip("Moisture").chart
        corner = chart.chip.topLeft() + QPointF(3, 3)
        image = QImage(chart.size(), QImage.Format.Format_RGB32)
        image.fill(Qt.GlobalColor.red)
        painter = QPainter(image)
        chart._cursor.paint(painter, QStyleOptionGraphicsItem())
        painter.end()
        assert image.pixelColor(corner.toPoint()) == LIGHT.color("surface")

    def test_an_alarm_begins_at_the_same_time_in_every_range(self, page: LivePage) -> None:
        moisture = np.full(43_200, 50.0)
        moisture[-400:] = 20.0
        data = series(every(2, 24 * 3600), Moisture=moisture)
        page.set_focus("soil-01")
        page.set_devices([device("soil-01", values={"Moisture": 20.0})], NOW_US)
        began = []
        for key in ("15m", "1h", "24h"):
            page.set_range(key)
            page.set_series("soil-01", data)
            page.tick(NOW_US)
            began.append(page.strip("Moisture").chart._canvas.painter.runs.onsets[-1])
        assert began[0].known
        assert len({onset.time_us for onset in began}) == 1

"""Corrected values in the strips: by the time of each reading, what is kept stays raw."""

import numpy as np
import pytest
from msgspec import structs
from pytestqt.qtbot import QtBot

from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.calibration import Corrections, Segment
from harit_desktop.domain.channels import CHANNEL_COUNT, CHANNEL_INDEX
from harit_desktop.domain.device_book import Calibration, CalibrationKind, DeviceBook, DeviceRecord
from harit_desktop.domain.status import LinkState
from harit_desktop.ui.calibrated import calibrated
from harit_desktop.ui.charts.corrected import corrected, corrected_extremes
from harit_desktop.ui.charts.envelope import trace
from harit_desktop.ui.charts.series import SeriesData
from harit_desktop.ui.live_page import LivePage
from harit_desktop.ui.theme import ThemeController
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


def two_point(at_us: int, *pairs: tuple[float, float], name: str = "soil-01") -> Calibration:
    return Calibration(name, "Moisture", CalibrationKind.TWO_POINT, at_us, pairs, at_us)


HALVED = ((20.0, 10.0), (60.0, 30.0))


class TestArrays:
    def test_each_value_is_corrected_as_a_single_one_would_be(self) -> None:
        rng = np.random.default_rng(4)
        times = np.sort(rng.integers(0, 1000, 300))
        values = rng.uniform(-5, 60, 300)
        calibrations = [
            two_point(200, *HALVED),
            two_point(500, (0.0, 5.0), (50.0, 40.0)),
            two_point(900, (0.0, -30.0), (50.0, 20.0)),
        ]
        known = Corrections(calibrations)
        made = corrected(values, times, known.segments("soil-01", "Moisture"))
        for value, time_us, shown in zip(values, times, made, strict=True):
            row = [None] * CHANNEL_COUNT
            row[MOISTURE] = float(value)
            (single,) = (known.values("soil-01", tuple(row), int(time_us))[MOISTURE],)
            assert shown == pytest.approx(single)

    def test_absent_values_stay_absent_and_the_sent_array_as_it_was(self) -> None:
        sent = np.array([10.0, np.nan, 30.0])
        made = corrected(sent, np.array([1, 2, 3]), [Segment(2, 2.0, 1.0)])
        assert made[[0, 2]].tolist() == [10.0, 61.0]
        assert np.isnan(made[1])
        assert sent[2] == 30.0
        assert corrected(sent, np.array([1, 2, 3]), [Segment(4, 2.0, 1.0)]) is sent
        assert corrected(sent, np.array([1, 2, 3]), []) is sent

    def test_a_line_that_falls_swaps_the_extremes(self) -> None:
        low, high = corrected_extremes(
            np.array([10.0]), np.array([20.0]), np.array([5]), [Segment(0, -1.0, 50.0)]
        )
        assert (low[0], high[0]) == (30.0, 40.0)

    def test_buckets_are_corrected_with_their_extremes(self) -> None:
        data = series(every(60, 3600), Moisture=40.0)
        made = SeriesData.from_arrays(
            data.time_us, data.values, None, None, data.values - 4, data.values + 4, MINUTE_US
        )
        of = trace(made, MOISTURE, segments=[Segment(0, 0.5, 0.0)])
        assert (of.low[0], of.value[0], of.high[0]) == (18.0, 20.0, 22.0)

    def test_a_faulty_value_stays_what_was_sent(self) -> None:
        data = series(every(60, 3600), Moisture=140.0)
        data.flags[:, MOISTURE] = Flag.FAIL
        of = trace(data, MOISTURE, segments=[Segment(0, 0.5, 0.0)])
        assert of.failed[0] == 140.0
        flags = tuple(Flag.FAIL if i == MOISTURE else Flag.PASS for i in range(CHANNEL_COUNT))
        refused = device(values={"Moisture": 140.0}, analysis=analysis(60, flags=flags))
        known = Corrections([two_point(0, *HALVED)])
        assert calibrated(refused, known).values[MOISTURE] == 140.0
        believed = structs.replace(refused, analysis=analysis(60))
        assert calibrated(believed, known).values[MOISTURE] == 70.0


class TestPage:
    @pytest.fixture
    def page(self, qtbot: QtBot, theme: ThemeController) -> LivePage:
        made = LivePage()
        qtbot.addWidget(made)
        made.resize(840, 600)
        made.set_link(LinkState.CONNECTED)
        made.set_limits(LIMITS)
        made.show()
        made.set_range("1h")
        made.set_focus("soil-01")
        made.set_devices([device("soil-01"), device("soil-02")], NOW_US)
        for name in ("soil-01", "soil-02"):
            made.set_series(name, series(every(2, 3600)))
        made.tick(NOW_US)
        return made

    def test_a_calibration_redraws_from_what_was_sent(self, page: LivePage) -> None:
        asked: list[str] = []
        page.series_wanted.connect(asked.append)
        since_us = NOW_US - HOUR_US // 2
        page.set_corrections(Corrections([two_point(since_us, *HALVED)]))
        page.tick(NOW_US + SECOND_US)
        frame = page.strip("Moisture").chart.frame_shown
        assert set(frame.focus.mean.tolist()) == {55.0, 27.5}
        assert frame.low < 27.5
        (other,) = frame.context
        assert set(other.mean.tolist()) == {55.0}
        value = page.strip("Moisture").header.value
        assert (value.text(), value.property("value")) == ("27.5", 27.5)
        assert page.strip("Moisture").property("state") == "error"
        page.set_corrections(Corrections())
        page.tick(NOW_US + 2 * SECOND_US)
        assert set(page.strip("Moisture").chart.frame_shown.focus.mean.tolist()) == {55.0}
        assert value.text() == "55.0"
        assert asked == []

    def test_the_header_tells_what_the_probe_sent(self, page: LivePage) -> None:
        since_us = NOW_US - HOUR_US // 2
        page.set_corrections(Corrections([two_point(since_us, *HALVED)]))
        told = "; the probe sent 55.0 %"
        strip = page.strip("Moisture")
        assert told in strip.header.toolTip()
        assert "calibrated 23 Nov 2026" in strip.header.toolTip()
        assert told in strip.accessibleDescription()
        assert page.strip("N").header.toolTip() == ""
        page.set_corrections(Corrections())
        assert strip.header.toolTip() == ""

    def test_a_calibration_that_begins_makes_no_trend(self, page: LivePage) -> None:
        trend = page.strip("Moisture").header.trend
        assert trend.text() == "→ steady"
        page.set_limits({})
        page.set_corrections(Corrections([two_point(NOW_US - HOUR_US // 2, *HALVED)]))
        assert trend.text() == "→ steady"
        page.set_corrections(Corrections([two_point(NOW_US - MINUTE_US, *HALVED)]))
        # Of a minute there is none yet.
        assert trend.text() == "–"

    def test_live_readings_and_the_cursor_are_corrected_too(self, page: LivePage) -> None:
        page.set_corrections(Corrections([two_point(0, *HALVED)]))
        page.append_points("soil-01", points(np.array([NOW_US + 2 * SECOND_US]), Moisture=50.0))
        page.tick(NOW_US + 3 * SECOND_US)
        page.cursor_to_latest()
        assert page.strip("Moisture").chart._mark.text == "25.0 %"

    def test_a_reading_that_moves_the_corrected_line_is_drawn(self, page: LivePage) -> None:
        page.set_corrections(Corrections([two_point(0, *HALVED)]))
        page.tick(NOW_US)
        still = series(np.array([NOW_US]), Moisture=55.0)
        moved = series(np.array([NOW_US]), Moisture=80.0)
        assert not page.stack.has_moved("soil-01", still)
        assert page.stack.has_moved("soil-01", moved)

    def test_a_device_is_called_by_its_name(self, page: LivePage) -> None:
        page.set_book(DeviceBook({"soil-01": DeviceRecord("soil-01", "<b>North</b> plot")}))
        assert page._context_row.device.text() == "<b>North</b> plot"
        assert page.strip("Moisture").accessibleName() == "Moisture, percent, <b>North</b> plot"

    def test_a_hidden_device_is_drawn_only_in_focus(self, page: LivePage) -> None:
        page.set_book(DeviceBook({"soil-02": DeviceRecord("soil-02", hidden=True)}))
        page.tick(NOW_US)
        assert page.strip("N").chart.frame_shown.context == ()
        page.set_focus("soil-02")
        page.tick(NOW_US)
        assert page.strip("N").chart.frame_shown.focus is not None
        assert len(page.strip("N").chart.frame_shown.context) == 1

    def test_a_range_with_one_end_is_named_by_that_alone(self, page: LivePage) -> None:
        page.set_limits({"Moisture": (60.5, 100.0, 15.0, 100.0), "N": (10.0, 20.0, 5.0, 40.0)})
        assert page.strip("Moisture").header.trend.text() == "below 60.5"
        assert page.strip("N").header.trend.text() == "above 10–20"

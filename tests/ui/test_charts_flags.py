"""Quality flags in the strips: marks, bars, words and reasons."""

import html

import numpy as np
import pytest
from msgspec import structs
from PySide6.QtCore import QPointF
from PySide6.QtGui import QImage, QPainter
from pytestqt.qtbot import QtBot

from harit_desktop.analysis.quality.rules import CODES
from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.channels import CHANNEL_COUNT, CHANNEL_INDEX
from harit_desktop.domain.status import LinkState
from harit_desktop.ui.charts.envelope import trace
from harit_desktop.ui.charts.flag_marks import APART_PX, faulty_marks, suspect_marks
from harit_desktop.ui.charts.flag_painter import PAINTERS
from harit_desktop.ui.charts.frame import TimeView, view_until
from harit_desktop.ui.charts.reasons import MOST, Reasons
from harit_desktop.ui.charts.series import SeriesData
from harit_desktop.ui.live_page import LivePage
from harit_desktop.ui.quality_texts import reason_phrase
from harit_desktop.ui.theme import DARK, LIGHT, ThemeController, Tokens
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
FLAGGING = [c for c in CODES if not c.startswith(("time.", "unusual.")) and c != "jump.wetting"]
VIEW = view_until(NOW_US, HOUR_US, 640)


def flagged(flag: Flag, *parts: slice, step_s: float = 2, value: float | None = None) -> SeriesData:
    made = series(every(step_s, 3600))
    for part in parts:
        made.flags[part, MOISTURE] = flag
        if value is not None:
            made.values[part, MOISTURE] = value
    return made


def bucketed(made: SeriesData, bucket_us: int) -> SeriesData:
    low, high = made.values - 1, made.values + 1
    return SeriesData.from_arrays(
        made.time_us, made.values, made.flags, made.index, low, high, bucket_us
    )


@pytest.fixture
def page(qtbot: QtBot, theme: ThemeController) -> LivePage:
    made = LivePage()
    qtbot.addWidget(made)
    made.resize(840, 600)
    made.set_link(LinkState.CONNECTED)
    made.set_limits(LIMITS)
    made.show()
    made.set_range("1h")
    made.set_focus("soil-01")
    made.set_devices([device("soil-01")], NOW_US)
    return made


def show(page: LivePage, data: SeriesData) -> None:
    page.set_series("soil-01", data)
    page.tick(NOW_US)


def point_at(page: LivePage, time_us: int, key: str = "Moisture") -> object:
    """What the strip of a channel says at an instant."""
    page.strip(key).chart.hovered.emit(page.stack.view.x_of(time_us))
    return page.strip(key).chart._mark


class TestMarks:
    def test_a_run_has_one_mark_at_its_onset_and_a_bar_for_its_length(self) -> None:
        data = flagged(Flag.SUSPECT, slice(400, 900))
        found = suspect_marks(trace(data, MOISTURE), VIEW, NOW_US)
        assert found.marks == ((int(data.time_us[400]), 55.0),)
        (bar,) = found.bars
        assert bar[0] == pytest.approx(VIEW.x_of(int(data.time_us[400])), abs=1)
        assert bar[1] == pytest.approx(VIEW.x_of(int(data.time_us[899])), abs=1)

    def test_a_single_reading_has_a_mark_and_no_bar(self) -> None:
        data = flagged(Flag.SUSPECT, slice(400, 401))
        found = suspect_marks(trace(data, MOISTURE), VIEW, NOW_US)
        assert len(found.marks) == 1
        assert found.bars.size == 0

    def test_what_follows_a_mark_closely_is_told_by_a_bar(self) -> None:
        data = flagged(Flag.SUSPECT, slice(400, 401), slice(420, 421))
        found = suspect_marks(trace(data, MOISTURE), VIEW, NOW_US)
        assert len(found.marks) == 1
        assert found.bars[0, 0] == pytest.approx(VIEW.x_of(int(data.time_us[420])), abs=1)

    def test_a_month_is_no_wall_of_marks_nor_does_it_hide_one(self) -> None:
        data = series(every(1800, 30 * 86_400))
        data.flags[::2, MOISTURE] = Flag.SUSPECT
        view = view_until(NOW_US, 30 * 86_400 * SECOND_US, 640)
        found = suspect_marks(trace(data, MOISTURE), view, NOW_US, 1800 * SECOND_US)
        times = np.array([mark.time_us for mark in found.marks])
        assert times.size > 20
        assert (np.diff(times) >= APART_PX * view.us_per_px).all()
        covered = sum(right - left for left, right in found.bars)
        assert covered > 0.9 * 632

    def test_marks_stay_where_they_are_while_the_view_moves(self) -> None:
        data = flagged(Flag.SUSPECT, *(slice(at, at + 1) for at in range(0, 1800, 7)))
        of = trace(data, MOISTURE)

        def marks(view: TimeView) -> set[int]:
            return {mark.time_us for mark in suspect_marks(of, view, NOW_US).marks}

        for minutes in (1, 5, 17):
            later = view_until(NOW_US + minutes * MINUTE_US, HOUR_US, 640)
            before = {at for at in marks(VIEW) if at >= later.start_us}
            assert marks(later) == before

    def test_nothing_is_marked_after_the_end_of_a_frozen_display(self) -> None:
        data = flagged(Flag.SUSPECT, slice(1700, 1800))
        until_us = int(data.time_us[1600])
        assert suspect_marks(trace(data, MOISTURE), VIEW, until_us).marks == ()

    def test_faulty_values_lie_at_the_edge_towards_which_they_are(self) -> None:
        data = flagged(Flag.FAIL, slice(300, 310), value=140.0)
        data.flags[900, MOISTURE], data.values[900, MOISTURE] = Flag.FAIL, -5.0
        low, high = faulty_marks(trace(data, MOISTURE), VIEW, NOW_US, 55.0)
        assert [mark.time_us for mark in high.marks] == [int(data.time_us[300])]
        assert [mark.value for mark in low.marks] == [-5.0]
        assert len(high.bars) == 1

    def test_a_run_of_buckets_with_faulty_and_good_values_has_one_mark(self) -> None:
        data = bucketed(flagged(Flag.FAIL, slice(300, 400)), 2 * SECOND_US)
        low, high = faulty_marks(trace(data, MOISTURE), VIEW, NOW_US, 55.0)
        assert (len(low.marks), len(high.marks)) == (1, 0)
        assert np.isnan(low.marks[0].value)


class TestShapes:
    @pytest.mark.parametrize("tokens", [LIGHT, DARK])
    def test_every_flag_has_a_shape_of_its_own_that_can_be_seen(self, tokens: Tokens) -> None:
        masks = []
        for paint in PAINTERS.values():
            image = QImage(24, 24, QImage.Format.Format_RGB32)
            image.fill(tokens.color("surface"))
            blank = image.copy()
            painter = QPainter(image)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            paint(painter, QPointF(12, 12), tokens)
            painter.end()
            mask = {
                (x, y)
                for x in range(24)
                for y in range(24)
                if image.pixel(x, y) != blank.pixel(x, y)
            }
            assert mask
            masks.append(frozenset(mask))
        assert len(set(masks)) == 3

    def test_a_flagged_reading_changes_the_picture_and_the_legend(self, page: LivePage) -> None:
        show(page, flagged(Flag.PASS))
        legend = page._context_row.flags
        assert not legend.isVisible()
        before = page.strip("Moisture").chart.grab().toImage()
        show(page, flagged(Flag.SUSPECT, slice(600, 900)))
        assert page.strip("Moisture").chart.grab().toImage() != before
        assert legend.isVisible()
        assert legend.accessibleName() == "suspect"
        page.set_devices([device("soil-01")], NOW_US)
        assert "with suspect readings" in page.strip("Moisture").accessibleDescription()
        assert "with suspect readings" not in page.strip("N").accessibleDescription()

    def test_a_faulty_value_moves_neither_line_nor_axis(self, page: LivePage) -> None:
        show(page, flagged(Flag.FAIL, slice(600, 602), value=1e5))
        frame = page.strip("Moisture").chart.frame_shown
        assert frame.high < 70
        assert frame.focus.high.max() == 55.0

    def test_faulty_values_are_no_silence(self, page: LivePage) -> None:
        show(page, flagged(Flag.FAIL, slice(600, 900), value=140.0))
        frame = page.strip("Moisture").chart.frame_shown
        assert frame.focus.starts.size == 2
        assert frame.gaps == ()
        silent = flagged(Flag.FAIL, slice(600, 700), value=140.0)
        show(page, silent.take(np.r_[:650, 800:1800]))
        frame = page.strip("Moisture").chart.frame_shown
        (gap,) = frame.gaps
        assert gap.start_us == int(silent.time_us[649])
        assert gap.end_us == int(silent.time_us[800])


class TestReadout:
    def test_a_suspect_reading_says_so_and_why_when_that_is_known(self, page: LivePage) -> None:
        data = flagged(Flag.SUSPECT, slice(600, 601), value=70.0)
        at_us = int(data.time_us[600])
        show(page, data)
        mark = point_at(page, at_us)
        assert (mark.text, mark.flag, mark.note) == ("70.0 %", Flag.SUSPECT, "suspect")
        page.set_reasons("soil-01", at_us, [{"Moisture": "spike.returned"}])
        mark = page.strip("Moisture").chart._mark
        assert mark.note == "suspect: jumps that return"
        assert page.strip("N").chart._mark.note == ""

    def test_a_faulty_value_is_read_as_the_probe_sent_it(self, page: LivePage) -> None:
        data = flagged(Flag.FAIL, slice(600, 601), value=140.0)
        show(page, data)
        mark = point_at(page, int(data.time_us[600]))
        assert (mark.value, mark.text, mark.note) == (None, "140.0 %", "faulty")
        assert point_at(page, int(data.time_us[700])).note == ""

    def test_of_a_bucket_only_some_readings_are_flagged(self, page: LivePage) -> None:
        data = bucketed(flagged(Flag.FAIL, slice(600, 601)), 2 * SECOND_US)
        show(page, data)
        mark = point_at(page, int(data.time_us[600]))
        assert (mark.text, mark.note) == ("55.0 %", "some faulty")

    def test_the_store_is_asked_only_where_the_cursor_rests_on_a_flag(
        self, page: LivePage, qtbot: QtBot
    ) -> None:
        asked: list[tuple[str, int, int]] = []
        page.reasons_wanted.connect(lambda *what: asked.append(what))
        data = flagged(Flag.SUSPECT, slice(600, 601))
        show(page, data)
        point_at(page, int(data.time_us[300]))
        qtbot.wait(250)
        assert asked == []
        at_us = int(data.time_us[600])
        point_at(page, at_us)
        assert asked == []
        qtbot.waitUntil(lambda: asked == [("soil-01", at_us, 0)])
        page.set_reasons("soil-01", at_us, [])
        asked.clear()
        point_at(page, int(data.time_us[300]))
        point_at(page, at_us)
        qtbot.wait(250)
        assert asked == []

    def test_live_readings_bring_their_reasons(self, page: LivePage) -> None:
        show(page, flagged(Flag.PASS))
        at_us = NOW_US + 2 * SECOND_US
        made = points(np.array([at_us]))
        made.flags[0, MOISTURE] = Flag.SUSPECT
        made = type(made)(
            made.sequence,
            made.time_us,
            made.values,
            made.flags,
            made.index,
            made.via_api,
            {1: (("Moisture", "flat.repeats"),)},
        )
        page.append_points("soil-01", made)
        page.tick(at_us)
        page.cursor_to_latest()
        assert page.strip("Moisture").chart._mark.note == "suspect: stuck at one value"

    def test_what_is_unusual_is_a_ring_with_its_word(self, page: LivePage) -> None:
        data = flagged(Flag.PASS)
        at_us = int(data.time_us[900])
        show(page, data)
        page.set_unusual("soil-01", [("Moisture", at_us)])
        page.tick(NOW_US + SECOND_US)
        (ring,) = page.strip("Moisture").chart.frame_shown.flags.unusual
        assert ring == (at_us, 55.0)
        assert point_at(page, at_us).note == "unusual for the time of day"
        assert page._context_row.flags.accessibleName() == "unusual"
        page.set_focus("soil-02")
        page.tick(NOW_US + SECOND_US)
        assert page.strip("Moisture").chart.frame_shown.flags.unusual == ()

    def test_the_header_says_why_the_newest_value_is_suspect(self, page: LivePage) -> None:
        flags = tuple(Flag.SUSPECT if i == MOISTURE else Flag.PASS for i in range(CHANNEL_COUNT))
        judged = structs.replace(analysis(60, flags=flags), reasons=(("Moisture", "noise.high"),))
        page.set_devices([device("soil-01", analysis=judged)], NOW_US)
        header = page.strip("Moisture").header
        assert header.trend.text() == "suspect: unsteady"
        assert "unsteady values" in header.toolTip()

    @pytest.mark.parametrize("code", FLAGGING)
    def test_every_reason_fits_into_a_narrow_header(self, page: LivePage, code: str) -> None:
        flags = tuple(Flag.SUSPECT if i == MOISTURE else Flag.PASS for i in range(CHANNEL_COUNT))
        judged = structs.replace(analysis(60, flags=flags), reasons=(("Moisture", code),))
        page.set_devices([device("soil-01", analysis=judged)], NOW_US)
        page.grab()
        note = page.strip("Moisture").header.trend
        assert note.text().startswith("suspect: ")
        assert note.fontMetrics().horizontalAdvance(note.text()) <= note.contentsRect().width()
        # The whole of it stands in the tool tip and in what a screen reader says.
        assert reason_phrase(code) in html.unescape(page.strip("Moisture").header.toolTip())


class TestReasons:
    def test_the_oldest_are_forgotten(self) -> None:
        reasons = Reasons()
        for at in range(MOST + 1):
            reasons.add("soil-01", at, {"N": "spike.returned"})
        assert not reasons.knows("soil-01", 0)
        assert reasons.code("soil-01", MOST, "N") == "spike.returned"

    def test_of_a_bucket_each_channel_has_its_first(self) -> None:
        reasons = Reasons()
        reasons.add_bucket("soil-01", 7, [{"N": "spike.returned"}, {"N": "x", "P": "noise.high"}])
        assert reasons.code("soil-01", 7, "N") == "spike.returned"
        assert reasons.code("soil-01", 7, "P") == "noise.high"

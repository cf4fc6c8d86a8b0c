"""What the History page is made of, without a store: views, dashes, bars, what is missing."""

from dataclasses import replace

import numpy as np
import pytest
from msgspec import structs
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from harit_desktop.domain.calibration import Corrections
from harit_desktop.domain.channels import CHANNEL_COUNT, CHANNEL_INDEX
from harit_desktop.domain.gaps import GapKind, GapReason
from harit_desktop.domain.notes import ChartNote, NoteKind
from harit_desktop.domain.quality import QualityDay
from harit_desktop.ui.charts.frame import TimeView
from harit_desktop.ui.history.bands import bars, fill_bars
from harit_desktop.ui.history.compare_list import CompareList
from harit_desktop.ui.history.dashes import dashed
from harit_desktop.ui.history.gap_texts import gap_words, reasons_by_gap
from harit_desktop.ui.history.history_data import MOST_COMPARED, HistoryData, Request
from harit_desktop.ui.history.history_page import nearest_run
from harit_desktop.ui.history.note_dialog import NoteDialog
from harit_desktop.ui.history.note_lane import NoteLane, note_words
from harit_desktop.ui.history.overview import Overview
from harit_desktop.ui.history.range_bar import RangeBar
from harit_desktop.ui.history.selection_panel import quality_lines
from harit_desktop.ui.history.selection_stats import quality, statistics
from harit_desktop.ui.history.spans import CUSTOM, SHORTEST_US, Span, Views
from harit_desktop.ui.theme import DARK, LIGHT, ThemeController
from tests.ui.chart_samples import HOUR_US, MINUTE_US, NOW_US, SECOND_US, device, every, series

DAY_US = 24 * HOUR_US


# -- the stretch that is shown


def test_a_range_ends_now_and_moves_on_with_the_time() -> None:
    views = Views("24h", NOW_US)
    assert views.span == Span(NOW_US - DAY_US, NOW_US)
    views.follow(NOW_US + HOUR_US)
    assert views.span == Span(NOW_US + HOUR_US - DAY_US, NOW_US + HOUR_US)


def test_a_stretch_that_was_chosen_stays_where_it_is() -> None:
    views = Views("24h", NOW_US)
    chosen = Span(NOW_US - 5 * DAY_US, NOW_US - 4 * DAY_US)
    views.set_span(chosen)
    views.follow(NOW_US + HOUR_US)
    assert (views.key, views.span) == (CUSTOM, chosen)


def test_zoom_keeps_what_is_under_the_cursor() -> None:
    views = Views("24h", NOW_US)
    around_us = NOW_US - 6 * HOUR_US
    views.zoom(0.5, around_us)
    assert views.span.length_us == pytest.approx(DAY_US / 2)
    part = (around_us - views.span.from_us) / views.span.length_us
    assert part == pytest.approx(0.75)


def test_zoom_ends_at_ten_seconds() -> None:
    views = Views("15m", NOW_US)
    for _ in range(100):
        views.zoom(0.5, NOW_US - MINUTE_US)
    assert views.span.length_us == SHORTEST_US


def test_panning_ends_a_day_ahead_of_now_and_in_1970() -> None:
    views = Views("24h", NOW_US)
    views.pan(1000 * DAY_US)
    assert views.span.to_us <= NOW_US + DAY_US
    views.pan(-30_000 * DAY_US)
    assert views.span.from_us == 0


def test_back_shows_the_view_before_and_turns_of_the_wheel_are_one_step() -> None:
    views = Views("24h", NOW_US)
    first = views.span
    for turn in range(5):
        views.zoom(0.8, NOW_US, "wheel", turn * 0.1)
    views.zoom(0.8, NOW_US, "wheel", 10.0)
    assert views.back()
    assert views.back()
    assert (views.key, views.span) == ("24h", first)
    assert not views.back()


def test_all_is_what_is_stored_and_no_less_than_a_quarter_of_an_hour() -> None:
    views = Views("all", NOW_US)
    views.set_stored(Span(NOW_US - 400 * DAY_US, NOW_US - DAY_US))
    assert views.span.from_us < NOW_US - 400 * DAY_US
    assert views.span.to_us == NOW_US
    views.set_stored(Span(NOW_US - SECOND_US, NOW_US))
    assert views.span.length_us == 15 * MINUTE_US


def test_a_range_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="range must be one of"):
        Views("7d", NOW_US).set_key("2d")


# -- drawing


def _drawn_px(x: np.ndarray, y: np.ndarray, connect: np.ndarray) -> float:
    on = connect[:-1].astype(bool)
    return float(np.hypot(np.diff(x), np.diff(y))[on].sum())


def test_dashes_draw_their_part_of_a_line() -> None:
    x = np.linspace(0, 300, 40)
    y = np.full(40, 5.0)
    made = dashed(x, y, np.ones(40, np.int32), (6.0, 4.0))
    assert _drawn_px(*made) == pytest.approx(180, abs=6)
    assert _drawn_px(*dashed(x, y, np.ones(40, np.int32), ())) == pytest.approx(300)


def test_dashes_join_nothing_over_a_gap() -> None:
    x = np.array([0.0, 50.0, 150.0, 200.0])
    connect = np.array([1, 0, 1, 1], np.int32)
    made_x, _, made = dashed(x, np.zeros(4), connect, (6.0, 4.0))
    over = (made_x[:-1] < 60) & (made_x[1:] > 60)
    assert not made[:-1][over].any()


def test_a_line_that_winds_is_drawn_solid() -> None:
    x = np.linspace(0, 100, 400)
    y = np.where(np.arange(400) % 2, 80.0, 0.0)
    made_x, _, made = dashed(x, y, np.ones(400, np.int32), (6.0, 4.0))
    assert made_x.size == 400
    assert made.all()


def test_bars_lie_side_by_side_and_leave_a_gap_free() -> None:
    x = np.array([0.0, 2.0, 4.0, 20.0, 22.0])
    low, high = np.full(5, 30.0), np.full(5, 10.0)
    made = bars(x, high, low, np.array([0, 3]))
    left, right = made[:, 0], made[:, 0] + made[:, 2]
    assert (left[1:] >= right[:-1]).all()
    assert right[2] <= 6
    assert left[3] >= 18


def test_bars_are_filled(qtbot: QtBot) -> None:
    image = QImage(40, 40, QImage.Format.Format_ARGB32)
    image.fill(QColor("white"))
    painter = QPainter(image)
    x = np.arange(0.0, 40.0, 2.0)
    made = bars(x, np.full(x.size, 10.0), np.full(x.size, 30.0), np.array([0]))
    fill_bars(painter, made, QColor("black"))
    painter.end()
    assert all(image.pixelColor(at, 20) == QColor("black") for at in range(1, 38))
    assert image.pixelColor(20, 5) == QColor("white")


# -- what was read and what is missing


def _data(*ids: str) -> HistoryData:
    data = HistoryData()
    data.set_devices([structs.replace(device(known), interval_s=60.0) for known in ids])
    for known in ids:
        assert data.compare(known)
    return data


def test_at_most_six_devices_are_compared_and_a_slot_is_kept() -> None:
    data = _data(*(f"soil-{n}" for n in range(MOST_COMPARED)))
    assert not data.compare("one-more")
    data.leave("soil-2")
    assert data.compare("one-more")
    assert data.slots["one-more"] == 2
    assert data.slots["soil-5"] == 5


def test_first_the_view_is_read_and_what_lies_beside_it_later() -> None:
    data = _data("soil-01")
    view = Span(NOW_US - 3 * DAY_US, NOW_US - 2 * DAY_US)
    (near,) = data.wanted(view, 700, NOW_US, settled=True)
    assert (near.span, near.wide) == (view, False)
    data.take(near, series(every(60, 86_400, view.to_us)), NOW_US)
    assert data.wanted(view, 700, NOW_US, settled=False) == []
    (wide,) = data.wanted(view, 700, NOW_US, settled=True)
    assert wide.wide
    assert wide.span.from_us < view.from_us
    assert wide.span.to_us > view.to_us
    data.take(wide, series(every(60, 2 * 86_400, wide.span.to_us)), NOW_US)
    assert data.wanted(view, 700, NOW_US, settled=True) == []


def test_panning_within_what_was_read_reads_nothing() -> None:
    data = _data("soil-01")
    view = Span(NOW_US - 10 * DAY_US, NOW_US - 9 * DAY_US)
    wide = Request("soil-01", Span(view.from_us - DAY_US, view.to_us + DAY_US), 2000, True)
    data.take(wide, series(every(60, 3 * 86_400, wide.span.to_us)), NOW_US)
    moved = Span(view.from_us + DAY_US // 2, view.to_us + DAY_US // 2)
    assert data.wanted(moved, 700, NOW_US, settled=False) == []


def test_buckets_are_read_anew_when_one_zooms_in_but_single_readings_are_not() -> None:
    data = _data("soil-01")
    view = Span(NOW_US - 30 * DAY_US, NOW_US - DAY_US)
    near = Request("soil-01", view, 700, False)
    closer = Span(NOW_US - 20 * DAY_US, NOW_US - 19 * DAY_US)
    single = series(every(3600, 29 * 86_400, view.to_us))
    data.take(near, single, NOW_US)
    assert not any(request.span == closer for request in data.wanted(closer, 700, NOW_US, False))
    data.take(near, replace(single, bucket_us=HOUR_US), NOW_US)
    assert [request.span for request in data.wanted(closer, 700, NOW_US, False)] == [closer]


def test_a_view_that_ends_now_is_read_again_when_readings_have_come() -> None:
    data = _data("soil-01")
    view = Span(NOW_US - HOUR_US, NOW_US)
    data.take(Request("soil-01", view, 700, False), series(every(60, 3600)), NOW_US)
    later = Span(view.from_us + MINUTE_US, view.to_us + MINUTE_US)
    assert data.wanted(later, 700, NOW_US + MINUTE_US, settled=False) != []


# -- words


def test_the_reasons_of_a_gap_in_words() -> None:
    gap = (0, 100 * MINUTE_US)
    parts = [
        GapReason(0, 90 * MINUTE_US, GapKind.APP_CLOSED),
        GapReason(90 * MINUTE_US, 99 * MINUTE_US + 50, GapKind.SILENT),
        GapReason(99 * MINUTE_US + 50, gap[1], GapKind.BROKER_DOWN),
    ]
    found = reasons_by_gap([gap, (200, 300)], parts)
    assert found[gap] == tuple(parts)
    assert found[(200, 300)] == ()
    assert gap_words(found[gap]) == "program closed and sensor silent"
    assert gap_words(()) == ""
    assert gap_words((GapReason(0, 10, GapKind.UNKNOWN),)) == ""


def test_statistics_leave_out_what_was_refused_and_follow_the_range() -> None:
    times = every(60, 3600)
    moisture = np.linspace(10.0, 69.0, times.size)
    made = series(times, Moisture=moisture)
    made.flags[:5, CHANNEL_INDEX["Moisture"]] = 4
    found = statistics("p", made, Span(int(times[0]), int(times[29])), Corrections(), 6e7)
    values = found.channels[CHANNEL_INDEX["Moisture"]]
    assert values is not None
    assert values.low == pytest.approx(15.0)
    assert values.high == pytest.approx(39.0)
    assert values.mean == pytest.approx(27.0)
    assert found.gaps == ()


def test_a_gap_that_an_end_of_the_range_cuts_is_counted() -> None:
    times = every(60, 3600)
    span = Span(int(times[0]), NOW_US + 2 * HOUR_US)
    lacking = statistics("p", series(times), span, Corrections(), 6e7, None)
    assert lacking.gaps == ()
    stored = Span(NOW_US - 90 * DAY_US, NOW_US + DAY_US)
    found = statistics("p", series(times), span, Corrections(), 6e7, stored)
    assert found.gaps == (7200.0,)
    # The device's newest reading is none: after it there is no gap yet.
    ended = statistics("p", series(times), span, Corrections(), 6e7, Span(0, NOW_US))
    assert ended.gaps == ()


def test_the_quality_of_a_range_in_words() -> None:
    none = (0,) * CHANNEL_COUNT
    day = QualityDay("soil-01", 0, 86_400_000_000, 1440, 1439, none, none, none, (), 864.0)
    found = quality("soil-01", (day,), (), False)
    assert quality_lines([found], [], {"soil-01": "North plot"}) == [
        "1,440 readings · 99.0 % of expected",
        "North plot: 1 doubted reading and no gap",
    ]


def test_the_flagged_run_nearest_to_the_cursor() -> None:
    times = np.arange(10) * 1000
    flagged = np.array([0, 1, 1, 0, 0, 0, 0, 1, 0, 0], np.bool_)
    assert nearest_run(times, flagged, 0) == Span(1000, 2000)
    assert nearest_run(times, flagged, 6000) == Span(7000, 7000)
    assert nearest_run(times, flagged, None) == Span(7000, 7000)
    assert nearest_run(times, np.zeros(10, np.bool_), 0) is None


# -- small widgets


def test_the_fields_show_the_range_and_choose_one(qtbot: QtBot, theme: ThemeController) -> None:
    bar = RangeBar()
    qtbot.addWidget(bar)
    minute_us = NOW_US // MINUTE_US * MINUTE_US
    bar.show_span("7d", Span(minute_us - 7 * DAY_US, minute_us))
    chosen: list[Span] = []
    bar.span_chosen.connect(chosen.append)
    bar.from_edit.setDateTime(bar.from_edit.dateTime().addDays(2))
    assert chosen == [Span(minute_us - 5 * DAY_US, minute_us)]
    bar.from_edit.setDateTime(bar.to_edit.dateTime().addDays(1))
    assert len(chosen) == 1
    assert bar.from_edit.property("invalid") is True


def test_the_window_of_the_overview_is_moved_by_keys(qtbot: QtBot, theme: ThemeController) -> None:
    overview = Overview(LIGHT)
    qtbot.addWidget(overview)
    overview.resize(800, 62)
    whole = Span(NOW_US - 30 * DAY_US, NOW_US)
    overview.show_trace("Moisture", None, whole)
    shown = Span(NOW_US - 10 * DAY_US, NOW_US - 5 * DAY_US)
    overview.show_window(shown, 100)
    assert overview.accessibleName() == "Overview, 30 days"
    asked: list[Span] = []
    overview.moved.connect(lambda span, _: asked.append(span))
    qtbot.keyClick(overview, "+")
    qtbot.keyClick(overview, Qt.Key.Key_Left)
    qtbot.keyClick(overview, Qt.Key.Key_Home)
    assert asked[0].length_us == pytest.approx(4 * DAY_US)
    assert asked[1] == Span(shown.from_us - DAY_US // 2, shown.to_us - DAY_US // 2)
    assert asked[2].from_us == whole.from_us


def test_notes_are_told_and_removed_by_key(qtbot: QtBot, theme: ThemeController) -> None:
    lane = NoteLane(DARK)
    qtbot.addWidget(lane)
    lane.resize(600, 18)
    assert lane.isHidden()
    notes = (
        ChartNote(NOW_US - HOUR_US, NoteKind.IRRIGATION, "two\nhours", "", NOW_US, 7),
        ChartNote(NOW_US - 2 * DAY_US, NoteKind.OTHER, "<b>elsewhere", "", NOW_US, 8),
    )
    lane.set_notes(notes)
    lane.show_view(TimeView(NOW_US - DAY_US, NOW_US, 500), 100)
    assert not lane.isHidden()
    assert [note.id for note in lane.in_view()] == [7]
    assert "Irrigation: two hours" in lane.accessibleDescription()
    assert note_words(notes[1]) == "Note: <b>elsewhere"
    removed: list[ChartNote] = []
    lane.remove_asked.connect(removed.append)
    qtbot.keyClick(lane, Qt.Key.Key_Delete)
    assert removed == [notes[0]]
    lane.grab()


def test_a_note_needs_a_kind_or_a_text(qtbot: QtBot, theme: ThemeController) -> None:
    dialog = NoteDialog(NOW_US, ("soil-01", "North plot"), NOW_US)
    qtbot.addWidget(dialog)
    dialog.kind.setCurrentIndex(dialog.kind.findData(NoteKind.OTHER))
    assert not dialog.save.isEnabled()
    dialog.text.setText("  weeded ")
    assert dialog.save.isEnabled()
    note = dialog.note()
    assert (note.kind, note.text, note.publisher_id) == (NoteKind.OTHER, "weeded", "soil-01")
    assert note.at_us == NOW_US // MINUTE_US * MINUTE_US


def test_a_row_that_is_full_goes_on_in_the_next_line(qtbot: QtBot, theme: ThemeController) -> None:
    holder = QWidget()
    qtbot.addWidget(holder)
    column = QVBoxLayout(holder)
    compare = CompareList(LIGHT)
    column.addWidget(compare)
    column.addStretch(1)
    holder.resize(900, 300)
    holder.show()
    names = {f"soil-{n}": f"Field number {n}" for n in range(6)}
    compare.set_devices(names, dict(zip(names, range(6), strict=True)))
    qtbot.wait(1)
    wide_px = compare.height()
    holder.resize(420, 300)
    qtbot.wait(1)
    assert compare.height() > wide_px
    for child in compare.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly):
        if child.isVisible():
            assert compare.rect().contains(child.geometry())
            assert child.width() >= child.sizeHint().width()

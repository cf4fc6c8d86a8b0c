"""The History page on a real store: ranges, comparing, selecting, keys, gaps, notes, table."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QCheckBox, QTableView, QWidget
from pytestqt.qtbot import QtBot

from harit_desktop.domain.channels import CHANNEL_INDEX
from harit_desktop.domain.device_book import DeviceRecord
from harit_desktop.runtime.commands import SaveDevice
from harit_desktop.runtime.engine import Engine
from harit_desktop.ui.history.history_page import HistoryPage
from harit_desktop.ui.history.spans import Span
from harit_desktop.ui.theme import DARK, ThemeController
from tests.ui.chart_samples import device
from tests.ui.conftest import EngineMaker
from tests.ui.history_samples import HOUR_US, MINUTE_US, Pages, every_minute, fill

MOISTURE = CHANNEL_INDEX["Moisture"]
HOLE_HOURS = (20, 15)
"""Hours before now between which the first probe is silent."""


@pytest.fixture(scope="module")
def now_us() -> int:
    return time.time_ns() // 60_000_000_000 * MINUTE_US


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, now_us: int) -> Path:
    """Two days of a probe with a hole, one day of another, made once."""
    path = tmp_path_factory.mktemp("history") / "harit.db"
    hole = [now_us - hours * HOUR_US for hours in HOLE_HOURS]
    times = [at for at in every_minute(48, now_us) if not hole[0] < at < hole[1]]
    fill(path, "soil-01", times, lambda at: 40.0 + (now_us - at) / HOUR_US / 4)
    fill(path, "soil-02", every_minute(24, now_us), lambda _: 61.5)
    return path


@pytest.fixture(autouse=True)
def collected_here(qapp: QApplication) -> Iterator[None]:
    """Widgets in cycles go on the main thread, as in the program."""
    gc.disable()
    yield
    gc.collect()
    gc.enable()


@pytest.fixture
def engine(make_engine: EngineMaker, store: Path, tmp_path: Path) -> Engine:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "harit.db").write_bytes(store.read_bytes())
    return make_engine()


@pytest.fixture
def pages(qtbot: QtBot, theme: ThemeController, engine: Engine, now_us: int) -> Pages:
    return Pages(qtbot, engine, now_us)


@pytest.fixture
def page(pages: Pages) -> HistoryPage:
    made = pages.make("soil-01", "soil-02")
    made.set_range("24h")
    pages.settle(made)
    return made


def lines(page: HistoryPage, key: str = "Moisture") -> list[str]:
    frame = page.stack.strip(key).chart.frame_shown
    assert frame is not None
    return [one.publisher_id for one in frame.lines]


def x_of(page: HistoryPage, time_us: int) -> int:
    return round(page.stack.view.x_of(time_us))


def drag(qtbot: QtBot, page: HistoryPage, from_us: int, to_us: int) -> None:
    chart = page.stack.strip("Moisture").chart
    ends = [QPoint(x_of(page, at), 10) for at in (from_us, to_us)]
    qtbot.mousePress(chart, Qt.MouseButton.LeftButton, pos=ends[0])
    qtbot.mouseMove(chart, ends[0] + QPoint(8, 0))
    qtbot.mouseMove(chart, ends[1])
    qtbot.mouseRelease(chart, Qt.MouseButton.LeftButton, pos=ends[1])


def wheel(page: HistoryPage, x: int, turn: QPoint, shift: bool = False) -> None:
    chart = page.stack.strip("Moisture").chart
    modifiers = Qt.KeyboardModifier.ShiftModifier if shift else Qt.KeyboardModifier.NoModifier
    at = QPointF(x, 10)
    event = QWheelEvent(
        at,
        chart.mapToGlobal(at),
        QPoint(),
        turn,
        Qt.MouseButton.NoButton,
        modifiers,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(chart, event)


def test_the_device_in_focus_is_shown_for_a_week_at_first(pages: Pages) -> None:
    page = pages.make("soil-01", "soil-02")
    assert page.compared == ["soil-01"]
    assert lines(page) == ["soil-01"]
    assert page.span.length_us == 7 * 24 * HOUR_US
    assert page.property("state") == "ready"
    page.grab()


def test_another_focus_takes_its_place_until_somebody_compares(
    pages: Pages, page: HistoryPage
) -> None:
    page.set_focus("soil-02")
    pages.settle(page)
    assert lines(page) == ["soil-02"]
    box = page.findChild(QCheckBox, "history.compare.soil-01")
    assert box is not None
    box.click()
    pages.settle(page)
    assert sorted(lines(page)) == ["soil-01", "soil-02"]
    page.set_focus("soil-01")
    assert sorted(page.compared) == ["soil-01", "soil-02"]


def test_a_gap_is_hatched_and_not_joined(page: HistoryPage, now_us: int) -> None:
    frame = page.stack.strip("Moisture").chart.frame_shown
    assert frame is not None
    (named,) = frame.named_gaps
    begins, ends = (now_us - hours * HOUR_US for hours in HOLE_HOURS)
    assert abs(named.gap.start_us - begins) <= 5 * MINUTE_US
    assert abs(named.gap.end_us - ends) <= 5 * MINUTE_US
    assert frame.lines[0].line.starts.size == 2


def test_a_device_that_is_silent_is_hatched_until_now(
    pages: Pages, page: HistoryPage, now_us: int
) -> None:
    silent_us = now_us - 2 * HOUR_US
    state = msgspec.structs.replace(
        device("soil-01"), interval_s=60.0, received_us=silent_us, timestamp_us=silent_us
    )
    page.set_devices([state], now_us)
    page.set_range("24h")
    pages.settle(page)
    frame = page.stack.strip("Moisture").chart.frame_shown
    assert frame is not None
    last = frame.named_gaps[-1]
    assert last.ongoing
    assert (last.gap.start_us, last.gap.end_us) == (silent_us, now_us)


def test_a_drag_selects_and_says_what_is_there(
    qtbot: QtBot, pages: Pages, page: HistoryPage, now_us: int
) -> None:
    drag(qtbot, page, now_us - 8 * HOUR_US, now_us - 4 * HOUR_US)
    pages.settle(page)
    span = page.stack.selection
    assert span is not None
    assert abs(span.from_us - (now_us - 8 * HOUR_US)) < 3 * page.stack.view.us_per_px
    table = page.selection_panel.findChild(QTableView, "history.selection.stats")
    assert table is not None
    model = table.model()
    rows = {
        model.index(at, 0).data(): [model.index(at, column).data() for column in (1, 2, 3)]
        for at in range(model.rowCount())
        if model.index(at, 0).data() == "soil-01"
    }
    # The last of the channels shown is pH.
    assert rows["soil-01"] == ["7.20", "7.20", "7.20"]
    moisture = [
        [model.index(at + 1, column).data() for column in (1, 2, 3)]
        for at in range(model.rowCount())
        if str(model.index(at, 0).data()).startswith("Moisture")
    ]
    assert [float(text) for text in moisture[0]] == pytest.approx([41.0, 41.5, 42.0], abs=0.2)
    told = page.selection_panel._quality.text()
    assert "100.0 % of expected" in told
    assert "no gap" in told


def test_zoom_to_the_selection_and_back(
    qtbot: QtBot, pages: Pages, page: HistoryPage, now_us: int
) -> None:
    before = page.span
    page.select(Span(now_us - 6 * HOUR_US, now_us - 5 * HOUR_US))
    qtbot.mouseClick(page.selection_panel.zoom, Qt.MouseButton.LeftButton)
    pages.settle(page)
    assert page.span == Span(now_us - 6 * HOUR_US, now_us - 5 * HOUR_US)
    # Single readings now: the hour has sixty.
    assert page.stack.strip("Moisture").chart.property("points") == pytest.approx(60, abs=3)
    qtbot.keyClick(page.stack.strip("Moisture"), Qt.Key.Key_Backspace)
    assert page.span == before


def test_export_asks_for_the_selected_range(qtbot: QtBot, page: HistoryPage, now_us: int) -> None:
    span = Span(now_us - 6 * HOUR_US, now_us - 5 * HOUR_US)
    page.select(span)
    with qtbot.waitSignal(page.export_asked) as asked:
        qtbot.mouseClick(page.selection_panel.export, Qt.MouseButton.LeftButton)
    assert asked.args == [span.from_us, span.to_us, ["soil-01"]]


def test_the_wheel_zooms_at_the_cursor_and_pans_with_shift(pages: Pages, page: HistoryPage) -> None:
    before = page.span
    middle = page.stack.plot_width() // 2
    at_us = page.stack.view.time_at(middle)
    wheel(page, middle, QPoint(0, 240))
    assert page.span.length_us < 0.7 * before.length_us
    pages.settle(page)
    assert abs(page.stack.view.time_at(middle) - at_us) < 3 * page.stack.view.us_per_px
    zoomed = page.span
    wheel(page, middle, QPoint(120, 0), shift=True)
    assert page.span.length_us == zoomed.length_us
    assert page.span.from_us < zoomed.from_us
    pages.settle(page)


def test_a_double_click_zooms_out(qtbot: QtBot, page: HistoryPage) -> None:
    before = page.span
    chart = page.stack.strip("pH").chart
    qtbot.mouseDClick(chart, Qt.MouseButton.LeftButton, pos=QPoint(100, 10))
    assert page.span.length_us == pytest.approx(2 * before.length_us)


def test_a_range_is_selected_by_keys_alone(qtbot: QtBot, pages: Pages, page: HistoryPage) -> None:
    strip = page.stack.strip("Moisture")
    strip.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(strip, Qt.Key.Key_End)
    newest_us = page.stack.cursor_us
    assert newest_us is not None
    assert "soil-01 40.0 %" in strip.accessibleDescription()
    qtbot.keyClick(strip, Qt.Key.Key_S)
    qtbot.keyClick(strip, Qt.Key.Key_Left, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(strip, Qt.Key.Key_Left)
    qtbot.keyClick(strip, Qt.Key.Key_Return)
    span = page.stack.selection
    assert span is not None
    assert span.to_us == newest_us
    assert span.length_us > 10 * MINUTE_US
    pages.settle(page)
    assert page.selection_panel.zoom.isVisibleTo(page.selection_panel)
    qtbot.keyClick(strip, Qt.Key.Key_Escape)
    assert page.stack.selection is None
    qtbot.keyClick(strip, Qt.Key.Key_Down)
    assert page.stack.strip("pH").hasFocus()


def test_the_table_says_what_the_strips_show(
    qtbot: QtBot, pages: Pages, page: HistoryPage, now_us: int
) -> None:
    page.show_span(now_us - HOUR_US, now_us)
    pages.settle(page)
    page.toggle_table()
    model = page.table.model()
    assert model.rowCount() == pytest.approx(60, abs=2)
    assert model.headerData(0, Qt.Orientation.Horizontal, Qt.ItemDataRole.DisplayRole) == "Time"
    newest = [model.index(0, column).data() for column in range(model.columnCount())]
    assert newest[1] == "soil-01"
    assert "40.0" in newest
    page.grab()
    page.toggle_table()
    assert page.table.isHidden() or not page.table.isVisible()


def test_all_shows_the_whole_store(pages: Pages, page: HistoryPage, now_us: int) -> None:
    page.set_range("all")
    pages.settle(page)
    assert page.span.to_us >= now_us
    assert page.span.from_us <= now_us - 47 * HOUR_US
    assert page.span.length_us < 60 * HOUR_US
    assert page.overview.accessibleName() == "Overview, 2 days"


def test_channels_are_chosen_but_never_none(page: HistoryPage) -> None:
    chosen = page.compare._actions
    for key in ("N", "CO2", "Temperature", "Moisture"):
        chosen[key].trigger()
    assert [strip.channel.key for strip in page.stack.shown] == ["pH"]
    chosen["pH"].trigger()
    assert [strip.channel.key for strip in page.stack.shown] == ["pH"]
    assert page.compare.channels.accessibleName() == "Channels: 1 of 7 channels"


def test_a_note_is_kept_and_shown(
    qtbot: QtBot, pages: Pages, page: HistoryPage, now_us: int
) -> None:
    page.add_note(now_us - 3 * HOUR_US)
    dialog = page.findChild(QWidget, "dialog.note")
    assert dialog is not None
    dialog.text.setText("two hours")
    dialog.save.click()

    def is_there() -> bool:
        page.poll(now_us)
        return len(page.stack.lane.in_view()) == 1

    qtbot.waitUntil(is_there, timeout=8000)
    (note,) = page.stack.lane.in_view()
    assert (note.text, note.publisher_id) == ("two hours", "soil-01")
    page.stack.lane.remove_asked.emit(note)
    qtbot.waitUntil(lambda: not is_there(), timeout=8000)


def test_the_name_of_a_device_is_shown(
    qtbot: QtBot, pages: Pages, page: HistoryPage, engine: Engine
) -> None:
    engine.submit(SaveDevice(DeviceRecord("soil-01", name="North plot")))

    def is_named() -> bool:
        page.poll(pages.now_us)
        box = page.findChild(QCheckBox, "history.compare.soil-01")
        return box is not None and box.accessibleName() == "Compare North plot"

    qtbot.waitUntil(is_named, timeout=5000)
    pages.settle(page)
    assert page.stack.strip("Moisture").accessibleName() == "Moisture, percent, North plot"


def test_without_devices_it_says_so(pages: Pages) -> None:
    page = HistoryPage(pages.engine, DARK)
    pages.qtbot.addWidget(page)
    page.resize(788, 483)
    page.show()
    page.set_active(True)
    pages.settle(page)
    frame = page.stack.strip("N").chart.frame_shown
    assert frame is not None
    assert frame.empty_text.startswith("No devices yet")
    assert page.property("state") == "empty"


def test_a_range_without_readings_says_so(pages: Pages, page: HistoryPage, now_us: int) -> None:
    page.show_span(now_us - 4000 * HOUR_US, now_us - 3990 * HOUR_US)
    pages.settle(page)
    frame = page.stack.strip("N").chart.frame_shown
    assert frame is not None
    assert frame.empty_text == "No readings in this range"


def test_a_store_that_cannot_be_read_is_told_and_read_again(
    qtbot: QtBot, pages: Pages, page: HistoryPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harit_desktop.domain.errors import KnownError
    from harit_desktop.storage.history import HistoryReader

    def locked(*_: object) -> object:
        raise KnownError("store.locked", path="harit.db")

    with monkeypatch.context() as patch:
        patch.setattr(HistoryReader, "series", locked)
        page.set_range("1h")

        def is_told() -> bool:
            page.poll(pages.now_us)
            return page.property("state") == "error"

        qtbot.waitUntil(is_told, timeout=5000)
        assert page._message.isVisible()
    qtbot.waitUntil(lambda: not is_told(), timeout=6000)


def test_a_page_that_is_left_reads_nothing(
    qtbot: QtBot, pages: Pages, page: HistoryPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.set_active(False)
    asked: list[str] = []
    submit = pages.engine.queries.submit
    monkeypatch.setattr(
        pages.engine.queries, "submit", lambda slot, job: (asked.append(slot), submit(slot, job))[1]
    )
    page.set_range("30d")
    page.poll(pages.now_us)
    qtbot.wait(60)
    assert [slot for slot in asked if slot.startswith("history")] == []


def test_what_was_chosen_is_remembered(pages: Pages, page: HistoryPage) -> None:
    page._toggle("soil-02", True)
    page._choose_channels(("Moisture", "pH"))
    page.set_range("30d")
    other = HistoryPage(pages.engine, DARK)
    pages.qtbot.addWidget(other)
    other.restore(page.state())
    assert other.compared == ["soil-01", "soil-02"]
    assert [strip.channel.key for strip in other.stack.shown] == ["Moisture", "pH"]
    assert other.span.length_us == 30 * 24 * HOUR_US
    other.restore({"range": "nonsense", "channels": "X", "compare": ""})
    assert other.span.length_us == 30 * 24 * HOUR_US


def test_every_widget_has_a_name_for_screen_readers(page: HistoryPage) -> None:
    page.select(Span(page.span.from_us, page.span.to_us))
    nameless = [
        widget.objectName()
        for widget in (*page.findChildren(QWidget), *page.selection_panel.findChildren(QWidget))
        if widget.objectName().startswith(("history.", "strip.", "chart.", "button."))
        and widget.isVisible()
        and not widget.accessibleName()
        and not getattr(widget, "text", lambda: "")()
        and not widget.findChildren(QWidget)
    ]
    assert nameless == []

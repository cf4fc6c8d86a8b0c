"""Extra channels on the History page, on a real store: offered, drawn, read, remembered."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from harit_desktop.domain.device import DeviceState
from harit_desktop.domain.extras import Extras
from harit_desktop.runtime.engine import Engine
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.ui.extras.stored_extras import StoredExtras
from harit_desktop.ui.history.history_page import HistoryPage
from harit_desktop.ui.history.history_strip import HistoryStrip
from harit_desktop.ui.theme import DARK, ThemeController
from harit_desktop.ui.window_state import ViewState, WindowState
from tests.storage.builders import make_item
from tests.ui.conftest import EngineMaker
from tests.ui.history_samples import HOUR_US, MINUTE_US, Pages, every_minute


def fill(path: Path, publisher_id: str, times_us: list[int], *keys: str) -> None:
    """Stores readings whose extra channels rise by 1 a reading from 500."""
    journal = SqliteJournal(path, lambda: times_us[-1])
    journal.open()
    items = []
    for number, at_us in enumerate(times_us):
        item = make_item(publisher_id=publisher_id, time_us=at_us)
        assert item.analysed is not None
        extras: Extras = tuple((key, 500.0 + number) for key in keys)
        reading = msgspec.structs.replace(item.analysed.reading, extras=extras)
        analysed = msgspec.structs.replace(item.analysed, reading=reading)
        items.append(msgspec.structs.replace(item, analysed=analysed))
    for first in range(0, len(items), 500):
        journal.commit(items[first : first + 500])
    journal.close()


@pytest.fixture(scope="module")
def now_us() -> int:
    return time.time_ns() // 60_000_000_000 * MINUTE_US


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, now_us: int) -> Path:
    path = tmp_path_factory.mktemp("extras") / "harit.db"
    times = every_minute(12, now_us)
    hole = [at for at in times if not now_us - 4 * HOUR_US < at < now_us - 2 * HOUR_US]
    fill(path, "soil-01", hole, "EC", "Light", "MoistureRaw", "RSSI", "Salinity")
    fill(path, "soil-02", times, "EC")
    fill(path, "soil-03", times)
    return path


@pytest.fixture
def engine(make_engine: EngineMaker, store: Path, tmp_path: Path) -> Engine:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "harit.db").write_bytes(store.read_bytes())
    return make_engine()


def known(engine: Engine, qtbot: QtBot) -> list[DeviceState]:
    """The devices as the window knows them: what they have comes from the store."""
    stored = StoredExtras(engine)

    def has_come() -> bool:
        devices = engine.live.devices()
        stored.poll(devices)
        return {len(device.extras) for device in devices} == {0, 1, 5}

    qtbot.waitUntil(has_come, timeout=10_000)
    return sorted(engine.live.devices(), key=lambda device: device.publisher_id)


@pytest.fixture
def page(qtbot: QtBot, theme: ThemeController, engine: Engine, now_us: int) -> HistoryPage:
    pages = Pages(qtbot, engine, now_us)
    made = pages.make("soil-01", "soil-02", "soil-03")
    made.set_devices(known(engine, qtbot), now_us)
    made.set_range("24h")
    pages.settle(made)
    return made


@pytest.fixture
def pages(qtbot: QtBot, theme: ThemeController, engine: Engine, now_us: int) -> Pages:
    return Pages(qtbot, engine, now_us)


def action(page: HistoryPage, key: str) -> QAction:
    return page.compare.extras.menu().findChild(QAction, f"history.extras.{key}")


def offered(page: HistoryPage) -> list[str]:
    return [a.text() for a in page.compare.extras.menu().actions() if a.isVisible()]


def show(page: HistoryPage, pages: Pages, *keys: str) -> None:
    for key in keys:
        action(page, key).trigger()
    pages.settle(page)


def extra_strips(page: HistoryPage) -> list[str]:
    return [strip.channel.key for strip in page.stack.shown][len(page._keys) :]


def test_the_menu_lists_what_the_compared_devices_have(page: HistoryPage, pages: Pages) -> None:
    menu = page.compare.extras
    assert menu.isEnabled()
    assert menu.text() == "More channels…" == menu.accessibleName()
    assert offered(page) == [
        "Conductivity",
        "Salinity",
        "Light",
        "Raw moisture",
        "Signal strength",
    ]
    page.set_focus("soil-02")
    assert offered(page) == ["Conductivity"]
    page.set_focus("soil-03")
    assert not menu.isEnabled()
    assert menu.toolTip() == "No further channels: these devices send none."


def test_a_chosen_channel_is_a_strip_below_the_others(page: HistoryPage, pages: Pages) -> None:
    seven = [strip.channel.key for strip in page.stack.shown]
    show(page, pages, "RSSI", "EC")
    assert [strip.channel.key for strip in page.stack.shown] == [*seven, "EC", "RSSI"]
    assert page.compare.extras.text() == "2 more channels"
    strip = page.stack.strip("EC")
    assert strip.objectName() == "strip.history.EC"
    frame = strip.chart.frame_shown
    moisture = page.stack.strip("Moisture").chart.frame_shown
    assert frame is not None
    assert moisture is not None
    assert (frame.view, frame.ticks, frame.unit) == (moisture.view, moisture.ticks, "µS/cm")
    # The hole of two hours is not joined.
    assert frame.lines[0].line.starts.size == 2
    assert strip.chart.property("points") > 0
    assert frame.low < 500 < frame.high
    show(page, pages, "EC")
    assert [strip.channel.key for strip in page.stack.shown] == [*seven, "RSSI"]


def test_devices_are_compared_where_they_have_it(page: HistoryPage, pages: Pages) -> None:
    page._toggle("soil-02", True)
    page._toggle("soil-03", True)
    show(page, pages, "EC", "Light")
    ec, light = (page.stack.strip(key).chart.frame_shown for key in ("EC", "Light"))
    assert [one.publisher_id for one in ec.lines] == ["soil-01", "soil-02"]
    assert [one.publisher_id for one in light.lines] == ["soil-01"]
    assert ec.lines[1].slot == page._data.slots["soil-02"]


def test_cursor_and_screen_reader(page: HistoryPage, pages: Pages, qtbot: QtBot) -> None:
    show(page, pages, "EC")
    strip: HistoryStrip = page.stack.strip("EC")
    strip.setFocus()
    qtbot.keyClick(strip, Qt.Key.Key_End)
    (row,) = strip.chart._rows
    # 720 minutes less the 119 of the hole; the last is at the end of the view.
    assert row.text == "1,100 µS/cm"
    assert strip.accessibleName() == "Conductivity, microsiemens per centimetre, soil-01"
    assert "1,100 µS/cm" in strip.accessibleDescription()
    qtbot.keyClick(strip, Qt.Key.Key_Return)
    assert page.selection is None
    qtbot.keyClick(strip, Qt.Key.Key_Up)
    assert page.stack.shown[-2].hasFocus()


def test_the_menu_opens_from_the_keyboard(page: HistoryPage, qtbot: QtBot, pages: Pages) -> None:
    menu = page.compare.extras
    assert menu.focusPolicy() & Qt.FocusPolicy.TabFocus
    assert page.compare.channels.nextInFocusChain() is menu
    light = action(page, "Light")
    menu.menu().setActiveAction(light)
    menu.menu().popup(menu.mapToGlobal(menu.rect().bottomLeft()))
    qtbot.keyClick(menu.menu(), Qt.Key.Key_Return)
    pages.settle(page)
    assert extra_strips(page) == ["Light"]


def test_four_at_most_and_no_more_room(page: HistoryPage, pages: Pages) -> None:
    page._choose_channels(("N", "P", "K", "CO2", "Temperature", "Moisture", "pH"))
    before_px = page.minimumSizeHint().height()
    show(page, pages, "EC", "Salinity", "Light", "MoistureRaw")
    assert not action(page, "RSSI").isEnabled()
    assert action(page, "RSSI").toolTip() == "At most 4 further channels are shown."
    assert page.minimumSizeHint().height() <= before_px
    heights = {strip.height() for strip in page.stack.shown}
    assert max(heights) - min(heights) <= 1
    show(page, pages, "EC")
    assert action(page, "RSSI").isEnabled()


def test_it_is_remembered(
    page: HistoryPage, pages: Pages, engine: Engine, now_us: int, tmp_path: Path, qtbot: QtBot
) -> None:
    show(page, pages, "EC", "RSSI")
    kept = WindowState(tmp_path / "window.ini")
    from PySide6.QtWidgets import QMainWindow

    window = QMainWindow()
    qtbot.addWidget(window)
    kept.save(window, ViewState(history=page.state()))
    again = WindowState(tmp_path / "window.ini").restore(window)
    other = pages.make("soil-01")
    other.restore({**again.history, "extras": again.history["extras"] + " Colour"})
    assert extra_strips(other) == []
    other.set_devices(known(engine, qtbot), now_us)
    pages.settle(other)
    assert extra_strips(other) == ["EC", "RSSI"]
    # A device without them hides them, and the wish stays.
    other.set_focus("soil-03")
    pages.settle(other)
    assert extra_strips(other) == []
    assert other.state()["extras"] == "EC RSSI"
    other.set_focus("soil-02")
    pages.settle(other)
    assert extra_strips(other) == ["EC"]


def test_zooming_in_reads_finer_values(page: HistoryPage, pages: Pages, now_us: int) -> None:
    show(page, pages, "EC")
    page.show_span(now_us - 30 * MINUTE_US, now_us)
    pages.settle(page)
    frame = page.stack.strip("EC").chart.frame_shown
    inside = (frame.lines[0].line.time_us >= now_us - 30 * MINUTE_US).sum()
    assert inside == 31


def test_a_range_without_them_says_so(page: HistoryPage, pages: Pages, now_us: int) -> None:
    show(page, pages, "EC")
    page.show_span(now_us - 200 * HOUR_US, now_us - 190 * HOUR_US)
    pages.settle(page)
    frame = page.stack.strip("EC").chart.frame_shown
    assert frame.empty_text == "No such values in this range"


def test_another_theme_and_another_store(page: HistoryPage, pages: Pages) -> None:
    show(page, pages, "EC")
    page.set_tokens(DARK)
    pages.settle(page)
    drawn = page.stack.strip("EC").chart.grab().toImage()
    assert drawn.pixelColor(3, drawn.height() // 2) == DARK.color("surface")
    page.forget()
    assert page.stack.strip("EC").chart is not None
    pages.settle(page)
    assert page.stack.strip("EC").chart.property("points") > 0


def test_the_store_is_asked_once_for_each_device(engine: Engine, qtbot: QtBot) -> None:
    asked: list[str] = []
    history = engine.history

    class Counting:
        def newest_extras(self, publisher_id: str) -> object:
            asked.append(publisher_id)
            return history.newest_extras(publisher_id)

        def messages(self, *_: object) -> list[object]:
            return []

    qtbot.waitUntil(lambda: len(engine.live.devices()) == 3, timeout=10_000)

    class Stand:
        queries, live, history = engine.queries, engine.live, Counting()

    stored = StoredExtras(Stand())
    deadline_s = time.monotonic() + 0.5
    while time.monotonic() < deadline_s:
        stored.poll(engine.live.devices())
        QApplication.processEvents()
        time.sleep(0.01)
    assert sorted(asked) == ["soil-01", "soil-02", "soil-03"]
    stored.forget()
    stored.poll(engine.live.devices())
    qtbot.waitUntil(lambda: len(asked) == 6, timeout=5_000)

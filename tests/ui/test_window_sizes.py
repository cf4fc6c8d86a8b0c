"""The window at the sizes of small and large screens, and at every text size."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QRect
from PySide6.QtWidgets import QApplication, QMainWindow, QWidget
from pytestqt.qtbot import QtBot

from harit_desktop.ui.theme import SIZES, ThemeController
from harit_desktop.ui.window_state import ViewState, WindowState
from harit_desktop.ui.wrapping_bar import WrappingBar
from tests.ui.conftest import WindowMaker


@pytest.fixture(params=(100, 150))
def text_size(request: pytest.FixtureRequest, theme: ThemeController) -> Iterator[int]:
    yield request.param
    theme.set_text_scale(1.0)


@pytest.mark.parametrize("size", [(1024, 640), (1366, 768), (1920, 1080)])
def test_the_messages_bar_leaves_the_panels_their_room(
    qtbot: QtBot, make_window: WindowMaker, text_size: int, size: tuple[int, int]
) -> None:
    window = make_window(size=size, **{"broker.mode": "external", "ui.text_size": text_size})
    window.pages.show_page("messages")
    QApplication.processEvents()
    least = round(SIZES.left_panel[0] * text_size / 100)
    qtbot.waitUntil(lambda: window.devices_dock.width() >= least)
    assert (window.width(), window.height()) == size
    bar = window.message_page.findChild(WrappingBar)
    assert bar is not None
    tools = [*bar.findChildren(QWidget, "edit.messages.filter")]
    tools += [*bar.findChildren(QWidget, "button.messages.heard")]
    tools += [*bar.findChildren(QWidget, "button.messages.pause")]
    counts = [w for w in bar.findChildren(QWidget) if "count." in w.objectName()]
    shown = [*tools, *(w for w in counts if not w.isHidden())]
    places = [QRect(w.mapTo(bar, w.rect().topLeft()), w.size()) for w in shown]
    for number, place in enumerate(places):
        assert bar.rect().contains(place), shown[number].objectName()
        assert not any(place.intersects(other) for other in places[number + 1 :])
        assert shown[number].width() >= shown[number].minimumSizeHint().width()
    for label in shown[len(tools) :]:
        assert label.width() >= label.sizeHint().width(), label.objectName()


@pytest.mark.parametrize(
    "place", [QRect(5000, 4000, 900, 700), QRect(-3000, 50, 1200, 700), QRect(0, 0, 3840, 2160)]
)
def test_a_window_from_another_screen_comes_back_into_sight(
    qtbot: QtBot, tmp_path: Path, place: QRect
) -> None:
    left = QMainWindow()
    qtbot.addWidget(left)
    left.setGeometry(place)
    WindowState(tmp_path / "window.ini").save(left, ViewState(page="messages"))
    back = QMainWindow()
    qtbot.addWidget(back)
    assert WindowState(tmp_path / "window.ini").restore(back).page == "messages"
    assert back.screen().availableGeometry().contains(back.geometry())


@pytest.mark.parametrize(("width", "folded"), [(1024, True), (1199, True), (1200, False)])
def test_the_right_panel_folds_into_a_tab(
    make_window: WindowMaker, width: int, folded: bool
) -> None:
    window = make_window(size=(width, 700))
    QApplication.processEvents()
    assert window.side.dock.isHidden() is folded
    assert window.pages.tabs.isTabVisible(1) is folded


@pytest.mark.parametrize("text_size", [100, 150], indirect=True)
def test_the_status_bar_keeps_the_connection_and_the_clock(
    qtbot: QtBot, make_window: WindowMaker, text_size: int
) -> None:
    window = make_window(size=(1024, 640), **{"broker.port": 1, "ui.text_size": text_size})
    qtbot.waitUntil(lambda: bool(window.status_bar.link.text()))
    window.presenter.refresh()
    QApplication.processEvents()
    bar = window.status_bar
    for label in (bar.link, bar.rate, bar.rows, bar.spool, bar.publisher, bar.clock):
        if label.isVisible():
            right = label.mapTo(bar, label.rect().topRight()).x()
            assert right <= bar.width(), label.objectName()
            assert label.width() >= label.sizeHint().width(), label.objectName()
    assert bar.link.isVisible()
    assert bar.clock.isVisible()
